//! Finds fleets and manifests, loads them, and compiles them: manifest → project → plan → pipeline, in one place for all
//! commands. Nothing is written here.

mod beside;
mod collisions;
mod compile;
mod fleet;
mod load;
mod meta;
mod places;
mod select;

use concourse_pipeline::model::InstanceVars;

pub(crate) use compile::{Compiled, CompiledPipeline, Understood, compile, understand};
pub(crate) use fleet::{Compiling, MadeFrom, Seen, compile_fleet, compile_fleets};
pub(crate) use load::{Loaded, LoadedManifest, load, load_fleet};
pub(crate) use places::Places;
pub use select::{FLEET_FILE, Selected, select};
pub(crate) use select::{fleet_above, folders_below, folders_of_globs, select_file};

/// The name of the file that a pipeline is rendered to.
pub(crate) fn file_name(name: &str, instance_vars: &InstanceVars) -> String {
    format!("{name}{}.yml", instance_vars.file_name_part())
}
