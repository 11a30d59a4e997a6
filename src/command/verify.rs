use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::validate::{self, Decoded, Vars};
use yaml_source::diagnostic::Diagnostics;
use yaml_source::report::Format;
use yaml_source::{Failure, files};

use crate::cli::VerifyArgs;
use crate::content::Content;
use crate::progress::Progress;
use crate::render::{File, Options, Rules, collect};
use crate::verify::{Subject, check};
use crate::workspace::{FLEET_FILE, Selected, select, select_file};

use super::{Outcome, Output};

/// A pipeline that was read, with its name and the gets that nobody has to approve.
struct Known {
    name: String,
    decoded: Decoded,
    unpinned: BTreeSet<(String, String)>,
}

/// Searches pipelines for a way to deploy what nobody approved.
pub(super) fn run(args: &VerifyArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let levels = args.report.levels()?;
    let (selection, pipelines) = choose(&args.paths)?;
    let progress = if args.quiet { Progress::default() } else { Progress::for_people() };
    let rules = args.concourse.map_or(Rules::OfFleet, Rules::Of);
    let options = Options { levels, rules, progress, ..Options::default() };
    let mut collected = collect(&selection, &options)?;
    let version = args.concourse.unwrap_or_default();
    let mut known = Vec::new();
    for path in &pipelines {
        let text = collected.sources.read(path)?;
        let file = collected.sources.add(path.as_path(), text);
        let decoded = validate::check(&collected.sources, file, version, &Vars::default(), &mut collected.diagnostics);
        let name = path.file_stem().unwrap_or_default().to_owned();
        let unpinned = args.unpinned.iter().cloned().collect();
        known.extend(decoded.map(|decoded| Known { name, decoded, unpinned }));
    }
    for File { path, text, unpinned } in collected.rendered() {
        let name = path.file_stem().unwrap_or_default().to_owned();
        let file = collected.sources.add(path, text);
        // What was rendered has been checked.
        let decoded =
            validate::decode(&collected.sources, file, version, &Vars::default(), &mut Diagnostics::default());
        let unpinned = unpinned.into_iter().chain(args.unpinned.iter().cloned()).collect();
        known.extend(decoded.map(|decoded| Known { name, decoded, unpinned }));
    }
    let subjects: Vec<Subject<'_>> = known
        .iter()
        .map(|Known { name, decoded, unpinned }| Subject {
            name: name.clone(),
            pipeline: decoded,
            unpinned: unpinned.clone(),
        })
        .collect();
    // What has an error is not set anywhere.
    if collected.diagnostics.has_errors() {
        let run = collected.finish(&options.levels);
        let problems =
            output.report(&run.diagnostics, &run.sources, args.report.format, Some("nothing was searched"))?;
        return Ok(if problems { Outcome::Problems } else { Outcome::Fine });
    }
    let extent = check(&subjects, &args.target, args.states, &options.progress, &mut collected.diagnostics)?;
    let run = collected.finish(&options.levels);
    let problems = output.report(&run.diagnostics, &run.sources, args.report.format, None)?;
    if args.report.format == Format::Plain {
        output.print_unless(args.quiet && !problems, &extent.text(problems, args.states))?;
    }
    Ok(if problems { Outcome::Problems } else { Outcome::Fine })
}

/// What is rendered first, and the pipelines that are read as they are.
fn choose(paths: &[Utf8PathBuf]) -> Result<(Vec<Selected>, Vec<Utf8PathBuf>), Failure> {
    let (mut selection, mut pipelines, mut rendered) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        match content(path)? {
            Some(Content::Pipeline) => pipelines.push(path.clone()),
            Some(Content::Kind) => {
                return Err(Failure::Usage(format!("`{path}` is a kind: name a fleet, a manifest or a pipeline")));
            }
            Some(Content::Fleet) if path.file_name() != Some(FLEET_FILE) => selection.push(select_file(path, true)?),
            _ => rendered.push(path.clone()),
        }
    }
    if !rendered.is_empty() || paths.is_empty() {
        selection.extend(select(&rendered)?);
    }
    Ok((selection, pipelines))
}

/// What a file is; `None` of a folder.
fn content(path: &Utf8Path) -> Result<Option<Content>, Failure> {
    if path.is_dir() {
        return Ok(None);
    }
    Ok(Some(Content::of(path, files::read(path)?.as_str())))
}
