//! What a fleet's `policy` asked for, and asks for no more.
//!
//! Nothing of a policy is in a rendered pipeline, so that a lower one changes none. The day after, a manifest can take an
//! approval away: what is reviewed is this change.

use concourse_pipeline::diff::{Change, Changes, Effect, Subject};
use github_issues_resource::contract::Closers;
use yaml_source::diagnostic::{Diagnostics, ticked};
use yaml_source::source::{SourceText, Sources};
use yaml_source::yaml::{Limits, Node, decode, read};

use crate::manifest::{Name, PolicyGate, PolicySettings};

/// The changes by which one file of a fleet asks for less than another. `None` stands for a file that is gone.
pub(crate) fn lowered(path: &str, old: SourceText, new: Option<SourceText>) -> Vec<Change> {
    let mut changes = Changes::default();
    let Some(were) = entries(path, old) else { return Vec::new() };
    match new.map(|new| entries(path, new)) {
        Some(None) if !were.is_empty() => {
            let message = "cannot be read, so what it asks for is not known";
            changes.push(Effect::Weaker, Subject::Policy(path.to_owned()), message);
        }
        Some(None) => {}
        are => {
            let are = are.flatten().unwrap_or_default();
            for (was, name) in were.iter().flat_map(parts) {
                if let Some(message) = less(&was, &are) {
                    changes.push(Effect::Weaker, Subject::Policy(name), message);
                }
            }
        }
    }
    changes.changes
}

/// The entries of the `policy` in a file. `None` when it cannot be read.
fn entries(path: &str, text: SourceText) -> Option<Vec<PolicySettings>> {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let mut diagnostics = Diagnostics::default();
    let node = read(&sources, file, Limits::MANIFEST, &mut diagnostics)?;
    let Some(policy) = node.at("/policy") else { return Some(Vec::new()) };
    policy.as_list()?.iter().map(|entry: &Node| decode(entry).ok()).collect()
}

/// An entry for each environment and target that it names, with what to call it.
fn parts(entry: &PolicySettings) -> Vec<(PolicySettings, String)> {
    let one = |environments: Vec<Name>, targets: Vec<String>| PolicySettings { environments, targets, ..entry.clone() };
    let projects = if entry.projects.is_empty() { String::new() } else { format!(" of {}", entry.projects.join(", ")) };
    let environments = entry.environments.iter().map(|name| {
        let only = one(vec![name.clone()], Vec::new());
        (only, format!("{}{projects}", name.0))
    });
    let targets =
        entry.targets.iter().map(|target| (one(Vec::new(), vec![target.clone()]), format!("{target}{projects}")));
    let found: Vec<(PolicySettings, String)> = environments.chain(targets).collect();
    if found.is_empty() { vec![(entry.clone(), format!("all stages{projects}"))] } else { found }
}

/// What nothing in the new policy asks of the stages that an entry was for.
fn less(was: &PolicySettings, are: &[PolicySettings]) -> Option<String> {
    let same: Vec<&PolicySettings> = are.iter().filter(|is| covers(is, was)).collect();
    if same.is_empty() {
        return Some("is gone from the policy".to_owned());
    }
    // Entries for the same stages add up.
    let lost = |asks: &dyn Fn(&PolicySettings) -> bool| !same.iter().any(|is| asks(is));
    let mut less: Vec<&str> = Vec::new();
    let gate = |settings: &PolicySettings| match settings.gate {
        Some(PolicyGate::Preview) => 2,
        Some(PolicyGate::Issue) => 1,
        None => u8::from(settings.asks_for_an_approval()),
    };
    if lost(&|is| gate(is) >= gate(was)) {
        less.push("gate");
    }
    if !was.closers.is_empty() && lost(&|is| !is.closers.is_empty() && are_among(&is.closers, &was.closers)) {
        less.push("closers");
    }
    for (word, of) in [("soak", (|is| &is.soak) as fn(&PolicySettings) -> &Option<_>), ("delay", |is| &is.delay)] {
        if let Some(was) = of(was)
            && lost(&|is| of(is).as_ref().is_some_and(|is| is.seconds() >= was.seconds()))
        {
            less.push(word);
        }
    }
    if let Some(was) = &was.expires
        && lost(&|is| is.expires.as_ref().is_some_and(|is| is.seconds() <= was.seconds()))
    {
        less.push("expires");
    }
    if was.reject_labels.iter().any(|label| lost(&|is| contains(&is.reject_labels, label))) {
        less.push("reject_labels");
    }
    let issues = &was.issues;
    if issues.repository.is_some() && lost(&|is| is.issues.repository == issues.repository)
        || issues.api.is_some() && lost(&|is| is.issues.api == issues.api)
        || issues.bot.is_some() && lost(&|is| is.issues.bot == issues.bot)
        || issues.signing_key.is_some() && lost(&|is| is.issues.signing_key == issues.signing_key)
        || issues.resource.is_some() && lost(&|is| is.issues.resource == issues.resource)
    {
        less.push("issues");
    }
    (!less.is_empty()).then(|| format!("has less in {}", ticked(&less)))
}

/// Whether an entry is for all stages that another one, of one environment or target, was for.
fn covers(is: &PolicySettings, was: &PolicySettings) -> bool {
    let is_everywhere = is.environments.is_empty() && is.targets.is_empty();
    let has_all = is_everywhere
        || !(was.environments.is_empty() && was.targets.is_empty())
            && was
                .environments
                .iter()
                .all(|name| is.environments.iter().any(|known| known.0.eq_ignore_ascii_case(&name.0)))
            && was.targets.iter().all(|target| contains(&is.targets, target));
    let is_for_projects = is.projects.is_empty()
        || !was.projects.is_empty() && was.projects.iter().all(|one| contains(&is.projects, one));
    has_all && is_for_projects
}

/// Whether nobody can approve who could not.
fn are_among(own: &Closers, others: &Closers) -> bool {
    let lists =
        |closers: &Closers| [closers.users.clone(), closers.teams.clone(), closers.roles.clone(), closers.apps.clone()];
    lists(own).iter().zip(lists(others)).all(|(own, others)| own.iter().all(|name| contains(&others, name)))
}

fn contains(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(old: &str, new: &str) -> Vec<String> {
        let text = |policy: &str| {
            SourceText::from(format!("version: 1\npolicy:{}{policy}\n", if policy == "[]" { " " } else { "\n" }))
        };
        let changes = lowered("pipegen.yml", text(old), Some(text(new)));
        changes.into_iter().map(|change| format!("{:?} {}", change.subject, change.message)).collect()
    }

    #[test]
    fn policy_that_asks_for_less_is_told() {
        let old = "- {environments: [Production, Live], closers: {teams: [a/sre, a/ops]}, soak: 24h, expires: 14d, reject_labels: [x]}";
        for (new, wanted) in [
            (old, None),
            ("- {closers: {teams: [A/sre]}, soak: 25h, expires: 1d, reject_labels: [y, X]}", None),
            (
                "- {environments: [live, production], closers: {teams: [a/sre]}, soak: 24h}\n\
                 - {expires: 14d, reject_labels: [x]}",
                None,
            ),
            ("[]", Some("is gone from the policy")),
            (&old.replace("24h", "1h"), Some("has less in `soak`")),
            (&old.replace("14d", "15d"), Some("has less in `expires`")),
            (&old.replace("[x]", "[z]"), Some("has less in `reject_labels`")),
            (&old.replace("a/ops", "a/all"), Some("has less in `closers`")),
            (&old.replace("closers: {teams: [a/sre, a/ops]}, ", ""), Some("has less in `closers`")),
            (
                &old.replace("environments: [Production, Live]", "environments: [Prodution]"),
                Some("is gone from the policy"),
            ),
            (&old.replace("{environments", "{projects: [shop], environments"), Some("is gone from the policy")),
        ] {
            let found = found(old, new);
            let wanted: Vec<String> = wanted.map_or(Vec::new(), |wanted| {
                ["Production", "Live"].map(|name| format!("Policy({name:?}) {wanted}")).to_vec()
            });
            assert_eq!(found, wanted, "{new}");
        }
        assert_eq!(found("- {gate: preview}", "- {gate: issue}"), ["Policy(\"all stages\") has less in `gate`"]);
        assert_eq!(
            found("- {targets: ['* x'], issues: {bot: 7}}", "- {targets: ['* x'], issues: {bot: 8}}"),
            ["Policy(\"* x\") has less in `issues`"]
        );
        assert_eq!(found("- {gate: issue}", "- {gate: wrong}").len(), 1);
        assert_eq!(found("[]", "- {gate: issue}"), [""; 0]);
        let gone = lowered("pipegen.yml", SourceText::from("policy: [{gate: issue}]".to_owned()), None);
        assert_eq!(gone.len(), 1);
    }
}
