//! What a manifest means: defaults applied, references resolved, names made. There is no `Option` here that means
//! "default".

mod chain;
mod discover;
mod effect;
mod fill;
mod fleet;
mod inputs;
mod resolve;
mod stage;
mod values;
mod watched;

pub(crate) use fill::Shape;
pub(crate) use fleet::Meta;
pub(crate) use fleet::built_in_defaults;
pub use fleet::{Concourse, Fleet};
pub(crate) use resolve::{ManifestFile, resolve};
pub use stage::{
    Approval, Build, Chain, CodeSource, EnvSource, Gate, GitSource, ImageSource, Input, Issues, Names, OldName, Origin,
    Pin, Project, Record, ReleaseSource, ResourceSource, S3Source, Stage, StageId, What,
};
