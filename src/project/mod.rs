//! What a manifest means: defaults applied, references resolved, names made. There is no `Option` here that means
//! "default".

mod chain;
mod discover;
mod effect;
mod fill;
mod fleet;
mod inputs;
mod levels;
mod resolve;
mod stage;
mod values;
mod watched;

pub(crate) use fill::Shape;
pub use fleet::{Concourse, Fleet};
pub(crate) use fleet::{FleetResourceType, Meta, built_in_defaults};
pub(crate) use levels::file_levels;
pub(crate) use resolve::{ManifestFile, Resolved, resolve};
pub use stage::{
    Alert, Auth, Build, Chain, CodeSource, EnvSource, Gate, Input, Issues, JobOptions, Names, OldName, Origin, Pin,
    Project, Record, Stage, StageId,
};
