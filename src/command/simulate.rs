use std::io::{BufRead, IsTerminal};

use crate::cli::{SimulateArgs, SimulateFormat};
use crate::render::{Options, Rules};
use crate::simulate::{self, Played, Scenario, Story};
use crate::verify::whole;
use yaml_source::Failure;
use yaml_source::diagnostic::{Count, Diagnostics, Levels};
use yaml_source::source::Sources;

use super::shapes::Shapes;
use super::{Outcome, Output, targets};

/// Plays a scenario.
pub(super) fn run(args: &SimulateArgs, output: &mut Output) -> Result<Outcome, Failure> {
    if args.step && !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err(Failure::Usage("`--step` waits for Enter, and needs a terminal".to_owned()));
    }
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let Some(scenario) = Scenario::read(&args.scenario, &mut sources, &mut diagnostics)? else {
        output.diagnostics(&diagnostics.into_sorted(), &sources, "nothing was played");
        return Ok(Outcome::Problems);
    };
    let rules = args.concourse.map_or(Rules::OfFleet, Rules::Of);
    let options = Options { rules, ..Options::default() };
    let version = args.concourse.unwrap_or_default();
    let (shapes, mut collected) = Shapes::read(sources, &scenario.lists(), &scenario.unpinned(), version, &options)?;
    if collected.diagnostics.has_errors() {
        let run = collected.finish(&Levels::default());
        output.diagnostics(&run.diagnostics, &run.sources, "nothing was played");
        return Ok(Outcome::Problems);
    }
    let subjects = shapes.subjects();
    targets::check(&scenario.targets(), subjects.iter().map(|subject| subject.pipeline))?;
    let chain = whole(&subjects, &scenario.targets());
    let is_text = args.format == SimulateFormat::Text && !args.quiet;
    let mut played: Vec<Played> = Vec::new();
    if let Some(title) = scenario.fields.scenario.as_ref().filter(|_| is_text) {
        output.print(&format!("{title}\n\n"))?;
    }
    let mut found = Diagnostics::default();
    let story = simulate::play(&scenario, &chain, &mut found, |step| {
        if is_text {
            output.print(&simulate::step_text(step))?;
        }
        if args.step {
            wait(output)?;
        }
        played.push(Played { number: step.number, lines: step.lines.clone() });
        Ok(())
    })?;
    let is_fine = found.is_empty();
    // What `validate` says of pipelines is not what was asked.
    collected.diagnostics = found;
    let run = collected.finish(&Levels::default());
    if let Some(story) = story {
        show(args, output, &scenario, &played, &story, is_fine)?;
    }
    let problems = output.diagnostics(&run.diagnostics, &run.sources, "the expectations of the scenario are not met");
    Ok(if problems { Outcome::Problems } else { Outcome::Fine })
}

fn show(
    args: &SimulateArgs,
    output: &mut Output,
    scenario: &Scenario,
    played: &[Played],
    story: &Story,
    is_fine: bool,
) -> Result<(), Failure> {
    match args.format {
        SimulateFormat::Json => output.print(&simulate::json(scenario, played, story, is_fine)),
        SimulateFormat::Text if args.quiet => Ok(()),
        SimulateFormat::Text => {
            output.print(&simulate::text(story))?;
            let expectations = Count(story.expectations, "expectation");
            if is_fine { output.print(&format!("\n{expectations}: all true\n")) } else { Ok(()) }
        }
    }
}

/// Waits for Enter.
fn wait(output: &mut Output) -> Result<(), Failure> {
    output.ask("     Enter: next step ");
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map(|_| ()).map_err(|error| Failure::io("read", "standard input".into(), error))
}
