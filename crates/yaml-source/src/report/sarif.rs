use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Label, Rule, Severity};
use crate::source::Sources;

use super::NAME;
use super::view::{Places, Region, Texts, document};

/// Diagnostics as a log of the Static Analysis Results Interchange Format, version 2.1.0 (OASIS, 27 March 2020), in
/// order.
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let texts = Texts::of(diagnostics, sources);
    let mut places = Places::of(sources);
    let mut rules: BTreeMap<Rule, usize> = diagnostics.iter().map(|diagnostic| (diagnostic.rule, 0)).collect();
    rules.values_mut().enumerate().for_each(|(index, at)| *at = index);
    let mut location = |label: &Label| {
        let mut location = json!({"physicalLocation": {
            "artifactLocation": {"uri": uri(sources.path(label.span.file))},
            "region": region(places.region(label.span)),
        }});
        if !label.text.is_empty() {
            location["message"] = json!({"text": texts.without_secrets(&label.text)});
        }
        location
    };
    let results: Vec<Value> = diagnostics
        .iter()
        .map(|diagnostic| {
            let mut result = json!({
                "ruleId": diagnostic.rule.name(),
                "ruleIndex": rules[&diagnostic.rule],
                "level": level(diagnostic.severity()),
                "message": {"text": message(diagnostic, &texts)},
                "locations": [location(&diagnostic.labels[0])],
            });
            if diagnostic.labels.len() > 1 {
                result["relatedLocations"] = diagnostic.labels[1..].iter().map(&mut location).collect();
            }
            result
        })
        .collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": NAME,
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.keys().map(|rule| json!({
                    "id": rule.name(),
                    "shortDescription": {"text": rule.summary()},
                    "help": {"text": rule.page(), "markdown": rule.page()},
                    "helpUri": rule.url(),
                    "defaultConfiguration": {"level": level(rule.severity())},
                })).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    document(&log)
}

/// All that is said: viewers show one text.
fn message(diagnostic: &Diagnostic, texts: &Texts) -> String {
    let notes = diagnostic.notes.iter().map(|note| format!("\nnote: {note}"));
    let help = diagnostic.help.iter().map(|help| format!("\nhelp: {help}"));
    let text = diagnostic.message.clone() + &notes.chain(help).collect::<String>();
    texts.without_secrets(&text)
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn region(region: Region) -> Value {
    json!({
        "startLine": region.start.0,
        "startColumn": region.start.1,
        "endLine": region.end.0,
        "endColumn": region.end.1,
    })
}

/// A path as a reference to a file (RFC 3986): relative to the working folder, as the path is.
fn uri(path: &Utf8Path) -> String {
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in path.as_str().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_a_reference() {
        assert_eq!(uri(Utf8Path::new("a b/ü:%.yml")), "a%20b/%C3%BC%3A%25.yml");
        assert_eq!(uri(Utf8Path::new("/a/b.yml")), "file:///a/b.yml");
    }
}
