//! Addresses that a client may ask, and what they lead to.

use crate::error::{Error, Result};
use crate::text::one_line;

pub(super) fn check_base(base: &str) -> Result<()> {
    let bad = |why: &str| Err(Error::Settings(format!("`gh_host` {why}")));
    let Some((scheme @ ("https" | "http"), rest)) = base.split_once("://") else {
        return bad("is the base of GitHub's REST API, such as https://api.github.com or https://HOST/api/v3");
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') || !base.chars().all(|c| c.is_ascii_graphic()) || base.contains(['?', '#']) {
        return bad("must have neither user, query nor fragment");
    }
    let host = authority.strip_prefix('[').map_or_else(
        || authority.split(':').next().unwrap_or_default(),
        |rest| rest.split(']').next().unwrap_or_default(),
    );
    if host.is_empty() {
        return bad("names no host");
    }
    let loopback = host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if scheme == "http" && !loopback {
        return bad("must be https: credentials are sent there");
    }
    Ok(())
}

pub(super) fn check_repository(repository: &str) -> Result<()> {
    let part = |part: &str| {
        !part.is_empty()
            && !matches!(part, "." | "..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match repository.split_once('/') {
        Some((owner, name)) if part(owner) && part(name) => Ok(()),
        _ => Err(Error::Settings(format!("`repository` is OWNER/NAME, and not `{}`", one_line(repository, 80)))),
    }
}

/// A single issue that redirects has been transferred, and what stands there is another issue.
pub(super) fn is_issue(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().is_some_and(|last| last.parse::<u64>().is_ok())
}

/// `location` seen from `url`.
pub(super) fn resolve(url: &str, location: &str) -> Option<String> {
    if location.starts_with("https://") || location.starts_with("http://") {
        return Some(location.to_owned());
    }
    location.starts_with('/').then(|| format!("{}{location}", origin(url)))
}

fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find(['/', '?', '#']).map_or(url, |at| &url[..host + at])
}

pub(super) fn same_origin(one: &str, other: &str) -> bool {
    origin(one).eq_ignore_ascii_case(origin(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_scheme_host_and_port() {
        assert!(same_origin("https://x/api/v3", "https://X/repos?a"));
        assert!(!same_origin("https://x/api", "https://x.evil/api"));
        assert!(!same_origin("https://x/api", "https://x:8443/api"));
        assert!(!same_origin("https://x/api", "http://x/api"));
        assert_eq!(resolve("https://x/api/v3/a", "/repositories/1").as_deref(), Some("https://x/repositories/1"));
        assert_eq!(resolve("https://x/a", "//evil/").as_deref(), Some("https://x//evil/"));
        assert_eq!(resolve("https://x/a", "javascript:0"), None);
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for good in ["https://api.github.com", "http://127.0.0.1:80", "http://localhost:1/api/v3", "http://[::1]:1"] {
            assert!(check_base(good).is_ok(), "{good}");
        }
        for bad in [
            "http://ghe.example.org",
            "http://127.0.0.1.evil",
            "ftp://x",
            "https://",
            "https://u:p@x",
            "api.github.com",
            "http://localhost@evil/",
        ] {
            assert!(check_base(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_an_address_of_one_issue_is_an_issue() {
        assert!(is_issue("https://x/repos/o/r/issues/12"));
        assert!(!is_issue("https://x/repos/o/r/issues?page=12"));
        assert!(!is_issue("https://x/repos/o/r/issues/12/comments"));
    }
}
