//! The pipeline as Concourse's types have it (`atc/config.go`, `job_config.go`, `steps.go`, `task.go`), as tables.

use crate::model::ConcourseVersion;
use ConcourseVersion::{V7_14, V8_1, V8_2, V8_3};

/// What a field takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Anything.
    Any,
    Text,
    Bool,
    Int,
    /// A map of anything.
    Map,
    /// A map of texts.
    TextMap,
    /// The environment of a task: a map of scalars, which become texts.
    Environment,
    List(&'static Self),
    /// Texts, of which empty ones do not count.
    Tags,
    Struct(&'static Struct),
    /// The same; nothing at all is as if it were not there.
    Optional(&'static Self),
    Step,
    InParallel,
    /// `never` or how often.
    CheckEvery,
    /// Of a get: a word, or a map of texts.
    Version,
    /// Of a put: a word, or artifacts.
    Inputs,
    /// Of `across`: `all` or a number.
    MaxInFlight,
    /// Of a container: a number.
    Cpu,
    /// Of a container: a number, or a text with a unit.
    Memory,
    /// Of a cache: how long.
    Ttl,
}

/// What becomes of a key that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// `--strict` refuses it, and the server as well, but at the top of a pipeline.
    Strict,
    /// It is refused.
    Refused,
    /// It is refused from a version on; before, nobody looked at it.
    RefusedFrom(ConcourseVersion),
    /// Nobody looks at it.
    Ignored,
}

/// A map with fields of Concourse's.
#[derive(Debug)]
pub(super) struct Struct {
    /// What a person calls it.
    pub(super) noun: &'static str,
    pub(super) fields: &'static [Field],
    pub(super) unknown: Unknown,
}

/// A field, and the version that has it first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) since: ConcourseVersion,
}

const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, since: V7_14 }
}

const fn since(since: ConcourseVersion, name: &'static str, shape: Shape) -> Field {
    Field { name, shape, since }
}

const TEXTS: Shape = Shape::List(&Shape::Text);
const STEPS: Shape = Shape::List(&Shape::Step);
const HOOK: Shape = Shape::Optional(&Shape::Step);
const CHECK_EVERY: Shape = Shape::Optional(&Shape::CheckEvery);
const LIMITS: Shape = Shape::Optional(&Shape::Struct(&Struct {
    noun: "`container_limits`",
    unknown: Unknown::Ignored,
    fields: &[field("cpu", Shape::Optional(&Shape::Cpu)), field("memory", Shape::Optional(&Shape::Memory))],
}));

pub(super) static PIPELINE: Struct = Struct {
    noun: "a pipeline",
    unknown: Unknown::Strict,
    fields: &[
        field("groups", Shape::List(&Shape::Struct(&GROUP))),
        field("var_sources", Shape::List(&Shape::Struct(&VAR_SOURCE))),
        field("resources", Shape::List(&Shape::Struct(&RESOURCE))),
        field("resource_types", Shape::List(&Shape::Struct(&RESOURCE_TYPE))),
        field("prototypes", Shape::List(&Shape::Struct(&PROTOTYPE))),
        field("jobs", Shape::List(&Shape::Struct(&JOB))),
        field("display", Shape::Optional(&Shape::Struct(&DISPLAY))),
        since(V8_2, "user_data", Shape::Any),
    ],
};

static GROUP: Struct = Struct {
    noun: "a group",
    unknown: Unknown::Strict,
    fields: &[field("name", Shape::Text), field("jobs", TEXTS), field("resources", TEXTS)],
};

static VAR_SOURCE: Struct = Struct {
    noun: "a variable source",
    unknown: Unknown::Strict,
    fields: &[field("name", Shape::Text), field("type", Shape::Text), field("config", Shape::Any)],
};

static RESOURCE: Struct = Struct {
    noun: "a resource",
    unknown: Unknown::Strict,
    fields: &[
        field("name", Shape::Text),
        field("old_name", Shape::Text),
        field("public", Shape::Bool),
        field("webhook_token", Shape::Text),
        field("type", Shape::Text),
        field("source", Shape::Map),
        field("check_every", CHECK_EVERY),
        field("check_timeout", Shape::Text),
        field("tags", Shape::Tags),
        field("version", Shape::TextMap),
        field("icon", Shape::Text),
        field("expose_build_created_by", Shape::Bool),
    ],
};

const TYPE_FIELDS: &[Field] = &[
    field("name", Shape::Text),
    field("type", Shape::Text),
    field("source", Shape::Map),
    field("defaults", Shape::Map),
    field("privileged", Shape::Bool),
    field("check_every", CHECK_EVERY),
    field("tags", Shape::Tags),
    field("params", Shape::Map),
];

static RESOURCE_TYPE: Struct = Struct { noun: "a resource type", unknown: Unknown::Strict, fields: TYPE_FIELDS };
static PROTOTYPE: Struct = Struct { noun: "a prototype", unknown: Unknown::Strict, fields: TYPE_FIELDS };

static DISPLAY: Struct = Struct {
    noun: "`display`",
    unknown: Unknown::Strict,
    fields: &[field("background_image", Shape::Text), field("background_filter", Shape::Text)],
};

static JOB: Struct = Struct {
    noun: "a job",
    unknown: Unknown::Strict,
    fields: &[
        field("name", Shape::Text),
        field("old_name", Shape::Text),
        field("public", Shape::Bool),
        field("disable_manual_trigger", Shape::Bool),
        since(V8_1, "disable_reruns", Shape::Bool),
        field("serial", Shape::Bool),
        field("interruptible", Shape::Bool),
        field("serial_groups", TEXTS),
        field("max_in_flight", Shape::Int),
        field("build_logs_to_retain", Shape::Int),
        field("build_log_retention", Shape::Optional(&Shape::Struct(&BUILD_LOG_RETENTION))),
        since(V8_3, "tags", Shape::Tags),
        field("on_success", HOOK),
        field("on_failure", HOOK),
        field("on_abort", HOOK),
        field("on_error", HOOK),
        field("ensure", HOOK),
        field("plan", STEPS),
    ],
};

static BUILD_LOG_RETENTION: Struct = Struct {
    noun: "`build_log_retention`",
    unknown: Unknown::Strict,
    fields: &[field("builds", Shape::Int), field("minimum_succeeded_builds", Shape::Int), field("days", Shape::Int)],
};

/// A part of a step that its key tells, and the fields that it takes of the step.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) key: &'static str,
    pub(super) fields: Struct,
    /// It makes the step what it is; the others change what that does.
    pub(super) is_core: bool,
}

const fn modifier(key: &'static str, fields: &'static [Field]) -> Part {
    Part { key, fields: Struct { noun: "a step", fields, unknown: Unknown::Refused }, is_core: false }
}

const fn core(key: &'static str, noun: &'static str, fields: &'static [Field]) -> Part {
    Part { key, fields: Struct { noun, fields, unknown: Unknown::Refused }, is_core: true }
}

/// The parts in the order in which Concourse looks for them. The first core ends the search: what is left is unknown.
pub(super) static PARTS: [Part; 17] = [
    modifier("ensure", &[field("ensure", Shape::Step)]),
    modifier("on_error", &[field("on_error", Shape::Step)]),
    modifier("on_abort", &[field("on_abort", Shape::Step)]),
    modifier("on_failure", &[field("on_failure", Shape::Step)]),
    modifier("on_success", &[field("on_success", Shape::Step)]),
    modifier("across", &[field("across", Shape::List(&Shape::Struct(&ACROSS_VAR))), field("fail_fast", Shape::Bool)]),
    modifier("attempts", &[field("attempts", Shape::Int)]),
    core(
        "run",
        "a run step",
        &[
            field("run", Shape::Text),
            field("type", Shape::Text),
            field("params", Shape::Map),
            field("privileged", Shape::Bool),
            field("tags", Shape::Tags),
            field("container_limits", LIMITS),
            field("timeout", Shape::Text),
        ],
    ),
    core(
        "task",
        "a task step",
        &[
            field("task", Shape::Text),
            field("privileged", Shape::Bool),
            field("hermetic", Shape::Bool),
            field("file", Shape::Text),
            field("container_limits", LIMITS),
            field("config", Shape::Optional(&Shape::Struct(&TASK_CONFIG))),
            field("params", Shape::Environment),
            field("vars", Shape::Map),
            field("tags", Shape::Tags),
            field("input_mapping", Shape::TextMap),
            field("output_mapping", Shape::TextMap),
            field("image", Shape::Text),
            field("timeout", Shape::Text),
        ],
    ),
    core(
        "put",
        "a put step",
        &[
            field("put", Shape::Text),
            field("resource", Shape::Text),
            field("params", Shape::Map),
            field("inputs", Shape::Optional(&Shape::Inputs)),
            field("tags", Shape::Tags),
            field("get_params", Shape::Map),
            field("timeout", Shape::Text),
            field("no_get", Shape::Bool),
        ],
    ),
    core(
        "get",
        "a get step",
        &[
            field("get", Shape::Text),
            field("resource", Shape::Text),
            field("version", Shape::Optional(&Shape::Version)),
            field("params", Shape::Map),
            field("passed", TEXTS),
            field("trigger", Shape::Bool),
            field("tags", Shape::Tags),
            field("timeout", Shape::Text),
        ],
    ),
    modifier("timeout", &[field("timeout", Shape::Text)]),
    core(
        "set_pipeline",
        "a set_pipeline step",
        &[
            field("set_pipeline", Shape::Text),
            field("file", Shape::Text),
            field("team", Shape::Text),
            field("vars", Shape::Map),
            field("var_files", TEXTS),
            field("instance_vars", Shape::Map),
        ],
    ),
    core(
        "load_var",
        "a load_var step",
        &[
            field("load_var", Shape::Text),
            field("file", Shape::Text),
            field("format", Shape::Text),
            field("reveal", Shape::Bool),
        ],
    ),
    core("try", "a try step", &[field("try", Shape::Step)]),
    core("do", "a do step", &[field("do", STEPS), since(V8_3, "tags", Shape::Tags)]),
    core(
        "in_parallel",
        "an in_parallel step",
        &[field("in_parallel", Shape::InParallel), since(V8_3, "tags", Shape::Tags)],
    ),
];

static ACROSS_VAR: Struct = Struct {
    noun: "a variable of `across`",
    unknown: Unknown::Refused,
    fields: &[
        field("var", Shape::Text),
        field("values", Shape::Any),
        field("max_in_flight", Shape::Optional(&Shape::MaxInFlight)),
    ],
};

pub(super) static IN_PARALLEL: Struct = Struct {
    noun: "`in_parallel`",
    unknown: Unknown::Ignored,
    fields: &[field("steps", STEPS), field("limit", Shape::Int), field("fail_fast", Shape::Bool)],
};

static TASK_CONFIG: Struct = Struct {
    noun: "the `config` of a task",
    unknown: Unknown::RefusedFrom(V8_1),
    fields: &[
        field("platform", Shape::Text),
        field("rootfs_uri", Shape::Text),
        field("image_resource", Shape::Optional(&Shape::Struct(&IMAGE_RESOURCE))),
        field("container_limits", LIMITS),
        field("params", Shape::Environment),
        field("run", Shape::Struct(&RUN)),
        field("inputs", Shape::List(&Shape::Struct(&TASK_INPUT))),
        field("outputs", Shape::List(&Shape::Struct(&TASK_OUTPUT))),
        field("caches", Shape::List(&Shape::Struct(&TASK_CACHE))),
    ],
};

static IMAGE_RESOURCE: Struct = Struct {
    noun: "`image_resource`",
    unknown: Unknown::Ignored,
    fields: &[
        field("name", Shape::Text),
        field("type", Shape::Text),
        field("source", Shape::Map),
        field("version", Shape::TextMap),
        field("params", Shape::Map),
        field("tags", Shape::Tags),
    ],
};

static RUN: Struct = Struct {
    noun: "`run`",
    unknown: Unknown::Ignored,
    fields: &[field("path", Shape::Text), field("args", TEXTS), field("dir", Shape::Text), field("user", Shape::Text)],
};

static TASK_INPUT: Struct = Struct {
    noun: "an input",
    unknown: Unknown::Ignored,
    fields: &[field("name", Shape::Text), field("path", Shape::Text), field("optional", Shape::Bool)],
};

static TASK_OUTPUT: Struct = Struct {
    noun: "an output",
    unknown: Unknown::Ignored,
    fields: &[field("name", Shape::Text), field("path", Shape::Text)],
};

static TASK_CACHE: Struct = Struct {
    noun: "a cache",
    unknown: Unknown::Ignored,
    fields: &[field("path", Shape::Text), since(V8_2, "ttl", Shape::Ttl)],
};
