use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::model::InstanceVars;
use yaml_source::Failure;
use yaml_source::diagnostic::{Count, Diagnostics, visible};
use yaml_source::source::Sources;

use crate::cli::ImportArgs;
use crate::import::{Imported, Target, import, kinds_of_manifest};
use crate::kind::Family;
use crate::workspace::fleet_above;
use crate::write;

use super::pipeline::PipelineArgument;
use super::{Outcome, Output};

/// Makes manifests of pipelines. What is not carried over is reported; the rest is written all the same.
pub(super) fn run(args: &ImportArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let into_folder = args.out.as_deref().is_some_and(is_folder);
    if args.pipelines.len() > 1 {
        if args.pipeline.is_some() {
            return Err(Failure::Usage("several pipelines have several names: import them one by one".to_owned()));
        }
        if let Some(out) = args.out.as_ref().filter(|_| !into_folder) {
            return Err(Failure::Usage(format!("several pipelines go to a folder, and {out} is a file")));
        }
    }
    let fleet = match &args.fleet {
        Some(fleet) if !fleet.is_file() => return Err(Failure::Usage(format!("{fleet} is not a fleet"))),
        Some(fleet) => Some(fleet.clone()),
        None => fleet_above(&near(args, into_folder))?,
    };
    // What has no fleet has its kinds beside it.
    let folder = match (&fleet, &args.out) {
        (Some(fleet), _) => folder_of(fleet),
        (None, Some(out)) if into_folder => out.clone(),
        (None, Some(out)) => folder_of(out),
        (None, None) => Utf8PathBuf::new(),
    };
    let mut outcome = Outcome::Fine;
    let mut files: Vec<(Utf8PathBuf, String)> = Vec::new();
    let mut results: Vec<Imported> = Vec::new();
    let mut taken = BTreeSet::new();
    for argument in &args.pipelines {
        let place = PipelineArgument::parse(argument);
        let called = args.pipeline.clone().unwrap_or_else(|| pipeline_name(&place));
        let (pipeline, instance_vars) = InstanceVars::of_file_stem(&called);
        let target = Target {
            fleet: fleet.clone(),
            folder: folder.clone(),
            pipeline: pipeline.to_owned(),
            instance_vars,
            name: args.out.as_deref().filter(|_| !into_folder).and_then(Utf8Path::file_stem).map(str::to_owned),
            taken: taken.clone(),
            replaced: BTreeSet::new(),
        };
        let target = Target { replaced: replaced(args, into_folder, &target), ..target };
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        let file = sources.add(place.name(), place.pipeline_text()?);
        let imported = import(file, &target, &sources, &mut diagnostics)?;
        let diagnostics = diagnostics.into_sorted();
        let follows = if imported.is_some() { "the rest is carried over" } else { "there is no manifest" };
        if output.diagnostics(&diagnostics, &sources, follows) {
            outcome = Outcome::Problems;
        }
        let Some(imported) = imported else { continue };
        output.write_err(&summary(&place, &imported));
        if let Some(out) = &args.out {
            let path = if into_folder { out.join(format!("{}.yml", imported.name)) } else { out.clone() };
            if files.iter().any(|(known, _)| *known == path) {
                let name = visible(&imported.name).into_owned();
                return Err(Failure::Usage(format!(
                    "several pipelines have the name `{name}`: import them one by one, with `--pipeline`"
                )));
            }
            taken.extend(imported.kind_names.iter().cloned());
            files.push((path, imported.manifest.clone()));
            files.extend(imported.kinds.iter().cloned());
        }
        results.push(imported);
    }
    if args.out.is_none() {
        print(&results, output)?;
        return Ok(outcome);
    }
    write_all(&files, args.force, output)?;
    Ok(outcome)
}

/// The kinds that were made for the manifest which is written over.
fn replaced(args: &ImportArgs, into_folder: bool, target: &Target) -> BTreeSet<(Family, String)> {
    let Some(out) = args.out.as_ref().filter(|_| args.force) else { return BTreeSet::new() };
    let path = if into_folder { out.join(format!("{}.yml", target.pipeline)) } else { out.clone() };
    fs::read_to_string(path).map(|text| kinds_of_manifest(&text)).unwrap_or_default()
}

/// Writes all files, or none.
fn write_all(files: &[(Utf8PathBuf, String)], force: bool, output: &mut Output) -> Result<(), Failure> {
    if !force && let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(Failure::Usage(format!("{path} is there already: `--force` writes over it")));
    }
    for (path, text) in files {
        let parent = path.parent().unwrap_or(Utf8Path::new(""));
        if parent != "" {
            fs::create_dir_all(parent).map_err(|error| Failure::io("make the folder", parent, error))?;
        }
        write::atomically(path, text.as_bytes())?;
        output.print(&format!("wrote {}\n", visible(path.as_str())))?;
    }
    Ok(())
}

/// Prints manifests, and kinds of their own behind them, as YAML documents.
fn print(results: &[Imported], output: &mut Output) -> Result<(), Failure> {
    let mut first = true;
    for imported in results {
        let alone = results.len() == 1 && imported.kinds.is_empty();
        let manifest = (Utf8PathBuf::from(format!("projects/{}.yml", imported.name)), &imported.manifest);
        let kinds = imported.kinds.iter().map(|(path, text)| (path.clone(), text));
        for (path, text) in [manifest].into_iter().chain(kinds) {
            if !first {
                output.print("---\n")?;
            }
            first = false;
            if !alone {
                output.print(&format!("# {}\n", visible(path.as_str())))?;
            }
            output.print(text)?;
        }
    }
    Ok(())
}

/// Whether manifests go into a folder of that name. A manifest's own name ends in `.yml` or `.yaml`.
fn is_folder(out: &Utf8Path) -> bool {
    let names_file = matches!(out.extension(), Some("yml" | "yaml"));
    out.is_dir() || out.as_str().ends_with('/') || !names_file && !out.exists()
}

/// What was carried over, and which differences are meant.
fn summary(place: &PipelineArgument, imported: &Imported) -> String {
    let mut text = format!("{}: {}\n", visible(&place.name()), imported.carried.first().map_or("", String::as_str));
    for line in imported.carried.iter().skip(1) {
        let _ = writeln!(text, "  {}", visible(line));
    }
    if !imported.expected.is_empty() {
        let _ = writeln!(text, "meant to differ:");
    }
    for (name, why, places) in &imported.expected {
        let shown = match places.as_slice() {
            [only] => only.clone(),
            [first, rest @ ..] => format!("{first} and {}", Count(rest.len(), "other")),
            [] => String::new(),
        };
        let _ = writeln!(text, "  {name} ({}): {why}", visible(&shown));
    }
    if !imported.anew.is_empty() {
        let names = visible(&imported.anew.join(", ")).into_owned();
        let _ = writeln!(text, "once it is set, version histories start anew, for sources change: {names}");
    }
    text
}

/// The file that decides which fleet is the nearest.
fn near(args: &ImportArgs, into_folder: bool) -> Utf8PathBuf {
    match &args.out {
        Some(out) if into_folder => existing(out).join("x"),
        Some(out) => existing(&folder_of(out)).join("x"),
        None => Utf8PathBuf::from("x"),
    }
}

/// The nearest folder above that is there.
fn existing(folder: &Utf8Path) -> Utf8PathBuf {
    let found = folder.ancestors().find(|folder| *folder == "" || folder.is_dir());
    found.unwrap_or(Utf8Path::new("")).to_owned()
}

fn folder_of(path: &Utf8Path) -> Utf8PathBuf {
    path.parent().unwrap_or(Utf8Path::new("")).to_owned()
}

/// A pipeline has the name of its file, in characters that the names of pipelines may have.
fn pipeline_name(place: &PipelineArgument) -> String {
    let stem = match place {
        PipelineArgument::Stdin => None,
        PipelineArgument::File(path) | PipelineArgument::Revision(_, path) => path.file_stem(),
    };
    let (name, vars) = stem.map_or(("pipeline", ""), |stem| stem.split_at(stem.find(',').unwrap_or(stem.len())));
    let is_known = |c: char| c.is_lowercase() || c.is_numeric() || "-_.".contains(c);
    let name: String = name.to_lowercase().chars().map(|c| if is_known(c) { c } else { '-' }).collect();
    let name = name.trim_start_matches(['-', '_', '.']);
    format!("{}{vars}", if name.is_empty() { "pipeline" } else { name })
}
