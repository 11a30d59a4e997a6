mod build;
mod reference;
mod source;

use concourse_pipeline::model::ResourceName;
use concourse_pipeline::model::invalid_name;
use github_issues_resource::contract::{ContentFiles, files};
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, ticked};
use yaml_source::source::Span;
use yaml_source::yaml::{IndexMap, Node, escape};

use crate::input::{InputPlace, TypeSettings};
use crate::kind::KindSet;
use crate::manifest::{InputFile, InputSettings, PinSetting, Template};
use crate::project::FleetResourceType;
use crate::template::Scope;

use super::fill::EACH;
use super::stage::{CodeSource, EnvSource, Input, Pin};

pub(super) use reference::{Defining, refer};

/// Artifacts of a generated job that an input would hide.
const RESERVED: [(&str, &str); 2] =
    [("gate", "the approval that a deployment goes by"), ("code", "the pin of the project's own code")];

/// What the inputs of a stage are resolved with.
pub(super) struct InputContext<'a> {
    pub(super) kinds: &'a KindSet,
    /// The types that the fleet defines, which take the place of Concourse's own.
    pub(super) own_types: &'a IndexMap<String, FleetResourceType>,
    pub(super) scope: &'a Scope,
    pub(super) settings: &'a Node,
    pub(super) environment: &'a str,
    pub(super) environments: &'a [String],
    pub(super) project: &'a str,
    pub(super) code: &'a mut CodeSource,
    pub(super) diagnostics: &'a mut Diagnostics,
}

impl InputContext<'_> {
    /// What the stage takes, and what is built here and deployed nowhere.
    pub(super) fn inputs(
        &mut self,
        inputs: impl IntoIterator<Item = (String, InputSettings)>,
    ) -> (Vec<Input>, Vec<Input>) {
        let (mut taken, mut built_only) = (Vec::new(), Vec::new());
        for (name, settings) in inputs {
            let list = if is_built_only(&settings) { &mut built_only } else { &mut taken };
            list.extend(self.input(&name, settings));
        }
        let inputs = taken;
        for input in &inputs {
            let of = input.name.as_str().strip_suffix(files::CONTENT_SUFFIX);
            if let Some(hashed) =
                inputs.iter().find(|hashed| hashed.content.is_some() && Some(hashed.name.as_str()) == of)
            {
                let place = self.settings.entry_at(&format!("/inputs/{}", escape(input.name.as_str())));
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::NameCollision,
                        place.map_or(self.settings.span, |entry| entry.key_span),
                        format!("`{}` has the name of the hash of `{}` in approvals", input.name, hashed.name),
                    )
                    .help("give the input another name"),
                );
            }
        }
        (inputs, built_only)
    }

    fn input(&mut self, name: &str, mut settings: InputSettings) -> Option<Input> {
        let pointer = format!("/inputs/{}", escape(name));
        let entry = self.settings.entry_at(&pointer)?;
        let (key_span, value_span) = (entry.key_span, entry.value.span);
        if is_built_only(&settings) {
            if settings.build.is_none() {
                self.needless(name, &pointer, value_span);
                return None;
            }
        } else if !self.taken(&settings, &pointer) {
            return None;
        }
        let artifact = self.resource_name(name, key_span)?;
        if artifact == self.code.resource {
            self.diagnostics.push(
                Diagnostic::new(Rule::NameCollision, key_span, format!("`{name}` is the project's own code"))
                    .help("give the input another name"),
            );
            return None;
        }
        let scope = with_item(self.scope, settings.each.first());
        let place = InputPlace { pointer: &pointer, name, key_span, value_span };
        let source = self.source(TypeSettings::of_input(&mut settings), &scope, place)?;
        if settings.unpinned.is_some() && !matches!(settings.pin, PinSetting::Usual) {
            let place = self.settings.at(&format!("{pointer}/pin")).map_or(value_span, |node| node.span);
            self.diagnostics.push(
                Diagnostic::new(Rule::NoEffect, place, "`pin` has no effect beside `unpinned`")
                    .help("remove one of them"),
            );
        }
        if let PinSetting::File(file) = &settings.pin
            && settings.unpinned.is_none()
            && let Err((message, help)) = source.as_type().check_pin(name, file)
        {
            let place = self.settings.at(&format!("{pointer}/pin")).map_or(value_span, |node| node.span);
            self.diagnostics.push(Diagnostic::new(Rule::WrongType, place, message).help(help));
            return None;
        }
        let pin = match (settings.pin, source.as_type().version_file()) {
            _ if settings.unpinned.is_some() => Pin::Unpinned(settings.unpinned.unwrap_or_default()),
            (PinSetting::Usual, Some(file)) => Pin::File(file.to_owned()),
            (PinSetting::Usual, None) => Pin::Unknown,
            (PinSetting::File(file), _) => Pin::File(file),
            (PinSetting::LeftOut, _) => Pin::LeftOut,
        };
        self.read(&scope, place, |reader| source.as_type().check_files(&settings.env, reader));
        let of_type = source.as_type();
        let fetched = of_type.fetched_content(settings.params.as_ref()).filter(|_| pin.file().is_some());
        let is_name = |file: &str| of_type.files_of_name().contains(&file);
        let why = match &settings.content {
            _ if fetched.is_none() => None,
            Some(files) if files.is_empty() => Some("`content: []`"),
            Some(files) if files.iter().all(|file| is_name(&file.0)) => Some("`content`"),
            _ if of_type.fetches_only_its_name(settings.params.as_ref()) => Some("`skip_download`"),
            _ => None,
        };
        if let Some(why) = why {
            self.without_content(name, why, &pointer, value_span);
        }
        let content = match settings.content {
            Some(files) if files.is_empty() || pin.file().is_none() => None,
            Some(files) => Some(ContentFiles::Only(files.into_iter().map(|file| file.0).collect())),
            None => fetched,
        };
        let check_every = settings.check_every.or_else(|| source.as_type().default_check(&self.code.check_every));
        let params = settings.params.or_else(|| source.as_type().default_params());
        let build = match settings.build {
            Some(build) => Some(self.build(&artifact, &source, build, &scope, &pointer)?),
            None => None,
        };
        Some(Input {
            name: artifact,
            source,
            check_every,
            pin,
            content,
            build,
            trigger: settings.trigger.unwrap_or(true),
            params,
            starts_only: false,
            env: env_sources(settings.env),
        })
    }

    /// Warns that what can be replaced under its name is approved by its name alone.
    fn without_content(&mut self, name: &str, why: &str, pointer: &str, input: Span) {
        let place = |key: &str| self.settings.at(&format!("{pointer}/{key}")).map(|node| node.span);
        let place = place("content").or_else(|| place("params/skip_download")).unwrap_or(input);
        self.diagnostics.push(
            Diagnostic::new(
                Rule::UnpinnedInput,
                place,
                format!("`{name}` can be replaced under its name, and {why} approves the name alone"),
            )
            .help(format!("remove {why}, so that an approval names a hash of the files, too")),
        );
    }

    /// Reports an input that no stage takes, and that nothing here builds.
    fn needless(&mut self, name: &str, pointer: &str, input: Span) {
        let place = self.settings.at(&format!("{pointer}/only")).map_or(input, |node| node.span);
        self.diagnostics.push(
            Diagnostic::new(
                Rule::NoEffect,
                place,
                format!("no environment takes `{name}`, and nothing here builds it"),
            )
            .help("write the environments that take it, or how it is built: `build: {with: …}`"),
        );
    }

    /// Does this environment take it? Says so when `only` names an environment that is not there.
    fn taken(&mut self, settings: &InputSettings, pointer: &str) -> bool {
        let Some(only) = &settings.only else { return true };
        for (index, environment) in only.iter().enumerate() {
            if !self.environments.contains(&environment.0) {
                let place = self.settings.at(&format!("{pointer}/only/{index}")).unwrap_or(self.settings);
                let known = self.environments.iter().map(String::as_str);
                let help = did_you_mean(&environment.0, known).map_or_else(
                    || format!("it has {}", ticked(self.environments)),
                    |meant| format!("did you mean `{meant}`?"),
                );
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::UnknownEnvironment,
                        place.span,
                        format!("`{}` has no environment `{environment}`", self.project),
                    )
                    .help(help),
                );
            }
        }
        only.iter().any(|environment| environment.0 == self.environment)
    }

    fn resource_name(&mut self, name: &str, span: Span) -> Option<ResourceName> {
        if let Some((_, what)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
            self.diagnostics.push(
                Diagnostic::new(Rule::NameCollision, span, format!("`{name}` is {what}"))
                    .help("give the input another name"),
            );
            return None;
        }
        match ResourceName::parse(name) {
            Ok(name) => Some(name),
            Err(error) => {
                self.diagnostics.push(invalid_name(span, format!("the name `{name}` {error}"), ("", name)));
                None
            }
        }
    }
}

/// Whether it is built here, and deployed nowhere.
fn is_built_only(settings: &InputSettings) -> bool {
    settings.only.as_ref().is_some_and(Vec::is_empty)
}

/// The names for an input that is one of several.
fn with_item(scope: &Scope, each: Option<&Template>) -> Scope {
    match each {
        Some(item) => scope.with([(EACH, item.0.as_str().into())]),
        None => scope.clone(),
    }
}

fn env_sources(env: impl IntoIterator<Item = (String, InputFile)>) -> Vec<EnvSource> {
    env.into_iter().map(|(variable, InputFile(file))| EnvSource { variable, file }).collect()
}
