//! What the user wrote: files, their shape, and the layers that they make.

mod check;
mod files;
mod fit;
mod foreign;
mod free;
mod freeze;
mod indent;
mod issues;
mod jobs;
mod layers;
mod meta;
mod misfit;
mod place;
mod policy;
mod publish;
mod scalars;
mod schema;
mod settings;

pub(crate) use check::{Schema, check, check_against};
pub(crate) use concourse_pipeline::secrets::{
    SecretPart, is_secret_by_name, is_secret_in_clear, misspelled_variable, names_secret, posted_credential,
    secret_parts,
};
pub use files::{ChainFields, ConcourseSettings, FleetFields, LevelWord, ManifestFields};
pub(crate) use fit::{SchemaAuthor, is_surely_schema};
pub(crate) use foreign::ForeignFile;
pub(crate) use free::{Free, FreeMap};
pub use freeze::FreezeSettings;
pub use issues::*;
pub use jobs::*;
pub(crate) use layers::merge;
pub use meta::{MetaImage, MetaSettings, MetaSource};
pub(crate) use misfit::{Wording, template_here};
pub use policy::{PolicyGate, PolicyIssues, PolicySettings};
pub(crate) use publish::published_schema;
pub use scalars::{CheckEvery, Duration, Id, InputFile, Moment, Name, Secret, Template};
pub use schema::FileShape;
pub(crate) use schema::{compile, compile_own};
pub use settings::*;
