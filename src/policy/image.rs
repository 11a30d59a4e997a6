//! The image in which approved versions are checked out and compared.
//!
//! Its shell runs the script that checks them, so whoever publishes the image decides what is deployed.

use concourse_pipeline::diff::publisher;
use yaml_source::yaml::{Node, NodeKind};

use crate::project::{Fleet, Gate, Stage};

use super::Shortfall;

/// Where a manifest sets it.
const IMAGE: &str = "/approval/checkout_image";

/// What of a manifest takes another publisher's image than the fleet's.
pub(super) fn of_another_publisher(stage: &Stage, fleet: &Fleet) -> Option<Shortfall> {
    if !matches!(stage.gate, Gate::Issue | Gate::Preview) {
        return None;
    }
    let own = |pointer: &str| {
        let of_fleet = fleet.policy.first().map(|floor| floor.span.file);
        let node = stage.origin.settings.at(pointer)?;
        (node.span.file != fleet.built_in && Some(node.span.file) != of_fleet).then_some(node)
    };
    let usual = fleet.defaults.at("/approval/checkout_image/repository").and_then(Node::as_str).unwrap_or_default();
    if let Some(repository) = own("/approval/checkout_image/repository").map(|node| node.as_str().unwrap_or_default())
        && publisher(repository) != publisher(usual)
    {
        let message =
            format!("checks approved versions in `{repository}`, an image of another publisher than `{usual}`");
        let help = "remove `checkout_image`; or let the file of the fleet set it".to_owned();
        return Some(("/approval/checkout_image/repository", message, help));
    }
    let fields: [(&'static str, &str); 6] = [
        ("/approval/checkout_image/registry_mirror", "registry_mirror"),
        ("/approval/checkout_image/insecure", "insecure"),
        ("/approval/checkout_image/ca_certs", "ca_certs"),
        ("/approval/checkout_image/aws_region", "aws_region"),
        ("/approval/checkout_image/aws_account_id", "aws_account_id"),
        ("/approval/checkout_image/aws_role_arn", "aws_role_arn"),
    ];
    if let Some((pointer, field)) = fields.into_iter().find(|(pointer, _)| own(pointer).is_some()) {
        let message = format!("sets `{field}` of the image in which approved versions are checked");
        return Some((pointer, message, format!("remove `{field}`; or let the file of the fleet set it")));
    }
    // What is no map has been reported, or names no image.
    own(IMAGE).filter(|image| !matches!(image.kind, NodeKind::Map(_))).map(|_| {
        let message = format!("does not check approved versions in an image such as `{usual}`");
        (IMAGE, message, "remove `checkout_image`; or let the file of the fleet set it".to_owned())
    })
}
