use std::fmt::Write;

use crate::address::{decoded, encoded};
use yaml_source::yaml::{IndexMap, Resolved, resolve, trap};

/// What tells the instances of one pipeline apart, name → value: to Concourse part of the pipeline's identity, and the
/// value of `((name))` in it. They stand in its address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceVars(IndexMap<String, String>);

impl FromIterator<(String, String)> for InstanceVars {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(vars: T) -> Self {
        Self(vars.into_iter().collect())
    }
}

impl InstanceVars {
    /// Name and value of each, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The name of a pipeline and its instance vars, of its file's name without the ending: `NAME,VAR=VALUE,…`. A comma
    /// that no instance var follows belongs to the name.
    pub fn of_file_stem(stem: &str) -> (&str, Self) {
        let Some((name, vars)) = stem.split_once(',').filter(|(name, _)| !name.is_empty()) else {
            return (stem, Self::default());
        };
        let var = |part: &str| {
            let (var, value) = part.split_once('=').filter(|(var, _)| !var.is_empty())?;
            Some((var.to_owned(), decoded(value)?))
        };
        vars.split(',').map(var).collect::<Option<Self>>().map_or_else(|| (stem, Self::default()), |vars| (name, vars))
    }

    /// The flags by which `fly` is told them, not yet quoted for a shell: `-i`, `NAME=VALUE`. It reads a value as YAML
    /// (`YAMLVariablePairFlag`), as which it comes to be text.
    pub fn flags(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.iter().map(|(name, value)| ("-i", format!("{name}={}", yaml_text(value))))
    }

    /// What `fly` takes behind the name of a pipeline that is there: `/NAME:"VALUE",…`, each value read as YAML.
    pub fn reference(&self) -> String {
        let mut reference = String::new();
        for (name, value) in self.iter() {
            let mark = if reference.is_empty() { '/' } else { ',' };
            // Writing to a string does not fail.
            let _ = write!(reference, "{mark}{name}:{}", serde_json::Value::from(value));
        }
        reference
    }

    /// What the name of a pipeline's file is followed by, so that each instance has a file of its own.
    pub fn file_name_part(&self) -> String {
        let mut part = String::new();
        for (name, value) in self.iter() {
            // Writing to a string does not fail.
            let _ = write!(part, ",{name}={}", encoded(value));
        }
        part
    }

    /// What the address of the pipeline's page ends with: `?vars.NAME="VALUE"`, as Concourse's own links have it.
    pub fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in self.iter() {
            let mark = if query.is_empty() { '?' } else { '&' };
            let value = serde_json::Value::from(value).to_string();
            let _ = write!(query, "{mark}vars.{name}={}", encoded(&value));
        }
        query
    }
}

/// A text as every version of YAML reads it on one line, as text.
fn yaml_text(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && resolve(text) == Resolved::Text
        && trap(text).is_none();
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> InstanceVars {
        [("region".to_owned(), value.to_owned())].into_iter().collect()
    }

    #[test]
    fn value_comes_to_fly_as_text() {
        for (value, expected) in [
            ("eu-west-1", "region=eu-west-1"),
            ("main/x", "region=main/x"),
            ("1.10", r#"region="1.10""#),
            ("2024-01-01", r#"region="2024-01-01""#),
            ("no", r#"region="no""#),
            ("null", r#"region="null""#),
            ("", r#"region="""#),
            ("a: b", r#"region="a: b""#),
        ] {
            assert_eq!(of(value).flags().next(), Some(("-i", expected.to_owned())));
        }
    }

    proptest::proptest! {
        #[test]
        fn every_value_is_read_as_the_text_that_it_is(value in "[^\\p{Cc}]{0,12}") {
            let (_, flag) = of(&value).flags().next().unwrap();
            let read: serde_json::Value = serde_saphyr::from_str(flag.strip_prefix("region=").unwrap()).unwrap();
            proptest::prop_assert_eq!(read, serde_json::Value::from(value));
        }
    }

    proptest::proptest! {
        #[test]
        fn the_name_of_a_file_says_the_instance(value in "\\PC{0,12}", size in "[0-9,=.%]{0,4}") {
            let vars: InstanceVars = [("region", value), ("size", size)]
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect();
            let stem = format!("words{}", vars.file_name_part());
            proptest::prop_assert_eq!(InstanceVars::of_file_stem(&stem), ("words", vars));
        }
    }

    #[test]
    fn a_comma_alone_says_no_instance() {
        for stem in ["words", "words,", "words,old", "words,=x", "words,a=%", ",a=b", "words,a=b,c"] {
            assert_eq!(InstanceVars::of_file_stem(stem), (stem, InstanceVars::default()));
        }
    }

    #[test]
    fn instance_is_given_to_fly_behind_the_name() {
        let vars: InstanceVars = [("region", "eu"), ("size", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(vars.reference(), r#"/region:"eu",size:"1""#);
        assert_eq!(InstanceVars::default().reference(), "");
    }

    #[test]
    fn value_neither_leaves_the_folder_nor_the_address() {
        assert_eq!(of("../a b").file_name_part(), ",region=..%2Fa%20b");
        assert_eq!(of("a&b\"").query(), "?vars.region=%22a%26b%5C%22%22");
        assert_eq!(InstanceVars::default().query(), "");
    }
}
