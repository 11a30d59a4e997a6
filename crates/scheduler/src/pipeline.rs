//! A pipeline as Concourse saves it: names, and nothing of what a step does.

/// A version of a resource. Its content does not matter, only which versions are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub u32);

/// A pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pipeline {
    /// The resources, in the order of the file. The order decides which id a new resource gets.
    pub resources: Vec<Resource>,
    /// The jobs, in the order of the file. The order decides which id a new job gets.
    pub jobs: Vec<Job>,
}

/// A resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resource {
    /// The name.
    pub name: String,
    /// The name that the resource had before.
    pub old_name: Option<String>,
    /// The type and the source, as any text. A resource that gets another text loses its versions.
    pub source: String,
    /// The version that the file pins.
    pub version: Option<Version>,
}

/// A job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Job {
    /// The name.
    pub name: String,
    /// The name that the job had before.
    pub old_name: Option<String>,
    /// The `get` steps of the whole plan, hooks included. The get that follows a put is not an input.
    pub inputs: Vec<Input>,
    /// The `put` steps of the whole plan, hooks included.
    pub outputs: Vec<Output>,
    /// `serial`.
    pub serial: bool,
    /// `serial_groups`.
    pub serial_groups: Vec<String>,
    /// `max_in_flight`. 0 is no limit.
    pub max_in_flight: usize,
}

/// A `get` step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Input {
    /// The name of the step.
    pub name: String,
    /// The resource.
    pub resource: String,
    /// `passed`: the jobs that the version must have passed.
    pub passed: Vec<String>,
    /// `trigger`.
    pub trigger: bool,
    /// `version`.
    pub version: VersionChoice,
}

/// The `version` of a `get` step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VersionChoice {
    /// `latest`, the default.
    #[default]
    Latest,
    /// `every`.
    Every,
    /// A version.
    Pinned(Version),
}

/// A `put` step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Output {
    /// The name of the step.
    pub name: String,
    /// The resource.
    pub resource: String,
}
