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

mod job;

use std::collections::BTreeSet;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use concourse_pipeline::model::invalid_name;
use concourse_pipeline::model::{InstanceVars, PipelineName, SetPipelineStep};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::files::relative;
use yaml_source::source::Sources;

use crate::kind::Family;
use crate::manifest::is_secret_in_clear;
use crate::project::{Concourse, Fleet, Meta, Project};

use super::{CompiledPipeline, LoadedManifest, Places, file_name};

use job::{FLEET, Jobs, artifact, instance, within_artifact};

/// The job that sets the pipeline itself. Those of others begin with `set-`.
const SELF: &str = "self";

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
        pipelines: &[CompiledPipeline],
        fleet: &Fleet,
        sources: &Sources,
    ) -> Self {
        let stages = project.chains.iter().flat_map(|chain| &chain.stages);
        let used = stages.flat_map(|stage| {
            let builds = stage.inputs.iter().chain(&stage.built_only).filter_map(|input| input.build.as_ref());
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
pub(super) fn pipelines(fleet: &Fleet, settable: &[Settable], diagnostics: &mut Diagnostics) -> Vec<CompiledPipeline> {
    let (Some(meta), Some(path)) = (&fleet.meta, &fleet.path) else { return Vec::new() };
    if is_secret_in_clear("repository", &meta.settings.source.repository) {
        // Who allows it gets what was asked for: a pipeline that is not rendered would be taken for one that is gone.
        diagnostics.push(
            Diagnostic::new(
                Rule::PlaintextSecret,
                meta.span("/source/repository"),
                "the address holds a password in clear",
            )
            .help("remove it, and give a `private_key`"),
        );
    }
    let mut made = Vec::new();
    for (index, concourse) in fleet.concourses.iter().enumerate() {
        let maker = MetaMaker { meta, fleet, path, concourse };
        match maker.pipeline(index, settable) {
            Ok(pipeline) => made.extend(pipeline),
            Err(diagnostic) => {
                // One problem of several Concourses is told once.
                diagnostics.push(*diagnostic);
                return Vec::new();
            }
        }
    }
    made
}

/// Looks for pipelines of manifests with the name of one that sets all the others.
pub(super) fn check_names(fleet: &Fleet, settable: &[Settable], diagnostics: &mut Diagnostics) {
    let Some(meta) = &fleet.meta else { return };
    let own: BTreeSet<String> = (0..fleet.concourses.len()).filter_map(|index| fleet.meta_pipeline(index)).collect();
    let names: BTreeSet<&str> =
        settable.iter().flat_map(|settable| &settable.pipelines).map(|pipeline| pipeline.name.as_str()).collect();
    for name in own.iter().filter(|name| names.contains(name.as_str())) {
        diagnostics.push(
            Diagnostic::new(
                Rule::DuplicatePipeline,
                meta.span("/pipeline"),
                format!("two pipelines are named `{name}`"),
            )
            .help("give the pipeline that sets the others another name"),
        );
    }
}

type Problem = Box<Diagnostic>;

/// Makes the pipeline of one Concourse.
struct MetaMaker<'a> {
    meta: &'a Meta,
    fleet: &'a Fleet,
    path: &'a Utf8Path,
    concourse: &'a Concourse,
}

impl MetaMaker<'_> {
    fn pipeline(&self, index: usize, settable: &[Settable]) -> Result<Option<CompiledPipeline>, Problem> {
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
        let mut jobs = Jobs::new(self.meta, &fleet_file);
        let set = SetPipelineStep {
            set_pipeline: artifact(SELF),
            file: within_artifact(&file),
            team: None,
            vars: None,
            var_files: Vec::new(),
            instance_vars: None,
        };
        jobs.push(SELF, FLEET, watched, &fleet_file, set);
        for settable in settable {
            let manifest = self.in_repository(&settable.manifest)?;
            for pipeline in settable.pipelines.iter().filter(here) {
                if settable.discovered {
                    return self.refused(
                        Rule::NotYet,
                        "",
                        format!("`{}` has stages that are discovered, which `meta` cannot check yet", pipeline.name),
                        "list its `groups` and `environments`, or set it without `meta`",
                    );
                }
                let file_name = file_name(&pipeline.name, &pipeline.instance_vars);
                let file = self.in_repository(&self.fleet.output.join(file_name))?;
                let mut watched = vec![fleet_file.clone(), manifest.clone()];
                for kind in &settable.kinds {
                    watched.push(self.in_repository(kind)?);
                }
                watched.push(file.clone());
                let known = self.known(pipeline, &jobs)?;
                let set = SetPipelineStep {
                    set_pipeline: artifact(&pipeline.name),
                    file: within_artifact(&file),
                    team: team.clone(),
                    vars: None,
                    var_files: Vec::new(),
                    instance_vars: instance(&pipeline.instance_vars),
                };
                jobs.push(&format!("set-{known}"), &format!("{FLEET}-{known}"), watched, &manifest, set);
            }
        }
        let team = self.meta.settings.team.as_ref().map(|team| team.0.clone());
        let concourse = Concourse { team: team.or_else(|| self.concourse.team.clone()), ..self.concourse.clone() };
        let pipeline = jobs.into_pipeline();
        let instance_vars = InstanceVars::default();
        Ok(Some(CompiledPipeline {
            name: name.to_string(),
            instance_vars,
            concourse,
            pipeline,
            places: Places::all_at(self.meta.span("/pipeline")),
        }))
    }

    /// What its job and its resource are called by: the name of the pipeline, and what tells its instance, as far as
    /// Concourse lets names say it.
    fn known(&self, pipeline: &SettablePipeline, jobs: &Jobs<'_>) -> Result<String, Problem> {
        let mut known = pipeline.name.clone();
        for (_, value) in pipeline.instance_vars.iter() {
            let plain =
                |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c.to_ascii_lowercase() } else { '-' };
            known.push('-');
            known.extend(value.chars().map(plain));
        }
        let name = format!("set-{known}");
        if jobs.has(&name) {
            return self.refused(
                Rule::NameCollision,
                "",
                format!("two pipelines would be set by jobs named `{name}`"),
                "let their names, or the `instance_vars` of their instances, differ in more than capitals and punctuation",
            );
        }
        Ok(known)
    }

    fn name(&self, index: usize) -> Result<PipelineName, Problem> {
        let name = self.fleet.meta_pipeline(index).unwrap_or_default();
        PipelineName::parse(name.as_str()).map_err(|error| {
            let message = format!("the pipeline `{name}` {error}");
            Box::new(invalid_name(
                self.meta.span("/pipeline"),
                message,
                ("pipeline", self.meta.settings.pipeline.0.as_str()),
            ))
        })
    }

    /// The team that each step has to name.
    fn team(&self) -> Result<Option<String>, Problem> {
        let Some(own) = &self.meta.settings.team else { return Ok(None) };
        let called = self.concourse.name.as_deref().unwrap_or_default();
        match &self.concourse.team {
            Some(team) if *team == own.0 => Ok(None),
            Some(team) if own.0 == "main" => Ok(Some(team.clone())),
            Some(team) => self.refused(
                Rule::NoEffect,
                "/team",
                format!("the team `{own}` cannot set pipelines of the team `{team}`: only `main` sets another team's"),
                "move the pipeline to the team `main`, or remove `team`",
            ),
            None => self.refused(
                Rule::MissingField,
                "/team",
                format!("to set pipelines of another team, `team` must be set for `{called}`"),
                "set it in `concourses`",
            ),
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
            return self.refused(
                Rule::MissingPath,
                "/source",
                format!("`{way}` of this fleet lies outside of its repository"),
                "set `folder` to the folder of the fleet's file",
            );
        }
        if whole.contains("((") || whole.starts_with(':') || whole.contains(char::is_control) {
            return self.refused(
                Rule::ConcourseName,
                "/source",
                format!("the path `{}` means something else to Concourse or git", whole.escape_debug()),
                "give the file another name",
            );
        }
        Ok(whole)
    }

    fn refused<T>(&self, rule: Rule, pointer: &str, message: String, help: &str) -> Result<T, Problem> {
        let span = if pointer.is_empty() { self.meta.node.span } else { self.meta.span(pointer) };
        Err(Box::new(Diagnostic::new(rule, span, message).help(help)))
    }
}
