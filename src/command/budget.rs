use yaml_source::Failure;
use yaml_source::source::Sources;

use crate::budget::{Budget, Demand, text};
use crate::cli::{BudgetArgs, BudgetFormat};
use crate::progress::Progress;
use crate::workspace::{Compiling, compile_fleets, select};

use super::{Outcome, Output};

/// Counts what fleets ask of GitHub.
pub(super) fn run(args: &BudgetArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mut sources = Sources::default();
    let progress = Progress::for_people();
    let compiling = Compiling { source_root: args.source_root.as_deref(), progress: &progress };
    let (pipelines, diagnostics) = compile_fleets(&select(&args.paths)?, compiling, &mut sources)?;
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
