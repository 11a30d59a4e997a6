use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};

use yaml_source::source::{Sources, Span};
use yaml_source::yaml::{Map, Node};

use super::view::{Definition, PipelineView, StepKind, each_text, field, list};

/// Words that YAML 1.1, which Concourse reads, takes for `true` and `false`: a script's variable then holds `true` where
/// `yes` was written, and the country `no` is `false`.
pub(super) fn check(view: &PipelineView<'_>, sources: &Sources, diagnostics: &mut Diagnostics) {
    let places = view.steps().flat_map(|(_, step)| {
        let of_config = step.config().and_then(|config| field(config, "params"));
        let of_task = field(step.node, "params").filter(|_| step.kind == StepKind::Task);
        let across = list(step.node, "across").iter().filter_map(|var| field(var, "values"));
        [of_config, of_task, field(step.node, "vars"), field(step.node, "instance_vars")]
            .into_iter()
            .flatten()
            .chain(across)
    });
    for node in places {
        each_text("", node, &mut |_, _, span| look(span, sources, diagnostics));
    }
    // A key is a name wherever somebody else's maps are: none is meant for `true`.
    let of_resources = view.resources.iter().chain(&view.resource_types).chain(&view.prototypes);
    let sources_of = of_resources.filter_map(Definition::source);
    let of_steps = view.steps().flat_map(|(_, step)| {
        let of_config = step.config().and_then(|config| field(config, "params"));
        let own = ["params", "vars", "instance_vars"].into_iter().filter_map(|key| field(step.node, key));
        own.chain(of_config)
    });
    for node in sources_of.chain(of_steps) {
        each_key(node, &mut |span| look(span, sources, diagnostics));
    }
}

fn look(span: Span, sources: &Sources, diagnostics: &mut Diagnostics) {
    let raw = sources.slice(span);
    if let Some(read) = boolean(raw) {
        diagnostics.push(
            Diagnostic::new(Rule::YamlBoolean, span, format!("`{raw}` is `{read}` to Concourse"))
                .help(format!("write \"{raw}\" with quotes, or {read}")),
        );
    }
}

/// Where each key below a node stands.
fn each_key(node: &Node, see: &mut impl FnMut(Span)) {
    for item in node.as_list().unwrap_or_default() {
        each_key(item, see);
    }
    for entry in node.as_map().into_iter().flat_map(Map::entries) {
        see(entry.key_span);
        each_key(&entry.value, see);
    }
}

/// What a plain word of YAML 1.1 is, if YAML 1.2 has it as a text (yaml.org/type/bool.html).
fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "on" => Some(true),
        "n" | "no" | "off" => Some(false),
        _ => None,
    }
}
