use minijinja::Value;

use crate::concourse::{JobName, ResourceName};
use crate::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, ticked};
use crate::kind::{Family, KindSet};
use crate::manifest::{BuildSettings, CheckEvery, GitSettings, ImageSettings, InputSettings, NewestBy, PinSetting};
use crate::source::Span;
use crate::template::{Filler, Scope};
use crate::yaml::{Map, Node, escape};

use super::stage::{Build, CodeSource, EnvSource, GitSource, ImageSource, Input, What};

/// Artifacts of a generated job that an input would hide.
const RESERVED: [(&str, &str); 2] =
    [("gate", "the approval that a deployment goes by"), ("code", "the pin of the project's own code")];

/// What the inputs of a stage are resolved with.
pub(super) struct InputContext<'a> {
    pub(super) kinds: &'a KindSet,
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
        inputs.into_iter().filter_map(|(name, settings)| self.input(&name, settings)).collect()
    }

    fn input(&mut self, name: &str, settings: InputSettings) -> Option<Input> {
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
        let what = match (settings.git, settings.image) {
            (Some(git), None) => What::Git(self.git(git)),
            (None, Some(image)) => What::Image(self.image(image, &pointer, name)?),
            (Some(_), Some(_)) => {
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::SeveralSources,
                        key_span,
                        format!("`{name}` is a repository and an image at once"),
                    )
                    .help("keep `git` or `image`"),
                );
                return None;
            }
            (None, None) => {
                let invalid = ["git", "image"].iter().any(|field| entry.value.at(&format!("/{field}")).is_some());
                let unknown = self.diagnostics.speaks_within(value_span);
                if !invalid && !unknown {
                    self.diagnostics.push(
                        Diagnostic::new(Rule::MissingField, key_span, format!("`{name}` does not say what it is"))
                            .help("say `git` or `image`"),
                    );
                }
                return None;
            }
        };
        let default_pin = what.version_file();
        let pin = match settings.pin {
            PinSetting::Usual => Some(default_pin.to_owned()),
            PinSetting::File(file) if matches!(what, What::Git(_)) && file != default_pin => {
                let place = entry.value.at("/pin").map_or(value_span, |node| node.span);
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::WrongType,
                        place,
                        format!("what is approved of the repository `{name}` is a commit, and no `{file}`"),
                    )
                    .help("leave `pin` out, or say `pin: null` to leave the input out of approvals"),
                );
                return None;
            }
            PinSetting::File(file) => Some(file),
            PinSetting::LeftOut => None,
        };
        let check_every = settings.check_every.or_else(|| self.default_check(&what));
        let params = settings.params.or_else(|| match what {
            // The deployment is told the digest; the image itself is nothing to it.
            What::Image(_) => Some(crate::yaml::Value::map([("skip_download", true.into())])),
            What::Git(_) => None,
        });
        let build = match settings.build {
            Some(build) => Some(self.build(&artifact, &what, build, &pointer)?),
            None => None,
        };
        Some(Input {
            name: artifact,
            what,
            check_every,
            pin,
            build,
            trigger: settings.trigger.unwrap_or(true),
            params,
            env: env_sources(settings.env),
        })
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
                self.diagnostics.push(Diagnostic::new(Rule::ConcourseName, span, format!("the name `{name}` {error}")));
                None
            }
        }
    }

    fn git(&self, settings: GitSettings) -> GitSource {
        let own = settings.repository.as_ref().is_none_or(|repository| repository.0 == self.code.git.repository);
        GitSource {
            repository: settings.repository.map_or_else(|| self.code.git.repository.clone(), |text| text.0),
            branch: settings
                .branch
                .map_or_else(|| if own { self.code.git.branch.clone() } else { "main".to_owned() }, |text| text.0),
            paths: paths(settings.paths.into_iter().map(|path| path.0)),
            tag_filter: settings.tag_filter.map(|text| text.0),
            private_key: settings
                .private_key
                .map(|secret| secret.0)
                .or_else(|| if own { self.code.git.private_key.clone() } else { None }),
        }
    }

    fn image(&mut self, settings: ImageSettings, pointer: &str, name: &str) -> Option<ImageSource> {
        let Some(repository) = settings.repository else {
            let place = self.settings.at(&format!("{pointer}/image")).unwrap_or(self.settings);
            if place.at("/repository").is_none() {
                self.diagnostics.push(Diagnostic::new(
                    Rule::MissingField,
                    place.span,
                    format!("the image of `{name}` needs `repository`"),
                ));
            }
            return None;
        };
        Some(ImageSource {
            repository: repository.0,
            tag: settings.tag.map(|text| text.0),
            tag_regex: settings.tag_regex.map(|text| text.0),
            newest_by: settings.newest_by,
            region: settings.region.map(|text| text.0),
            username: settings.username.map(|text| text.0),
            password: settings.password.map(|secret| secret.0),
        })
    }

    /// A commit is what everybody waits for: a repository is looked at as often as the code.
    fn default_check(&self, what: &What) -> Option<CheckEvery> {
        match what {
            What::Git(_) => Some(self.code.check_every.clone()),
            What::Image(_) => None,
        }
    }

    fn build(&mut self, input: &ResourceName, what: &What, settings: BuildSettings, pointer: &str) -> Option<Build> {
        let pointer = format!("{pointer}/build");
        let node = self.settings.at(&pointer)?;
        let Some(choice) = node.at("/with").and_then(Node::as_map).and_then(|map| map.entries().first()) else {
            if node.at("/with").is_none() {
                self.diagnostics.push(
                    Diagnostic::new(Rule::MissingField, node.span, format!("the build of `{input}` needs `with`"))
                        .help("say how: `with: {image: {}}`"),
                );
            }
            return None;
        };
        let Some(kind) = self.kinds.get(Family::Build, &choice.key) else {
            self.kinds.report_unknown(Family::Build, &choice.key, choice.key_span, self.diagnostics);
            return None;
        };
        let mut from = self.from(settings.from, &pointer);
        let code = self.build_code(&from, settings.code.map(|code| code.0), &pointer, input)?;
        let mut scope = self.scope.with([
            ("input", input.as_str().into()),
            ("code", code.as_str().into()),
            ("target", target(what)),
        ]);
        let given = if choice.value.as_map().is_some() {
            choice.value.clone()
        } else {
            Node::map(choice.key_span, Map::default())
        };
        let (_, options) = kind.options_for(&given, &scope, self.diagnostics);
        scope.define("options", options);
        let watch = paths(kind.watch(&scope, self.diagnostics));
        match from.iter_mut().find(|input| input.name == code) {
            Some(Input { what: What::Git(git), .. }) => {
                if !git.paths.is_empty() {
                    git.paths = paths(git.paths.drain(..).chain(watch));
                }
            }
            // No paths at all means that everything is watched, the build's among it.
            _ if self.code.git.paths.is_empty() => {}
            _ => self.code.git.paths = paths(self.code.git.paths.drain(..).chain(watch)),
        }
        let phases = kind.phases(&scope, self.diagnostics);
        let job = match node.at("/job") {
            Some(template) => self.job(template, &scope)?,
            None => self.job(self.settings.at("/names/build")?, &scope)?,
        };
        let check =
            if phases.contains(&"check") { Some(self.job(self.settings.at("/names/check")?, &scope)?) } else { None };
        let (before, after) = (node.at("/before").cloned(), node.at("/after").cloned());
        Some(Build { job, check, from, kind: kind.name().to_owned(), code, scope, before, after })
    }

    fn job(&mut self, template: &Node, scope: &Scope) -> Option<JobName> {
        let name = Filler::new(self.diagnostics).text(template, scope)?;
        JobName::parse(name.as_str())
            .map_err(|error| {
                self.diagnostics.push(Diagnostic::new(
                    Rule::ConcourseName,
                    template.span,
                    format!("the job's name `{name}` {error}"),
                ));
            })
            .ok()
    }

    fn from(
        &mut self,
        from: impl IntoIterator<Item = (String, crate::manifest::FromSettings)>,
        pointer: &str,
    ) -> Vec<Input> {
        from.into_iter()
            .filter_map(|(name, settings)| {
                let entry = self.settings.entry_at(&format!("{pointer}/from/{}", escape(&name)))?;
                let span = entry.key_span;
                let Some(git) = settings.git else {
                    if entry.value.at("/git").is_none() && !self.diagnostics.speaks_within(entry.value.span) {
                        self.diagnostics.push(
                            Diagnostic::new(Rule::MissingField, span, format!("`{name}` does not say what it is"))
                                .help("say `git`"),
                        );
                    }
                    return None;
                };
                let what = What::Git(self.git(git));
                Some(Input {
                    name: self.resource_name(&name, span)?,
                    check_every: settings.check_every.or_else(|| self.default_check(&what)),
                    what,
                    pin: None,
                    build: None,
                    trigger: settings.trigger.unwrap_or(true),
                    params: None,
                    env: env_sources(settings.env),
                })
            })
            .collect()
    }

    /// Which artifact is the code of a build.
    fn build_code(
        &mut self,
        from: &[Input],
        said: Option<String>,
        pointer: &str,
        input: &ResourceName,
    ) -> Option<ResourceName> {
        let place = |field: &str| {
            let pointer = format!("{pointer}/{field}");
            self.settings.at(&pointer).map_or(self.settings.span, |node| node.span)
        };
        match (from, said) {
            ([], None) => Some(self.code.resource.clone()),
            ([only], None) => Some(only.name.clone()),
            (_, Some(said)) => {
                let known: Vec<&str> = from.iter().map(|input| input.name.as_str()).collect();
                if let Some(found) = from.iter().find(|input| input.name.as_str() == said) {
                    return Some(found.name.clone());
                }
                let help = did_you_mean(&said, known.iter().copied()).map_or_else(
                    || format!("`from` has {}", ticked(&known)),
                    |meant| format!("did you mean `{meant}`?"),
                );
                let diagnostic =
                    Diagnostic::new(Rule::UnknownInput, place("code"), format!("`from` has no `{said}`")).help(help);
                self.diagnostics.push(diagnostic);
                None
            }
            (several, None) => {
                let names = ticked(several.iter().map(|input| &input.name));
                let diagnostic = Diagnostic::new(
                    Rule::BuildCodeMissing,
                    place("from"),
                    format!("`{input}` is made from {names}, and one of them is its code"),
                )
                .help("say which: `code: …`");
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }
}

/// The fields of what is built, as a build kind sees them; missing ones are `none`.
fn target(what: &What) -> Value {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::from(()), Value::from);
    match what {
        What::Image(image) => Value::from_pairs([
            ("repository", Value::from(image.repository.as_str())),
            ("tag", text(&image.tag)),
            ("tag_regex", text(&image.tag_regex)),
            (
                "newest_by",
                image.newest_by.map_or(Value::from(()), |newest| match newest {
                    NewestBy::Version => "version".into(),
                    NewestBy::Created => "created".into(),
                }),
            ),
            ("region", text(&image.region)),
            ("username", text(&image.username)),
            ("password", text(&image.password)),
        ]),
        What::Git(git) => Value::from_pairs([
            ("repository", Value::from(git.repository.as_str())),
            ("branch", Value::from(git.branch.as_str())),
            ("tag_filter", text(&git.tag_filter)),
        ]),
    }
}

fn env_sources(env: impl IntoIterator<Item = (String, String)>) -> Vec<EnvSource> {
    env.into_iter().map(|(variable, file)| EnvSource { variable, file }).collect()
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
