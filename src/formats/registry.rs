//! Images, tags and regions of registries.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::source::Span;

use super::{FormatError, wrong};

/// The registry of an image whose name has an address, and the name below the address.
pub(crate) fn registry(image: &str) -> Option<(&str, &str)> {
    let (host, name) = image.split_once('/')?;
    (host.contains(['.', ':']) || host == "localhost").then_some((host, name))
}

/// Whether the registry before the name of an image is a host, perhaps with a port.
fn is_host(registry: &str) -> bool {
    if registry.starts_with('[') {
        return true;
    }
    let (host, port) = registry.split_once(':').unwrap_or((registry, "443"));
    let is_label = |label: &str| {
        let is_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(is_char)
    };
    host.split('.').all(is_label) && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of an image as the distribution specification has it, without a tag and a digest.
pub(crate) fn image(text: &str) -> Result<(), FormatError> {
    let message = || format!("`{text}` is not the name of an image");
    if let Some((_, rest)) = text.split_once("://") {
        return wrong(message(), format!("write `{}`", rest.trim_end_matches('/')));
    }
    if let Some((name, _)) = text.split_once('@') {
        return wrong(message(), format!("write `{name}`; an approval names the digest"));
    }
    let name = registry(text).map_or(text, |(_, name)| name);
    if let Some((_, tag)) = name.split_once(':') {
        let before = &text[..text.len() - tag.len() - 1];
        return wrong(message(), format!("write `repository: {before}` and `tag: {tag:?}`"));
    }
    let is_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let is_part = |part: &str| {
        let at_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(at_end) && part.ends_with(at_end) && part.chars().all(is_char)
    };
    let has_host = registry(text).is_none_or(|(host, _)| is_host(host));
    if has_host && name.split('/').all(is_part) {
        return Ok(());
    }
    let lower = text.to_ascii_lowercase();
    let help: Cow<'_, str> = if lower != text && image(&lower).is_ok() {
        format!("write `{lower}`").into()
    } else {
        "write lowercase letters, digits, `.`, `_`, `-` and `/`, such as example/cart".into()
    };
    wrong(message(), help)
}

/// The error for the name of an image that no registry has. A variable is filled by Concourse.
pub(crate) fn wrong_image(name: &str, place: impl FnOnce() -> Span) -> Option<Diagnostic> {
    let wrong = image(name).err().filter(|_| !name.contains("(("))?;
    Some(Diagnostic::new(Rule::WrongType, place(), wrong.message).help(wrong.help))
}

pub(crate) fn image_tag(text: &str) -> Result<(), FormatError> {
    let is_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if !text.is_empty() && text.len() <= 128 && text.chars().all(is_char) && !text.starts_with(['.', '-']) {
        return Ok(());
    }
    wrong(
        format!("`{text}` is not a tag of an image"),
        "write a tag such as 27.1, or `tag_regex` or `versions` for several",
    )
}

/// A constraint of `github.com/Masterminds/semver/v3`, which the `registry-image` resource reads.
pub(crate) fn constraint(text: &str) -> Result<(), FormatError> {
    static ALTERNATIVE: LazyLock<Regex> = LazyLock::new(|| {
        let version = r"v?(?:[0-9]+|[xX*])(?:\.(?:[0-9]+|[xX*])){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?";
        let part = format!(r"(?:=|!=|>=|=>|<=|=<|>|<|~>|~|\^)?\s*{version}");
        Regex::new(&format!(r"\A\s*(?:{part}(?:(?:\s*,\s*|\s+){part})*|{version}\s+-\s+{version})\s*\z"))
            .expect("a pattern of our own")
    });
    if text.split("||").all(|alternative| ALTERNATIVE.is_match(alternative)) {
        return Ok(());
    }
    wrong(
        format!("`{text}` is not a constraint on versions"),
        "write a constraint such as 27.x, ~1.2 or \">=2.0 <3.0\"",
    )
}

pub(crate) fn region(text: &str) -> Result<(), FormatError> {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    if let [words @ .., number] = parts.as_slice()
        && words.len() >= 2
        && words.iter().all(is_word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Ok(());
    }
    wrong(format!("`{text}` is not a region of Amazon"), "write a region such as us-east-1")
}
