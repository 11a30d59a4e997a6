//! A pipeline as Concourse defines it: `atc/config.go`, `atc/steps.go` and `atc/task.go` of Concourse 7.14 to 8.3.
//!
//! The order of fields is the order of the output. What is absent is left out.

mod identifier;
mod instance_vars;
mod job;
mod pipeline;
mod resource;
mod step;
mod task;
mod version;

pub(crate) use identifier::check_identifier;
pub use identifier::{
    InvalidIdentifier, JobName, PipelineName, ResourceName, ResourceTypeName, invalid_name, nearest_identifier,
    plain_name,
};
pub use instance_vars::InstanceVars;
pub use job::{BuildLogRetention, Job};
pub use pipeline::Pipeline;
pub use resource::is_clock;
pub use resource::{Resource, ResourceType};
pub use step::{
    Across, Core, GetStep, InParallel, Inputs, LoadVarStep, PutStep, SetPipelineStep, Step, TaskStep, Version,
};
pub use task::{Cache, ImageResource, TaskConfig, TaskInput, TaskOutput, TaskRun};
pub use version::{ConcourseVersion, UnknownVersion};
