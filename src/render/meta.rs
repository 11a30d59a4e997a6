//! The pipeline that sets all the others of a fleet, and itself.
//!
//! What it sets are the committed files, which are what people have reviewed; and each job first holds its file against
//! the manifest, in the commit that it is about to set it from. Concourse archives a pipeline whose job is gone, and one
//! that a later successful build of its job did not set
//! ([set_pipeline step](https://concourse-ci.org/set-pipeline-step.html)). So
//!
//! - each pipeline has a job of its own, whose one way to succeed leads through the step that sets it;
//! - a job goes only when the pipeline sets itself without it, which the job `self` does only when the whole fleet
//!   renders to the very files of that commit;
//! - the job `self` is never called otherwise: with it the pipeline itself would be archived, and all others with it.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use indexmap::IndexMap;

use crate::concourse::{
    Core, GetStep, ImageResource, InstanceVars, Job, JobName, LoadVarStep, Pipeline, PipelineName, Resource,
    ResourceName, ResourceTypeName, SetPipelineStep, Step, TaskConfig, TaskInput, TaskRun, TaskStep,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule};
use crate::kind::Family;
use crate::manifest::{Secret, is_secret_in_clear};
use crate::project::{Concourse, Fleet, Meta, Project};
use crate::source::Sources;
use crate::yaml::Value;

use super::banner::relative;
use super::{LoadedManifest, LoweredPipeline, file_name};

/// The artifact that holds the fleet, and the variable that holds what it says.
const FLEET: &str = "fleet";

/// The job that sets the pipeline itself. Those of others begin with `set-`.
const SELF: &str = "self";

/// How often to look for commits, unless said.
const CHECK_EVERY: &str = "5m";

/// What of a manifest has to be known to set its pipelines.
pub(super) struct Settable {
    manifest: Utf8PathBuf,
    /// Files of the fleet's own kinds that it uses.
    kinds: Vec<Utf8PathBuf>,
    discovered: bool,
    pipelines: Vec<SettablePipeline>,
}

struct SettablePipeline {
    name: String,
    instance_vars: InstanceVars,
    concourse: Concourse,
}

impl Settable {
    pub(super) fn new(
        manifest: &LoadedManifest,
        project: &Project,
        discovered: bool,
        pipelines: &[LoweredPipeline],
        fleet: &Fleet,
        sources: &Sources,
    ) -> Self {
        let stages = project.chains.iter().flat_map(|chain| &chain.stages);
        let used = stages.flat_map(|stage| {
            let builds = stage.inputs.iter().filter_map(|input| input.build.as_ref());
            let builds = builds.map(|build| (Family::Build, build.kind.as_str()));
            std::iter::once((Family::Stack, stage.kind.as_str())).chain(builds)
        });
        let mut kinds = Vec::new();
        for used in used {
            let own = fleet.kinds.own().iter().find(|kind| (kind.family(), kind.name()) == used);
            let path = own.map(|kind| sources.path(kind.node().span.file));
            if let Some(path) = path.filter(|path| !kinds.iter().any(|known: &Utf8PathBuf| known == path)) {
                kinds.push(path.to_owned());
            }
        }
        Self {
            manifest: manifest.path.clone(),
            kinds,
            discovered,
            pipelines: pipelines
                .iter()
                .map(|pipeline| SettablePipeline {
                    name: pipeline.name.clone(),
                    instance_vars: pipeline.instance_vars.clone(),
                    concourse: pipeline.concourse.clone(),
                })
                .collect(),
        }
    }
}

/// The pipelines that set all the others, one for each Concourse that has any. None where something is wrong with what
/// the fleet says of them.
pub(super) fn pipelines(fleet: &Fleet, settable: &[Settable], diagnostics: &mut Diagnostics) -> Vec<LoweredPipeline> {
    let (Some(meta), Some(path)) = (&fleet.meta, &fleet.path) else { return Vec::new() };
    if is_secret_in_clear("repository", &meta.settings.source.repository) {
        // Who allows it gets what was asked for: a pipeline that is not rendered would be taken for one that is gone.
        diagnostics.push(
            Diagnostic::new(
                Rule::PlaintextSecret,
                meta.span("/source/repository"),
                "the address holds a password in clear",
            )
            .help("leave it out, and give a `private_key`"),
        );
    }
    let mut made = Vec::new();
    for (index, concourse) in fleet.concourses.iter().enumerate() {
        let mut maker = Maker { meta, fleet, path, concourse, sources: Vec::new(), jobs: Vec::new() };
        match maker.pipeline(index, settable) {
            Ok(pipeline) => made.extend(pipeline),
            Err(diagnostic) => {
                // One problem of several Concourses is told once.
                diagnostics.push(*diagnostic);
                return Vec::new();
            }
        }
    }
    for pipeline in &made {
        let others = settable.iter().flat_map(|settable| &settable.pipelines);
        if others.into_iter().any(|other| other.name == pipeline.name) {
            diagnostics.push(
                Diagnostic::new(
                    Rule::DuplicatePipeline,
                    meta.span("/pipeline"),
                    format!("two pipelines are called `{}`", pipeline.name),
                )
                .help("this one sets the other: give it another name"),
            );
        }
    }
    made
}

type Problem = Box<Diagnostic>;

/// Makes the pipeline of one Concourse.
struct Maker<'a> {
    meta: &'a Meta,
    fleet: &'a Fleet,
    path: &'a Utf8Path,
    concourse: &'a Concourse,
    sources: Vec<Resource>,
    jobs: Vec<Job>,
}

impl Maker<'_> {
    fn pipeline(&mut self, index: usize, settable: &[Settable]) -> Result<Option<LoweredPipeline>, Problem> {
        let here = |pipeline: &&SettablePipeline| pipeline.concourse == *self.concourse;
        if !settable.iter().flat_map(|settable| &settable.pipelines).any(|pipeline| here(&pipeline)) {
            return Ok(None);
        }
        let name = self.name(index)?;
        let team = self.team()?;
        let fleet_file = self.in_repository(self.path)?;
        let mut watched = vec![fleet_file.clone()];
        for glob in &self.fleet.projects {
            watched.push(self.in_repository(&self.fleet.folder.join(glob))?);
        }
        watched.push(self.in_repository(&self.fleet.kinds_folder)?);
        watched.push(self.in_repository(&self.fleet.output)?);
        let file = self.in_repository(&self.fleet.output.join(format!("{name}.yml")))?;
        self.job(
            SELF,
            FLEET,
            watched,
            &fleet_file,
            SetPipelineStep {
                set_pipeline: artifact(SELF),
                file: within_artifact(&file),
                team: None,
                vars: None,
                var_files: Vec::new(),
                instance_vars: None,
            },
        );
        for settable in settable {
            let manifest = self.in_repository(&settable.manifest)?;
            for pipeline in settable.pipelines.iter().filter(here) {
                if settable.discovered {
                    return Err(self.problem(
                        Rule::NotYet,
                        "",
                        format!("`{}` has stages that are discovered, which `meta` cannot check yet", pipeline.name),
                        "list its `groups` and `environments`, or set it without `meta`",
                    ));
                }
                let file_name = file_name(&pipeline.name, &pipeline.instance_vars);
                let file = self.in_repository(&self.fleet.output.join(file_name))?;
                let mut watched = vec![fleet_file.clone(), manifest.clone()];
                for kind in &settable.kinds {
                    watched.push(self.in_repository(kind)?);
                }
                watched.push(file.clone());
                let known = self.known(pipeline)?;
                self.job(
                    &format!("set-{known}"),
                    &format!("{FLEET}-{known}"),
                    watched,
                    &manifest,
                    SetPipelineStep {
                        set_pipeline: artifact(&pipeline.name),
                        file: within_artifact(&file),
                        team: team.clone(),
                        vars: None,
                        var_files: Vec::new(),
                        instance_vars: instance(&pipeline.instance_vars),
                    },
                );
            }
        }
        let team = self.meta.settings.team.as_ref().map(|team| team.0.clone());
        let concourse = Concourse { team: team.or_else(|| self.concourse.team.clone()), ..self.concourse.clone() };
        let pipeline = Pipeline {
            resources: std::mem::take(&mut self.sources),
            jobs: std::mem::take(&mut self.jobs),
            ..Pipeline::default()
        };
        let instance_vars = InstanceVars::default();
        Ok(Some(LoweredPipeline { name: name.to_string(), instance_vars, concourse, pipeline }))
    }

    /// What its job and its resource are called by: the name of the pipeline, and what tells its instance, as far as
    /// Concourse lets names say it.
    fn known(&self, pipeline: &SettablePipeline) -> Result<String, Problem> {
        let mut known = pipeline.name.clone();
        for (_, value) in pipeline.instance_vars.iter() {
            let plain =
                |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c.to_ascii_lowercase() } else { '-' };
            known.push('-');
            known.extend(value.chars().map(plain));
        }
        let name = format!("set-{known}");
        if self.jobs.iter().any(|job| job.name.as_str() == name) {
            return Err(self.problem(
                Rule::NameCollision,
                "",
                format!("two pipelines would be set by jobs called `{name}`"),
                "let their names, or the `instance_vars` of their instances, differ in more than capitals and punctuation",
            ));
        }
        Ok(known)
    }

    /// A job that sets a pipeline from a file of the fleet, once that is as it renders.
    fn job(&mut self, name: &str, source: &str, watched: Vec<String>, check: &str, set: SetPipelineStep) {
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
        };
        let read = LoadVarStep {
            load_var: artifact(FLEET),
            file: within_artifact(&self.in_repository(self.path).unwrap_or_default()),
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
                }),
                rootfs_uri: None,
                inputs: vec![TaskInput { name: FLEET.to_owned(), path: None, optional: None }],
                outputs: Vec::new(),
                caches: Vec::new(),
                params: IndexMap::new(),
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
            input_mapping: IndexMap::new(),
            output_mapping: IndexMap::new(),
            container_limits: None,
        };
        self.sources.push(self.source(source, watched));
        self.jobs.push(Job {
            plan: [Core::Get(get), Core::LoadVar(read), Core::Task(Box::new(check)), Core::SetPipeline(set)]
                .map(Step::from)
                .into(),
            serial: true,
            ..job(name)
        });
    }

    fn source(&self, name: &str, watched: Vec<String>) -> Resource {
        let said = &self.meta.settings.source;
        let mut source = IndexMap::from_iter([
            ("uri".to_owned(), Value::from(said.repository.as_str())),
            ("branch".to_owned(), said.branch.as_deref().unwrap_or("main").into()),
            ("paths".to_owned(), Value::List(watched.into_iter().map(Value::from).collect())),
        ]);
        source.extend(said.private_key.as_ref().map(|Secret(key)| ("private_key".to_owned(), key.as_str().into())));
        let check_every = said.check_every.as_ref().map(crate::manifest::CheckEvery::to_concourse);
        Resource {
            name: artifact(name),
            old_name: None,
            type_name: ResourceTypeName::parse("git").expect("internal error: `git` is no name of a resource type"),
            icon: Some("git".to_owned()),
            source: Some(Value::Map(source)),
            check_every: Some(check_every.unwrap_or_else(|| CHECK_EVERY.to_owned())),
            check_timeout: None,
            webhook_token: None,
            expose_build_created_by: None,
            public: None,
            tags: Vec::new(),
            version: None,
        }
    }

    fn name(&self, index: usize) -> Result<PipelineName, Problem> {
        let mut name = self.meta.settings.pipeline.0.clone();
        if let (1.., Some(concourse)) = (index, &self.concourse.name) {
            name = format!("{name}-{concourse}");
        }
        PipelineName::parse(name.as_str()).map_err(|error| {
            let message = format!("the pipeline `{name}` {error}");
            Box::new(Diagnostic::new(Rule::ConcourseName, self.meta.span("/pipeline"), message))
        })
    }

    /// The team that each step has to name.
    fn team(&self) -> Result<Option<String>, Problem> {
        let Some(own) = &self.meta.settings.team else { return Ok(None) };
        let called = self.concourse.name.as_deref().unwrap_or_default();
        match &self.concourse.team {
            Some(team) if *team == own.0 => Ok(None),
            Some(team) if own.0 == "main" => Ok(Some(team.clone())),
            Some(team) => Err(self.problem(
                Rule::NoEffect,
                "/team",
                format!("the team `{own}` cannot set pipelines of the team `{team}`: only `main` sets another team's"),
                "let the pipeline live in `main`, or leave `team` out",
            )),
            None => Err(self.problem(
                Rule::MissingField,
                "/team",
                format!("to set pipelines of another team, their `team` has to be known of `{called}`"),
                "say it in `concourses`",
            )),
        }
    }

    /// A path from here, as it is told from the root of the repository. In a pipeline it neither means a variable nor
    /// one of git's own words.
    fn in_repository(&self, path: &Utf8Path) -> Result<String, Problem> {
        let folder = Utf8Path::new(self.meta.settings.source.folder.as_deref().unwrap_or_default());
        let way = relative(path, &self.fleet.folder);
        let mut parts: Vec<&str> = Vec::new();
        let mut inside = true;
        for part in folder.components().chain(way.components()) {
            match part {
                Utf8Component::Normal(name) => parts.push(name),
                Utf8Component::CurDir => {}
                Utf8Component::ParentDir => inside &= parts.pop().is_some(),
                Utf8Component::RootDir | Utf8Component::Prefix(_) => inside = false,
            }
        }
        let whole = parts.join("/");
        if !inside || whole.is_empty() {
            return Err(self.problem(
                Rule::MissingPath,
                "/source",
                format!("`{way}` of this fleet lies outside of its repository"),
                "say where the fleet's file lies in it: `folder`",
            ));
        }
        if whole.contains("((") || whole.starts_with(':') || whole.contains(char::is_control) {
            return Err(self.problem(
                Rule::ConcourseName,
                "/source",
                format!("the path `{}` means something else to Concourse or git", whole.escape_debug()),
                "give the file another name",
            ));
        }
        Ok(whole)
    }

    fn problem(&self, rule: Rule, pointer: &str, message: String, help: &str) -> Problem {
        let span = if pointer.is_empty() { self.meta.node.span } else { self.meta.span(pointer) };
        Box::new(Diagnostic::new(rule, span, message).help(help))
    }
}

fn instance(vars: &InstanceVars) -> Option<Value> {
    let vars: IndexMap<String, Value> = vars.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    (!vars.is_empty()).then_some(Value::Map(vars))
}

fn within_artifact(path: &str) -> String {
    format!("{FLEET}/{path}")
}

/// A name that is made of names of pipelines, which are alike.
fn artifact(name: &str) -> ResourceName {
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
