//! What an input is.

use concourse_pipeline::model::invalid_name;
use concourse_pipeline::model::{ResourceType, ResourceTypeName, is_clock};
use indexmap::IndexMap;
use minijinja::Value;
use yaml_source::diagnostic::{Diagnostic, Rule, one_of, ticked};
use yaml_source::source::Span;
use yaml_source::yaml::decode;

use crate::manifest::{
    CheckEvery, FromSettings, GitSettings, ImageSettings, InputSettings, NewestBy, ReleaseSettings, ResourceSettings,
    S3Settings, Template,
};
use crate::project::stage::{GitSource, ImageSource, ReleaseSource, ResourceSource, S3Source, What};
use crate::template::{Filler, Scope};

use super::{InputContext, paths};

/// The fields of which an input has exactly one.
pub(in crate::project) const KINDS: [&str; 5] = ["git", "image", "s3", "github_release", "resource"];

/// What an input says that it is.
pub(super) struct Said {
    git: Option<GitSettings>,
    image: Option<ImageSettings>,
    s3: Option<S3Settings>,
    github_release: Option<ReleaseSettings>,
    resource: Option<ResourceSettings>,
}

impl Said {
    pub(super) fn by_input(settings: &mut InputSettings) -> Self {
        Self {
            git: settings.git.take(),
            image: settings.image.take(),
            s3: settings.s3.take(),
            github_release: settings.github_release.take(),
            resource: settings.resource.take(),
        }
    }

    pub(super) fn by_from(settings: &mut FromSettings) -> Self {
        Self {
            git: settings.git.take(),
            image: settings.image.take(),
            s3: settings.s3.take(),
            github_release: settings.github_release.take(),
            resource: settings.resource.take(),
        }
    }
}

/// Where an input stands.
pub(super) struct Place<'a> {
    pub(super) pointer: &'a str,
    pub(super) name: &'a str,
    pub(super) key_span: Span,
    pub(super) value_span: Span,
}

impl InputContext<'_> {
    /// What an input is: exactly one thing.
    pub(super) fn what(&mut self, said: Said, scope: &Scope, place: &Place<'_>) -> Option<What> {
        let Place { pointer, name, key_span, value_span } = *place;
        let told: Vec<&str> =
            KINDS.into_iter().filter(|field| self.settings.at(&format!("{pointer}/{field}")).is_some()).collect();
        if told.len() > 1 {
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::SeveralSources,
                    key_span,
                    format!("`{name}` is several things at once: it has {}", ticked(told)),
                )
                .help("keep one of them"),
            );
            return None;
        }
        match said {
            Said { git: Some(git), .. } => Some(What::Git(self.git(git))),
            Said { image: Some(image), .. } => Some(What::Image(self.image(image, place)?)),
            Said { s3: Some(s3), .. } => Some(What::S3(self.s3(s3, place)?)),
            Said { github_release: Some(release), .. } => Some(What::Release(self.release(release, place)?)),
            Said { resource: Some(resource), .. } => Some(What::Resource(self.resource(resource, scope, place)?)),
            _ => {
                if told.is_empty() && !self.diagnostics.speaks_within(value_span) {
                    self.diagnostics.push(
                        Diagnostic::new(Rule::MissingField, key_span, format!("the input `{name}` has no type"))
                            .note("no other input has this name")
                            .help(format!("write {}", one_of(KINDS))),
                    );
                }
                None
            }
        }
    }

    fn git(&self, settings: GitSettings) -> GitSource {
        let code = &self.code.git;
        let own = settings.repository.as_ref().is_none_or(|repository| repository.0 == code.repository);
        let inherited = |secret: &Option<String>| if own { secret.clone() } else { None };
        GitSource {
            repository: settings.repository.map_or_else(|| code.repository.clone(), |text| text.0),
            branch: settings
                .branch
                .map_or_else(|| if own { code.branch.clone() } else { Some("main".to_owned()) }, |text| Some(text.0)),
            paths: paths(settings.paths.into_iter().map(|path| path.0)),
            tag_filter: settings.tag_filter.map(|text| text.0),
            private_key: settings.private_key.map(|secret| secret.0).or_else(|| inherited(&code.private_key)),
            webhook: settings.webhook.map(|secret| secret.0).or_else(|| inherited(&code.webhook)),
            extra: IndexMap::new(),
        }
    }

    fn image(&mut self, settings: ImageSettings, place: &Place<'_>) -> Option<ImageSource> {
        self.check_order_of_tags(&settings, place);
        let repository = self.needed(settings.repository, "image", "repository", place)?;
        Some(ImageSource {
            repository,
            tag: settings.tag.map(|text| text.0),
            versions: settings.versions.map(|text| text.0),
            tag_regex: settings.tag_regex.map(|text| text.0),
            newest_by: settings.newest_by,
            region: settings.region.map(|text| text.0),
            username: settings.username.map(|text| text.0),
            password: settings.password.map(|secret| secret.0),
        })
    }

    /// Reports tags whose newest one the fields do not say, or say twice. With `tag_regex` alone Concourse takes the last
    /// tag of the registry's own list, where 27.9 comes after 27.10.
    fn check_order_of_tags(&mut self, settings: &ImageSettings, place: &Place<'_>) {
        let image = format!("{}/image", place.pointer);
        let at = |field: &str| self.settings.at(&format!("{image}/{field}")).map_or(place.key_span, |node| node.span);
        let name = place.name;
        if settings.tag.is_some() {
            let others = [
                ("versions", settings.versions.is_some()),
                ("tag_regex", settings.tag_regex.is_some()),
                ("newest_by", settings.newest_by.is_some()),
            ];
            for (field, _) in others.into_iter().filter(|(_, is_set)| *is_set) {
                self.diagnostics.push(
                    Diagnostic::new(Rule::NoEffect, at(field), format!("`{field}` has no effect beside `tag`"))
                        .help(format!("remove `tag`, or remove `{field}`")),
                );
            }
            return;
        }
        let Some(regex) = &settings.tag_regex else {
            if settings.versions.is_some() && settings.newest_by == Some(NewestBy::Created) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Rule::NoEffect,
                        at("newest_by"),
                        format!("`versions` of `{name}` takes the highest version, not the youngest image"),
                    )
                    .help("remove `newest_by`, or write `tag_regex` in place of `versions`"),
                );
            }
            return;
        };
        let constraint = constraint_of(&regex.0);
        let diagnostic = if settings.versions.is_some() {
            Diagnostic::new(Rule::NoEffect, at("tag_regex"), format!("`{name}` has both `versions` and `tag_regex`"))
                .help("keep `versions` for the highest version, or `tag_regex` with `newest_by: created`")
        } else {
            match settings.newest_by {
                Some(NewestBy::Created) => return,
                Some(NewestBy::Version) => Diagnostic::new(
                    Rule::NoEffect,
                    at("tag_regex"),
                    format!("Concourse does not order the tags of `{name}` by version when there is a `tag_regex`"),
                )
                .help(format!("write `versions: {constraint}` in place of `tag_regex`")),
                None => Diagnostic::new(
                    Rule::UnorderedTags,
                    at("tag_regex"),
                    format!("the newest tag of `{name}` is the last one that the registry lists"),
                )
                .note("most registries list tags by letters, where 27.9 comes after 27.10")
                .help(format!("write `versions: {constraint}` in place of `tag_regex`, or add `newest_by: created`")),
            }
        };
        self.diagnostics.push(diagnostic);
    }

    fn s3(&mut self, settings: S3Settings, place: &Place<'_>) -> Option<S3Source> {
        let bucket = self.needed(settings.bucket, "s3", "bucket", place)?;
        let (regexp, versioned_file) = (settings.regexp.map(|text| text.0), settings.versioned_file.map(|text| text.0));
        if regexp.is_some() == versioned_file.is_some() {
            let span = self.settings.at(&format!("{}/s3", place.pointer)).map_or(place.key_span, |node| node.span);
            if !self.diagnostics.speaks_within(span) {
                let message = format!("the files of `{}` need `regexp` or `versioned_file`", place.name);
                let help = "write `regexp`, a pattern with a group for the version, or `versioned_file`, a file whose versions the bucket keeps";
                self.diagnostics.push(Diagnostic::new(Rule::MissingField, span, message).help(help));
            }
            return None;
        }
        Some(S3Source {
            bucket,
            regexp,
            versioned_file,
            region: settings.region.map(|text| text.0),
            aws_role: settings.aws_role.unwrap_or(false),
            access_key: settings.access_key.map(|secret| secret.0),
            secret_key: settings.secret_key.map(|secret| secret.0),
        })
    }

    fn release(&mut self, settings: ReleaseSettings, place: &Place<'_>) -> Option<ReleaseSource> {
        let whole = self.needed(settings.repository, "github_release", "repository", place)?;
        let Some((owner, repository)) =
            whole.split_once('/').filter(|(owner, name)| !owner.is_empty() && !name.is_empty() && !name.contains('/'))
        else {
            let pointer = format!("{}/github_release/repository", place.pointer);
            let span = self.settings.at(&pointer).map_or(place.key_span, |node| node.span);
            if !self.diagnostics.speaks_of(span) {
                self.diagnostics.push(
                    Diagnostic::new(Rule::WrongType, span, format!("`{whole}` is not a repository on GitHub"))
                        .help("write OWNER/NAME, such as example/shop"),
                );
            }
            return None;
        };
        Some(ReleaseSource {
            owner: owner.to_owned(),
            repository: repository.to_owned(),
            tag_filter: settings.tag_filter.map(|text| text.0),
            order_by: settings.order_by,
            token: settings.token.map(|secret| secret.0),
        })
    }

    fn resource(&mut self, settings: ResourceSettings, scope: &Scope, place: &Place<'_>) -> Option<ResourceSource> {
        let name = self.needed(settings.type_name, "resource", "type", place)?;
        let at = |field: &str| self.settings.at(&format!("{}/resource/{field}", place.pointer));
        let type_name = match ResourceTypeName::parse(name.as_str()) {
            Ok(type_name) => type_name,
            Err(error) => {
                let span = at("type").map_or(place.key_span, |node| node.span);
                let message = format!("the name `{name}` of a resource type {error}");
                self.diagnostics.push(invalid_name(span, message, ("type", &name)));
                return None;
            }
        };
        let source = at("source").cloned();
        let source = source.and_then(|node| Filler::new(self.diagnostics).node(&node, scope));
        let source = source.and_then(|node| decode(&node).ok());
        let own = self.own_types.get(type_name.as_str()).map(|own| &own.resource_type);
        let is_clock = is_clock(type_name.as_str(), own.is_some(), own.and_then(ResourceType::image));
        Some(ResourceSource { type_name, source, icon: settings.icon.map(|icon| icon.0), is_clock })
    }

    /// A field without which nothing is known.
    fn needed(&mut self, given: Option<Template>, kind: &str, field: &str, place: &Place<'_>) -> Option<String> {
        if given.is_none() {
            let node = self.settings.at(&format!("{}/{kind}", place.pointer)).unwrap_or(self.settings);
            // A field that is unknown or wrong has been reported.
            if node.at(&format!("/{field}")).is_none() && !self.diagnostics.speaks_within(node.span) {
                let message = format!("`{kind}` of `{}` needs `{field}`", place.name);
                self.diagnostics.push(Diagnostic::new(Rule::MissingField, node.span, message));
            }
        }
        given.map(|text| text.0)
    }

    /// A commit is what everybody waits for: a repository is looked at as often as the code. A release is rare.
    pub(super) fn default_check(&self, what: &What) -> Option<CheckEvery> {
        match what {
            What::Git(_) => Some(self.code.check_every.clone()),
            What::Release(_) => Some(CheckEvery::daily()),
            What::Image(_) | What::S3(_) | What::Resource(_) => None,
        }
    }
}

/// A constraint on versions that a pattern of tags may have meant: `27.x` of `^27\.[0-9]+$`.
fn constraint_of(regex: &str) -> String {
    let rest = regex.trim_start_matches('^').trim_start_matches('v').replace("\\.", ".");
    let numbers: Vec<&str> = rest
        .split('.')
        .take(2)
        .take_while(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
        .collect();
    if numbers.is_empty() { "\">=0.0.0\"".to_owned() } else { format!("{}.x", numbers.join(".")) }
}

/// The fields of what is built, as a build kind sees them; missing ones are `none`.
pub(super) fn target(what: &What) -> Value {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::from(()), Value::from);
    match what {
        What::Image(image) => Value::from_pairs([
            ("repository", Value::from(image.repository.as_str())),
            ("tag", text(&image.tag)),
            ("versions", text(&image.versions)),
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
            ("branch", text(&git.branch)),
            ("tag_filter", text(&git.tag_filter)),
        ]),
        What::S3(s3) => Value::from_pairs([
            ("bucket", Value::from(s3.bucket.as_str())),
            ("regexp", text(&s3.regexp)),
            ("versioned_file", text(&s3.versioned_file)),
            ("region", text(&s3.region)),
        ]),
        What::Release(release) => Value::from_pairs([
            ("owner", Value::from(release.owner.as_str())),
            ("repository", Value::from(release.repository.as_str())),
            ("tag_filter", text(&release.tag_filter)),
        ]),
        What::Resource(resource) => Value::from_pairs([("type", resource.type_name.as_str())]),
    }
}
