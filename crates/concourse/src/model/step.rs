use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use yaml_source::yaml::{IndexMap, Value};

use super::{JobName, ResourceName, TaskConfig};

/// A step: what it does, and what is done about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What it does.
    #[serde(flatten)]
    pub core: Core,
    /// A Go duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
    /// How often it is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Workers that may run it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Runs it for each of several values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub across: Vec<Across>,
    /// Stops the other runs when one fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_fast: Option<bool>,
    /// After success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_success: Option<Box<Step>>,
    /// After it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<Box<Step>>,
    /// After Concourse could not run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_error: Option<Box<Step>>,
    /// After somebody stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_abort: Option<Box<Step>>,
    /// In any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ensure: Option<Box<Step>>,
}

impl Step {
    /// Shows a visitor this step and all within it, hooks too.
    pub fn each<'s>(&'s self, visit: &mut dyn FnMut(&'s Step)) {
        visit(self);
        match &self.core {
            Core::Try { step } => step.each(visit),
            Core::Do { steps } => steps.iter().for_each(|step| step.each(visit)),
            Core::InParallel { in_parallel } => in_parallel.steps.iter().for_each(|step| step.each(visit)),
            Core::Get(_) | Core::Put(_) | Core::Task(_) | Core::SetPipeline(_) | Core::LoadVar(_) => {}
        }
        self.hooks().into_iter().filter_map(|(_, hook)| hook).for_each(|step| step.each(visit));
    }

    /// Its hooks, in Concourse's words.
    pub fn hooks(&self) -> [(&'static str, Option<&Self>); 5] {
        [
            ("on_success", self.on_success.as_deref()),
            ("on_failure", self.on_failure.as_deref()),
            ("on_error", self.on_error.as_deref()),
            ("on_abort", self.on_abort.as_deref()),
            ("ensure", self.ensure.as_deref()),
        ]
    }
}

impl Step {
    /// Shows a visitor this step and all within it, hooks too, to change them.
    pub(crate) fn each_mut(&mut self, visit: &mut dyn FnMut(&mut Step)) {
        visit(self);
        match &mut self.core {
            Core::Try { step } => step.each_mut(visit),
            Core::Do { steps } => steps.iter_mut().for_each(|step| step.each_mut(visit)),
            Core::InParallel { in_parallel } => in_parallel.steps.iter_mut().for_each(|step| step.each_mut(visit)),
            Core::Get(_) | Core::Put(_) | Core::Task(_) | Core::SetPipeline(_) | Core::LoadVar(_) => {}
        }
        let Self { on_success, on_failure, on_error, on_abort, ensure, .. } = self;
        let hooks = [on_success, on_failure, on_error, on_abort, ensure];
        hooks.into_iter().flatten().for_each(|step| step.each_mut(visit));
    }
}

impl From<Core> for Step {
    fn from(core: Core) -> Self {
        Self {
            core,
            timeout: None,
            attempts: None,
            tags: Vec::new(),
            across: Vec::new(),
            fail_fast: None,
            on_success: None,
            on_failure: None,
            on_error: None,
            on_abort: None,
            ensure: None,
        }
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Core {
    /// Fetches a version.
    Get(GetStep),
    /// Makes a version.
    Put(PutStep),
    /// Runs a command.
    Task(Box<TaskStep>),
    /// Sets a pipeline.
    SetPipeline(SetPipelineStep),
    /// Reads a file into a local variable.
    LoadVar(LoadVarStep),
    /// A step that may fail.
    Try {
        /// The step.
        #[serde(rename = "try")]
        step: Box<Step>,
    },
    /// One step after the other.
    Do {
        /// The steps.
        #[serde(rename = "do")]
        steps: Vec<Step>,
    },
    /// Steps beside one another.
    InParallel {
        /// The steps.
        in_parallel: InParallel,
    },
}

/// Fetches a version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GetStep {
    /// The artifact. Default: the resource, too.
    pub get: ResourceName,
    /// The resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceName>,
    /// Which version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// A new version starts the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<bool>,
    /// Only versions that these jobs had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<JobName>,
    /// What the resource type asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// Why a job behind a gate takes the newest version. A word of this program, not of Concourse: it is not written.
    #[serde(skip)]
    pub unpinned: Option<String>,
}

/// Makes a version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PutStep {
    /// The artifact of the get that follows. Default: the resource, too.
    pub put: ResourceName,
    /// The resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceName>,
    /// The artifacts that it sees. Absent means all in Concourse 7 and those that `params` name from 8.0 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Inputs>,
    /// What the resource type asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// Of the get that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub get_params: Option<Value>,
    /// No get follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_get: Option<bool>,
}

/// Runs a command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskStep {
    /// Its name.
    pub task: ResourceName,
    /// What it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<TaskConfig>,
    /// The file that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// An artifact that it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// With the rights of the worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privileged: Option<bool>,
    /// Variables of `file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vars: Option<Value>,
    /// Its environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// Names of inputs → artifacts.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub input_mapping: IndexMap<String, String>,
    /// Names of outputs → artifacts.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub output_mapping: IndexMap<String, String>,
    /// `cpu` and `memory`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_limits: Option<Value>,
}

/// Sets a pipeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetPipelineStep {
    /// The pipeline, or `self`.
    pub set_pipeline: ResourceName,
    /// The file that it is read from.
    pub file: String,
    /// The team that gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Its variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vars: Option<Value>,
    /// Files of variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub var_files: Vec<String>,
    /// Its instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_vars: Option<Value>,
}

/// Reads a file into a local variable, `((.:name))`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LoadVarStep {
    /// The variable.
    pub load_var: ResourceName,
    /// The file.
    pub file: String,
    /// `json`, `yaml`, `trim` or `raw`. Default: by the file's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Shows the value in logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reveal: Option<bool>,
}

/// Steps beside one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InParallel {
    /// The steps.
    pub steps: Vec<Step>,
    /// So many at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Stops the others when one fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_fast: Option<bool>,
}

/// Which version a get fetches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// The newest.
    Latest,
    /// Each, one build after the other.
    Every,
    /// The newest that says this.
    Pinned(IndexMap<String, String>),
}

/// The artifacts that a put sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// All of the build.
    All,
    /// Those that begin a path in `params`.
    Detect,
    /// These.
    Named(Vec<String>),
}

/// A variable of `across`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Across {
    /// The local variable.
    pub var: String,
    /// Its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Value>,
    /// How many at a time, or `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<Value>,
}

/// A step as it stands in YAML, where what it does and what is done about it are keys of one map.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawStep {
    get: Option<ResourceName>,
    put: Option<ResourceName>,
    task: Option<ResourceName>,
    set_pipeline: Option<ResourceName>,
    load_var: Option<ResourceName>,
    #[serde(rename = "try")]
    try_step: Option<Box<Step>>,
    #[serde(rename = "do")]
    do_steps: Option<Vec<Step>>,
    in_parallel: Option<RawInParallel>,
    resource: Option<ResourceName>,
    version: Option<Version>,
    trigger: Option<bool>,
    passed: Option<Vec<JobName>>,
    unpinned: Option<String>,
    params: Option<Value>,
    inputs: Option<Inputs>,
    get_params: Option<Value>,
    no_get: Option<bool>,
    config: Option<TaskConfig>,
    file: Option<String>,
    image: Option<String>,
    privileged: Option<bool>,
    vars: Option<Value>,
    input_mapping: Option<IndexMap<String, String>>,
    output_mapping: Option<IndexMap<String, String>>,
    container_limits: Option<Value>,
    team: Option<String>,
    var_files: Option<Vec<String>>,
    instance_vars: Option<Value>,
    format: Option<String>,
    reveal: Option<bool>,
    timeout: Option<String>,
    attempts: Option<u32>,
    tags: Option<Vec<String>>,
    across: Option<Vec<Across>>,
    fail_fast: Option<bool>,
    on_success: Option<Box<Step>>,
    on_failure: Option<Box<Step>>,
    on_error: Option<Box<Step>>,
    on_abort: Option<Box<Step>>,
    ensure: Option<Box<Step>>,
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawStep::deserialize(deserializer)?.into_step().map_err(de::Error::custom)
    }
}

impl RawStep {
    /// The core step is found in Concourse's order (`atc/steps.go`); a key of another one is unknown to it.
    fn into_step(mut self) -> Result<Step, String> {
        let core = self.take_core()?;
        let step = Step {
            timeout: self.timeout.take(),
            attempts: self.attempts.take(),
            tags: self.tags.take().unwrap_or_default(),
            across: self.across.take().unwrap_or_default(),
            fail_fast: self.fail_fast.take(),
            on_success: self.on_success.take(),
            on_failure: self.on_failure.take(),
            on_error: self.on_error.take(),
            on_abort: self.on_abort.take(),
            ensure: self.ensure.take(),
            core,
        };
        match self.left_over() {
            None => Ok(step),
            Some(field) => Err(format!("unknown field `{field}` of this step")),
        }
    }

    fn take_core(&mut self) -> Result<Core, String> {
        Ok(if let Some(task) = self.task.take() {
            Core::Task(Box::new(TaskStep {
                task,
                config: self.config.take(),
                file: self.file.take(),
                image: self.image.take(),
                privileged: self.privileged.take(),
                vars: self.vars.take(),
                params: self.params.take(),
                input_mapping: self.input_mapping.take().unwrap_or_default(),
                output_mapping: self.output_mapping.take().unwrap_or_default(),
                container_limits: self.container_limits.take(),
            }))
        } else if let Some(put) = self.put.take() {
            Core::Put(PutStep {
                put,
                resource: self.resource.take(),
                inputs: self.inputs.take(),
                params: self.params.take(),
                get_params: self.get_params.take(),
                no_get: self.no_get.take(),
            })
        } else if let Some(get) = self.get.take() {
            Core::Get(GetStep {
                get,
                resource: self.resource.take(),
                version: self.version.take(),
                trigger: self.trigger.take(),
                passed: self.passed.take().unwrap_or_default(),
                params: self.params.take(),
                unpinned: match self.unpinned.take() {
                    Some(reason) if reason.trim().is_empty() => return Err("`unpinned` needs a reason".to_owned()),
                    reason => reason,
                },
            })
        } else if let Some(set_pipeline) = self.set_pipeline.take() {
            Core::SetPipeline(SetPipelineStep {
                set_pipeline,
                file: self.file.take().ok_or("no `file` to set the pipeline from")?,
                team: self.team.take(),
                vars: self.vars.take(),
                var_files: self.var_files.take().unwrap_or_default(),
                instance_vars: self.instance_vars.take(),
            })
        } else if let Some(load_var) = self.load_var.take() {
            Core::LoadVar(LoadVarStep {
                load_var,
                file: self.file.take().ok_or("no `file` to load the variable from")?,
                format: self.format.take(),
                reveal: self.reveal.take(),
            })
        } else if let Some(step) = self.try_step.take() {
            Core::Try { step }
        } else if let Some(steps) = self.do_steps.take() {
            Core::Do { steps }
        } else if let Some(RawInParallel(in_parallel)) = self.in_parallel.take() {
            Core::InParallel { in_parallel }
        } else {
            return Err("a step needs one of `get`, `put`, `task`, `set_pipeline`, `load_var`, `try`, `do` and \
                        `in_parallel`"
                .to_owned());
        })
    }

    fn left_over(&self) -> Option<&'static str> {
        macro_rules! first_of {
            ($($field:ident = $name:literal),+ $(,)?) => {
                [$(self.$field.is_some().then_some($name)),+].into_iter().flatten().next()
            };
        }
        first_of!(
            task = "task",
            put = "put",
            get = "get",
            set_pipeline = "set_pipeline",
            load_var = "load_var",
            try_step = "try",
            do_steps = "do",
            in_parallel = "in_parallel",
            resource = "resource",
            version = "version",
            trigger = "trigger",
            passed = "passed",
            unpinned = "unpinned",
            params = "params",
            inputs = "inputs",
            get_params = "get_params",
            no_get = "no_get",
            config = "config",
            file = "file",
            image = "image",
            privileged = "privileged",
            vars = "vars",
            input_mapping = "input_mapping",
            output_mapping = "output_mapping",
            container_limits = "container_limits",
            team = "team",
            var_files = "var_files",
            instance_vars = "instance_vars",
            format = "format",
            reveal = "reveal",
        )
    }
}

/// `in_parallel` as a list, or as a map with `steps`.
struct RawInParallel(InParallel);

impl<'de> Deserialize<'de> for RawInParallel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = InParallel;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of steps, or a map with `steps`")
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<InParallel, A::Error> {
                let steps = Vec::deserialize(de::value::SeqAccessDeserializer::new(items))?;
                Ok(InParallel { steps, limit: None, fail_fast: None })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, entries: A) -> Result<InParallel, A::Error> {
                InParallel::deserialize(de::value::MapAccessDeserializer::new(entries))
            }
        }

        deserializer.deserialize_any(Visitor).map(Self)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Latest => "latest".serialize(serializer),
            Self::Every => "every".serialize(serializer),
            Self::Pinned(fields) => fields.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Version;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`latest`, `every` or a map")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Version, E> {
                match word {
                    "latest" => Ok(Version::Latest),
                    "every" => Ok(Version::Every),
                    _ => Err(E::unknown_variant(word, &["latest", "every"])),
                }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, entries: A) -> Result<Version, A::Error> {
                IndexMap::deserialize(de::value::MapAccessDeserializer::new(entries)).map(Version::Pinned)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl Serialize for Inputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => "all".serialize(serializer),
            Self::Detect => "detect".serialize(serializer),
            Self::Named(names) => names.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Inputs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`all`, `detect` or a list of artifacts")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Inputs, E> {
                match word {
                    "all" => Ok(Inputs::All),
                    "detect" => Ok(Inputs::Detect),
                    // Concourse takes any other word for an empty list of artifacts, without a word about it.
                    _ => Err(E::unknown_variant(word, &["all", "detect"])),
                }
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<Inputs, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(items)).map(Inputs::Named)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yaml_source::diagnostic::Diagnostics;
    use yaml_source::source::Sources;
    use yaml_source::yaml::{Limits, decode, emit, read};

    fn step(text: &str) -> Result<Step, String> {
        let mut sources = Sources::default();
        let file = sources.add("a.yml", text);
        let node = read(&sources, file, Limits::MANIFEST, &mut Diagnostics::default()).unwrap();
        decode(&node)
            .map_err(|error| format!("{} at `{}`", error.message, error.span.map_or("?", |span| sources.slice(span))))
    }

    #[test]
    fn steps_come_out_as_they_went_in() {
        for text in [
            "get: a\nresource: b\nversion: every\ntrigger: true\npassed:\n- j\nparams:\n  depth: 1\n",
            "put: a\ninputs: detect\nparams:\n  x: z\nget_params:\n  z: 1\nno_get: true\nattempts: 2\n",
            "put: a\ninputs:\n- b\n",
            "task: t\nconfig:\n  platform: linux\n  image_resource:\n    type: registry-image\n    source:\n      repository: busybox\n  inputs:\n  - name: a\n  run:\n    path: sh\n    args:\n    - -c\n    - \"true\"\nprivileged: true\ntimeout: 1h\n",
            "load_var: v\nfile: a/b\nreveal: true\n",
            "try:\n  do:\n  - get: a\n  - get: b\non_failure:\n  put: c\n",
            "in_parallel:\n  steps:\n  - get: a\n  limit: 1\n",
            "set_pipeline: self\nfile: a/b.yml\n",
        ] {
            assert_eq!(emit(&step(text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn key_of_another_step_is_unknown() {
        assert_eq!(step("get: a\nfile: b\n").unwrap_err(), "unknown field `file` of this step at `get: a\nfile: b`");
        assert_eq!(step("task: a\nget: b\n").unwrap_err(), "unknown field `get` of this step at `task: a\nget: b`");
        assert!(step("attempts: 2\n").unwrap_err().starts_with("a step needs one of"));
        assert!(step("get: a\ntrigge: true\n").unwrap_err().contains("unknown field `trigge`"));
        assert_eq!(step("put: a\ninputs: al\n").unwrap_err(), "unknown word `al` at `al`");
        assert_eq!(step("get: A\n").unwrap_err(), "the name `A` must start with a lowercase letter or a number at `A`");
    }
}
