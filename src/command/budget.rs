use crate::Failure;
use crate::budget::{Budget, Demand, text};
use crate::cli::{BudgetArgs, BudgetFormat};
use crate::progress::Progress;
use crate::render::{Options, lower_fleets, select};
use crate::source::Sources;

use super::{Outcome, Output};

/// Counts what fleets ask of GitHub.
pub(super) fn run(args: &BudgetArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mut sources = Sources::default();
    let (source_root, progress) = (args.source_root.clone(), Progress::for_people());
    let options = Options { source_root, progress, ..Options::default() };
    let (pipelines, diagnostics) = lower_fleets(&select(&args.paths)?, &options, &mut sources)?;
    if output.diagnostics(&diagnostics, &sources, "nothing was counted") {
        return Ok(Outcome::Problems);
    }
    let mut demand = Demand::default();
    for pipeline in &pipelines {
        demand.add(&pipeline.pipeline);
    }
    let budget = Budget::of(demand, args.limit);
    output.print(&match args.format {
        BudgetFormat::Text => text(&budget),
        BudgetFormat::Json => {
            serde_json::to_string_pretty(&budget).map_err(|error| Failure::Internal(error.to_string()))? + "\n"
        }
    })?;
    if budget.is_over() {
        output.error("the checks alone ask more than GitHub lets this fleet ask");
        return Ok(Outcome::Problems);
    }
    Ok(Outcome::Fine)
}
