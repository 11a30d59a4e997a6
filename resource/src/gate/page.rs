//! The texts that people read, from templates.
//!
//! Every value that a template prints is shown as inline code unless the template says `| fence` or `| safe`: text
//! from outside is never Markdown. Only links that were made here are `safe`.

use gate_contract::{Approve, GateSource, ReportStatus, StagePhase, files};
use github_gates::ledger::marker::{Claim, Notice, Record};
use github_gates::text::{MAX_BODY, code, fenced, shortened};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error as TemplateError, UndefinedBehavior, Value};
use serde::Serialize;

use indexmap::IndexMap;

use super::stale::StaleWhy;
use crate::commits::Changes;
use crate::error::{Error, Result};

/// Room for the marker, which is written before the text.
const MARKER_ROOM: usize = 24_000;

/// A file that is shown; `None` where it was not there.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) text: Option<String>,
}

impl Section {
    pub(super) fn copy(&self) -> Self {
        Self { name: self.name.clone(), text: self.text.clone() }
    }
}

/// What a record shows, on opening and as a comment.
pub(super) struct RecordPage<'a> {
    pub(super) project: &'a str,
    pub(super) environment: &'a str,
    pub(super) preview: bool,
    pub(super) record: &'a Record,
    pub(super) again: bool,
    /// Records whose comments this one takes the place of.
    pub(super) earlier: Vec<&'a Record>,
    pub(super) changes: &'a Changes,
    pub(super) sections: &'a [Section],
    pub(super) note: Option<&'a str>,
    pub(super) closers: Option<String>,
    /// A locked issue that this one goes on from.
    pub(super) follows: Option<String>,
    /// The issue before, which somebody rejected.
    pub(super) rejected: Option<Rejected>,
}

/// An issue that somebody closed as not planned or as a duplicate.
#[derive(Debug, Serialize)]
pub(super) struct Rejected {
    pub(super) number: u64,
    pub(super) by: String,
    /// In words: `not planned`.
    pub(super) reason: String,
}

/// What a notice shows.
#[derive(Serialize)]
pub(super) struct NoticePage {
    pub(super) what: Notice,
    pub(super) refusal: String,
    /// What people can do to approve.
    pub(super) advice: &'static str,
    pub(super) duplicate_of: Option<u64>,
    pub(super) superseded_by: Option<u64>,
    pub(super) stays_open: bool,
    /// Why the issue leads nowhere since the pipeline changed.
    pub(super) stale: Option<StaleWhy>,
    /// The stage that such an issue, or an issue for another stage, promotes to.
    pub(super) promoted_to: Option<String>,
    /// The stage that its gate promotes to now, or that asked.
    pub(super) promotes_to: Option<String>,
    pub(super) deleted: Option<u64>,
    /// The issue is of the account that the gate had before.
    pub(super) former_account: bool,
    pub(super) label: String,
    pub(super) log: Option<String>,
}

impl Default for NoticePage {
    fn default() -> Self {
        Self {
            what: Notice::Refused,
            refusal: String::new(),
            advice: "",
            duplicate_of: None,
            superseded_by: None,
            stays_open: false,
            stale: None,
            promoted_to: None,
            promotes_to: None,
            deleted: None,
            former_account: false,
            label: String::new(),
            log: None,
        }
    }
}

pub(super) fn opening(page: &RecordPage<'_>) -> Result<String> {
    fitted("opening", include_str!("../../templates/opening.md.j2"), page)
}

pub(super) fn record(page: &RecordPage<'_>) -> Result<String> {
    fitted("record", include_str!("../../templates/record.md.j2"), page)
}

pub(super) fn claim(claim: &Claim, pins: &IndexMap<String, String>) -> Result<String> {
    #[derive(Serialize)]
    struct Context<'a> {
        environment: &'a str,
        preview: bool,
        label: &'a str,
        log: Option<&'a str>,
        by: Option<&'a str>,
        pins: Vec<(&'a String, &'a String)>,
    }
    let context = Context {
        environment: &claim.consumer.stage().in_project(),
        preview: claim.consumer.phase() == StagePhase::Preview,
        label: &claim.label,
        log: claim.log.as_deref(),
        by: claim.by.as_deref(),
        pins: pins.iter().collect(),
    };
    render("claim", include_str!("../../templates/claim.md.j2"), &context)
}

pub(super) fn report(status: ReportStatus, claim: &Claim, label: &str, log: Option<&str>) -> Result<String> {
    #[derive(Serialize)]
    struct Context<'a> {
        status: ReportStatus,
        environment: &'a str,
        preview: bool,
        code: Option<&'a str>,
        label: &'a str,
        log: Option<&'a str>,
    }
    let context = Context {
        status,
        environment: &claim.consumer.stage().in_project(),
        preview: claim.consumer.phase() == StagePhase::Preview,
        code: claim.code.as_deref(),
        label,
        log,
    };
    render("report", include_str!("../../templates/report.md.j2"), &context)
}

pub(super) fn notice(page: &NoticePage) -> Result<String> {
    render("notice", include_str!("../../templates/notice.md.j2"), page)
}

/// The body of an issue that was opened by the wrong account.
pub(super) fn stray() -> Result<String> {
    render("stray", include_str!("../../templates/stray.md.j2"), &())
}

/// What takes the place of a comment that somebody changed.
pub(super) fn void(why: &str) -> Result<String> {
    #[derive(Serialize)]
    struct Context<'a> {
        why: &'a str,
    }
    render("void", include_str!("../../templates/void.md.j2"), &Context { why })
}

/// Who may close, in words.
pub(super) fn closers(source: &GateSource) -> String {
    let closers = &source.closers;
    if closers.is_empty() {
        return "Anyone with triage access or more in this repository".to_owned();
    }
    let list = |names: &[String]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    for (what, names) in [
        ("people with the role", &closers.roles),
        ("the accounts", &closers.users),
        ("members of", &closers.teams),
        ("the apps", &closers.apps),
    ] {
        if !names.is_empty() {
            parts.push(format!("{what} {}", list(names)));
        }
    }
    let text = parts.join(", or ");
    let (first, rest) = text.split_at(1.min(text.len()));
    first.to_uppercase() + rest
}

/// The text with as much of the files as GitHub's limit leaves room for.
fn fitted(name: &'static str, template: &'static str, page: &RecordPage<'_>) -> Result<String> {
    let limit = MAX_BODY - MARKER_ROOM;
    let mut share = limit;
    loop {
        let sections: Vec<Section> = page
            .sections
            .iter()
            .map(|section| Section {
                name: section.name.clone(),
                text: section.text.as_deref().map(|text| shortened(text, share)),
            })
            .collect();
        let text = render(name, template, &RecordContext::of(page, &sections))?;
        // GitHub counts in UTF-16, as its page does.
        if text.encode_utf16().count() <= limit {
            return Ok(text);
        }
        if share == 0 {
            return Err(Error::Internal(format!("the text of `{name}` is too long without any file")));
        }
        share = if share > 200 { share / 2 } else { 0 };
    }
}

/// The names that the templates of records use.
#[derive(Serialize)]
struct RecordContext<'a> {
    project: &'a str,
    environment: &'a str,
    preview: bool,
    promotes_to: Option<String>,
    code: Option<&'a String>,
    exact: bool,
    pins: Vec<(&'a String, &'a String)>,
    label: &'a str,
    log: Option<&'a str>,
    again: bool,
    unchanged: bool,
    unchanged_before: &'a [String],
    earlier: Vec<EarlierContext<'a>>,
    changes: &'a Changes,
    sections: &'a [Section],
    note: Option<&'a str>,
    closers: Option<&'a str>,
    follows: Option<&'a str>,
    rejected: Option<&'a Rejected>,
}

#[derive(Serialize)]
struct EarlierContext<'a> {
    label: &'a str,
    log: Option<&'a str>,
    code: Option<&'a String>,
}

impl<'a> RecordContext<'a> {
    fn of(page: &'a RecordPage<'a>, sections: &'a [Section]) -> Self {
        Self {
            project: page.project,
            environment: page.environment,
            preview: page.preview,
            promotes_to: page.record.destination.as_ref().map(|destination| destination.stage().in_project()),
            code: page.record.pins.get(files::CODE_PIN),
            exact: page.record.approve == Approve::Exact,
            pins: page.record.pins.iter().collect(),
            label: &page.record.label,
            log: page.record.log.as_deref(),
            again: page.again,
            unchanged: page.record.unchanged,
            unchanged_before: &page.record.unchanged_before,
            earlier: page
                .earlier
                .iter()
                .map(|record| EarlierContext {
                    label: &record.label,
                    log: record.log.as_deref(),
                    code: record.pins.get(files::CODE_PIN),
                })
                .collect(),
            changes: page.changes,
            sections,
            note: page.note,
            closers: page.closers.as_deref(),
            follows: page.follows.as_deref(),
            rejected: page.rejected.as_ref(),
        }
    }
}

fn render(name: &'static str, template: &'static str, context: &impl Serialize) -> Result<String> {
    let internal = |error: TemplateError| Error::Internal(format!("template `{name}`: {error:#}"));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(internal)?;
    environment.set_syntax(syntax);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(|out, _, value| {
        match value.as_str() {
            Some(text) if !value.is_safe() => out.write_str(&code(text)),
            _ => write!(out, "{value}"),
        }
        .map_err(TemplateError::from)
    });
    environment.add_filter("fence", |text: String| Value::from_safe_string(fenced(&text)));
    environment.add_filter("short", |text: String| text.chars().take(12).collect::<String>());
    environment.add_filter("lines", |lines: Value| -> std::result::Result<String, TemplateError> {
        debug_assert!(lines.kind() == ValueKind::Seq);
        Ok(lines.try_iter()?.map(|line| line.to_string()).collect::<Vec<_>>().join("\n"))
    });
    environment.add_template(name, template).map_err(internal)?;
    let text = environment.get_template(name).and_then(|template| template.render(Serde(context))).map_err(internal)?;
    Ok(text.trim_end().to_owned() + "\n")
}
