//! A story in plain words: what happened, one line each.

use concourse_scheduler::{BuildId, ResourceId, Version};

use crate::events::Event;
use crate::invariants::{Violation, ViolationKind};
use crate::issues::{Content, Origin, Record};
use crate::model::{GateId, Model, StageId};
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
pub fn ending(models: &[Model], names: &impl Names, violation: &Violation) -> String {
    let machine = Machine::of(models);
    let Some(last) = models.last() else { return String::new() };
    let stage = |stage: StageId| last.stages.get(stage.0).map_or_else(String::new, |stage| names.stage(&stage.name));
    match &violation.kind {
        ViolationKind::Unapproved { stage: at } => {
            format!("{} can be deployed although nobody approved the deployment", stage(*at))
        }
        ViolationKind::WrongVersion { stage: at, deployed, approved } => {
            let resource =
                machine.resource_of_all(deployed.source).map_or_else(String::new, |name| names.resource(name));
            let deployed = format!("version {} of {resource}", letter(deployed.version));
            match approved {
                Some(approved) => {
                    let approved = letter(approved.version);
                    format!("{} can be deployed with {deployed}, although version {approved} was approved", stage(*at))
                }
                None => format!("{} can be deployed with {deployed}, which no approval names", stage(*at)),
            }
        }
        ViolationKind::DeployedTwice { stage: at } => {
            format!("one approval can deploy {} twice", stage(*at))
        }
        ViolationKind::NothingStarted { gate } => {
            let gate = last.gates.get(gate.0).map_or_else(String::new, |gate| names.gate(&gate.name));
            format!("closing the issue of {gate} can start nothing")
        }
        ViolationKind::Overtaken { stage: at } => {
            format!("{} can be deployed by an older build after a newer one", stage(*at))
        }
        ViolationKind::OvertakenRecord { gate } => {
            let gate = last.gates.get(gate.0).map_or_else(String::new, |gate| names.gate(&gate.name));
            format!("an older build can write into the issue of {gate} after a newer one")
        }
        ViolationKind::NotDeployed { stage: at } => {
            format!("an issue can ask for an approval although {} was not deployed", stage(*at))
        }
        ViolationKind::StalePreview { stage: at } => {
            format!("an issue can show a preview from before the last deployment of {}", stage(*at))
        }
    }
}

/// The first line of each story.
pub(crate) const BEGINNING: &str = "version A of each resource is there";

/// The lines of a story.
pub fn story(models: &[Model], names: &impl Names, refutation: &Refutation) -> Vec<String> {
    let machine = Machine::of(models);
    let teller = Teller { machine: &machine, names };
    let mut events = Vec::new();
    let Ok(mut state) = State::new(&machine, &mut events) else { return Vec::new() };
    let mut lines = vec![BEGINNING.to_owned()];
    lines.extend(teller.events(&state, &events));
    for action in &refutation.actions {
        lines.extend(teller.action(&state, action, "a person"));
        events.clear();
        // At the end of the story it is a violation.
        let _ = state.apply(&machine, action, &mut events);
        lines.extend(teller.events(&state, &events));
    }
    lines
}

pub(crate) struct Teller<'t, 'm, N> {
    pub(crate) machine: &'t Machine<'m>,
    pub(crate) names: &'t N,
}

impl<N: Names> Teller<'_, '_, N> {
    /// What somebody does, in the state before. None for what a build does: its events tell that.
    pub(crate) fn action(&self, state: &State, action: &Action, who: &str) -> Option<String> {
        Some(match action {
            Action::Land(resource) => {
                let newest = state.history.versions(*resource).iter().map(|version| version.0).max().unwrap_or(0);
                format!("version {} of {} lands", letter(Version(newest + 1)), self.resource(state, *resource))
            }
            Action::Check(resource) => format!("Concourse checks {}", self.resource(state, *resource)),
            Action::Step(_) | Action::StepReversed(_) | Action::Fail(_) | Action::Unchanged(_) => return None,
            Action::FailNext(job) => self.going_to_fail(state.history.job_name(*job).unwrap_or_default()),
            Action::Close(gate) => {
                let content = state.issues.closable(*gate).map(Record::content).unwrap_or_default();
                format!("{who} closes the issue of {}{}", self.gate(*gate), self.of(state, &content))
            }
            Action::Reject(gate) => format!("{who} closes the issue of {} as not planned", self.gate(*gate)),
            Action::Reopen(gate) => format!("{who} reopens the issue of {}", self.gate(*gate)),
            Action::Start(job) => {
                format!("{who} starts {} with +", self.names.job(state.history.job_name(*job).unwrap_or_default()))
            }
            Action::Rerun(of) => format!("{who} runs {} again", self.build(state, *of)),
            Action::Set => format!("{who} sets the new pipeline"),
        })
    }

    pub(crate) fn going_to_fail(&self, job: &str) -> String {
        format!("the next deployment of {} is going to fail", self.names.job(job))
    }

    /// What builds did, in the state after.
    pub(crate) fn events(&self, state: &State, events: &[Event]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut started: Vec<String> = Vec::new();
        for event in events {
            if let Event::Started(build) = event {
                started.push(self.build(state, *build));
                continue;
            }
            if !started.is_empty() {
                lines.push(format!("Concourse starts {}", started.join(", ")));
                started.clear();
            }
            lines.extend(self.event(state, event));
        }
        if !started.is_empty() {
            lines.push(format!("Concourse starts {}", started.join(", ")));
        }
        lines
    }

    fn event(&self, state: &State, event: &Event) -> Option<String> {
        Some(match event {
            Event::Started(build) => format!("Concourse starts {}", self.build(state, *build)),
            Event::Got { build, resource } => {
                format!("{} gets {}", self.build(state, *build), self.resource(state, *resource))
            }
            Event::Refused { build, refusal } => format!("{} gets no approval: {refusal}", self.build(state, *build)),
            Event::NotCheckedOut(build) => {
                format!("{} fails: it has another version than the approved one", self.build(state, *build))
            }
            Event::Claimed { build, .. } => format!("{} claims its approval", self.build(state, *build)),
            Event::Deployed { is_continued: true, .. } => return None,
            Event::Deployed { build, stage, content, .. } => {
                format!(
                    "{} deploys {}{}",
                    self.build(state, *build),
                    self.stage(state, *stage),
                    self.of(state, content)
                )
            }
            Event::Failed { build, stage } => {
                format!("{} fails to deploy {}", self.build(state, *build), self.stage(state, *stage))
            }
            Event::Recorded { build, gate, content, is_opened } => {
                let verb = if *is_opened { "opens" } else { "writes into" };
                let content = self.of(state, content);
                format!("{} {verb} the issue of {}{content}", self.build(state, *build), self.gate(*gate))
            }
            Event::Unchanged(build) => format!("{} finds nothing to change", self.build(state, *build)),
            Event::Made { build, resource, version } => {
                let resource = self.resource(state, *resource);
                format!("{} makes version {} of {resource}", self.build(state, *build), letter(*version))
            }
        })
    }

    pub(crate) fn build(&self, state: &State, id: BuildId) -> String {
        let (job, number) = state.build_name(id).unwrap_or_default();
        format!("{} #{number}", self.names.job(job))
    }

    fn resource(&self, state: &State, resource: ResourceId) -> String {
        self.names.resource(state.history.resource_name(resource).unwrap_or_default())
    }

    pub(crate) fn stage(&self, state: &State, stage: StageId) -> String {
        let stages = &self.machine.model(state).stages;
        stages.get(stage.0).map_or_else(String::new, |stage| self.names.stage(&stage.name))
    }

    pub(crate) fn gate(&self, gate: GateId) -> String {
        self.machine.gate(gate).map_or_else(String::new, |gate| self.names.gate(&gate.name))
    }

    /// The versions of what something is made of: each resource, and the letter of its version.
    pub(crate) fn versions(&self, state: &State, content: &Content) -> Vec<(String, String)> {
        let version = |Origin { source, version }: &Origin| {
            let name = self.machine.resource_of(state, *source).unwrap_or_default();
            (self.names.resource(name), letter(*version))
        };
        content.iter().map(version).collect()
    }

    /// What something is made of, after a verb. Nothing when it is made of nothing that counts.
    fn of(&self, state: &State, content: &Content) -> String {
        let versions = self.versions(state, content);
        let versions: Vec<String> =
            versions.iter().map(|(resource, letter)| format!("version {letter} of {resource}")).collect();
        if versions.is_empty() { String::new() } else { format!(", with {}", versions.join(" and ")) }
    }
}

/// The first version is A.
fn letter(version: Version) -> String {
    let letter = char::from_u32(u32::from('A') + version.0.saturating_sub(1)).filter(char::is_ascii_uppercase);
    letter.map_or_else(|| version.0.to_string(), String::from)
}
