use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::model::ConcourseVersion;
use crate::view::{Definition, field, is_invalid};
use yaml_source::diagnostic::{Diagnostics, Refusal, Rule, did_you_mean, one_of, ticked};
use yaml_source::yaml::{Map, Node};

use super::{Checked, credentials, names, refused};

/// Where variables come from: a credential manager that may be in a pipeline, with settings that it takes, which do not
/// wait for one another.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    let sources = &pipeline.view.var_sources;
    let (mut known, mut known_to_fly): (Vec<&Definition<'_>>, Vec<_>) = Default::default();
    for source in sources {
        if is_invalid(source.node) || field(source.node, "type").is_some_and(is_invalid) {
            continue;
        }
        let kind = source.text("type").unwrap_or_default();
        if IN_PIPELINES.contains(&kind) || ELSEWHERE.contains(&kind) {
            known.push(source);
            if !is_unknown_to_fly(pipeline.version, kind) {
                known_to_fly.push(source);
            }
        }
        check_type(pipeline.version, source, kind, diagnostics);
        // A fly that does not know the type says nothing of its settings; the server does.
        let by = if is_unknown_to_fly(pipeline.version, kind) { Refusal::SERVER } else { Refusal::EVERYWHERE };
        credentials::check(pipeline.version, source, kind, by, diagnostics);
    }
    names::unnamed_var_sources(sources, diagnostics);
    names::repeated_var_sources(&known_to_fly, Refusal::EVERYWHERE, diagnostics);
    if known.len() > known_to_fly.len() {
        names::repeated_var_sources(&known, Refusal::SERVER, diagnostics);
    }
    check_order(sources, diagnostics);
}

const IN_PIPELINES: [&str; 5] = ["dummy", "idtoken", "secretsmanager", "ssm", "vault"];
const ELSEWHERE: [&str; 3] = ["conjur", "credhub", "kubernetes"];

/// The fly of 7.14 has not heard of a type that its server takes.
fn is_unknown_to_fly(version: ConcourseVersion, kind: &str) -> bool {
    version < ConcourseVersion::V8_0 && kind == "idtoken"
}

fn check_type(version: ConcourseVersion, source: &Definition<'_>, kind: &str, diagnostics: &mut Diagnostics) {
    let span = field(source.node, "type").map_or(source.span, |node| node.span);
    if ELSEWHERE.contains(&kind) {
        let concourse_message =
            format!("variable sources: credential manager type {kind} is not supported in pipeline yet");
        diagnostics.push(
            refused(
                Rule::UnknownCredentialManager,
                span,
                format!("`{kind}` cannot be in a pipeline"),
                concourse_message,
            )
            // It has none of the settings that it needs.
            .concourse_message(format!("variable sources: credential manager {} is invalid", source.name))
            .help(format!("write {}", one_of(IN_PIPELINES))),
        );
    } else if !IN_PIPELINES.contains(&kind) || is_unknown_to_fly(version, kind) {
        let by = if is_unknown_to_fly(version, kind) { Refusal::FLY } else { Refusal::EVERYWHERE };
        let concourse_message = format!("variable sources: unknown credential manager type: {kind}");
        let message = match kind {
            "" => "a variable source without a type".to_owned(),
            "idtoken" => format!("the fly of {version} does not know `idtoken`"),
            _ => format!("there is no credential manager `{kind}`"),
        };
        let help = match did_you_mean(kind, IN_PIPELINES) {
            Some("idtoken") if kind == "idtoken" => "its server does: set the pipeline with a newer fly".to_owned(),
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("write {}", one_of(IN_PIPELINES)),
        };
        diagnostics
            .push(refused(Rule::UnknownCredentialManager, span, message, concourse_message).refused_by(by).help(help));
    }
}

/// `OrderByDependency` of `atc/config.go`: in the order of the pipeline, and after each one that is ready, those that
/// waited are looked at once.
fn check_order(sources: &[Definition<'_>], diagnostics: &mut Diagnostics) {
    let mut ready: HashSet<&str> = HashSet::new();
    let mut waiting: Vec<(&Definition<'_>, Vec<String>)> = Vec::new();
    for source in sources {
        let mut needs = Vec::new();
        if let Some(config) = field(source.node, "config") {
            each_need(config, &mut needs);
        }
        if needs.iter().any(|need| !ready.contains(need.as_str())) {
            waiting.push((source, needs));
            continue;
        }
        ready.insert(source.name);
        waiting.retain(|(waiting, needs)| {
            let is_ready = needs.iter().all(|need| ready.contains(need.as_str()));
            if is_ready {
                ready.insert(waiting.name);
            }
            !is_ready
        });
    }
    let Some((first, needs)) = waiting.first() else { return };
    let names: Vec<&str> = waiting.iter().map(|(source, _)| source.name).collect();
    let concourse_message = format!(
        "variable sources: failed to order by dependency: could not resolve inter-dependent var sources: {}",
        names.join(", ")
    );
    let missing: Vec<&String> = needs.iter().filter(|need| !sources.iter().any(|other| other.name == **need)).collect();
    let message = if missing.is_empty() {
        format!("variable sources wait for one another: {}", ticked(&names))
    } else {
        format!("`{}` needs the variable source {}, which is not defined", first.name, ticked(&missing))
    };
    let mut found = refused(Rule::VarSourceCycle, first.span, message, concourse_message)
        .help("remove the variable of the other source from the `config` of one");
    for (other, _) in waiting.iter().skip(1).take(8) {
        found = found.also(other.span, "and this one");
    }
    diagnostics.push(found);
}

/// The sources of the variables in what a source is told.
fn each_need(node: &Node, needs: &mut Vec<String>) {
    needs_of(node.as_str().unwrap_or_default(), needs);
    for entry in node.as_map().into_iter().flat_map(Map::entries) {
        needs_of(&entry.key, needs);
        each_need(&entry.value, needs);
    }
    for item in node.as_list().unwrap_or_default() {
        each_need(item, needs);
    }
}

fn needs_of(text: &str, needs: &mut Vec<String>) {
    static VAR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"\(\(((?:[-/.A-Za-z0-9_\pL]+:)?[-/.:@"A-Za-z0-9_\pL]+)\)\)"#)
            .expect("internal error: a pattern of this program does not compile")
    });
    for found in VAR.captures_iter(text) {
        needs.extend(found[1].split_once(':').map(|(source, _)| source.to_owned()));
    }
}
