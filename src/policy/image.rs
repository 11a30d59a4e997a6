//! The image in which approved versions are checked out and compared.
//!
//! Its shell runs the script that checks them, so whoever publishes the image decides what is deployed.

use concourse_pipeline::image::{PLACES, publisher};
use yaml_source::yaml::{Node, NodeKind};

use crate::project::{Fleet, Gate, Stage};

/// Where a manifest sets it.
const IMAGE: &str = "/approval/checkout_image";

/// What of a manifest takes another publisher's image than the fleet's: the place of the setting, what is wrong, and what to
/// write.
pub(super) fn of_another_publisher(stage: &Stage, fleet: &Fleet) -> Option<(String, String, String)> {
    if !matches!(stage.gate, Gate::Issue | Gate::Preview) {
        return None;
    }
    let own = |pointer: &str| {
        let of_fleet = fleet.policy.first().map(|floor| floor.span.file);
        let node = stage.origin.settings.at(pointer)?;
        (node.span.file != fleet.built_in && Some(node.span.file) != of_fleet).then_some(node)
    };
    let field = |name: &str| format!("{IMAGE}/{name}");
    let remove = |name: &str| format!("remove `{name}`; or let the file of the fleet set it");
    let name = field("repository");
    let usual = fleet.defaults.at(&name).and_then(Node::as_str).unwrap_or_default();
    if let Some(repository) = own(&name).map(|node| node.as_str().unwrap_or_default())
        && publisher(repository) != publisher(usual)
    {
        let message =
            format!("checks approved versions in `{repository}`, an image of another publisher than `{usual}`");
        return Some((name, message, remove("checkout_image")));
    }
    if let Some(place) = PLACES.into_iter().find(|place| own(&field(place)).is_some()) {
        let message = format!("sets `{place}` of the image in which approved versions are checked");
        return Some((field(place), message, remove(place)));
    }
    // What is no map has been reported, or names no image.
    own(IMAGE).filter(|image| !matches!(image.kind, NodeKind::Map(_))).map(|_| {
        let message = format!("does not check approved versions in an image such as `{usual}`");
        (IMAGE.to_owned(), message, remove("checkout_image"))
    })
}
