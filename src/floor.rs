//! The policy floor: what the fleet's `policy` asks of a stage, and its manifest cannot take back.
//!
//! A stage is found by its environment and by what it deploys, so that another name for the same environment does not help.

use std::collections::BTreeMap;

use concourse_pipeline::Repository;
use concourse_pipeline::params::has_words;
use github_issues_resource::contract::{Approve, Closers};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, ticked};
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use crate::globs::Globs;
use crate::lower::{JobRole, Lowered};
use crate::manifest::{PolicyGate, PolicySettings};
use crate::plan::StagePhase;
use crate::project::{Fleet, Gate, Issues, Stage};

/// One entry of a fleet's `policy`.
#[derive(Debug)]
pub(crate) struct Floor {
    settings: PolicySettings,
    projects: Globs,
    targets: Globs,
    /// The server of its repository of issues: that of the fleet's defaults, unless it names one.
    api: String,
    span: Span,
}

/// What a stage has too little of: the place of the setting, what is wrong, and what to write.
type Shortfall = (&'static str, String, String);

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
        let floors = policy.into_iter().zip(nodes).map(|(settings, node)| Self {
            projects: Globs::of(&settings.projects, node, "projects", diagnostics),
            targets: Globs::of(&settings.targets, node, "targets", diagnostics),
            api: settings.issues.api.clone().unwrap_or_else(|| default.to_owned()),
            settings,
            span: node.span,
        });
        floors.collect()
    }

    /// Whether it is for a stage. `others` are the stages of its project.
    fn is_for(&self, stage: &Deployed<'_>, others: &[Deployed<'_>]) -> bool {
        let settings = &self.settings;
        let is_everywhere = settings.environments.is_empty() && settings.targets.is_empty();
        let is_environment = settings.environments.iter().any(|name| stage.is_in(&name.0, others));
        let is_target = stage.target.is_some_and(|target| self.targets.fit(target));
        self.projects.allow(&stage.stage.project) && (is_everywhere || is_environment || is_target)
    }

    fn asks_for_an_approval(&self) -> bool {
        let settings = &self.settings;
        !settings.closers.is_empty()
            || settings.delay.is_some()
            || settings.soak.is_some()
            || settings.expires.is_some()
            || !settings.reject_labels.is_empty()
    }

    /// What a stage has too little of.
    fn shortfalls(&self, stage: &Stage) -> Vec<Shortfall> {
        let settings = &self.settings;
        let mut found = Vec::new();
        let gate = settings.gate.or_else(|| self.asks_for_an_approval().then_some(PolicyGate::Issue));
        let is_approved = matches!(stage.gate, Gate::Issue | Gate::Preview);
        match gate {
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

/// A stage, and what its kind says that it deploys.
struct Deployed<'a> {
    stage: &'a Stage,
    target: Option<&'a str>,
}

impl Deployed<'_> {
    /// Whether it is in an environment, by its name or by what sets it apart from the other stages of its project.
    fn is_in(&self, environment: &str, others: &[Deployed<'_>]) -> bool {
        let names_it = |stage: &Deployed<'_>| {
            has_words(&stage.stage.stack, environment)
                || stage.target.is_some_and(|target| has_words(target, environment))
        };
        let is_alone = others.len() == 1;
        self.stage.environment.eq_ignore_ascii_case(environment)
            || names_it(self) && (is_alone || !others.iter().all(names_it))
    }
}

/// Reports each stage of a manifest that has less than the fleet's policy asks for.
pub(crate) fn check(lowered: &[Lowered<'_>], fleet: &Fleet, diagnostics: &mut Diagnostics) {
    if fleet.policy.is_empty() {
        return;
    }
    let mut projects: BTreeMap<&str, Vec<Deployed<'_>>> = BTreeMap::new();
    for origin in lowered.iter().flat_map(|lowered| &lowered.origins) {
        if let JobRole::Stage { stage, phase: StagePhase::Deploy, target, .. } = &origin.role {
            let deployed = Deployed { stage, target: target.as_deref() };
            projects.entry(stage.project.as_str()).or_default().push(deployed);
        }
    }
    for stages in projects.values() {
        for stage in stages {
            for floor in fleet.policy.iter().filter(|floor| floor.is_for(stage, stages)) {
                for shortfall in floor.shortfalls(stage.stage) {
                    diagnostics.push(report(stage.stage, floor, shortfall, fleet));
                }
            }
        }
    }
}

fn report(stage: &Stage, floor: &Floor, (pointer, message, help): Shortfall, fleet: &Fleet) -> Diagnostic {
    let settings = &stage.origin.settings;
    let written = settings.at(pointer).map(|node| node.span).filter(|span| span.file != fleet.built_in);
    Diagnostic::new(
        Rule::BelowPolicy,
        written.unwrap_or(stage.origin.span),
        format!("{} {message}, and the policy of the fleet does not allow that", stage.whom()),
    )
    .also(floor.span, "the policy")
    .help(help)
}

/// Who of `own` is not among `floor`.
fn more_closers(own: &Closers, floor: &Closers) -> Option<String> {
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

/// GitHub tells names of people, teams and labels apart without regard to case.
fn contains(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
