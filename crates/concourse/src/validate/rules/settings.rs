//! Settings of a credential manager, as `github.com/go-viper/mapstructure/v2` reads them for Concourse.

use crate::validate::duration;
use yaml_source::diagnostic::did_you_mean;
use yaml_source::source::Span;
use yaml_source::yaml::{Map, Node, NodeKind, Resolved};

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    Text,
    Bool,
    /// A text that is one, or a number of nanoseconds.
    Duration,
    Texts,
    TextMap,
    /// A field of the program's own, which is within reach by an oversight: only an empty map fits.
    Inner,
}

/// What is wrong with a setting.
pub(super) struct Wrong {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// What is wrong with settings; nothing at all is fine.
pub(super) fn check(config: Option<&Node>, known: &[(&str, Setting)]) -> Vec<Wrong> {
    let Some(config) = config.filter(|config| !config.is_null()) else { return Vec::new() };
    let wrong = |span, message: String, help| Wrong { span, message, help };
    let Some(map) = config.as_map() else {
        return vec![wrong(config.span, "settings are a map".to_owned(), None)];
    };
    let mut found = Vec::new();
    for entry in map.entries() {
        let exact = known.iter().find(|(name, _)| *name == entry.key);
        let other_case = || {
            // A key in other letters stands for a setting that is not there in its own.
            known.iter().find(|(name, _)| name.eq_ignore_ascii_case(&entry.key) && map.get(name).is_none())
        };
        match exact.or_else(other_case) {
            None => {
                let names = known.iter().map(|(name, _)| *name).filter(|name| name.chars().all(|c| !c.is_uppercase()));
                let help = did_you_mean(&entry.key, names).map(|meant| format!("did you mean `{meant}`?"));
                found.push(wrong(entry.key_span, format!("unknown setting `{}`", entry.key), help));
            }
            Some((_, setting)) if !fits(&entry.value, *setting) => {
                found.push(wrong(entry.value.span, format!("`{}` is {}", entry.key, due(*setting)), None));
            }
            Some(_) => {}
        }
    }
    found
}

const fn due(setting: Setting) -> &'static str {
    match setting {
        Setting::Text => "a text",
        Setting::Bool => "`true` or `false`",
        Setting::Duration => "a duration, such as `90s`",
        Setting::Texts => "a list of texts",
        Setting::TextMap => "a map of texts",
        Setting::Inner => "no setting",
    }
}

fn fits(node: &Node, setting: Setting) -> bool {
    if node.is_null() || matches!(node.kind, NodeKind::Invalid) {
        return true;
    }
    let resolved = node.as_scalar().map(yaml_source::yaml::Scalar::resolve);
    match setting {
        Setting::Text => resolved == Some(Resolved::Text),
        Setting::Bool => matches!(resolved, Some(Resolved::Bool(_))),
        Setting::Duration => match resolved {
            Some(Resolved::Text) => node.as_str().and_then(duration::parse).is_some(),
            Some(Resolved::Integer(_) | Resolved::Float(_)) => true,
            _ => false,
        },
        Setting::Texts => node.as_list().is_some_and(|items| items.iter().all(|item| fits(item, Setting::Text))),
        Setting::TextMap => {
            node.as_map().is_some_and(|map| map.entries().iter().all(|entry| fits(&entry.value, Setting::Text)))
        }
        Setting::Inner => node.as_map().is_some_and(Map::is_empty),
    }
}
