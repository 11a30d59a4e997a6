use camino::Utf8PathBuf;
use yaml_source::Failure;
use yaml_source::report::Format;
use yaml_source::source::Sources;

use crate::cli::VerifyArgs;
use crate::gates::judge_unsearched;
use crate::progress::Progress;
use crate::render::{Options, Rules};
use crate::simulate;
use crate::verify::check;

use super::shapes::Shapes;
use super::{Outcome, Output, targets};

/// Searches pipelines for a way to deploy what nobody approved.
pub(super) fn run(args: &VerifyArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let levels = args.report.levels()?;
    if args.scenario && args.report.format != Format::Plain {
        return Err(Failure::Usage("`--scenario` prints a scenario: leave out `--format`".to_owned()));
    }
    let progress = if args.quiet { Progress::default() } else { Progress::for_people() };
    let rules = args.concourse.map_or(Rules::OfFleet, Rules::Of);
    let options = Options { levels, rules, progress, ..Options::default() };
    let lists: Vec<Vec<Utf8PathBuf>> = match args.from.as_slice() {
        [] => vec![args.paths.clone()],
        from => vec![from.to_vec(), args.paths.clone()],
    };
    let version = args.concourse.unwrap_or_default();
    let (shapes, mut collected) = Shapes::read(Sources::default(), &lists, &args.unpinned, version, &options)?;
    // What has an error is not set anywhere.
    if collected.diagnostics.has_errors() {
        let run = collected.finish(&options.levels);
        let problems =
            output.report(&run.diagnostics, &run.sources, args.report.format, Some("nothing was searched"))?;
        return Ok(if problems { Outcome::Problems } else { Outcome::Fine });
    }
    let subjects = shapes.subjects();
    let pipelines = || subjects.iter().map(|subject| subject.pipeline);
    targets::check(&args.target, pipelines())?;
    targets::check_gets(&args.unpinned, pipelines())?;
    judge_unsearched(
        subjects.iter().map(|subject| (subject.shape, subject.pipeline)),
        &collected.sources,
        &mut collected.diagnostics,
    );
    let (extent, refuted) = check(&subjects, &args.target, args.states, &options.progress, &mut collected.diagnostics)?;
    let run = collected.finish(&options.levels);
    let problems = output.report(&run.diagnostics, &run.sources, args.report.format, None)?;
    if args.scenario {
        if let Some(refuted) = refuted {
            let arguments =
                simulate::SearchArguments { lists: &lists, targets: &args.target, unpinned: &args.unpinned };
            output.print(&simulate::scenario(&arguments, &refuted)?)?;
        }
    } else if args.report.format == Format::Plain {
        output.print_unless(args.quiet && !problems, &extent.text(problems, args.states))?;
    }
    if problems {
        return Ok(Outcome::Problems);
    }
    if extent.is_complete() {
        return Ok(Outcome::Fine);
    }
    let no_verdict = format!("no verdict: {}; raise `--states`", extent.stopped(args.states));
    if args.allow_incomplete {
        if args.report.format == Format::Plain && !args.scenario {
            output.print_unless(args.quiet, &format!("{no_verdict}\n"))?;
        }
        return Ok(Outcome::Fine);
    }
    output.error(&format!("{no_verdict}, or accept that with `--allow-incomplete`"));
    Ok(Outcome::Incomplete)
}
