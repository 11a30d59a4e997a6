//! Kinds: what deploys a stage, and what builds an input. A kind is a file in Concourse's own words.

mod check;
mod credentials;
mod extra;
mod fields;
mod file;
mod made;
mod option;
mod set;

pub(crate) use check::without_target;
pub(crate) use credentials::credentials_of;
pub(crate) use extra::Extra;
pub(crate) use fields::KindFields;
pub(crate) use file::unknown_version;
pub use file::{Family, Kind};
pub(crate) use made::{KindScope, Made};
pub(crate) use set::OwnKinds;
pub use set::{BUILT_IN_KINDS, BuiltIn, KindSet};
