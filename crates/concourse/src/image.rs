//! Where an image comes from.

/// The fields of a source of `registry-image`, besides the name, that decide where an image comes from. With a region, an
/// account or a role its name is looked up in a registry of Amazon ECR.
pub const PLACES: [&str; 6] =
    ["registry_mirror", "insecure", "ca_certs", "aws_region", "aws_account_id", "aws_role_arn"];

/// Who publishes an image: one publisher has an image for each kind of gate.
pub fn publisher(image: &str) -> &str {
    let image = ["docker.io/", "index.docker.io/"].iter().find_map(|hub| image.strip_prefix(hub)).unwrap_or(image);
    image.rsplit_once('/').map_or(image, |(publisher, _)| publisher)
}
