mod build;
mod reference;
mod what;

use concourse_pipeline::model::ResourceName;
use concourse_pipeline::model::invalid_name;
use github_issues_resource::contract::{ContentFiles, files};
use indexmap::IndexMap;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, ticked};
use yaml_source::source::Span;
use yaml_source::yaml::{Node, escape};

use crate::kind::KindSet;
use crate::manifest::{InputFile, InputSettings, PinSetting, Template};
use crate::project::FleetResourceType;
use crate::template::Scope;

use super::fill::EACH;
use super::stage::{CodeSource, EnvSource, Input, Pin, What};

pub(super) use reference::{Defining, refer};
use what::{Place, Said};

/// Artifacts of a generated job that an input would hide.
const RESERVED: [(&str, &str); 2] =
    [("gate", "the approval that a deployment goes by"), ("code", "the pin of the project's own code")];

/// The files that name the version of an image.
const PINS_OF_IMAGE: [&str; 2] = ["digest", "tag"];

/// Files that a get of an image writes, without those of its root file system and of its layout
/// ([registry-image](https://github.com/concourse/registry-image-resource), `in`).
const IMAGE_FILES: [&str; 6] = ["digest", "repository", "tag", "labels.json", "metadata.json", "image.tar"];

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
    /// What the stage takes.
    pub(super) fn inputs(&mut self, inputs: impl IntoIterator<Item = (String, InputSettings)>) -> Vec<Input> {
        let inputs: Vec<Input> =
            inputs.into_iter().filter_map(|(name, settings)| self.input(&name, settings)).collect();
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
        inputs
    }

    fn input(&mut self, name: &str, mut settings: InputSettings) -> Option<Input> {
        let pointer = format!("/inputs/{}", escape(name));
        let entry = self.settings.entry_at(&pointer)?;
        let (key_span, value_span) = (entry.key_span, entry.value.span);
        if !self.taken(&settings, &pointer) {
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
        let place = Place { pointer: &pointer, name, key_span, value_span };
        let what = self.what(Said::by_input(&mut settings), &scope, &place)?;
        if settings.unpinned.is_some() && !matches!(settings.pin, PinSetting::Usual) {
            let place = self.settings.at(&format!("{pointer}/pin")).map_or(value_span, |node| node.span);
            self.diagnostics.push(
                Diagnostic::new(Rule::NoEffect, place, "`pin` has no effect beside `unpinned`")
                    .help("remove one of them"),
            );
        }
        let pin = match (settings.pin, what.version_file()) {
            _ if settings.unpinned.is_some() => Pin::Unpinned(settings.unpinned.unwrap_or_default()),
            (PinSetting::Usual, Some(file)) => Pin::File(file.to_owned()),
            (PinSetting::Usual, None) => Pin::Unknown,
            (PinSetting::File(file), usual) if matches!(what, What::Git(_)) && usual != Some(&file) => {
                let place = self.settings.at(&format!("{pointer}/pin")).map_or(value_span, |node| node.span);
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::WrongType,
                        place,
                        format!("what is approved of the repository `{name}` is a commit, and no `{file}`"),
                    )
                    .help("remove `pin`; or write why the newest version may be used: `unpinned: REASON`"),
                );
                return None;
            }
            (PinSetting::File(file), _)
                if matches!(what, What::Image(_)) && !PINS_OF_IMAGE.contains(&file.as_str()) =>
            {
                let place = self.settings.at(&format!("{pointer}/pin")).map_or(value_span, |node| node.span);
                self.diagnostics.push(
                    Diagnostic::new(Rule::WrongType, place, format!("`{file}` of the image `{name}` names no version"))
                        .help("remove `pin`, so that an approval names the digest"),
                );
                return None;
            }
            (PinSetting::File(file), _) => Pin::File(file),
            (PinSetting::LeftOut, _) => Pin::LeftOut,
        };
        // The files of a get are known of Concourse's own type.
        if !self.own_types.contains_key("registry-image") && matches!(what, What::Image(_)) {
            self.check_image_files(&settings.env, &pointer);
        }
        let content = match settings.content {
            Some(files) if files.is_empty() => None,
            Some(files) => Some(ContentFiles::Only(files.into_iter().map(|file| file.0).collect())),
            None => what.fetched_content(settings.params.as_ref()),
        };
        let content = content.filter(|_| pin.file().is_some());
        let check_every = settings.check_every.or_else(|| self.default_check(&what));
        // The deployment is told the digest; the image itself is nothing to it.
        let skips = matches!(what, What::Image(_));
        let params =
            settings.params.or_else(|| skips.then(|| yaml_source::yaml::Value::map([("skip_download", true.into())])));
        let build = match settings.build {
            Some(build) => Some(self.build(&artifact, &what, build, &scope, &pointer)?),
            None => None,
        };
        Some(Input {
            name: artifact,
            what,
            check_every,
            pin,
            content,
            build,
            trigger: settings.trigger.unwrap_or(true),
            params,
            env: env_sources(settings.env),
        })
    }

    /// Reports variables that are made from files which no get of an image writes.
    fn check_image_files(&mut self, env: &IndexMap<String, InputFile>, pointer: &str) {
        for (variable, InputFile(file)) in env {
            let is_below = ["rootfs/", "oci/"].iter().any(|folder| file.starts_with(folder));
            let is_file = IMAGE_FILES.contains(&file.as_str()) || is_below;
            let place = self.settings.at(&format!("{pointer}/env/{}", escape(variable)));
            let Some(place) = place.filter(|_| !is_file) else { continue };
            let help = if IMAGE_FILES.contains(&variable.as_str()) {
                format!("write `{{{file}: {variable}}}`")
            } else {
                did_you_mean(file, IMAGE_FILES).map_or_else(
                    || "write `digest`, `repository` or `tag`".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                )
            };
            let message = format!("an image has no file `{file}`");
            self.diagnostics.push(Diagnostic::new(Rule::WrongType, place.span, message).help(help));
        }
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

/// Watched paths as the git resource takes them: without a slash at the end, each once.
pub(super) fn paths(paths: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for path in paths {
        let path = path.trim_end_matches('/').trim_start_matches("./").to_owned();
        if !path.is_empty() && !distinct.contains(&path) {
            distinct.push(path);
        }
    }
    distinct
}
