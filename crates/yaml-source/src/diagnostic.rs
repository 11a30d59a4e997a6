//! What a run has to say about its input: collected, then sorted and shown all at once.

mod allowance;
mod levels;
mod refusal;
mod rule;
mod wording;

pub use allowance::allow;
pub use levels::{ALWAYS_AN_ERROR, DeniedRule, FileLevels, Level, Levels};
pub use refusal::Refusal;
pub use rule::{Rule, UnknownRule};
pub use wording::{Count, did_you_mean, did_you_mean_selector, one_of, ticked, visible};

use std::collections::BTreeSet;

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written.
    Error,
    /// Something to know.
    Warning,
}

/// A place, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What; may be empty, then only the caret shows.
    pub text: String,
}

/// One problem. The message stands alone: if only one thing of a diagnostic can be shown, it is the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// By this name it can be looked up.
    pub rule: Rule,
    /// What is wrong, one line, lower case, no full stop.
    pub message: String,
    /// Where. The first is the place to mend.
    pub labels: Vec<Label>,
    /// What else there is to know.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    severity: Severity,
    /// What the file makes of its rule.
    level: Option<Level>,
    /// Nothing allows it, whatever is said of its rule.
    is_always_an_error: bool,
    refusal: Refusal,
    concourse_messages: Option<Box<ConcourseMessages>>,
}

/// What Concourse says, a line each. Not many have any, and a diagnostic is to stay small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct ConcourseMessages(Vec<String>);

impl Diagnostic {
    /// A problem at a place.
    pub fn new(rule: Rule, span: Span, message: impl Into<String>) -> Self {
        Self {
            rule,
            message: message.into(),
            labels: vec![Label { span, text: String::new() }],
            notes: Vec::new(),
            help: None,
            severity: rule.severity(),
            level: None,
            is_always_an_error: false,
            refusal: Refusal::default(),
            concourse_messages: None,
        }
    }

    /// Says something of the place to mend.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.labels[0].text = text.into();
        self
    }

    /// The same, which no flag and no comment can allow: what was written is thrown away, and something else would be rendered.
    #[must_use]
    pub fn always_an_error(mut self) -> Self {
        self.is_always_an_error = true;
        self
    }

    /// Whether a flag or a comment can allow it.
    fn may_be_allowed(&self) -> bool {
        self.rule.may_be_allowed() && !self.is_always_an_error
    }

    /// Shows another place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds what else there is to know.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Says what to do, if something can be said.
    #[must_use]
    pub fn maybe_help(mut self, text: Option<String>) -> Self {
        self.help = text;
        self
    }

    /// The same, as bad as a run takes it to be.
    #[must_use]
    pub fn of_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says who refuses a pipeline for it. What only `--strict` refuses is a warning, and anything else an error.
    #[must_use]
    pub fn refused_by(mut self, refusal: Refusal) -> Self {
        self.severity = if refusal.plain || refusal.server { Severity::Error } else { Severity::Warning };
        self.refusal = refusal;
        self
    }

    /// Who refuses a pipeline for it.
    pub fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// The same of another file, where it comes from: its other places are not of that one.
    #[must_use]
    pub fn moved_to(mut self, span: Span, message: impl Fn(&str) -> String) -> Self {
        self.message = message(&self.message);
        self.labels = vec![Label { span, text: String::new() }];
        self
    }

    /// Adds what Concourse itself says of it, a line. `fly` heads errors by groups: here the group comes first, `jobs: …`.
    #[must_use]
    pub fn concourse_message(mut self, line: impl Into<String>) -> Self {
        self.concourse_messages.get_or_insert_default().0.push(line.into());
        self
    }

    /// What Concourse itself says of it.
    pub fn concourse_messages(&self) -> &[String] {
        self.concourse_messages.as_ref().map(|messages| messages.0.as_slice()).unwrap_or_default()
    }

    /// How bad it is: as its rule says, unless the run says otherwise.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// The place to mend.
    pub fn span(&self) -> Span {
        self.labels[0].span
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds those of another part of the run.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Takes what files say of rules down, for those from an index on of which nothing is known yet.
    pub fn take_levels<'l>(&mut self, from: usize, levels: impl Fn(Span) -> &'l FileLevels) {
        for diagnostic in self.0.iter_mut().skip(from).filter(|diagnostic| diagnostic.level.is_none()) {
            diagnostic.level = levels(diagnostic.span()).of(diagnostic.rule);
        }
    }

    /// Removes those that are known: of the same rule and place, in the same words.
    pub fn leave_out(&mut self, known: &Self) {
        let key = |diagnostic: &Diagnostic| (diagnostic.span(), diagnostic.rule, diagnostic.message.clone());
        let known: BTreeSet<(Span, Rule, String)> = known.0.iter().map(key).collect();
        self.0.retain(|diagnostic| !known.contains(&key(diagnostic)));
    }

    /// Takes for an error what `fly validate-pipeline --strict` refuses.
    pub fn be_strict(&mut self) {
        for diagnostic in self.0.iter_mut().filter(|diagnostic| diagnostic.refusal.strict) {
            diagnostic.severity = Severity::Error;
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Is nothing wrong?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is something wrong of which nothing right can come?
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error && !diagnostic.rule.may_be_allowed())
    }

    /// Has something been said of this very place already?
    pub fn speaks_of(&self, span: Span) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.span() == span)
    }

    /// Has something been said of a place within this one already?
    pub fn speaks_within(&self, span: Span) -> bool {
        self.0.iter().any(|diagnostic| {
            let place = diagnostic.span();
            place.file == span.file && span.start <= place.start && place.end <= span.end
        })
    }

    /// All of them in order of their places, each once. What a stage brings out is often brought out by the next
    /// stage, too.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut all = self.0;
        let is_wrong = |it: &Diagnostic| it.severity() == Severity::Error && !it.rule.is_of_leftovers();
        if all.iter().any(is_wrong) {
            // What is wrong may be what would have used it.
            all.retain(|diagnostic| !diagnostic.rule.is_of_leftovers());
        }
        // The order of stages is kept: it is the first one that is told, of those that a file takes for worst.
        all.sort_by_key(|diagnostic| {
            let level = diagnostic.level.unwrap_or(match diagnostic.severity {
                Severity::Error => Level::Deny,
                Severity::Warning => Level::Warn,
            });
            (diagnostic.span(), diagnostic.rule, level)
        });
        let mut merged: Vec<Diagnostic> = Vec::with_capacity(all.len());
        for diagnostic in all {
            let again = merged
                .iter_mut()
                .rev()
                .take_while(|other| other.span() == diagnostic.span() && other.rule == diagnostic.rule)
                .find(|other| other.message == diagnostic.message || diagnostic.rule.is_reported_once_a_place());
            match again {
                // What an alias stands for is in one place, and Concourse speaks of each.
                Some(other) => {
                    if let Some(messages) = diagnostic.concourse_messages {
                        other.concourse_messages.get_or_insert_default().0.extend(messages.0);
                    }
                    other.refusal = other.refusal.or(diagnostic.refusal);
                    other.severity = other.severity.min(diagnostic.severity);
                }
                None => merged.push(diagnostic),
            }
        }
        merged
    }
}
