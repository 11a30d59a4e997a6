//! What a version of Concourse refuses, told without it.
//!
//! A pipeline is read, its variables are filled in, and it is decoded, each as that version does it and each with
//! every problem in its place; `fly` stops at the first.

mod decode;
pub mod duration;
pub mod go_regex;
mod pattern;
mod rules;
mod vars;

pub(crate) use pattern::{GroupPattern, PathPattern};
pub use vars::Vars;

use crate::model::{ConcourseVersion, Pipeline};
use crate::view::PipelineView;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Refusal, Rule, Severity};
use yaml_source::source::{FileId, Sources, Span};
use yaml_source::yaml::{self, Dialect, DuplicateKeys, Limits, Node, read_pipeline};

/// A pipeline as Concourse decodes it.
///
/// - Keys of Concourse's own are written as Concourse writes them, and each scalar is what it is to Concourse: what
///   becomes text is text, and `yes` is `true`.
/// - What is null is what Concourse makes of it: an empty text, list or map, `0`, `false`, or no entry where that differs.
/// - What could not be decoded has been reported, and is [`NodeKind::Invalid`](yaml_source::yaml::NodeKind::Invalid).
/// - What Concourse does not know is still there.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// Its root.
    pub node: Node,
    /// The version that decoded it.
    pub version: ConcourseVersion,
}

/// Reads a pipeline, decodes it, and holds it to the rules of a version: all that Concourse refuses is among the
/// diagnostics. `None` as of [`decode`].
pub fn check(
    sources: &Sources,
    file: FileId,
    version: ConcourseVersion,
    vars: &Vars,
    diagnostics: &mut Diagnostics,
) -> Option<Decoded> {
    let decoded = decode(sources, file, version, vars, diagnostics)?;
    rules::check(&PipelineView::of(&decoded.node), version, diagnostics);
    Some(decoded)
}

/// Reads a pipeline and decodes it. Each problem says who refuses it ([`Diagnostic::refusal`]): a `fly` or a server for
/// which there is none goes on to the rules. `None` when the file is no YAML, or beyond a limit; then the reason is
/// among the diagnostics.
pub fn decode(
    sources: &Sources,
    file: FileId,
    version: ConcourseVersion,
    vars: &Vars,
    diagnostics: &mut Diagnostics,
) -> Option<Decoded> {
    let mut node = read(sources, file, version, vars, diagnostics)?;
    vars::fill(&mut node, vars, version, diagnostics);
    decode::decode(&mut node, version, sources, diagnostics);
    Some(Decoded { node, version })
}

/// Reads a pipeline as the newest Concourse does, into its types, with the tree that it was made of. One that only Concourse
/// 7.14 reads, because of its `{{variables}}`, is read as 7.14 does. `edit` has the tree before anything decodes it, and
/// before anything of it can be reported. What is wrong is among the diagnostics; what there is to warn of is for [`check`]
/// to say.
pub fn pipeline(
    sources: &Sources,
    file: FileId,
    edit: impl Fn(&mut Node, &mut Diagnostics),
    diagnostics: &mut Diagnostics,
) -> Option<(Node, Pipeline)> {
    let mut found = Diagnostics::default();
    let read = pipeline_of(sources, file, ConcourseVersion::default(), &edit, &mut found);
    if read.is_none() && vars::has_old_templates(&sources.get(file).text) {
        let mut found_before = Diagnostics::default();
        let read = pipeline_of(sources, file, ConcourseVersion::V7_14, &edit, &mut found_before);
        if read.is_some() {
            diagnostics.extend(found_before);
            return read;
        }
    }
    diagnostics.extend(found);
    read
}

fn pipeline_of(
    sources: &Sources,
    file: FileId,
    version: ConcourseVersion,
    edit: &impl Fn(&mut Node, &mut Diagnostics),
    diagnostics: &mut Diagnostics,
) -> Option<(Node, Pipeline)> {
    let vars = Vars::default();
    let mut found = Diagnostics::default();
    let mut edited = Diagnostics::default();
    let node = read(sources, file, version, &vars, &mut found).map(|mut node| {
        edit(&mut node, &mut edited);
        vars::fill(&mut node, &vars, version, &mut found);
        decode::decode(&mut node, version, sources, &mut found);
        node
    });
    let before = diagnostics.len();
    let mut ignored: Vec<Span> = Vec::new();
    for diagnostic in found.into_sorted() {
        if diagnostic.severity() == Severity::Error {
            diagnostics.push(diagnostic);
        } else if diagnostic.rule == Rule::UnknownField {
            ignored.push(diagnostic.span());
        }
    }
    let refused = diagnostics.len() > before;
    diagnostics.extend(edited);
    let mut node = node.filter(|_| !refused)?;
    // What Concourse drops at the top is where people keep what anchors are of.
    if let Some(map) = node.as_map_mut() {
        map.retain(|entry| !ignored.contains(&entry.key_span));
    }
    match yaml::decode_leniently(&node) {
        Ok(pipeline) => Some((node, pipeline)),
        Err(error) => {
            let span = error.span.unwrap_or(node.span);
            diagnostics.push(Diagnostic::new(Rule::WrongType, span, error.message).maybe_help(error.help));
            None
        }
    }
}

fn read(
    sources: &Sources,
    file: FileId,
    version: ConcourseVersion,
    vars: &Vars,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    let source = sources.get(file);
    let mut refuse = |rule, range: std::ops::Range<usize>, message: String, help: &str| {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let span = Span { file, start: at(range.start), end: at(range.end) };
        diagnostics.push(Diagnostic::new(rule, span, message).help(help).refused_by(Refusal::EVERYWHERE));
    };
    let limits = Limits::PIPELINE;
    if source.text.len() > limits.size {
        refuse(
            Rule::YamlLimit,
            0..0,
            format!("beyond the limit `size`: at most {} bytes", limits.size),
            "split the pipeline",
        );
        return None;
    }
    let bad = source.not_utf8_from.map(|at| (at, "the file is not UTF-8", "save it as UTF-8"));
    if let Some((at, message, help)) = bad.or_else(|| forbidden_character(&source.text)) {
        let length = source.text[at..].chars().next().map_or(0, char::len_utf8);
        refuse(Rule::YamlSyntax, at..at + length, message.to_owned(), help);
        return None;
    }
    let is_old = version < ConcourseVersion::V8_0;
    let duplicate_keys = if is_old { DuplicateKeys::RefusedByStrict } else { DuplicateKeys::RefusedByFly };
    let dialect = Dialect { limits, duplicate_keys };
    let replaced = if is_old { vars::without_old_templates(&source.text, vars) } else { None };
    let Some(replaced) = replaced else {
        return read_pipeline(&source.text, file, &|at| at, dialect, diagnostics);
    };
    // `--strict` looks at the file before its templates are replaced.
    let mut before = Diagnostics::default();
    let _ = read_pipeline(&source.text, file, &|at| at, dialect, &mut before);
    let mut before = before.into_sorted();
    let mut old = Vec::new();
    for unfilled in &replaced.unfilled {
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let span = Span { file, start: at(unfilled.start), end: at(unfilled.end) };
        let template = &source.text[unfilled.clone()];
        let message = format!("Concourse 7.14 puts `null` in the place of `{template}`, within quotes as well");
        let help = "write `((…))`, or give it a value by `--var`; from 8.0 on it is text";
        // What `--strict` refuses there has the same cause.
        let is_same = |other: &mut Diagnostic| span.start <= other.span().start && other.span().end <= span.end;
        let same = before.extract_if(.., is_same).count() > 0;
        let found = Diagnostic::new(Rule::OldTemplate, span, message).help(help);
        old.push(if same { found.refused_by(Refusal::STRICT) } else { found });
    }
    let mut after = Diagnostics::default();
    let last_counts = Dialect { duplicate_keys: DuplicateKeys::LastCounts, ..dialect };
    let node = read_pipeline(&replaced.text, file, &|at| replaced.origin(at), last_counts, &mut after);
    if !after.has_errors() {
        for diagnostic in before {
            diagnostics.push(diagnostic.refused_by(Refusal::STRICT));
        }
    }
    for diagnostic in old {
        diagnostics.push(diagnostic);
    }
    diagnostics.extend(after);
    node
}

/// The first character that go-yaml refuses wherever it stands.
fn forbidden_character(text: &str) -> Option<(usize, &'static str, &'static str)> {
    let is_allowed = |c: char| {
        matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
            || c >= '\u{10000}'
    };
    let (at, _) = text.char_indices().find(|(_, c)| !is_allowed(*c))?;
    Some((at, "control characters are not allowed", "write it as an escape, in double quotes"))
}
