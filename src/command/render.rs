use std::fmt::Write;
use std::fs;
use std::mem::ManuallyDrop;

use camino::Utf8Path;
use yaml_source::Failure;
use yaml_source::diagnostic::{Count, Diagnostic, Rule, Severity, visible};
use yaml_source::parallel::in_parallel;
use yaml_source::report::Format;
use yaml_source::report::unified_diff;
use yaml_source::source::{SourceText, Sources, Span};

use crate::cli::RenderArgs;
use crate::progress::Progress;
use crate::render::{Options, RenderedFleet, render, set_pipeline};
use crate::unchanged::Memory;
use crate::workspace::select;
use crate::write::{self, Folder};

use super::committed::{Change, Comparison, compare};
use super::{Outcome, Output};

/// What is done with what was rendered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Check,
    Diff,
    Print,
}

/// Renders everything in memory; then writes, compares or prints it.
pub(super) fn run(args: &RenderArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mode = match args {
        RenderArgs { check: true, .. } => Mode::Check,
        RenderArgs { diff: true, .. } => Mode::Diff,
        RenderArgs { stdout: true, .. } => Mode::Print,
        _ => Mode::Write,
    };
    let levels = args.report.levels()?;
    let memory = if matches!(mode, Mode::Check | Mode::Write) { Memory::of(args, &levels) } else { None };
    if mode == Mode::Check
        && let Some(unchanged) = memory.as_ref().and_then(Memory::recall)
    {
        output.report(&[], &Sources::default(), args.report.format, None)?;
        return close(&Tally { unchanged, ..Tally::default() }, mode, args, output);
    }
    let selection = select(&args.paths)?;
    if args.out.is_some() && selection.len() > 1 {
        return Err(Failure::Usage(format!(
            "--out takes one fleet, and there are {}: name the one that is meant",
            selection.len()
        )));
    }
    let progress = if args.quiet { Progress::default() } else { Progress::for_people() };
    let options =
        Options { source_root: args.source_root.clone(), levels, progress: progress.clone(), ..Options::default() };
    // The program ends with the run: to free what is left of thousands of projects, one text after the other, is no use.
    let mut run = ManuallyDrop::new(render(&selection, &options)?);
    let run = &mut *run;
    let follows = match mode {
        Mode::Write => "nothing was written",
        Mode::Check | Mode::Diff => "nothing was compared",
        Mode::Print => "nothing was printed",
    };
    // A report that is one document holds the files that are out of date, too.
    let is_whole = mode == Mode::Check && args.report.format != Format::Plain;
    let is_refused = run.diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error);
    if is_refused || !is_whole {
        output.report(&run.diagnostics, &run.sources, args.report.format, Some(follows))?;
    }
    if is_refused {
        return Ok(Outcome::Problems);
    }
    if mode == Mode::Print {
        return print(&run.fleets, output);
    }
    let (comparisons, in_the_way) = compare(&run.fleets, args.out.as_deref(), &progress)?;
    if !in_the_way.is_empty() {
        for reason in &in_the_way {
            output.error(reason);
        }
        let (count, verb) = (Count(in_the_way.len(), "file"), if in_the_way.len() == 1 { "is" } else { "are" });
        output.error(&format!("{count} {verb} in the way; {follows}"));
        return Ok(Outcome::Problems);
    }
    if is_whole {
        let stale = comparisons.iter().flat_map(|comparison| &comparison.changes);
        let stale: Vec<Diagnostic> = stale.map(|change| change.report(&mut run.sources)).collect::<Result<_, _>>()?;
        run.diagnostics.extend(stale);
        output.report(&run.diagnostics, &run.sources, args.report.format, None)?;
    }
    let mut tally = Tally::default();
    for Comparison { folder, unchanged, changes } in &comparisons {
        let lines: Vec<String> = if mode == Mode::Write {
            let folder = Folder::open(folder)?;
            let writing = progress.part("writing", changes.len());
            let lines = in_parallel(changes, 10, |change| {
                writing.step()?;
                change.apply(&folder)
            });
            let lines = lines.into_iter().collect::<Result<_, _>>()?;
            folder.close()?;
            lines
        } else if is_whole {
            vec![String::new(); changes.len()]
        } else {
            let lines = in_parallel(changes, 50, |change| change.show(mode, output.colour_out));
            lines.into_iter().collect::<Result<_, _>>()?
        };
        tally.unchanged += unchanged;
        for (change, line) in changes.iter().zip(lines) {
            *(if change.new.is_some() { &mut tally.written } else { &mut tally.removed }) += 1;
            output.print_unless(args.quiet && mode == Mode::Write, &line)?;
        }
    }
    if let Some(memory) = memory.filter(|_| tally.written + tally.removed == 0) {
        let folders: Vec<&Utf8Path> = comparisons.iter().map(|comparison| comparison.folder).collect();
        memory.keep(run, &folders, tally.unchanged);
    }
    close(&tally, mode, args, output)
}

impl Change<'_> {
    /// What is wrong with the file that is there.
    fn report(&self, sources: &mut Sources) -> Result<Diagnostic, Failure> {
        let old = write::existing(&self.path)?;
        let message = match (&old, self.new) {
            (None, _) => format!("`{}` is missing", self.path),
            (Some(_), Some(_)) => format!("`{}` is not what its manifest renders", self.path),
            (Some(_), None) => format!("nothing renders `{}`", self.path),
        };
        let file = sources.add(self.path.as_path(), SourceText::from(old.unwrap_or_default()));
        let span = Span { file, start: 0, end: 0 };
        Ok(Diagnostic::new(Rule::StaleFile, span, message).help("run `ol-pipegen render`, and commit the result"))
    }

    /// What would change, as a diff. A check only names a file that is missing or left over.
    fn show(&self, mode: Mode, colour: bool) -> Result<String, Failure> {
        let Self { path, new } = self;
        let old = write::existing(path)?;
        let shown = visible(path.as_str());
        if mode == Mode::Check && old.is_none() {
            return Ok(format!("{shown} is missing\n"));
        }
        if mode == Mode::Check && new.is_none() {
            return Ok(format!("{shown} is left over: nothing renders it\n"));
        }
        let old_name = if old.is_some() { &shown } else { "/dev/null" };
        let (text, new_name) = match new {
            Some(pipeline) => (pipeline.text(path), format!("{shown} (rendered)")),
            None => (String::new(), "/dev/null".to_owned()),
        };
        let old = String::from_utf8_lossy(old.as_deref().unwrap_or_default());
        Ok(unified_diff(&old, &text, old_name, &new_name, colour))
    }

    /// Makes the change, and gives what is to be said of it.
    fn apply(&self, folder: &Folder<'_>) -> Result<String, Failure> {
        let Self { path, new } = self;
        let Some(pipeline) = new else {
            fs::remove_file(path).map_err(|error| Failure::io("remove", path, error))?;
            return Ok(format!("removed {}: nothing renders it any more\n", visible(path.as_str())));
        };
        folder.write(&pipeline.file_name(), pipeline.text(path).as_bytes())?;
        let command = set_pipeline(&pipeline.concourse, &pipeline.name, &pipeline.instance_vars, path.as_str());
        let line = format!("wrote {path} ({})  {command}", Count(pipeline.jobs, "job"));
        Ok(visible(&line).into_owned() + "\n")
    }
}

fn print(fleets: &[RenderedFleet], output: &mut Output) -> Result<Outcome, Failure> {
    let pipelines = fleets.iter().flat_map(|fleet| fleet.pipelines.iter().map(move |pipeline| (fleet, pipeline)));
    for (index, (fleet, pipeline)) in pipelines.enumerate() {
        if index > 0 {
            output.print("---\n")?;
        }
        let path = fleet.output.join(pipeline.file_name());
        output.print(&pipeline.text(&path))?;
    }
    Ok(Outcome::Fine)
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
        if args.report.format == Format::Plain {
            output.error(&format!("out of date: {}; run `{command}`", Count(changed, "file")));
        }
        return Ok(Outcome::OutOfDate);
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
