use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

use crate::cli::RenderArgs;
use crate::diagnostic::Count;
use crate::parallel::in_parallel;
use crate::render::{Banner, Options, RenderedFleet, RenderedPipeline, render, select, set_pipeline};
use crate::{Failure, write};

use super::{Outcome, Output};

/// What is done with what was rendered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Check,
    Diff,
    Print,
}

/// A file that is not as it was rendered.
struct Change<'a> {
    path: Utf8PathBuf,
    old: Option<String>,
    /// What it is to be; nothing for a file that is not rendered any more.
    new: Option<(&'a RenderedPipeline, String)>,
}

/// Renders everything in memory; then writes, compares or prints it.
pub(super) fn run(args: &RenderArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mode = match args {
        RenderArgs { check: true, .. } => Mode::Check,
        RenderArgs { diff: true, .. } => Mode::Diff,
        RenderArgs { stdout: true, .. } => Mode::Print,
        _ => Mode::Write,
    };
    let selection = select(&args.paths)?;
    if args.out.is_some() && selection.len() > 1 {
        return Err(Failure::Usage(format!(
            "--out takes one fleet, and there are {}: name the one that is meant",
            selection.len()
        )));
    }
    let run = render(&selection, &Options { source_root: args.source_root.clone() })?;
    let follows = match mode {
        Mode::Write => "nothing was written",
        Mode::Check | Mode::Diff => "nothing was compared",
        Mode::Print => "nothing was printed",
    };
    if output.diagnostics(&run.diagnostics, &run.sources, follows) {
        return Ok(Outcome::Problems);
    }
    if mode == Mode::Print {
        return print(&run.fleets, output);
    }
    let mut tally = Tally::default();
    for fleet in &run.fleets {
        let folder = args.out.as_ref().unwrap_or(&fleet.output);
        if mode == Mode::Write {
            fs::create_dir_all(folder).map_err(|error| Failure::io("make the folder", folder, error))?;
        }
        let told = in_parallel(&fleet.pipelines, 8, |pipeline| match change_of(pipeline, folder)? {
            None => Ok(None),
            Some(change) => change.settle(mode, output.colour_out).map(Some),
        });
        for line in told {
            match line? {
                None => tally.unchanged += 1,
                Some(line) => {
                    tally.written += 1;
                    output.print_unless(args.quiet && mode == Mode::Write, &line)?;
                }
            }
        }
        if fleet.whole {
            for orphan in orphans(fleet, folder)? {
                tally.removed += 1;
                let line = orphan.settle(mode, output.colour_out)?;
                output.print_unless(args.quiet && mode == Mode::Write, &line)?;
            }
        }
    }
    close(&tally, mode, args, output)
}

fn change_of<'a>(pipeline: &'a RenderedPipeline, folder: &Utf8Path) -> Result<Option<Change<'a>>, Failure> {
    let path = folder.join(format!("{}.yml", pipeline.name));
    let text = pipeline.banner.text(&path) + &pipeline.body;
    let old = write::existing(&path)?;
    if old.as_deref() == Some(text.as_bytes()) {
        return Ok(None);
    }
    let old = old.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Some(Change { path, old, new: Some((pipeline, text)) }))
}

impl Change<'_> {
    /// Does what the mode asks for, and gives what is to be said of it.
    fn settle(&self, mode: Mode, colour: bool) -> Result<String, Failure> {
        let Self { path, old, new } = self;
        if mode != Mode::Write {
            let old_name = if old.is_some() { path.as_str() } else { "/dev/null" };
            let (text, new_name) = match new {
                Some((_, text)) => (text.as_str(), format!("{path} (rendered)")),
                None => ("", "/dev/null".to_owned()),
            };
            return Ok(write::diff(old.as_deref().unwrap_or_default(), text, old_name, &new_name, colour));
        }
        let Some((pipeline, text)) = new else {
            fs::remove_file(path).map_err(|error| Failure::io("remove", path, error))?;
            return Ok(format!("removed {path}: nothing renders it any more\n"));
        };
        write::atomically(path, text.as_bytes())?;
        let command = set_pipeline(&pipeline.concourse, &pipeline.name, path.as_str());
        Ok(format!("wrote {path} ({})  {command}\n", Count(pipeline.jobs, "job")))
    }
}

fn print(fleets: &[RenderedFleet], output: &mut Output) -> Result<Outcome, Failure> {
    let pipelines = fleets.iter().flat_map(|fleet| fleet.pipelines.iter().map(move |pipeline| (fleet, pipeline)));
    for (index, (fleet, pipeline)) in pipelines.enumerate() {
        if index > 0 {
            output.print("---\n")?;
        }
        let path = fleet.output.join(format!("{}.yml", pipeline.name));
        output.print(&pipeline.banner.text(&path))?;
        output.print(&pipeline.body)?;
    }
    Ok(Outcome::Fine)
}

/// Files of the folder that were rendered from this fleet, and are not any more.
fn orphans(fleet: &RenderedFleet, folder: &Utf8Path) -> Result<Vec<Change<'static>>, Failure> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let rendered: BTreeSet<String> = fleet.pipelines.iter().map(|pipeline| format!("{}.yml", pipeline.name)).collect();
    let mut orphans = Vec::new();
    for path in crate::files::list(folder)? {
        let name = path.file_name().unwrap_or_default();
        if path.extension() != Some("yml") || rendered.contains(name) || !path.is_file() || path.is_symlink() {
            continue;
        }
        let Some(bytes) = write::existing(&path)? else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if Banner::names(text.lines().next().unwrap_or_default(), &path, &fleet.path) {
            orphans.push(Change { path, old: Some(text), new: None });
        }
    }
    orphans.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(orphans)
}

#[derive(Default)]
struct Tally {
    written: usize,
    unchanged: usize,
    removed: usize,
}

fn close(tally: &Tally, mode: Mode, args: &RenderArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let changed = tally.written + tally.removed;
    if mode == Mode::Check && changed > 0 {
        let mut command = "ol-pipegen render".to_owned();
        for path in &args.paths {
            // Writing to a string does not fail.
            let _ = write!(command, " {path}");
        }
        output.error(&format!("out of date: {}; run `{command}`", Count(changed, "file")));
        return Ok(Outcome::Problems);
    }
    let total = Count(tally.written + tally.unchanged, "pipeline");
    match mode {
        _ if args.quiet => {}
        Mode::Write => output.print(&format!(
            "{total}: {} written, {} unchanged, {} removed\n",
            tally.written, tally.unchanged, tally.removed
        ))?,
        Mode::Check => output.print(&format!("{total} up to date\n"))?,
        Mode::Diff | Mode::Print => {}
    }
    Ok(Outcome::Fine)
}
