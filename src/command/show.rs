use std::fmt::Write;

use yaml_source::diagnostic::{Diagnostics, Levels, did_you_mean_selector, ticked, visible};
use yaml_source::secrets::masked;
use yaml_source::source::{Sources, Span};
use yaml_source::yaml::{Entry, Map, Node, NodeKind, Resolved};
use yaml_source::{Failure, files};

use crate::cli::ShowArgs;
use crate::kind::Family;
use crate::project::{Fleet, Gate, Record, Shape, Stage};
use crate::template::Filler;
use crate::workspace::{Selected, Understood, load, select, understand};

use super::project::{check_is_manifest, not_a_manifest};
use super::{Outcome, Output};

/// Prints each stage's settings as they were understood, a line a value, with the place that it came from.
pub(super) fn run(args: &ShowArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    if !args.manifest.is_file() {
        return Err(not_a_manifest(&args.manifest));
    }
    let mut texts = Vec::new();
    let mut names = Vec::new();
    for selected in &select(std::slice::from_ref(&args.manifest))? {
        if matches!(selected, Selected::Fleet { manifests: None, .. }) {
            return Err(Failure::Usage(format!("{} is a fleet: name one of its manifests", args.manifest)));
        }
        check_is_manifest(&args.manifest, files::read(&args.manifest)?.as_str())?;
        let Some(loaded) = load(selected, &mut sources, &mut diagnostics)? else { continue };
        for manifest in &loaded.manifests {
            let read = understand(manifest, &loaded, args.source_root.as_deref(), &sources, &mut diagnostics)?;
            let Some(Understood { node, levels, resolved }) = read else { continue };
            diagnostics.take_levels(0, |_| &levels);
            for stage in resolved.project.iter().flat_map(|project| &project.chains).flat_map(|chain| &chain.stages) {
                names.push(stage.name().to_owned());
                if args.stage.as_deref().is_none_or(|wanted| wanted == stage.name()) {
                    texts.push(masked(&shown(stage, &node, &loaded.fleet, &sources, &mut diagnostics)));
                }
            }
        }
    }
    let diagnostics = Levels::default().apply(diagnostics.into_sorted());
    if output.diagnostics(&diagnostics, &sources, "what is shown may be incomplete") && texts.is_empty() {
        return Ok(Outcome::Problems);
    }
    if let (Some(wanted), true) = (&args.stage, texts.is_empty()) {
        let help = did_you_mean_selector(wanted, names.iter().map(String::as_str))
            .map_or_else(|| format!("there are {}", ticked(&names)), |meant| format!("did you mean `{meant}`?"));
        return Err(Failure::Usage(format!("there is no stage `{wanted}`; {help}")));
    }
    output.print(&texts.join("\n"))?;
    Ok(Outcome::Fine)
}

fn shown(stage: &Stage, manifest: &Node, fleet: &Fleet, sources: &Sources, diagnostics: &mut Diagnostics) -> String {
    let mut filled = Shape::of_stage().fill(&stage.origin.settings, &stage.scope, &mut Filler::new(diagnostics));
    if let Some(kind) = fleet.kinds.get(Family::Stack, &stage.kind)
        && let Some(given) = filled.at(&format!("/stack/{}", stage.kind)).cloned()
    {
        let (options, _) = kind.options_for(&given, &stage.scope, diagnostics);
        if let Some(node) = filled.at_mut(&format!("/stack/{}", stage.kind)) {
            *node = options;
        }
    }
    let gate = match stage.gate {
        Gate::None => "none",
        Gate::Issue => "issue",
        Gate::Preview => "preview",
        Gate::Manual => "manual",
    };
    let record = match stage.record {
        Record::Open => "open",
        Record::Closed => "closed",
        Record::None => "none",
    };
    let mut printer = Printer { sources, out: format!("# {}\n", stage.whom()) };
    printer.line(0, "project", &stage.project, "");
    printer.line(0, "pipeline", stage.pipeline.as_str(), "");
    let vars: Vec<(&str, &str)> = stage.instance_vars.iter().collect();
    if !vars.is_empty() {
        printer.out.push_str("instance_vars:\n");
    }
    for (name, value) in vars {
        let instance_var = manifest.at(&format!("/instance_vars/{name}"));
        let place = instance_var.map(|node| printer.place(node.span)).unwrap_or_default();
        printer.line(1, name, value, &place);
    }
    let is_set = |pointer: &str| stage.origin.settings.at(pointer).is_some();
    for (key, value) in [("gate", gate), ("record", record)] {
        if !is_set(&format!("/{key}")) {
            printer.line(0, key, value, "by its place in the chain");
        }
    }
    printer.map(0, filled.as_map().map(Map::entries).unwrap_or_default());
    printer.out
}

struct Printer<'a> {
    sources: &'a Sources,
    out: String,
}

impl Printer<'_> {
    fn map(&mut self, depth: usize, entries: &[Entry]) {
        for entry in entries {
            self.value(depth, &entry.key, &entry.value);
        }
    }

    fn value(&mut self, depth: usize, key: &str, node: &Node) {
        match &node.kind {
            NodeKind::Invalid => {}
            NodeKind::Scalar(scalar) => {
                let value = match scalar.resolve() {
                    Resolved::Text => text(&scalar.text),
                    _ => scalar.text.clone(),
                };
                let place = self.place(node.span);
                self.raw(depth, key, &value, &place);
            }
            NodeKind::Map(map) if map.is_empty() => self.raw(depth, key, "{}", &self.place(node.span)),
            NodeKind::Map(map) => {
                let _ = writeln!(self.out, "{:indent$}{}:", "", text(key), indent = depth * 2);
                self.map(depth + 1, map.entries());
            }
            NodeKind::List(items) => {
                let words: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(text)).collect();
                let list = match words {
                    Some(words) => format!("[{}]", words.join(", ")),
                    None => format!("[… {} …]", items.len()),
                };
                self.raw(depth, key, &list, &self.place(node.span));
            }
        }
    }

    fn line(&mut self, depth: usize, key: &str, value: &str, place: &str) {
        self.raw(depth, key, &text(value), place);
    }

    fn raw(&mut self, depth: usize, key: &str, value: &str, place: &str) {
        let line = format!("{:indent$}{}: {value}", "", text(key), indent = depth * 2);
        let _ =
            if place.is_empty() { writeln!(self.out, "{line}") } else { writeln!(self.out, "{line:<72} # {place}") };
    }

    fn place(&self, span: Span) -> String {
        let path = visible(self.sources.path(span.file).as_str());
        if path.starts_with("built in") {
            return path.into_owned();
        }
        let (line, _) = self.sources.line_column(span);
        format!("{path}:{line}")
    }
}

/// A text as YAML takes it on one line.
fn text(text: &str) -> String {
    let plain = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && yaml_source::yaml::resolve(text) == Resolved::Text
        && yaml_source::yaml::trap(text).is_none()
        && !text.starts_with('-');
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
