//! What each credential manager makes of its settings: `atc/creds/*/manager.go`.

use crate::model::ConcourseVersion;
use crate::validate::duration;
use crate::view::{Definition, field, text};
use yaml_source::diagnostic::{Diagnostics, Refusal, Rule, ticked};
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node, Resolved};

use super::refused;
use super::settings::{self, Setting, Wrong};
use super::url::{UrlError, scheme};

pub(super) fn check(
    version: ConcourseVersion,
    source: &Definition<'_>,
    kind: &str,
    by: Refusal,
    diagnostics: &mut Diagnostics,
) {
    let config = field(source.node, "config");
    let span = config.filter(|config| !config.is_null()).map_or(source.span, |config| config.span);
    // What cannot be made is not asked whether it is right.
    let (made, found) = match kind {
        "dummy" => (false, dummy(config, span)),
        "idtoken" => idtoken(config, span),
        "vault" => vault(version, config, span),
        "ssm" => aws(config, AWS_TEMPLATES, AWS_SSM, span),
        "secretsmanager" => aws(config, AWS_TEMPLATES, AWS_SECRETS_MANAGER, span),
        _ => return,
    };
    let how = if made {
        format!("variable sources: credential manager {} is invalid", source.name)
    } else {
        format!("variable sources: failed to create credential manager {}", source.name)
    };
    for Wrong { span, message, help } in found {
        diagnostics
            .push(refused(Rule::InvalidCredentialManager, span, message, how.clone()).refused_by(by).maybe_help(help));
    }
}

fn wrong(span: Span, message: impl Into<String>) -> Wrong {
    Wrong { span, message: message.into(), help: None }
}

fn dummy(config: Option<&Node>, span: Span) -> Vec<Wrong> {
    let vars = config.and_then(|config| field(config, "vars"));
    if vars.is_some_and(|vars| vars.as_map().is_some()) {
        return Vec::new();
    }
    let span = vars.filter(|vars| !vars.is_null()).map_or(span, |vars| vars.span);
    vec![Wrong { help: Some("write `config: {vars: {NAME: VALUE}}`".to_owned()), ..wrong(span, "`vars` is a map") }]
}

fn idtoken(config: Option<&Node>, span: Span) -> (bool, Vec<Wrong>) {
    let Some(map) = config.and_then(Node::as_map) else { return (false, vec![wrong(span, "settings are a map")]) };
    let is_text = |node: &Node| node.as_scalar().is_some_and(|scalar| scalar.resolve() == Resolved::Text);
    let mut found = Vec::new();
    for entry in map.entries() {
        let node = &entry.value;
        let due = match entry.key.as_str() {
            "audience" if !node.as_list().is_some_and(|items| items.iter().all(is_text)) => "a list of texts",
            "subject_scope" | "algorithm" if !is_text(node) => "a text",
            "expires_in" if !is_text(node) || text(node).and_then(duration::parse).is_none() => {
                "a duration, such as `90s`"
            }
            "audience" | "subject_scope" | "expires_in" | "algorithm" => continue,
            key => {
                found.push(wrong(entry.key_span, format!("unknown setting `{key}`")));
                continue;
            }
        };
        found.push(wrong(node.span, format!("`{}` is {due}", entry.key)));
    }
    if !found.is_empty() {
        return (false, found);
    }
    let one_of = |key: &str, words: &[&str], found: &mut Vec<Wrong>| {
        if let Some(node) = map.get(key)
            && !words.contains(&node.as_str().unwrap_or_default())
        {
            let words = ticked(words.iter().filter(|word| !word.is_empty()));
            let help = Some(format!("one of {words}"));
            found.push(Wrong { help, ..wrong(node.span, format!("a word that `{key}` does not know")) });
        }
    };
    one_of("subject_scope", &["", "team", "pipeline", "instance", "job"], &mut found);
    one_of("algorithm", &["RS256", "ES256"], &mut found);
    if let Some(node) = map.get("expires_in")
        && text(node).and_then(duration::parse).is_some_and(|duration| duration > 24 * 3_600 * 1_000_000_000)
    {
        found.push(wrong(node.span, "a token is good for a day at most"));
    }
    (true, found)
}

fn vault(version: ConcourseVersion, config: Option<&Node>, span: Span) -> (bool, Vec<Wrong>) {
    let Some(map) = config.and_then(Node::as_map) else { return (false, vec![wrong(span, "settings are a map")]) };
    let mut known = VAULT.to_vec();
    if version >= ConcourseVersion::V8_2 {
        known.push(("enable_kv_mount_cache", Setting::Bool));
    }
    let found = settings::check(config, &known);
    if !found.is_empty() {
        return (false, found);
    }
    let mut found = Vec::new();
    if let Some(url) = of(map, "url")
        && let Err(UrlError { why }) = scheme(text(url).unwrap_or_default())
    {
        found.push(wrong(url.span, format!("no URL: {why}")));
    }
    let prefix = of(map, "path_prefix").and_then(|node| Some((node, text(node)?)));
    if let Some((node, "")) = prefix {
        found.push(wrong(node.span, "a prefix that is empty"));
    }
    let prefix = prefix.map_or("/concourse", |(_, prefix)| prefix);
    let no_templates: &[Node] = &[];
    for template in of(map, "lookup_templates").and_then(Node::as_list).unwrap_or(no_templates) {
        found.extend(template_wrong(template, &format!("{prefix}{}", text(template).unwrap_or_default())));
    }
    if !["client_token", "client_token_path", "auth_backend"].iter().any(|key| is_set(map, key)) {
        let help = Some("set one of `client_token`, `client_token_path` and `auth_backend`".to_owned());
        found.push(Wrong { help, ..wrong(span, "nothing to log in to Vault with") });
    }
    (true, found)
}

const VAULT: [(&str, Setting); 27] = [
    ("url", Setting::Text),
    ("path_prefix", Setting::Text),
    ("lookup_templates", Setting::Texts),
    ("shared_path", Setting::Text),
    ("namespace", Setting::Text),
    ("login_timeout", Setting::Duration),
    ("query_timeout", Setting::Duration),
    ("disable_srv_lookup", Setting::Bool),
    ("ca_cert", Setting::Text),
    ("CACertFile", Setting::Text),
    ("CAPath", Setting::Text),
    ("client_cert", Setting::Text),
    ("ClientCertFile", Setting::Text),
    ("client_key", Setting::Text),
    ("ClientKeyFile", Setting::Text),
    ("server_name", Setting::Text),
    ("insecure_skip_verify", Setting::Bool),
    ("client_token", Setting::Text),
    ("client_token_path", Setting::Text),
    ("auth_backend", Setting::Text),
    ("auth_backend_max_ttl", Setting::Duration),
    ("auth_retry_max", Setting::Duration),
    ("auth_retry_initial", Setting::Duration),
    ("auth_params", Setting::TextMap),
    ("Client", Setting::Inner),
    ("ReAuther", Setting::Inner),
    ("SecretFactory", Setting::Inner),
];

const AWS_TEMPLATES: [&str; 3] = ["pipeline_secret_template", "team_secret_template", "shared_secret_template"];

const AWS_SSM: &[(&str, Setting)] = &[
    ("access_key", Setting::Text),
    ("secret_key", Setting::Text),
    ("session_token", Setting::Text),
    ("region", Setting::Text),
    ("pipeline_secret_template", Setting::Text),
    ("team_secret_template", Setting::Text),
    ("shared_path", Setting::Text),
    ("Ssm", Setting::Inner),
];

const AWS_SECRETS_MANAGER: &[(&str, Setting)] = &[
    ("access_key", Setting::Text),
    ("secret_key", Setting::Text),
    ("session_token", Setting::Text),
    ("region", Setting::Text),
    ("pipeline_secret_template", Setting::Text),
    ("team_secret_template", Setting::Text),
    ("shared_secret_template", Setting::Text),
    ("SecretManager", Setting::Inner),
];

fn aws(config: Option<&Node>, templates: [&str; 3], known: &[(&str, Setting)], span: Span) -> (bool, Vec<Wrong>) {
    let found = settings::check(config, known);
    if !found.is_empty() {
        return (false, found);
    }
    let mut found = Vec::new();
    let Some(map) = config.and_then(Node::as_map) else { return (true, found) };
    for template in templates.iter().filter_map(|key| of(map, key)) {
        found.extend(text(template).and_then(|text| template_wrong(template, text)));
    }
    let keys = ["access_key", "secret_key"];
    let given = keys.map(|key| is_set(map, key));
    if given.contains(&false) && (given.contains(&true) || is_set(map, "session_token")) {
        found.push(wrong(span, format!("{} are set together", ticked(keys))));
    }
    (true, found)
}

/// A setting, in whatever letters.
fn of<'n>(map: &'n Map, key: &str) -> Option<&'n Node> {
    let other_case =
        || map.entries().iter().find(|entry| entry.key.eq_ignore_ascii_case(key)).map(|entry| &entry.value);
    map.get(key).or_else(other_case)
}

fn is_set(map: &Map, key: &str) -> bool {
    of(map, key).and_then(text).is_some_and(|text| !text.is_empty())
}

/// Functions and keywords of Go's templates (text/template, "Functions" and "Actions"), and its words for values.
const TEMPLATE_WORDS: [&str; 32] = [
    "and", "block", "break", "call", "continue", "define", "else", "end", "eq", "false", "ge", "gt", "html", "if",
    "index", "js", "le", "len", "lt", "ne", "nil", "not", "or", "print", "printf", "println", "range", "slice",
    "template", "true", "urlquery", "with",
];

/// A function in a hole of a template that Go does not have. A hole with quotes or a comment may have any word.
fn unknown_function(hole: &str) -> Option<&str> {
    if hole.contains(['"', '`', '\'']) || hole.starts_with("/*") {
        return None;
    }
    hole.split(|c: char| !c.is_alphanumeric() && !"_.$".contains(c))
        .filter_map(|word| word.split('.').next())
        .find(|word| word.starts_with(char::is_alphabetic) && !TEMPLATE_WORDS.contains(word))
}

/// What is wrong with a template of where a secret lies. Of Go's templates only holes with a field in them, and the names
/// of functions, are looked at; whatever else may stand in them is taken to be right.
fn template_wrong(node: &Node, template: &str) -> Option<Wrong> {
    let mut is_empty = true;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        is_empty &= before.trim().is_empty();
        let Some((hole, behind)) = after.split_once("}}") else {
            return Some(wrong(node.span, "a hole of a template that is not closed"));
        };
        let hole = hole.strip_prefix("- ").unwrap_or(hole);
        let hole = hole.strip_suffix(" -").unwrap_or(hole).trim();
        is_empty &= hole.starts_with("/*");
        if hole.is_empty() {
            return Some(wrong(node.span, "a hole of a template with nothing in it"));
        }
        let is_field = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if let Some(name) = hole.strip_prefix('.').filter(is_field)
            && !["Team", "Pipeline", "Secret"].contains(&name)
        {
            let help = Some("there are `.Team`, `.Pipeline` and `.Secret`".to_owned());
            return Some(Wrong { help, ..wrong(node.span, format!("a template knows no `.{name}`")) });
        }
        if let Some(name) = unknown_function(hole) {
            let help = Some("a field begins with a dot: `.Team`, `.Pipeline`, `.Secret`".to_owned());
            return Some(Wrong { help, ..wrong(node.span, format!("a template knows no function `{name}`")) });
        }
        rest = behind;
    }
    (is_empty && rest.trim().is_empty()).then(|| wrong(node.span, "a template that is empty"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was put to `fly validate-pipeline` of 7.14.0 as a template of Secrets Manager.
    #[test]
    fn function_that_go_does_not_have_is_found() {
        for (hole, function) in
            [("Secret", "Secret"), (". Secret", "Secret"), ("T.eam", "T"), ("eq .Team x", "x"), ("é", "é")]
        {
            assert_eq!(unknown_function(hole), Some(function), "{hole}");
        }
        for hole in
            [".Secret", "if eq .Team \"x\"", "end", "$.Team", "printf `Secret`", "/* Secret", "len .Team", "0x1f"]
        {
            assert_eq!(unknown_function(hole), None, "{hole}");
        }
    }
}
