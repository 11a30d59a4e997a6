//! What the user wrote: files, their shape, and the layers that they make.

mod check;
mod files;
mod fit;
mod free;
mod layers;
mod meta;
mod publish;
mod scalars;
mod schema;
mod secrets;
mod settings;

pub(crate) use check::{Schema, Wording, check, check_against, template_here};
pub use files::{ChainFields, ConcourseSettings, FleetFields, ManifestFields};
pub(crate) use fit::{Author, is_surely_schema};
pub(crate) use free::{Free, FreeMap};
pub(crate) use layers::merge;
pub use meta::{MetaImage, MetaSettings, MetaSource};
pub(crate) use publish::published_schema;
pub use scalars::{CheckEvery, Duration, Name, Secret, Template};
pub use schema::FileShape;
pub(crate) use schema::{compile, compile_own};
pub(crate) use secrets::is_secret_in_clear;
pub use settings::*;
