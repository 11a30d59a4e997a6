//! The types of inputs, one file each: its settings, how they are checked, the resource that they render to, the file that
//! names a version, the files that an approval names by a hash, and how `import` converts a resource back.
//!
//! A new type is a file here, a line in `input_types!` below, and its field in `manifest::InputSettings` and
//! `manifest::FromSettings`.

pub(crate) mod concourse;
pub(crate) mod extra;
mod git;
mod github_release;
mod image;
mod resource;
mod s3;

use concourse_pipeline::model::{Resource, ResourceName, ResourceType};
use github_issues_resource::contract::ContentFiles;
use minijinja::Value as TemplateValue;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::{IndexMap, Node, Value, escape};

use crate::formats::Check;
use crate::manifest::{CheckEvery, FromSettings, InputFile, InputSettings, Template};
use crate::template::Scope;

use concourse::{ConcourseType, Field};
use extra::more_fields;
pub use git::{GitSettings, GitSource};
pub use github_release::{OrderBy, ReleaseSettings, ReleaseSource};
pub use image::{ImageSettings, ImageSource, NewestBy};
pub(crate) use resource::version_files;
pub use resource::{ResourceSettings, ResourceSource};
pub use s3::{S3Settings, S3Source};

/// What a type of inputs knows of one of its inputs.
pub(crate) trait InputType {
    /// The file of the artifact that names its version, where the type alone decides which.
    fn version_file(&self) -> Option<&'static str>;

    /// The files of a get that a name of a version can come to mean anew. An approval names them by a hash.
    fn fetched_content(&self, _params: Option<&Value>) -> Option<ContentFiles> {
        None
    }

    /// Whether a get with these params fetches nothing of what is in a version.
    fn fetches_only_its_name(&self, _params: Option<&Value>) -> bool {
        false
    }

    /// The files of a get that say how a version is called, and nothing of what is in it.
    fn files_of_name(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether the version is content, wherever it comes from.
    fn is_version_content(&self) -> bool {
        false
    }

    /// Whether both come from one place, so that a version of one means the same of the other. `pin` is the file that
    /// names the version of this one.
    fn is_same_place(&self, other: &InputSource, pin: Option<&str>) -> bool;

    /// The resource in Concourse's words.
    fn resource(&self, name: &ResourceName, check_every: Option<&CheckEvery>) -> Resource;

    /// The fields as a build kind sees them: `target`. Missing ones are `none`.
    fn target(&self) -> TemplateValue;

    /// Where it comes from, for developers, if nothing here builds it. Markdown.
    fn made_elsewhere(&self) -> String {
        "made elsewhere".to_owned()
    }

    /// How often Concourse checks it, unless the manifest sets it. `code` is the interval of the project's code.
    fn default_check(&self, _code: &CheckEvery) -> Option<CheckEvery> {
        None
    }

    /// Fails with a message and a help when `file` of the input `name` cannot be its pin.
    fn check_pin(&self, _name: &str, _file: &str) -> Result<(), (String, String)> {
        Ok(())
    }

    /// The params of the get of a deployment, unless the manifest sets them.
    fn default_params(&self) -> Option<Value> {
        None
    }

    /// Reports variables that are made from files which no get writes.
    fn check_files(&self, _env: &IndexMap<String, InputFile>, _reader: &mut SourceReader<'_>) {}
}

macro_rules! input_types {
    ($($(#[$doc:meta])* $field:ident: $variant:ident($settings:ident => $source:ident),)+) => {
        /// The fields of which an input has exactly one.
        pub(crate) const INPUT_TYPES: [&str; [$(stringify!($field)),+].len()] = [$(stringify!($field)),+];

        /// What an input is.
        #[derive(Clone, Debug, PartialEq)]
        pub enum InputSource {
            $($(#[$doc])* $variant($source),)+
        }

        impl InputSource {
            /// What its type knows of it.
            pub(crate) fn as_type(&self) -> &dyn InputType {
                match self {
                    $(Self::$variant(source) => source,)+
                }
            }
        }

        /// The settings of the type that an input has.
        pub(crate) struct TypeSettings {
            $($field: Option<$settings>,)+
        }

        impl TypeSettings {
            /// Takes them out of the settings of an input.
            pub(crate) fn of_input(settings: &mut InputSettings) -> Self {
                Self { $($field: settings.$field.take(),)+ }
            }

            /// Takes them out of the settings of something that an input is built from.
            pub(crate) fn of_from(settings: &mut FromSettings) -> Self {
                Self { $($field: settings.$field.take(),)+ }
            }

            /// Whether there are none.
            pub(crate) fn is_empty(&self) -> bool {
                $(self.$field.is_none())&&+
            }

            /// Reads them. `None` where there are none, or where one is missing or wrong, which is reported.
            pub(crate) fn read(self, reader: &mut SourceReader<'_>) -> Option<InputSource> {
                $(if let Some(settings) = self.$field {
                    return $source::read(settings, reader).map(InputSource::$variant);
                })+
                None
            }
        }

        /// The types of Concourse that have an input type here.
        const CONCOURSE_TYPES: [Option<ConcourseType>; INPUT_TYPES.len()] = [$($source::CONCOURSE_TYPE),+];

        /// A part of the place of a credential, and what a variable with it is called.
        const CREDENTIALS: [Option<(&str, &str)>; INPUT_TYPES.len()] = [$($source::CREDENTIALS),+];

        /// The fields whose text has a format.
        pub(crate) const FORMATS: [&[(&str, Check)]; INPUT_TYPES.len()] = [$($source::FORMATS),+];
    };
}

input_types! {
    /// A repository.
    git: Git(GitSettings => GitSource),
    /// An image.
    image: Image(ImageSettings => ImageSource),
    /// A file in a bucket.
    s3: S3(S3Settings => S3Source),
    /// A release.
    github_release: Release(ReleaseSettings => ReleaseSource),
    /// Anything else.
    resource: Resource(ResourceSettings => ResourceSource),
}

/// What a variable is called that holds a credential of the input type at this place of a manifest.
pub(crate) fn credential_scope(pointer: &str) -> Option<&'static str> {
    let mut known = CREDENTIALS.into_iter().flatten();
    known.find(|(field, _)| pointer.contains(&format!("/{field}/"))).map(|(_, scope)| scope)
}

/// Where the manifest has an input.
#[derive(Clone, Copy)]
pub(crate) struct InputPlace<'a> {
    pub(crate) pointer: &'a str,
    pub(crate) name: &'a str,
    pub(crate) key_span: Span,
    pub(crate) value_span: Span,
}

/// What the settings of an input are read with.
pub(crate) struct SourceReader<'a> {
    /// The settings of the stage.
    pub(crate) settings: &'a Node,
    /// The project's code.
    pub(crate) code: &'a GitSource,
    /// The type that the fleet defines by a name. It takes the place of Concourse's own.
    pub(crate) own_type: &'a dyn Fn(&str) -> Option<&'a ResourceType>,
    pub(crate) scope: &'a Scope,
    pub(crate) place: InputPlace<'a>,
    pub(crate) diagnostics: &'a mut Diagnostics,
}

impl SourceReader<'_> {
    /// A required field.
    fn needed(&mut self, given: Option<Template>, kind: &str, field: &str) -> Option<String> {
        if given.is_none() {
            let node = self.settings.at(&format!("{}/{kind}", self.place.pointer)).unwrap_or(self.settings);
            // A field that is unknown or wrong has been reported.
            if node.at(&format!("/{field}")).is_none() && !self.diagnostics.speaks_within(node.span) {
                let message = format!("`{kind}` of `{}` needs `{field}`", self.place.name);
                self.diagnostics.push(Diagnostic::new(Rule::MissingField, node.span, message));
            }
        }
        given.map(|text| text.0)
    }

    /// What `extra` adds to the source of the type `kind`, whose fields are these.
    fn more(&mut self, extra: Option<Value>, kind: &str, fields: &[Field]) -> IndexMap<String, Value> {
        let words: Vec<_> = fields.iter().map(|(own, word, _)| (*own, *word)).collect();
        let (settings, pointer, beside) = (self.settings, self.place.pointer, self.place.key_span);
        let place = |key: &str| {
            settings.at(&format!("{pointer}/{kind}/extra/{}", escape(key))).map_or(beside, |node| node.span)
        };
        more_fields(extra, &words, kind, place, self.diagnostics)
    }
}

/// A text as a template sees it.
fn text_or_none(text: Option<&str>) -> TemplateValue {
    text.map_or(TemplateValue::from(()), TemplateValue::from)
}

/// All files of a get but these, which can change while the content does not.
/// Whether a get with these params fetches an object's name and address, and not the object.
fn skips_download(params: Option<&Value>) -> bool {
    params.and_then(|params| params.get("skip_download")) == Some(&Value::Bool(true))
}

fn except(names: &[&str]) -> ContentFiles {
    ContentFiles::Except(names.iter().map(|&name| name.to_owned()).collect())
}

/// Watched paths as the git resource takes them: without a slash at the end, each once.
pub(crate) fn paths(paths: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for path in paths {
        let path = path.trim_end_matches('/').trim_start_matches("./").to_owned();
        if !path.is_empty() && !distinct.contains(&path) {
            distinct.push(path);
        }
    }
    distinct
}
