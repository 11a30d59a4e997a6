//! Settings that cannot take effect where they stand are mistakes: somebody believes that they do.

use std::collections::BTreeMap;

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::{FileId, Span};
use yaml_source::yaml::Node;

use crate::approval::UNKNOWN_TO_MITODL;

use super::stage::Gate;

/// What decides of a stage's settings whether they take effect.
pub(super) struct StageFacts<'a> {
    pub(super) settings: &'a Node,
    pub(super) gate: Gate,
    /// Does its deployment open the gate of the next stage?
    pub(super) opens_gate: bool,
    /// Are its issues those of MIT Open Learning's image, which knows no policy?
    pub(super) mitodl: bool,
}

/// What else it does not know.
const ISSUES_LOST: [(&str, &str); 5] = [
    ("/issues/bot", "`issues.bot` has no effect: MIT Open Learning's image takes every account's issues"),
    ("/issues/ca_cert", "`issues.ca_cert` has no effect: MIT Open Learning's image does not know it"),
    ("/issues/max_wait", "`issues.max_wait` has no effect: MIT Open Learning's image does not know it"),
    ("/issues/max_comments", "`issues.max_comments` has no effect: MIT Open Learning's image does not know it"),
    ("/issues/formerly", "`issues.formerly` has no effect: MIT Open Learning's image finds issues by their titles"),
];

/// Reports what the manifest itself says and no stage heeds. What a fleet says holds for whoever heeds it, unless it
/// says who may approve: that must never be lost on the way.
pub(super) fn check<'a>(
    manifest: FileId,
    built_in: FileId,
    stages: impl Iterator<Item = StageFacts<'a>>,
    diagnostics: &mut Diagnostics,
) {
    let mut found: BTreeMap<Span, Finding> = BTreeMap::new();
    for stage in stages {
        let approval = matches!(stage.gate, Gate::Issue | Gate::Preview);
        if stage.mitodl && approval {
            lost_policy(stage.settings, built_in, diagnostics);
        }
        let mut note = |pointer: &str, heeded: bool, message: &'static str, help: &'static str| {
            if let Some(entry) = stage.settings.entry_at(pointer)
                && entry.key_span.file == manifest
            {
                let finding = found.entry(entry.key_span).or_insert(Finding { heeded: false, message, help });
                finding.heeded |= heeded;
            }
        };
        note(
            "/approval",
            approval,
            "`approval` has no effect: no stage that it holds for has the gate `issue` or `preview`",
            "write `gate: issue` or `gate: preview`, or remove `approval`",
        );
        for (pointer, message) in ISSUES_LOST {
            note(pointer, !stage.mitodl, message, "write `resource: github-issues`, or remove this field");
        }
        note(
            "/record",
            !stage.opens_gate,
            "`record` has no effect: the deployment opens an issue for the next stage",
            "remove `record`",
        );
    }
    for (span, finding) in found.into_iter().filter(|(_, finding)| !finding.heeded) {
        diagnostics.push(Diagnostic::new(Rule::NoEffect, span, finding.message).help(finding.help));
    }
}

fn lost_policy(settings: &Node, built_in: FileId, diagnostics: &mut Diagnostics) {
    let exact = settings.entry_at("/approval/approve").filter(|entry| entry.value.as_str() == Some("exact"));
    let refused = settings.entry_at("/approval/allow_commit_close");
    let refused = refused.filter(|entry| entry.value.as_str() == Some("false"));
    let supersede = settings.entry_at("/approval/on_existing");
    let supersede = supersede.filter(|entry| entry.value.as_str() == Some("supersede"));
    let policy = UNKNOWN_TO_MITODL.iter().filter_map(|field| settings.entry_at(&format!("/approval/{field}")));
    if let Some(entry) = settings.entry_at("/issues/signing_key") {
        diagnostics.push(
            Diagnostic::new(
                Rule::NoEffect,
                entry.key_span,
                "`issues.signing_key` would be lost: MIT Open Learning's image signs nothing",
            )
            .help("write `issues: {resource: github-issues}`, or remove this field"),
        );
    }
    for entry in policy.chain(exact).chain(refused).chain(supersede).filter(|entry| entry.key_span.file != built_in) {
        diagnostics.push(
            Diagnostic::new(
                Rule::NoEffect,
                entry.key_span,
                format!("`approval.{}` would be lost: MIT Open Learning's image does not know it", entry.key),
            )
            .help("write `issues: {resource: github-issues}`, or remove this field"),
        );
    }
}

struct Finding {
    heeded: bool,
    message: &'static str,
    help: &'static str,
}
