use std::collections::BTreeSet;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::lint::lint;
use concourse_pipeline::model::ConcourseVersion;
use concourse_pipeline::validate::{self, Vars};
use yaml_source::diagnostic::Count;
use yaml_source::report::Format;
use yaml_source::source::{SourceText, Unsaved};
use yaml_source::{Failure, files};

use crate::cli::ValidateArgs;
use crate::content::Content;
use crate::gates;
use crate::kind::Kind;
use crate::progress::Progress;
use crate::render::{Collected, Options, Rules, collect, is_rendered};
use crate::simulate::Scenario;
use crate::workspace::{FLEET_FILE, Selected, select, select_file};

use super::{Outcome, Output, targets};

/// Standard input, as a path.
const STDIN: &str = "-";

/// Checks files of any kind, told apart by what they say, and writes nothing.
pub(super) fn run(args: &ValidateArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let levels = args.report.levels()?;
    let unsaved = unsaved(args)?;
    let Chosen { selection, kinds, scenarios, pipelines } = choose(args, unsaved.as_ref())?;
    let progress = if args.quiet { Progress::default() } else { Progress::for_people() };
    let rules = args.concourse.map_or(Rules::OfFleet, Rules::Of);
    let options = Options { source_root: args.source_root.clone(), unsaved, levels, rules, progress };
    let mut collected = collect(&selection, &options)?;
    let checked: BTreeSet<Utf8PathBuf> = collected.sources.written().map(|(_, file)| files::real(&file.path)).collect();
    for path in &kinds {
        // With a fleet its kinds were checked as well.
        if !checked.contains(&files::real(path)) {
            Kind::check(path, &mut collected.sources, &mut collected.diagnostics)?;
        }
    }
    for path in &scenarios {
        // Its steps are for `simulate` to try.
        Scenario::read(path, &mut collected.sources, &mut collected.diagnostics)?;
    }
    let version = args.concourse.unwrap_or_default();
    let vars = vars(args, version, &mut collected)?;
    let mut decoded = Vec::new();
    let reading = options.progress.part("reading", pipelines.len());
    for path in &pipelines {
        reading.step()?;
        let text = collected.sources.read(path)?;
        let file = collected.sources.add(path.as_path(), text);
        decoded.extend(validate::check(&collected.sources, file, version, &vars, &mut collected.diagnostics));
    }
    drop(reading);
    lint(&decoded, args.team.as_deref(), &collected.sources, &mut collected.diagnostics);
    targets::check(&args.target, &decoded)?;
    let gates = gates::judge_read(&decoded, &args.target, &collected.sources, &mut collected.diagnostics);
    let mut guesses = gates.guesses();
    // What was rendered was judged when it was: its manifest tells where a job deploys.
    guesses.retain(|(file, _)| !is_rendered(&collected.sources.get(*file).text));
    collected.look_at(gates);
    if args.strict {
        collected.diagnostics.be_strict();
    }
    let run = collected.finish(&options.levels);
    let problems = if args.summary {
        output.by_rule(&run.diagnostics)?
    } else {
        output.report(&run.diagnostics, &run.sources, args.report.format, None)?
    };
    if args.report.format == Format::Plain {
        for (file, guess) in guesses {
            output.print_unless(args.quiet, &format!("{}: {guess}\n", run.sources.path(file)))?;
        }
    }
    if run.diagnostics.is_empty() {
        let files = Count(run.sources.written().count(), "file");
        output.print_unless(args.quiet, &format!("{files}: nothing wrong\n"))?;
    }
    Ok(if problems { Outcome::Problems } else { Outcome::Fine })
}

/// What variables of pipelines are given.
fn vars(args: &ValidateArgs, version: ConcourseVersion, collected: &mut Collected) -> Result<Vars, Failure> {
    let mut vars = Vars::new(&args.var, &args.yaml_var, version).map_err(Failure::Usage)?;
    for path in &args.load_vars_from {
        let text = collected.sources.read(path)?;
        let file = collected.sources.add(path.as_path(), text);
        vars.add_file(&collected.sources, file, &mut collected.diagnostics);
    }
    Ok(vars)
}

/// What standard input says, for a file that is named.
fn unsaved(args: &ValidateArgs) -> Result<Option<Unsaved>, Failure> {
    if !args.paths.iter().any(|path| path == STDIN) {
        if args.stdin_filename.is_some() {
            return Err(Failure::Usage(format!("`--stdin-filename` names standard input: add the path `{STDIN}`")));
        }
        return Ok(None);
    }
    if args.paths.len() > 1 {
        return Err(Failure::Usage(format!("`{STDIN}` is standard input, and takes no other file beside it")));
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(|error| Failure::io("read", "standard input".into(), error))?;
    let path = args.stdin_filename.clone().unwrap_or_else(|| Utf8PathBuf::from("stdin.yml"));
    Ok(Some(Unsaved { path, text: SourceText::from(bytes) }))
}

#[derive(Default)]
struct Chosen {
    selection: Vec<Selected>,
    kinds: Vec<Utf8PathBuf>,
    scenarios: Vec<Utf8PathBuf>,
    pipelines: Vec<Utf8PathBuf>,
}

fn choose(args: &ValidateArgs, unsaved: Option<&Unsaved>) -> Result<Chosen, Failure> {
    let mut chosen = Chosen::default();
    let mut rendered = Vec::new();
    if let Some(Unsaved { path, text }) = unsaved {
        match if args.as_pipeline { Content::Pipeline } else { Content::to_check(path, text.as_str()) } {
            Content::Manifest => chosen.selection.push(select_file(path, false)?),
            Content::Fleet => chosen.selection.push(select_file(path, true)?),
            Content::Kind => chosen.kinds.push(path.clone()),
            Content::Pipeline => chosen.pipelines.push(path.clone()),
            Content::Scenario => chosen.scenarios.push(path.clone()),
        }
        return Ok(chosen);
    }
    for path in &args.paths {
        match if args.as_pipeline { Some(Content::Pipeline) } else { content(path)? } {
            Some(Content::Kind) => chosen.kinds.push(path.clone()),
            Some(Content::Pipeline) => chosen.pipelines.push(path.clone()),
            Some(Content::Scenario) => chosen.scenarios.push(path.clone()),
            Some(Content::Fleet) if path.file_name() != Some(FLEET_FILE) => {
                chosen.selection.push(select_file(path, true)?);
            }
            _ => rendered.push(path.clone()),
        }
    }
    if !rendered.is_empty() || args.paths.is_empty() {
        chosen.selection.extend(select(&rendered)?);
    }
    Ok(chosen)
}

/// What a file is; `None` of a folder.
fn content(path: &Utf8Path) -> Result<Option<Content>, Failure> {
    if path.is_dir() {
        return Ok(None);
    }
    Ok(Some(Content::to_check(path, files::read(path)?.as_str())))
}
