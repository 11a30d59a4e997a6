//! What the user wrote: files, their shape, and the layers that they make.

mod check;
mod files;
mod free;
mod issues;
mod jobs;
mod layers;
mod publish;
mod scalars;
mod schema;
mod secrets;
mod settings;

pub(crate) use check::{Wording, check, check_against, template_here};
pub use files::{ChainFields, ConcourseSettings, FleetFields, LevelWord, ManifestFields};
pub(crate) use free::{Free, FreeMap};
pub use issues::*;
pub use jobs::*;
pub(crate) use layers::merge;
pub(crate) use publish::published_schema;
pub use scalars::{CheckEvery, Duration, Id, Moment, Name, Secret, Template};
pub use schema::FileShape;
pub(crate) use schema::{compile, compile_own};
pub(crate) use secrets::{is_secret_in_clear, names_secret};
pub use settings::*;
