//! Addresses, branches and paths of git.

use yaml_source::files;

use super::github::is_repository;
use super::{FormatError, wrong};

/// An address that git clones: with a scheme, `HOST:PATH`, or a path of the worker.
pub(crate) fn clone_address(text: &str) -> Result<(), FormatError> {
    let message = || format!("`{text}` is not an address that git can clone");
    let general = "write the address that `git clone` takes, such as https://github.com/example/shop";
    if text.is_empty() || text.contains(char::is_whitespace) || text.starts_with('-') {
        return wrong(message(), general);
    }
    let bare = text.trim_end_matches('/');
    let (host, path) = match bare.split_once("://") {
        Some((scheme, rest)) => {
            let is_scheme =
                !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            if !is_scheme || rest.is_empty() {
                return wrong(message(), general);
            }
            if scheme == "file" {
                return if has_dots(rest) { wrong(message(), general) } else { Ok(()) };
            }
            rest.split_once('/').unwrap_or((rest, ""))
        }
        None if bare.starts_with('/') && !has_dots(bare) => return Ok(()),
        None if bare.starts_with(['/', '.']) => return wrong(message(), general),
        None => match bare.split_once(':') {
            // `https:/example.com`: a slash is missing.
            Some((scheme, rest)) if matches!(scheme, "https" | "http" | "ssh" | "git") => {
                return wrong(message(), format!("write `{scheme}://{}`", rest.trim_start_matches('/')));
            }
            Some((host, path)) if !host.is_empty() && !host.contains('/') => (host, path),
            _ => {
                let path = bare.trim_start_matches("http").trim_start_matches("s//").trim_start_matches("//");
                let address = match path.split_once('/') {
                    Some((host, rest)) if host.starts_with("git@") => format!("{host}:{rest}"),
                    Some((host, _)) if host.contains('.') => format!("https://{path}"),
                    Some(_) if is_repository(path) => format!("https://github.com/{path}"),
                    _ => return wrong(message(), general),
                };
                return wrong(message(), format!("write `{address}`"));
            }
        },
    };
    let name = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    if name.eq_ignore_ascii_case("github.com") || name.eq_ignore_ascii_case("www.github.com") {
        return match parts.as_slice() {
            [owner, name] if !owner.is_empty() && !name.is_empty() && !has_dots(path) => Ok(()),
            [owner, name, ..] if !owner.is_empty() && !name.is_empty() => wrong(
                message(),
                format!("write `https://github.com/{owner}/{name}`, which is the repository of this page"),
            ),
            _ => wrong(message(), "write the owner and the name of the repository: https://github.com/OWNER/NAME"),
        };
    }
    if path.is_empty() || has_dots(path) { wrong(message(), general) } else { Ok(()) }
}

/// Whether a part of a path is `.` or `..`, so that the path leads elsewhere than it seems to.
fn has_dots(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "." | ".."))
}

/// A path of a repository, which git watches.
pub(crate) fn path_of_code(text: &str) -> Result<(), FormatError> {
    if files::is_inside(text) {
        return Ok(());
    }
    wrong(format!("`{text}` is outside of the repository"), files::help_for_outside(text))
}

/// The name of a branch, as `git check-ref-format` has it.
pub(crate) fn branch(text: &str) -> Result<(), FormatError> {
    let message = || format!("`{text}` is not the name of a branch");
    if let Some(name) = text.strip_prefix("refs/heads/") {
        return wrong(message(), format!("write `{name}`"));
    }
    let is_wrong = text.is_empty()
        || text.contains(|c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c))
        || text.contains("..")
        || text.contains("@{")
        || text.contains("//")
        || text.starts_with(['-', '/'])
        || text.ends_with(['/', '.'])
        || text.split('/').any(|part| part.starts_with('.') || part.strip_suffix(".lock").is_some());
    if is_wrong { wrong(message(), "write the name that `git branch` shows, such as main") } else { Ok(()) }
}
