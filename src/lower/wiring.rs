//! The seam between a gate and the code of its jobs: where the approval's files are, and what brings the code.

use concourse_pipeline::model::{
    Core, GetStep, ImageResource, ResourceName, Step, TaskConfig, TaskInput, TaskOutput, TaskRun, TaskStep,
};
use github_issues_resource::contract::files;
use yaml_source::yaml::IndexMap;

use crate::approval::ApprovedCode;
use crate::input::InputSource;
use crate::plan::{StageJob, Taken, TakenGate};
use crate::project::{CodeSource, Input};

use super::job::artifact;

/// The artifact of an approval that is got beside the code. Its name is the same in every job, so that renaming a
/// resource keeps the history of the job's input.
pub(super) const GATE: &str = "gate";

/// How a job that goes by an approval gets its code.
#[derive(Clone, Copy)]
pub(super) enum Wiring<'a> {
    /// The code comes as the approved commit, with the approval's files inside the clone. The gate's own resource brings
    /// it, and Concourse's record names it.
    Fetched(&'a CodeSource),
    /// The approval is an artifact of its own beside the newest code. A task checks the approved commit out.
    CheckedOut,
    /// The approval is a signal without versions, of MIT Open Learning's image.
    Signal(&'a ResourceName),
}

impl<'a> Wiring<'a> {
    /// The wiring of a job behind `gate`.
    pub(super) fn of(gate: &TakenGate<'a>, code: &'a CodeSource) -> Self {
        match gate.code {
            _ if !gate.issue.issues.resource.names_versions() => Self::Signal(gate.issue.trigger),
            ApprovedCode::Fetch => Self::Fetched(code),
            ApprovedCode::Checkout => Self::CheckedOut,
        }
    }

    /// The artifact that the gate's resource brings.
    pub(super) fn artifact(self) -> ResourceName {
        match self {
            Self::Fetched(code) => code.resource.clone(),
            Self::CheckedOut => artifact(GATE),
            Self::Signal(resource) => resource.clone(),
        }
    }

    /// The folder of the approval's files.
    pub(super) fn folder(self) -> String {
        match self {
            Self::Fetched(code) => format!("{}/{}", code.resource, files::IN_CLONE),
            Self::CheckedOut | Self::Signal(_) => self.artifact().to_string(),
        }
    }

    /// A file of the approval.
    pub(super) fn file(self, name: &str) -> String {
        format!("{}/{name}", self.folder())
    }

    /// The file that holds an approved version.
    pub(super) fn pin(self, name: &str) -> String {
        format!("{}/{}/{name}", self.folder(), files::PINS)
    }

    /// The get of the approval, which under [`Wiring::Fetched`] is that of the code.
    pub(super) fn get(self, gate: &TakenGate<'_>) -> Step {
        let artifact = self.artifact();
        Core::Get(GetStep {
            resource: (artifact != *gate.watched()).then(|| gate.watched().clone()),
            get: artifact,
            version: None,
            trigger: gate.trigger.then_some(true),
            passed: gate.passed().into_iter().cloned().collect(),
            params: None,
            unpinned: None,
        })
        .into()
    }

    /// The task that puts the approved versions where the newest ones are, and compares what cannot be put there, or
    /// fails: Concourse cannot choose a version at run time, and `passed` is membership, not equality. None where
    /// everything comes as it was approved.
    ///
    /// It runs the script that the get of the approval brings.
    pub(super) fn check(self, gate: &TakenGate<'_>, job: &StageJob<'_>) -> Option<Step> {
        if !gate.is_exact() {
            return None;
        }
        let mut checkout: Vec<&ResourceName> = Vec::new();
        let mut without_submodules: Vec<String> = Vec::new();
        let mut compare: Vec<String> = Vec::new();
        let mut content: Vec<String> = Vec::new();
        let mut inputs: Vec<&ResourceName> = Vec::new();
        for take in &job.takes {
            let Some((name, file)) = take.taken.pin() else { continue };
            if !gate.holds(name) || gate.hands_over(take.taken) {
                continue;
            }
            match take.taken {
                Taken::Code(_) if matches!(self, Self::Fetched(_)) => {}
                Taken::Code(code) => checkout.insert(0, &code.resource),
                Taken::Input(Input { source: InputSource::Git(_), name, params, .. }) => {
                    if params.as_ref().and_then(|params| params.get("submodules")) == Some(&"none".into()) {
                        without_submodules.push(name.to_string());
                    }
                    checkout.push(name);
                }
                Taken::Input(input) => {
                    compare.push(format!("{}={file}", input.name));
                    content.extend(input.content.as_ref().map(|files| format!("{} {files}", input.name)));
                    inputs.push(&input.name);
                }
            }
        }
        if checkout.is_empty() && compare.is_empty() {
            return None;
        }
        let names: Vec<String> = checkout.iter().map(ToString::to_string).collect();
        // What is not there is empty to the script.
        let params = [
            ("CODE", if checkout.is_empty() { String::new() } else { job.stage.code.resource.to_string() }),
            ("CHECKOUT", names.join("\n")),
            ("NO_SUBMODULES", without_submodules.join("\n")),
            ("COMPARE", compare.join("\n")),
            ("CONTENT", content.join("\n")),
            ("FETCH", if gate.fetch && !checkout.is_empty() { "yes".to_owned() } else { String::new() }),
        ];
        let params = params.into_iter().filter(|(_, text)| !text.is_empty());
        let approval = self.artifact();
        let input = |name: &ResourceName| TaskInput { name: name.to_string(), path: None, optional: None };
        let config = TaskConfig {
            platform: "linux".into(),
            image_resource: Some(ImageResource {
                type_name: "registry-image".into(),
                source: Some(job.stage.approval.checkout_image.clone()),
                params: None,
                version: None,
                tags: Vec::new(),
            }),
            rootfs_uri: None,
            inputs: std::iter::once(&approval).chain(checkout.iter().chain(&inputs).copied()).map(input).collect(),
            outputs: checkout.iter().map(|name| TaskOutput { name: name.to_string(), path: None }).collect(),
            caches: Vec::new(),
            params: params.map(|(name, text)| (name.to_owned(), text.into())).collect(),
            run: Some(TaskRun {
                path: Some("sh".into()),
                args: vec![self.file(files::CHECKOUT)],
                dir: None,
                user: None,
            }),
            container_limits: None,
        };
        let task = TaskStep {
            task: artifact(if checkout.is_empty() { "compare-approved" } else { "checkout-approved" }),
            config: Some(config),
            file: None,
            image: None,
            privileged: None,
            vars: None,
            params: None,
            input_mapping: IndexMap::default(),
            output_mapping: IndexMap::default(),
            container_limits: None,
        };
        Some(Core::Task(Box::new(task)).into())
    }
}
