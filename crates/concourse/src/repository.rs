//! Repositories, compared as GitHub compares them: one repository has many addresses.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;

/// A repository, however its address is spelt: `HOST/OWNER/NAME` in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository(String);

/// The host of GitHub itself.
const GITHUB: &str = "github.com";

impl Repository {
    /// The repository of issues `OWNER/NAME`, by the base of the API; without one it is on github.com.
    pub fn of_issues(api: Option<&str>, repository: &str) -> Self {
        let host = api.filter(|api| !api.is_empty()).map_or_else(|| GITHUB.to_owned(), |api| api_host(&decoded(api)));
        Self(format!("{host}/{}", path(&decoded(repository))))
    }

    /// The repository behind the address of a clone: `https://…`, `ssh://…`, `git://…` or `USER@HOST:PATH`.
    pub fn of_clone(address: &str) -> Self {
        let address = without_separators(address.trim());
        let address = decoded(&address);
        let address = address.as_ref();
        let (host, rest) = match address.split_once("://") {
            Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
            // As git reads it: what stands before the first colon is a host, unless a slash stands before the colon.
            None => match address.split_once(':') {
                Some((host, rest)) if !host.contains('/') => (host, rest),
                _ => ("", address),
            },
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        Self(format!("{}/{}", host_name(host), path(rest)))
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address whose variables hold none of the characters that part an address.
fn without_separators(address: &str) -> String {
    let mut is_variable = false;
    let mut last = ' ';
    let plain = address.chars().map(|c| {
        match (last, c) {
            ('(', '(') => is_variable = true,
            (')', ')') => is_variable = false,
            _ => {}
        }
        last = c;
        if is_variable && matches!(c, '/' | ':' | '@' | '?' | '#' | '%') { '_' } else { c }
    });
    plain.collect()
}

/// An address without percent-encoding, which git and servers read as the characters that it stands for.
fn decoded(address: &str) -> Cow<'_, str> {
    percent_decode_str(address).decode_utf8_lossy()
}

/// The host of the repositories that an API serves.
fn api_host(api: &str) -> String {
    let rest = api.trim().split_once("://").map_or(api.trim(), |(_, rest)| rest);
    let host = host_name(rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host.strip_prefix("api.") {
        // github.com, and the subdomains of ghe.com.
        Some(host) if host == GITHUB || host.ends_with(".ghe.com") => host.to_owned(),
        _ => host,
    }
}

/// A host without user, port and other spellings of its name.
fn host_name(host: &str) -> String {
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(name, port)| {
        // Another port than those of the protocols may be another server.
        if matches!(port, "" | "22" | "80" | "443" | "9418") { name } else { host }
    });
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    match host.as_str() {
        "www.github.com" | "ssh.github.com" => GITHUB.to_owned(),
        _ => host,
    }
}

/// The path of a repository without what does not count: slashes at its ends, doubled ones, `.git`, case.
fn path(path: &str) -> String {
    let parts: Vec<&str> = path.trim().split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let joined = parts.join("/").to_ascii_lowercase();
    joined.strip_suffix(".git").unwrap_or(&joined).to_owned()
}

#[cfg(test)]
mod tests {
    use super::Repository;

    #[test]
    fn one_repository_has_many_addresses() {
        let shop = Repository::of_clone("https://github.com/example/shop");
        for address in [
            "https://github.com/Example/Shop.git",
            "https://github.com/example/shop/",
            "https://github.com/example/shop.git/",
            "https://x-access-token:((token))@github.com/example/shop",
            "http://www.github.com:80//example/shop",
            "ssh://git@github.com/example/shop.git",
            "ssh://git@ssh.github.com:443/example/shop.git",
            "git@github.com:example/shop.git",
            "GitHub.com.:example/shop",
            "git://github.com/example/shop",
            "https://github.com/example/%73hop",
            "https://github.com/e%58ample%2Fshop%2egit",
            "https://%67ithub.com/example/shop",
            "https://((vault:git/a@b.user)):((git.password))@github.com/example/shop",
            "((vault:git/user))@github.com:example/shop",
        ] {
            assert_eq!(Repository::of_clone(address), shop, "{address}");
        }
        for address in [
            "https://github.com/example/shop2",
            "https://github.com/example/shop%",
            "https://github.com/example/shop%zz",
            "https://ghe.example.com/example/shop",
            "https://github.com:8443/example/shop",
            "/srv/example/shop",
        ] {
            assert_ne!(Repository::of_clone(address), shop, "{address}");
        }
    }

    #[test]
    fn one_repository_of_issues_has_many_spellings() {
        let of = |api: Option<&str>, repository: &str| Repository::of_issues(api, repository);
        let ours = of(None, "example/deployments");
        for (api, repository) in [
            (Some("https://api.github.com"), "example/deployments"),
            (Some("https://api.github.com/"), "Example/Deployments"),
            (Some("https://API.github.com:443//"), "example/deployments/"),
            (Some("api.github.com"), "example/deployments.git"),
        ] {
            assert_eq!(of(api, repository), ours, "{api:?} {repository}");
        }
        let server = of(Some("https://ghe.example.com/api/v3"), "example/deployments");
        assert_ne!(server, ours);
        assert_eq!(of(Some("https://GHE.example.com/api/v3/"), "example/deployments"), server);
        assert_eq!(Repository::of_clone("git@ghe.example.com:example/deployments.git"), server);
        assert_eq!(of(Some("https://api.acme.ghe.com"), "a/b"), Repository::of_clone("https://acme.ghe.com/a/b"));
    }
}
