use serde::{Deserialize, Serialize};

use super::{JobName, Step};

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its name.
    pub name: JobName,
    /// A former name, whose builds are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_name: Option<String>,
    /// One build at a time.
    #[serde(default, skip_serializing_if = "is_false")]
    pub serial: bool,
    /// Jobs of one group take turns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serial_groups: Vec<String>,
    /// So many builds at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<u32>,
    /// How long logs are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_log_retention: Option<BuildLogRetention>,
    /// How many logs are kept, as it was said before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_logs_to_retain: Option<u32>,
    /// Shows builds to everybody.
    #[serde(default, skip_serializing_if = "is_false")]
    pub public: bool,
    /// No + button.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disable_manual_trigger: bool,
    /// No builds again; of Concourse 8.1.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disable_reruns: bool,
    /// Workers that may run it; of Concourse 8.3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// A worker that goes away does not wait for its builds.
    #[serde(default, skip_serializing_if = "is_false")]
    pub interruptible: bool,
    /// The steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Step>,
    /// After success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_success: Option<Step>,
    /// After a step failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<Step>,
    /// After Concourse could not run a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<Step>,
    /// After somebody stopped the build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_abort: Option<Step>,
    /// In any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ensure: Option<Step>,
}

impl Job {
    /// A job of that name, of which nothing else is said.
    pub fn named(name: JobName) -> Self {
        Self {
            name,
            old_name: None,
            serial: false,
            serial_groups: Vec::new(),
            max_in_flight: None,
            build_log_retention: None,
            build_logs_to_retain: None,
            public: false,
            disable_manual_trigger: false,
            disable_reruns: false,
            tags: Vec::new(),
            interruptible: false,
            plan: Vec::new(),
            on_success: None,
            on_failure: None,
            on_error: None,
            on_abort: None,
            ensure: None,
        }
    }

    /// Shows a visitor all steps of the job, hooks too, to change them.
    pub fn each_step_mut(&mut self, visit: &mut dyn FnMut(&mut Step)) {
        let Self { plan, on_success, on_failure, on_error, on_abort, ensure, .. } = self;
        let hooks = [on_success, on_failure, on_error, on_abort, ensure];
        plan.iter_mut().chain(hooks.into_iter().flatten()).for_each(|step| step.each_mut(visit));
    }

    /// Shows a visitor all steps of the job, hooks too.
    pub fn each_step<'s>(&'s self, visit: &mut dyn FnMut(&'s Step)) {
        let hooks = self.hooks().into_iter().filter_map(|(_, hook)| hook);
        self.plan.iter().chain(hooks).for_each(|step| step.each(visit));
    }

    /// Its hooks, in Concourse's words.
    pub fn hooks(&self) -> [(&'static str, Option<&Step>); 5] {
        [
            ("on_success", self.on_success.as_ref()),
            ("on_failure", self.on_failure.as_ref()),
            ("on_error", self.on_error.as_ref()),
            ("on_abort", self.on_abort.as_ref()),
            ("ensure", self.ensure.as_ref()),
        ]
    }
}

/// How long logs are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildLogRetention {
    /// Builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub builds: Option<u32>,
    /// Days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Successful ones among the builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_succeeded_builds: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
