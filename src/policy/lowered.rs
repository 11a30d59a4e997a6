//! What a fleet's `policy` asked for, and asks for no more.
//!
//! Nothing of a policy is in a rendered pipeline, so that a lower one changes none. The day after, a manifest can take an
//! approval away: what is reviewed is this change.

use concourse_pipeline::diff::{Change, Changes, Effect, Subject};
use yaml_source::diagnostic::{Diagnostics, ticked};
use yaml_source::source::{SourceText, Sources};
use yaml_source::yaml::{Limits, Node, decode, read};

use crate::manifest::{Duration, Name, PolicyIssues, PolicySettings};

use super::contains;
use super::floor::more_closers;

/// The changes by which one file of a fleet asks for less than another. `None` stands for a file that is gone.
pub(crate) fn lowered(path: &str, old: SourceText, new: Option<SourceText>) -> Vec<Change> {
    let mut changes = Changes::default();
    let Some(were) = entries(path, old) else { return Vec::new() };
    let Some(are) = new.map_or(Some(Vec::new()), |new| entries(path, new)) else {
        if !were.is_empty() {
            let message = "cannot be read, so what it asks for is not known";
            changes.push(Effect::Weaker, Subject::Policy(path.to_owned()), message);
        }
        return changes.changes;
    };
    for (was, name) in were.iter().flat_map(parts) {
        if let Some(message) = less(&was, &are) {
            changes.push(Effect::Weaker, Subject::Policy(name), message);
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
    let asks = |has: &dyn Fn(&PolicySettings) -> bool| same.iter().any(|is| has(is));
    // A field that comes into the policy has to be compared here.
    let PolicySettings {
        environments: _,
        projects: _,
        targets: _,
        gate: _,
        closers,
        delay,
        soak,
        expires,
        reject_labels,
        issues: PolicyIssues { repository, api, bot, signing_key, resource },
    } = was;
    let seconds = |span: &Option<Duration>| span.as_ref().map(Duration::seconds);
    let kept = [
        ("gate", asks(&|is| is.least_gate() >= was.least_gate())),
        (
            "closers",
            closers.is_empty() || asks(&|is| !is.closers.is_empty() && more_closers(&is.closers, closers).is_none()),
        ),
        ("delay", asks(&|is| seconds(&is.delay) >= seconds(delay))),
        ("soak", asks(&|is| seconds(&is.soak) >= seconds(soak))),
        ("expires", expires.is_none() || asks(&|is| is.expires.is_some() && seconds(&is.expires) <= seconds(expires))),
        ("reject_labels", reject_labels.iter().all(|label| asks(&|is| contains(&is.reject_labels, label)))),
        ("issues.repository", repository.is_none() || asks(&|is| is.issues.repository == *repository)),
        ("issues.api", api.is_none() || asks(&|is| is.issues.api == *api)),
        ("issues.bot", bot.is_none() || asks(&|is| is.issues.bot == *bot)),
        ("issues.signing_key", signing_key.is_none() || asks(&|is| is.issues.signing_key == *signing_key)),
        ("issues.resource", resource.is_none() || asks(&|is| is.issues.resource == *resource)),
    ];
    let less: Vec<&str> = kept.iter().filter(|(_, is_kept)| !is_kept).map(|(field, _)| *field).collect();
    (!less.is_empty()).then(|| format!("asks for less in {}", ticked(&less)))
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
            (&old.replace("24h", "1h"), Some("asks for less in `soak`")),
            (&old.replace("14d", "15d"), Some("asks for less in `expires`")),
            (&old.replace("[x]", "[z]"), Some("asks for less in `reject_labels`")),
            (&old.replace("a/ops", "a/all"), Some("asks for less in `closers`")),
            (&old.replace("closers: {teams: [a/sre, a/ops]}, ", ""), Some("asks for less in `closers`")),
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
        assert_eq!(found("- {gate: preview}", "- {gate: issue}"), ["Policy(\"all stages\") asks for less in `gate`"]);
        assert_eq!(
            found("- {targets: ['* x'], issues: {bot: 7}}", "- {targets: ['* x'], issues: {bot: 8}}"),
            ["Policy(\"* x\") asks for less in `issues.bot`"]
        );
        assert_eq!(found("- {gate: issue}", "- {gate: wrong}").len(), 1);
        assert_eq!(found("[]", "- {gate: issue}"), [""; 0]);
        let gone = lowered("pipegen.yml", SourceText::from("policy: [{gate: issue}]".to_owned()), None);
        assert_eq!(gone.len(), 1);
    }
}
