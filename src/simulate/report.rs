//! What came of a scenario, as text and as JSON.

use promotion_verify::Deployed;
use serde::Serialize;

use super::Scenario;
use super::play::{Played, Story, shown};

/// A step as text.
pub(crate) fn step_text(played: &Played) -> String {
    let number = played.number.map_or_else(String::new, |number| number.to_string());
    let mut text = String::new();
    for (at, line) in played.lines.iter().enumerate() {
        let (number, indent) = if at == 0 { (number.as_str(), "") } else { ("", "  ") };
        text += &format!("{number:>3}  {indent}{line}\n");
    }
    text
}

/// What is deployed at the end, as text.
pub(crate) fn text(story: &Story) -> String {
    let width = story.deployed.iter().map(|(stage, _)| stage.chars().count()).max().unwrap_or(0);
    let mut text = "\ndeployed\n".to_owned();
    for (stage, deployed) in &story.deployed {
        let what = match deployed {
            None => "nothing".to_owned(),
            Some(deployed) => {
                let why = match &deployed.approval {
                    Some((gate, person)) => format!(", approved by {person} in the issue of {gate}"),
                    None => String::new(),
                };
                format!("{} by {}{why}", shown(&deployed.versions), deployed.build)
            }
        };
        text += &format!("  {stage:<width$}  {what}\n");
    }
    if !story.open.is_empty() {
        text += "open\n";
    }
    for (issue, versions) in &story.open {
        text += &format!("  {issue}: closing it approves {}\n", shown(versions));
    }
    text
}

/// The document of `--format json`.
#[derive(Serialize)]
struct Document<'d> {
    /// The version of the format.
    version: u8,
    /// What the scenario shows.
    scenario: Option<&'d str>,
    /// What happened.
    steps: Vec<StepDocument<'d>>,
    /// What runs at the end.
    deployed: Vec<StageDocument<'d>>,
    /// The issues that are open at the end.
    open: Vec<IssueDocument<'d>>,
    /// How many expectations are true.
    expectations: usize,
    /// Whether all expectations are true, and nothing happened that must never happen.
    fine: bool,
}

/// What happened in a step.
#[derive(Serialize)]
struct StepDocument<'d> {
    step: Option<usize>,
    events: &'d [String],
}

/// What a stage runs.
#[derive(Serialize)]
struct StageDocument<'d> {
    stage: &'d str,
    versions: Vec<VersionDocument<'d>>,
    build: Option<&'d str>,
    approved_by: Option<&'d str>,
    gate: Option<&'d str>,
}

/// A version of a resource.
#[derive(Serialize)]
struct VersionDocument<'d> {
    resource: &'d str,
    version: &'d str,
}

/// An open issue.
#[derive(Serialize)]
struct IssueDocument<'d> {
    issue: &'d str,
    versions: Vec<VersionDocument<'d>>,
}

fn versions(versions: &[(String, String)]) -> Vec<VersionDocument<'_>> {
    versions.iter().map(|(resource, version)| VersionDocument { resource, version }).collect()
}

fn of_stage<'d>(stage: &'d str, deployed: Option<&'d Deployed>) -> StageDocument<'d> {
    let approval = deployed.and_then(|deployed| deployed.approval.as_ref());
    StageDocument {
        stage,
        versions: versions(deployed.map(|deployed| deployed.versions.as_slice()).unwrap_or_default()),
        build: deployed.map(|deployed| deployed.build.as_str()),
        approved_by: approval.map(|(_, person)| person.as_str()),
        gate: approval.map(|(gate, _)| gate.trim_matches('`')),
    }
}

/// What came of a scenario, as JSON.
pub(crate) fn json(scenario: &Scenario, played: &[Played], story: &Story, is_fine: bool) -> String {
    let document = Document {
        version: 1,
        scenario: scenario.fields.scenario.as_deref(),
        steps: played.iter().map(|played| StepDocument { step: played.number, events: &played.lines }).collect(),
        deployed: story.deployed.iter().map(|(stage, deployed)| of_stage(stage, deployed.as_ref())).collect(),
        open: story.open.iter().map(|(issue, of)| IssueDocument { issue, versions: versions(of) }).collect(),
        expectations: story.expectations,
        fine: is_fine,
    };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}
