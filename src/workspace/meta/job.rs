use std::collections::BTreeSet;

use concourse_pipeline::model::{
    Core, GetStep, ImageResource, InstanceVars, Job, JobName, LoadVarStep, Pipeline, Resource, ResourceName,
    SetPipelineStep, Step, TaskConfig, TaskInput, TaskRun, TaskStep,
};
use yaml_source::yaml::{IndexMap, Value};

use crate::input::concourse::core_type;
use crate::manifest::{CheckEvery, Secret};
use crate::project::Meta;

/// The artifact that holds the fleet, and the variable that holds what it says.
pub(super) const FLEET: &str = "fleet";

/// How often to look for commits, by default.
const CHECK_EVERY: &str = "5m";

/// The jobs of a pipeline that sets others, each with the source that starts it.
pub(super) struct Jobs<'a> {
    meta: &'a Meta,
    /// From the root of the repository.
    fleet_file: &'a str,
    sources: Vec<Resource>,
    made: Vec<Job>,
    names: BTreeSet<String>,
}

impl<'a> Jobs<'a> {
    pub(super) fn new(meta: &'a Meta, fleet_file: &'a str) -> Self {
        Self { meta, fleet_file, sources: Vec::new(), made: Vec::new(), names: BTreeSet::new() }
    }

    /// Is there one of that name?
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    pub(super) fn into_pipeline(self) -> Pipeline {
        Pipeline { resources: self.sources, jobs: self.made, ..Pipeline::default() }
    }

    /// Adds a job that sets a pipeline from a file of the fleet, once what `check` names renders to what is there.
    pub(super) fn push(&mut self, name: &str, source: &str, watched: Vec<String>, check: &str, set: SetPipelineStep) {
        let image = &self.meta.settings.image;
        // From the commit that is set, not from this pipeline, which may not have been set from it yet.
        let mut image_source = IndexMap::from_iter(
            ["repository", "tag"].map(|field| (field.to_owned(), format!("((.:{FLEET}.meta.image.{field}))").into())),
        );
        for (field, text) in [("username", &image.username), ("password", &image.password.clone().map(|Secret(it)| it))]
        {
            image_source.extend(text.clone().map(|text| (field.to_owned(), Value::from(text))));
        }
        let get = GetStep {
            get: artifact(FLEET),
            resource: (source != FLEET).then(|| artifact(source)),
            version: None,
            trigger: Some(true),
            passed: Vec::new(),
            params: None,
            unpinned: None,
        };
        let read = LoadVarStep {
            load_var: artifact(FLEET),
            file: within_artifact(self.fleet_file),
            format: Some("yaml".to_owned()),
            // Nothing of it is secret, and its words would be blackened in all that the task prints.
            reveal: Some(true),
        };
        let check = TaskStep {
            task: artifact("check"),
            config: Some(TaskConfig {
                platform: "linux".to_owned(),
                image_resource: Some(ImageResource {
                    type_name: "registry-image".to_owned(),
                    source: Some(Value::Map(image_source)),
                    params: None,
                    version: None,
                    tags: Vec::new(),
                }),
                rootfs_uri: None,
                inputs: vec![TaskInput { name: FLEET.to_owned(), path: None, optional: None }],
                outputs: Vec::new(),
                caches: Vec::new(),
                params: IndexMap::default(),
                run: Some(TaskRun {
                    path: Some("ol-pipegen".to_owned()),
                    args: ["render", "--check", "--", check].map(str::to_owned).into(),
                    dir: Some(FLEET.to_owned()),
                    user: None,
                }),
                container_limits: None,
            }),
            file: None,
            image: None,
            privileged: None,
            vars: None,
            params: None,
            input_mapping: IndexMap::default(),
            output_mapping: IndexMap::default(),
            container_limits: None,
        };
        self.sources.push(self.source(source, watched));
        self.names.insert(name.to_owned());
        self.made.push(Job {
            plan: [Core::Get(get), Core::LoadVar(read), Core::Task(Box::new(check)), Core::SetPipeline(set)]
                .map(Step::from)
                .into(),
            serial: true,
            ..job(name)
        });
    }

    fn source(&self, name: &str, watched: Vec<String>) -> Resource {
        let code = &self.meta.settings.source;
        let mut source = IndexMap::from_iter([
            ("uri".to_owned(), Value::from(code.repository.as_str())),
            ("branch".to_owned(), code.branch.as_deref().unwrap_or("main").into()),
            ("paths".to_owned(), Value::List(watched.into_iter().map(Value::from).collect())),
        ]);
        source.extend(code.private_key.as_ref().map(|Secret(key)| ("private_key".to_owned(), key.as_str().into())));
        let check_every = code.check_every.as_ref().map(CheckEvery::to_concourse);
        Resource {
            icon: Some("git".to_owned()),
            source: Some(Value::Map(source)),
            check_every: Some(check_every.unwrap_or_else(|| CHECK_EVERY.to_owned())),
            ..Resource::named(artifact(name), core_type("git"))
        }
    }
}

pub(super) fn instance(vars: &InstanceVars) -> Option<Value> {
    let vars: IndexMap<String, Value> = vars.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    (!vars.is_empty()).then_some(Value::Map(vars))
}

pub(super) fn within_artifact(path: &str) -> String {
    format!("{FLEET}/{path}")
}

/// A name that is made of names of pipelines, which are alike.
pub(super) fn artifact(name: &str) -> ResourceName {
    ResourceName::parse(name).expect("internal error: the name of a pipeline is none of a resource")
}

fn job(name: &str) -> Job {
    Job {
        name: JobName::parse(name).expect("internal error: the name of a pipeline is none of a job"),
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
