//! One entry of a fleet's `policy`, and what a stage has less than it asks for.

use concourse_pipeline::Repository;
use github_issues_resource::contract::{Approve, Closers};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, ticked};
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use crate::manifest::{PolicyGate, PolicySettings};
use crate::project::{Gate, Issues, Stage};

use super::stages::MeantStages;
use super::{Shortfall, contains};

/// One entry of a fleet's `policy`.
#[derive(Debug)]
pub(crate) struct Floor {
    settings: PolicySettings,
    pub(super) meant: MeantStages,
    /// The server of its repository of issues: that of the fleet's defaults, unless it names one.
    api: String,
    pub(super) span: Span,
}

impl Floor {
    /// The entries of `policy`. Globs that are none are reported. `defaults` are the fleet's, laid over what is built in.
    pub(crate) fn all(
        policy: Vec<PolicySettings>,
        fleet: &Node,
        defaults: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Self> {
        let default = defaults.at("/issues/api").and_then(Node::as_str).unwrap_or_default();
        let nodes = fleet.at("/policy").and_then(Node::as_list).unwrap_or_default();
        for (settings, node) in policy.iter().zip(nodes) {
            if settings.asks_for_nothing() {
                let found = Diagnostic::new(Rule::NoEffect, node.span, "the policy asks for nothing");
                diagnostics.push(found.help("write what its stages must have, such as `gate: issue`"));
            }
        }
        let floors = policy.into_iter().zip(nodes).map(|(mut settings, node)| Self {
            meant: MeantStages::of(
                std::mem::take(&mut settings.environments),
                &settings.projects,
                &settings.targets,
                node,
                diagnostics,
            ),
            api: settings.issues.api.clone().unwrap_or_else(|| default.to_owned()),
            settings,
            span: node.span,
        });
        floors.collect()
    }

    /// What a stage has too little of.
    pub(super) fn shortfalls(&self, stage: &Stage) -> Vec<Shortfall> {
        let mut found = Vec::new();
        let is_approved = matches!(stage.gate, Gate::Issue | Gate::Preview);
        match self.settings.least_gate() {
            Some(PolicyGate::Preview) if stage.gate != Gate::Preview => {
                found.push((
                    "/gate",
                    "deploys without an approved preview".to_owned(),
                    "write `gate: preview`".to_owned(),
                ));
            }
            Some(PolicyGate::Issue) if !is_approved => {
                let help = "write `gate: issue` or `gate: preview`".to_owned();
                found.push(("/gate", "deploys without an approval".to_owned(), help));
            }
            _ => {}
        }
        if is_approved {
            found.extend(self.weak_approval(stage));
        }
        if let Some(issues) = &stage.issues {
            found.extend(self.other_place(issues));
        }
        found
    }

    fn weak_approval(&self, stage: &Stage) -> Vec<Shortfall> {
        let (floor, own) = (&self.settings, &stage.approval);
        let mut found = Vec::new();
        if own.approve == Approve::Latest {
            let message = "deploys the newest versions, and not those that were approved".to_owned();
            found.push(("/approval/approve", message, "write `approve: exact`".to_owned()));
        }
        if !floor.closers.is_empty() {
            let help = format!("write `closers: {}`, or some of them", written(&floor.closers));
            if own.closers.is_empty() {
                found.push(("/approval/closers", "can be approved by anybody with the role triage".to_owned(), help));
            } else if let Some(more) = more_closers(&own.closers, &floor.closers) {
                found.push(("/approval/closers", format!("can be approved by {more}"), help));
            }
            if own.allow_commit_close {
                let message = "can be approved by a commit that names the issue".to_owned();
                found.push(("/approval/allow_commit_close", message, "remove `allow_commit_close`".to_owned()));
            }
        }
        for (pointer, word, floor, own) in
            [("/approval/soak", "soak", &floor.soak, &own.soak), ("/approval/delay", "delay", &floor.delay, &own.delay)]
        {
            if let Some(floor) = floor
                && own.as_ref().is_none_or(|own| own.seconds() < floor.seconds())
            {
                found.push((pointer, format!("has less than `{word}: {floor}`"), format!("write `{word}: {floor}`")));
            }
        }
        if let Some(expires) = &floor.expires
            && own.expires.as_ref().is_none_or(|own| own.seconds() > expires.seconds())
        {
            let message = format!("keeps approvals for longer than {expires}");
            found.push(("/approval/expires", message, format!("write `expires: {expires}`")));
        }
        let missing: Vec<&String> =
            floor.reject_labels.iter().filter(|label| !contains(&own.reject_labels, label)).collect();
        if !missing.is_empty() {
            let message = format!("can be approved with the label {}", ticked(&missing));
            found.push(("/approval/reject_labels", message, format!("add {} to `reject_labels`", ticked(&missing))));
        }
        found
    }

    /// Where the issues live, and whose word counts.
    fn other_place(&self, own: &Issues) -> Vec<Shortfall> {
        let floor = &self.settings.issues;
        let mut found = Vec::new();
        let mut compare = |pointer, what: &str, wanted: Option<String>, is_same: bool| {
            if let Some(wanted) = wanted.filter(|_| !is_same) {
                found.push((pointer, format!("has {what}"), format!("write `{wanted}`")));
            }
        };
        let repository = floor.repository.as_ref().map(|name| Repository::of_issues(Some(&self.api), name));
        compare(
            "/issues/repository",
            "its issues in another repository",
            floor.repository.as_ref().map(|name| format!("repository: {name}")),
            repository == Some(Repository::of_issues(Some(&own.api), &own.repository)),
        );
        let server = |api: &str| Repository::of_issues(Some(api), "any/any");
        compare(
            "/issues/api",
            "its issues on another server",
            floor.api.as_ref().map(|api| format!("api: {api}")),
            floor.api.as_ref().is_some_and(|api| server(api) == server(&own.api)),
        );
        compare(
            "/issues/bot",
            "issues of another account",
            floor.bot.map(|bot| format!("bot: {bot}")),
            floor.bot == own.bot,
        );
        compare(
            "/issues/signing_key",
            "issues that another key signs, or none",
            floor.signing_key.as_ref().map(|key| format!("signing_key: {key}")),
            floor.signing_key == own.signing_key,
        );
        compare(
            "/issues/resource",
            "issues of another resource type",
            floor.resource.map(|resource| format!("resource: {}", resource.as_str())),
            floor.resource == Some(own.resource),
        );
        found
    }
}

/// Who of `own` is not among `floor`.
pub(super) fn more_closers(own: &Closers, floor: &Closers) -> Option<String> {
    let lists = [
        ("", &own.users, &floor.users),
        ("the team ", &own.teams, &floor.teams),
        ("the role ", &own.roles, &floor.roles),
        ("the App ", &own.apps, &floor.apps),
    ];
    let more: Vec<String> = lists
        .into_iter()
        .flat_map(|(what, own, floor)| {
            own.iter().filter(|name| !contains(floor, name)).map(move |name| format!("{what}`{name}`"))
        })
        .collect();
    (!more.is_empty()).then(|| more.join(", "))
}

/// Closers as a manifest has them.
fn written(closers: &Closers) -> String {
    let lists =
        [("roles", &closers.roles), ("users", &closers.users), ("teams", &closers.teams), ("apps", &closers.apps)];
    let lists: Vec<String> = lists
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(word, names)| format!("{word}: [{}]", names.join(", ")))
        .collect();
    format!("{{{}}}", lists.join(", "))
}
