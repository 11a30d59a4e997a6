//! Whether two puts with one image deploy the same thing. A kind names in `target` what it deploys; the texts of its put
//! that are in that name are compared with those of another put.

use yaml_source::yaml::Value;

use super::model::{Put, Resource};
use super::spelling::{has_variable, plain};

/// The texts of a put, of its resource's source and of its params.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<Text>);

#[derive(Debug)]
struct Text {
    key: String,
    value: String,
    part: NamePart,
}

/// The part of a target's name that a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamePart {
    None,
    /// A word of it, such as the name of a stack.
    Word,
    /// The end of a path in it. The text begins with the artifact that has the path.
    Path,
}

/// How what one put deploys relates to what another one deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    Same,
    Unknown,
    Apart,
}

impl Texts {
    /// Those of a put. When it is known what it deploys, only those that are in that name, which is in its one spelling.
    pub(super) fn of(resource: &Resource<'_>, put: &Put<'_>, target: Option<&str>) -> Self {
        let target: Option<Vec<&str>> = target.map(|target| target.split(' ').collect());
        let text = |key: &str, value: &str| {
            let value = plain(value);
            let part = target.as_ref().map_or(NamePart::None, |target| NamePart::of(&value, target));
            let is_meant = target.is_none() || part != NamePart::None;
            is_meant.then(|| Text { key: key.to_owned(), value: value.into_owned(), part })
        };
        let mut texts = Vec::new();
        for values in [resource.source.of_type, resource.source.own, put.params].into_iter().flatten() {
            match values {
                Value::Map(map) => texts.extend(map.iter().filter_map(|(key, value)| match value {
                    Value::Text(value) => text(key, value),
                    _ => None,
                })),
                // A variable, which can hold any keys.
                Value::Text(variable) => texts.extend(text(variable, variable)),
                _ => {}
            }
        }
        Self(texts)
    }

    /// The keys of the texts.
    pub(super) fn keys(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self.0.iter().map(|text| text.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// How what another put deploys relates to the target that these texts name.
    pub(super) fn likeness(&self, other: &Self) -> Likeness {
        let is_apart = |part: NamePart| {
            let pairs = || self.pairs(other).filter(|(own, _)| own.part == part);
            pairs().any(|(own, other)| own.key == other.key) && !pairs().any(|(own, other)| own.may_equal(other))
        };
        // Nothing of the put names what it deploys.
        if self.0.is_empty() || is_apart(NamePart::Word) || is_apart(NamePart::Path) {
            return Likeness::Apart;
        }
        let is_there = |own: &Text| other.0.iter().any(|other| own.has_key_of(other));
        let are_equal = self.pairs(other).all(|(own, other)| own.value == other.value);
        if are_equal && self.0.iter().all(is_there) { Likeness::Same } else { Likeness::Unknown }
    }

    /// The texts of both that can be under the same key.
    fn pairs<'t>(&'t self, other: &'t Self) -> impl Iterator<Item = (&'t Text, &'t Text)> {
        self.0
            .iter()
            .flat_map(|own| other.0.iter().filter(|other| own.has_key_of(other)).map(move |other| (own, other)))
    }
}

impl Text {
    fn has_key_of(&self, other: &Self) -> bool {
        other.key == self.key || has_variable(&other.key)
    }

    /// Whether another text may name the same thing.
    fn may_equal(&self, other: &Self) -> bool {
        let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|start| start.ends_with('/'));
        let (own, other) = (self.value.as_str(), other.value.as_str());
        own == other
            || has_variable(other)
            || match self.part {
                // Pulumi knows one stack as `STACK` and as `ORGANIZATION/PROJECT/STACK`.
                NamePart::Word => ends(own, other) || ends(other, own),
                // An artifact can have any name.
                NamePart::Path => inside(own) == inside(other),
                NamePart::None => false,
            }
    }
}

impl NamePart {
    /// The part that a text is of a target, of which these are the words.
    fn of(text: &str, target: &[&str]) -> Self {
        let is_end = |path: &str| {
            !path.is_empty()
                && target.iter().any(|word| word.strip_suffix(path).is_some_and(|start| start.ends_with('/')))
        };
        let length = text.split(' ').count();
        if text.is_empty() {
            Self::None
        } else if target.windows(length).any(|words| words.iter().copied().eq(text.split(' '))) {
            Self::Word
        } else if is_end(text) || is_end(inside(text)) {
            Self::Path
        } else {
            Self::None
        }
    }
}

/// A path without the artifact that it begins with.
fn inside(path: &str) -> &str {
    path.split_once('/').map_or("", |(_, inside)| inside)
}
