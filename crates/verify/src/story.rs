//! A story in plain words: what happened, one line each.

use std::collections::BTreeMap;

use concourse_scheduler::{Build, BuildId, ResourceId, Version};

use crate::invariants::{Violation, ViolationKind};
use crate::issues::{Content, Origin};
use crate::model::{Model, Step};
use crate::search::Refutation;
use crate::state::{Action, Machine, State};

/// The names of a model's resources and jobs, as people know them.
pub trait Names {
    /// The name of a resource.
    fn resource(&self, name: &str) -> String;
    /// The name of a job.
    fn job(&self, name: &str) -> String;
    /// The name of a stage.
    fn stage(&self, name: &str) -> String;
    /// The name of a gate.
    fn gate(&self, name: &str) -> String;
}

/// Names that are those of the model.
#[derive(Clone, Copy, Debug, Default)]
pub struct SameNames;

impl Names for SameNames {
    fn resource(&self, name: &str) -> String {
        name.to_owned()
    }

    fn job(&self, name: &str) -> String {
        name.to_owned()
    }

    fn stage(&self, name: &str) -> String {
        name.to_owned()
    }

    fn gate(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// What happens at the end of a story.
pub fn ending(model: &Model, names: &impl Names, violation: &Violation) -> String {
    // Jobs that do nothing cannot violate anything before the story begins.
    let idle = Model { plans: BTreeMap::new(), ..model.clone() };
    let machine = Machine::of(&idle);
    let Ok(state) = State::new(&machine) else { return String::new() };
    let teller = Teller { machine: &machine, names };
    let stage = |stage: usize| model.stages.get(stage).map_or_else(String::new, |stage| names.stage(&stage.name));
    match &violation.kind {
        ViolationKind::Unapproved { stage: at } => {
            format!("{} can be deployed although nobody approved the deployment", stage(at.0))
        }
        ViolationKind::WrongVersion { stage: at, deployed, approved } => {
            let deployed = teller.version(&state, *deployed);
            match approved {
                Some(approved) => {
                    let approved = letter(approved.version);
                    format!("{} can be deployed with {deployed}, although version {approved} was approved", stage(at.0))
                }
                None => format!("{} can be deployed with {deployed}, which no approval names", stage(at.0)),
            }
        }
        ViolationKind::DeployedTwice { stage: at } => {
            format!("one approval can deploy {} twice", stage(at.0))
        }
        ViolationKind::NothingStarted { gate } => {
            let gate = model.gates.get(gate.0).map_or_else(String::new, |gate| names.gate(&gate.name));
            format!("closing the issue of {gate} can start nothing")
        }
    }
}

/// The lines of a story.
pub fn story(model: &Model, names: &impl Names, refutation: &Refutation) -> Vec<String> {
    let machine = Machine::of(model);
    let Ok(mut state) = State::new(&machine) else { return Vec::new() };
    let teller = Teller { machine: &machine, names };
    let mut lines = vec!["version A of each resource is there".to_owned()];
    lines.extend(teller.started(None, &state));
    for action in &refutation.actions {
        lines.extend(teller.action(&state, action));
        if let Ok(next) = state.after(&machine, action) {
            lines.extend(teller.started(Some(&state), &next));
            state = next;
        }
    }
    lines
}

struct Teller<'t, N> {
    machine: &'t Machine<'t>,
    names: &'t N,
}

impl<N: Names> Teller<'_, N> {
    fn action(&self, state: &State, action: &Action) -> Option<String> {
        Some(match action {
            Action::Land(resource) => {
                let version = state.history.versions(*resource).len() + 1;
                let version = Version(u32::try_from(version).unwrap_or(u32::MAX));
                format!("{} lands", self.version(state, Origin { resource: *resource, version }))
            }
            Action::Check(resource) => format!("Concourse checks {}", self.resource(state, *resource)),
            Action::Step(build) | Action::StepReversed(build) => {
                let step = state.next_step(self.machine, *build)?;
                format!("{} {}", self.build(state, *build), self.step(state, *build, step))
            }
            Action::Fail(build) => format!("{} fails", self.build(state, *build)),
            Action::Unchanged(build) => format!("{} finds nothing to change", self.build(state, *build)),
            Action::Close(gate) => {
                let record = state.issues.closable(*gate)?;
                let content: Content = record.named.values().flatten().copied().collect();
                format!("a person closes the issue of {}{}", self.gate(gate.0), self.of(state, &content))
            }
            Action::Reopen(gate) => format!("a person reopens the issue of {}", self.gate(gate.0)),
            Action::Start(job) => {
                format!("a person starts {} with +", self.names.job(state.history.job_name(*job).unwrap_or_default()))
            }
            Action::Rerun(of) => format!("a person runs {} again", self.build(state, *of)),
        })
    }

    fn step(&self, state: &State, build: BuildId, step: &Step) -> String {
        let content = state.content_of(build, step);
        match step {
            Step::Get { input, .. } => {
                let resource = state
                    .history
                    .build(build)
                    .and_then(|build| build.inputs.as_ref()?.iter().find(|i| i.name == *input));
                match resource {
                    Some(input) => format!("gets {}", self.resource(state, input.resource)),
                    None => "gets an input".to_owned(),
                }
            }
            Step::Claim(_) => "claims its approval".to_owned(),
            Step::Run { deploys: Some(stage), .. } => {
                let stage =
                    self.machine.model.stages.get(stage.0).map_or_else(String::new, |s| self.names.stage(&s.name));
                format!("deploys {stage}{}", self.of(state, &content))
            }
            Step::Record { gate, .. } => {
                format!("writes into the issue of {}{}", self.gate(gate.0), self.of(state, &content))
            }
            _ => "runs a step".to_owned(),
        }
    }

    /// The builds that Concourse started meanwhile.
    fn started(&self, before: Option<&State>, after: &State) -> Option<String> {
        let builds = after.history.jobs().flat_map(|job| after.history.builds_of(job));
        let is_new = |build: &&Build| {
            let was = before.and_then(|before| before.history.build(build.id));
            build.inputs.is_some() && was.is_none_or(|was| was.inputs.is_none())
        };
        let names: Vec<String> = builds.filter(is_new).map(|build| self.build(after, build.id)).collect();
        (!names.is_empty()).then(|| format!("Concourse starts {}", names.join(", ")))
    }

    fn build(&self, state: &State, id: BuildId) -> String {
        let (job, number) = state.build_name(id).unwrap_or_default();
        format!("{} #{number}", self.names.job(job))
    }

    fn resource(&self, state: &State, resource: ResourceId) -> String {
        self.names.resource(state.history.resource_name(resource).unwrap_or_default())
    }

    fn gate(&self, gate: usize) -> String {
        self.machine.model.gates.get(gate).map_or_else(String::new, |gate| self.names.gate(&gate.name))
    }

    fn version(&self, state: &State, Origin { resource, version }: Origin) -> String {
        format!("version {} of {}", letter(version), self.resource(state, resource))
    }

    /// What something is made of, after a verb. Nothing when it is made of nothing that counts.
    fn of(&self, state: &State, content: &Content) -> String {
        let versions: Vec<String> = content.iter().map(|origin| self.version(state, *origin)).collect();
        if versions.is_empty() { String::new() } else { format!(", with {}", versions.join(" and ")) }
    }
}

/// The first version is A.
fn letter(version: Version) -> String {
    let letter = char::from_u32(u32::from('A') + version.0.saturating_sub(1)).filter(char::is_ascii_uppercase);
    letter.map_or_else(|| version.0.to_string(), String::from)
}
