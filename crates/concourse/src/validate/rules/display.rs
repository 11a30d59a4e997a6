use crate::view::{field, text};
use yaml_source::diagnostic::{Diagnostics, Rule};

use super::url::{UrlError, scheme};
use super::{Checked, refused};

/// The picture behind a pipeline is fetched by browsers.
pub(super) fn check(pipeline: &Checked<'_, '_>, diagnostics: &mut Diagnostics) {
    let Some(image) = field(pipeline.view.root, "display").and_then(|display| field(display, "background_image"))
    else {
        return;
    };
    let Some(url) = text(image) else { return };
    let (message, concourse_message) = match scheme(url) {
        Ok("" | "http" | "https") => return,
        Ok(scheme) => (
            format!("browsers are not sent to `{scheme}:`"),
            "background_image scheme must be either http, https or relative".to_owned(),
        ),
        Err(UrlError { why }) => {
            (format!("`{url}` is not a URL: {why}"), format!("background_image is not a valid URL: {url}"))
        }
    };
    diagnostics.push(
        refused(Rule::InvalidBackground, image.span, message, format!("display config: {concourse_message}"))
            .help("write a URL that begins with `https://`, or a path"),
    );
}
