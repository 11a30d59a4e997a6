//! Repositories, compared as GitHub compares them: one repository has many addresses.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

/// A repository, however its address is spelt: `HOST/OWNER/NAME` in lower case. Many places hold the same one, so a copy
/// shares its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository(Arc<str>);

/// The host of GitHub itself.
const GITHUB: &str = "github.com";

impl Repository {
    /// The repository of issues `OWNER/NAME`, by the base of the API; without one it is on github.com.
    pub fn of_issues(api: Option<&str>, repository: &str) -> Self {
        let api = api.filter(|api| !api.is_empty());
        let host = api.map_or(Cow::Borrowed(GITHUB), |api| Cow::Owned(api_host(&decoded(api))));
        Self(format!("{host}/{}", path(&decoded(repository))).into())
    }

    /// The repository behind the address of a clone: `https://…`, `ssh://…`, `git://…` or `USER@HOST:PATH`.
    pub fn of_clone(address: &str) -> Self {
        let address = without_separators(address.trim());
        let address = decoded(&address);
        let address = address.as_ref();
        let (host, rest) = match address.split_once("://") {
            Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
            // As git reads it: what stands before the first colon is a host, unless a slash stands before the colon. A
            // colon within brackets does not count.
            None => match scp_colon(address) {
                Some(colon) => (&address[..colon], &address[colon + 1..]),
                None => ("", address),
            },
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        Self(format!("{}/{}", host_name(host), path(rest)).into())
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The colon between host and path of `USER@HOST:PATH`, `USER@[HOST]:PATH` or `[USER@HOST:PORT]:PATH`.
fn scp_colon(address: &str) -> Option<usize> {
    let slash = address.find('/').unwrap_or(address.len());
    let bracket = address[..slash].find('[').and_then(|at| Some(at + address[at..slash].find(']')?));
    let from = bracket.unwrap_or(0);
    address[from..slash].find(':').map(|at| from + at)
}

/// An address whose variables hold none of the characters that part an address.
fn without_separators(address: &str) -> Cow<'_, str> {
    if !address.contains("((") {
        return Cow::Borrowed(address);
    }
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
    let host = host.rsplit_once('@').map_or(host, |(before, host)| {
        // Git takes brackets around the host, around host and port, and around all of it.
        if before.contains('[') && !host.contains('[') { host.trim_end_matches(']') } else { host }
    });
    let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        // An address of IPv6 has at least two colons. Git takes brackets around any other host as well.
        Some((inner, rest)) if inner.matches(':').count() < 2 && rest.is_empty() => {
            inner.split_once(':').unwrap_or((inner, ""))
        }
        Some((inner, rest)) => (inner, rest.trim_start_matches(':')),
        None => host.split_once(':').unwrap_or((host, "")),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let number = if port.is_empty() { Some(0) } else { port.parse::<u64>().ok() };
    // Another port than those of the protocols may be another server.
    if !matches!(number, Some(0 | 22 | 80 | 443 | 9418)) {
        return format!("{name}:{}", number.map_or_else(|| port.to_ascii_lowercase(), |number| number.to_string()));
    }
    match name.as_str() {
        "www.github.com" | "ssh.github.com" => GITHUB.to_owned(),
        _ => name,
    }
}

/// The path of a repository without what does not count: slashes at its ends, doubled ones, `.`, `..`, `.git`, case.
fn path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.trim().split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut joined = parts.join("/");
    joined.make_ascii_lowercase();
    if let Some(length) = joined.strip_suffix(".git").map(str::len) {
        joined.truncate(length);
    }
    joined
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
            "https://github.com:0443/example/shop",
            "https://github.com:/example/shop",
            "ssh://git@github.com:022/example/shop.git",
            "ssh://git@github.com:00000000022/example/shop.git",
            "git://github.com:09418/example/shop",
            "git@[github.com]:example/shop.git",
            "[github.com]:example/shop.git",
            "[git@github.com]:example/shop.git",
            "[git@github.com:22]:example/shop.git",
            "[git@github.com:022]:/example/shop.git",
            "git@[github.com:22]:example/shop.git",
            "ssh://git@[github.com]/example/shop",
            "ssh://git@[github.com]:22/example/shop",
            "ssh://[git@github.com]/example/shop",
            "ssh://[git@github.com:022]/example/shop",
            "https://github.com/other/../example/shop",
            "https://github.com/example/x/%2e%2E/shop",
            "https://github.com/../example/shop",
        ] {
            assert_eq!(Repository::of_clone(address), shop, "{address}");
        }
        for address in [
            "https://github.com/example/shop2",
            "https://github.com/example/shop%",
            "https://github.com/example/shop%zz",
            "https://ghe.example.com/example/shop",
            "https://github.com:8443/example/shop",
            "https://github.com:4430/example/shop",
            "https://github.com:x/example/shop",
            "/srv/example/shop",
            "srv/[github.com]:example/shop",
            "git@[::1]:example/shop",
            "ssh://git@[2001:db8::1]:22/example/shop",
        ] {
            assert_ne!(Repository::of_clone(address), shop, "{address}");
        }
    }

    #[test]
    fn address_of_ipv6_is_a_host() {
        let of = |address: &str| Repository::of_clone(address);
        assert_eq!(of("git@[2001:db8::1]:example/shop"), of("ssh://git@[2001:DB8::1]/example/shop.git"));
        assert_ne!(of("git@[2001:db8::1]:example/shop"), of("git@[2001:db8::2]:example/shop"));
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
