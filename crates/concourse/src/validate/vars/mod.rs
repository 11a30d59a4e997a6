//! `((variables))`, filled in as `fly` does it with `-v`, `-y` and `-l`.

mod fill;
mod old;
mod reference;

use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::{FileId, Sources};
use yaml_source::yaml::{Dialect, DuplicateKeys, Entry, Limits, Map, Node, NodeKind, ScalarStyle, read_pipeline};

use crate::model::ConcourseVersion;
use reference::Reference;

pub(super) use fill::fill;
pub(super) use old::{has_old_templates, without_old_templates};

/// What `-v`, `-y` and `-l` give. There is no other: variables that are not given stay as they are.
#[derive(Clone, Debug, Default)]
pub struct Vars {
    /// By the first that has a path it is decided.
    asked: Vec<Given>,
}

/// What one place gives.
#[derive(Clone, Debug, Default)]
struct Given {
    map: Map,
    /// It comes from a file, whose numbers `fly` knows no longer as they were written, and takes within no text.
    is_file: bool,
}

/// A value for a variable.
struct Found<'v> {
    value: &'v Node,
    is_file: bool,
}

/// Why a variable that is given has no value.
enum Missing {
    /// There is no such field.
    Field(String),
    /// The field of something that has none.
    NoMap(String),
}

/// How the values of variables are read.
const DIALECT: Dialect = Dialect { limits: Limits::PIPELINE, duplicate_keys: DuplicateKeys::LastCounts };

impl Vars {
    /// Reads what the command line gives: `NAME=TEXT` and `NAME=YAML`. Texts come first; a later one of a name counts.
    /// `a.b=x` is a field of a map.
    ///
    /// # Errors
    ///
    /// With what is wrong with an argument.
    pub fn new(texts: &[String], values: &[String], version: ConcourseVersion) -> Result<Self, String> {
        let mut map = Map::default();
        for (argument, is_yaml) in texts.iter().map(|text| (text, false)).chain(values.iter().map(|yaml| (yaml, true)))
        {
            // The value may be a secret, and so may be what has no name.
            let flag = if is_yaml { "-y" } else { "-v" };
            let (name, text) = argument
                .split_once('=')
                .ok_or_else(|| format!("an argument of `{flag}` sets no variable: write `NAME=VALUE`"))?;
            let wrong = |why: &str| format!("`{flag} {name}=…` sets no variable: {why}");
            let reference = Reference::parse(name, version).map_err(wrong)?;
            let mut scratch = Sources::default();
            let file = scratch.add("", if is_yaml { text } else { "" });
            let value = if is_yaml {
                let mut diagnostics = Diagnostics::default();
                let value = read_pipeline(text, file, &|at| at, DIALECT, &mut diagnostics);
                let first = diagnostics.into_sorted().into_iter().next();
                // What YAML says is wrong quotes the value.
                value.filter(|_| first.is_none()).ok_or_else(|| wrong("its value is not valid YAML"))?
            } else {
                Node::text(yaml_source::source::Span { file, start: 0, end: 0 }, text)
            };
            let path: Vec<String> = std::iter::once(reference.path).chain(reference.fields).collect();
            set(&mut map, &path, value);
        }
        Ok(Self { asked: vec![Given { map, is_file: false }] })
    }

    /// Adds a file of variables. It is asked before those that were added before, and after the command line. What is
    /// wrong with it is among the diagnostics.
    pub fn add_file(&mut self, sources: &Sources, file: FileId, diagnostics: &mut Diagnostics) {
        let text = &sources.get(file).text;
        let Some(node) = read_pipeline(text, file, &|at| at, DIALECT, diagnostics) else { return };
        let given = match node.kind {
            NodeKind::Map(map) => map,
            _ if node.is_null() => Map::default(),
            _ => {
                let wrong = yaml_source::diagnostic::Diagnostic::new(
                    yaml_source::diagnostic::Rule::WrongType,
                    node.span,
                    "a file of variables is a map",
                );
                diagnostics.push(wrong.refused_by(yaml_source::diagnostic::Refusal::EVERYWHERE));
                return;
            }
        };
        if self.asked.is_empty() {
            self.asked.push(Given::default());
        }
        self.asked.insert(1, Given { map: given, is_file: true });
    }

    /// The value of a variable, from the first place that has its path. Those of variable sources are never given.
    fn get(&self, reference: &Reference) -> Result<Option<Found<'_>>, Missing> {
        if reference.source.is_some() {
            return Ok(None);
        }
        let Some((given, mut value)) =
            self.asked.iter().find_map(|given| Some((given, given.map.get(&reference.path)?)))
        else {
            return Ok(None);
        };
        for field in &reference.fields {
            let map = value.as_map().ok_or_else(|| Missing::NoMap(field.clone()))?;
            value = map.get(field).ok_or_else(|| Missing::Field(field.clone()))?;
        }
        Ok(Some(Found { value, is_file: given.is_file }))
    }

    /// A value by its whole name, as the templates of 7.14 ask for it.
    fn by_name(&self, name: &str) -> Option<&Node> {
        self.asked.iter().find_map(|given| given.map.get(name))
    }
}

/// Sets a value below a path. What is in the way and no map is gone.
fn set(map: &mut Map, path: &[String], value: Node) {
    let [key, rest @ ..] = path else { return };
    let span = value.span;
    if !rest.is_empty()
        && let Some(within) = map.entries_mut().find(|entry| entry.key == *key)
        && let Some(within) = within.value.as_map_mut()
    {
        set(within, rest, value);
        return;
    }
    let value = rest.iter().rev().fold(value, |value, key| {
        Node::map(span, [Entry { key: key.clone(), key_span: span, value }].into_iter().collect())
    });
    map.set(Entry { key: key.clone(), key_span: span, value });
}

/// Is it a text, rather than a number, a boolean or nothing?
fn is_text(node: &Node) -> bool {
    node.as_scalar().is_some_and(|scalar| {
        scalar.style != ScalarStyle::Plain || scalar.resolve() == yaml_source::yaml::Resolved::Text
    })
}
