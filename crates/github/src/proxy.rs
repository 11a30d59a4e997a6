//! Which proxy a request goes through, by the environment, as curl and Go read it.
//!
//! Sources: curl(1), "Environment" and `--noproxy`; the Go package `golang.org/x/net/http/httpproxy`. Where they differ
//! (a leading dot, upper case), curl is followed: it is what an engineer tries by hand. The HTTP library knows neither
//! ports nor networks in `no_proxy`, and takes `http_proxy` for https.

use std::net::IpAddr;

use crate::error::{Error, Result};
use crate::text::one_line;

/// A proxy, and the variable that names it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct EnvProxy {
    pub variable: &'static str,
    /// With user and password; never shown.
    pub url: String,
}

impl EnvProxy {
    /// The proxy for `base`; `None` for a direct connection.
    pub(crate) fn for_base(base: &str, env: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        let Some((scheme, authority)) = base.split_once("://") else { return Ok(None) };
        let (host, port) = split_port(authority.split(['/', '?', '#']).next().unwrap_or_default());
        let default_port = if scheme == "https" { 443 } else { 80 };
        // `HTTP_PROXY` in capitals is a header of a request in CGI, and is not read; nor is it by curl.
        let names: &[&'static str] = match scheme {
            "https" => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            _ => &["http_proxy", "all_proxy", "ALL_PROXY"],
        };
        let set = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let Some((variable, url)) = names.iter().find_map(|name| Some((*name, set(name)?))) else { return Ok(None) };
        let exceptions = set("no_proxy").or_else(|| set("NO_PROXY")).unwrap_or_default();
        if is_direct(host, port.unwrap_or(default_port), &exceptions) {
            return Ok(None);
        }
        match url.split_once("://").map_or("http", |(scheme, _)| scheme) {
            "http" | "https" => Ok(Some(Self { variable, url })),
            other => Err(Error::Settings(format!(
                "`{variable}` names a proxy of the kind `{}`; expected http://HOST:PORT or https://HOST:PORT",
                one_line(other, 20)
            ))),
        }
    }

    /// The address without user and password.
    pub(crate) fn address(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit_once('@').map_or(authority, |(_, host)| host)
    }
}

/// Does a request to `host` go past the proxy?
fn is_direct(host: &str, port: u16, exceptions: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    exceptions.split([',', ' ', '\t']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let Some((network, bits)) = entry.split_once('/') {
            return address.is_some_and(|address| is_in_network(address, network, bits));
        }
        let (name, only) = split_port(entry);
        if only.is_some_and(|only| only != port) {
            return false;
        }
        if let Some(address) = address {
            return name.parse() == Ok(address);
        }
        let name = name.trim_start_matches('*').trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
        !name.is_empty() && (host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.')))
    })
}

/// `host`, `host:port`, `[address]:port` or a bare IPv6 address.
fn split_port(text: &str) -> (&str, Option<u16>) {
    if let Some((address, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, port.parse().ok()),
        _ => (text, None),
    }
}

fn is_in_network(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) if bits <= 32 => {
            let differ = address.to_bits() ^ network.to_bits();
            differ.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) if bits <= 128 => {
            let differ = address.to_bits() ^ network.to_bits();
            differ.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(base: &str, env: &[(&str, &str)]) -> Option<&'static str> {
        let read = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        EnvProxy::for_base(base, read).unwrap().map(|proxy| proxy.variable)
    }

    #[test]
    fn https_goes_by_https_proxy_and_http_by_lower_case_http_proxy() {
        let (https, http) = ("https://ghe.example.org/api/v3", "http://ghe.example.org/api/v3");
        assert_eq!(proxy(https, &[("https_proxy", "p:1")]), Some("https_proxy"));
        assert_eq!(proxy(https, &[("HTTPS_PROXY", "p:1")]), Some("HTTPS_PROXY"));
        assert_eq!(proxy(https, &[("HTTPS_PROXY", "p:1"), ("https_proxy", "p:2")]), Some("https_proxy"));
        assert_eq!(proxy(https, &[("http_proxy", "p:1"), ("HTTP_PROXY", "p:1")]), None);
        assert_eq!(proxy(https, &[("all_proxy", "p:1")]), Some("all_proxy"));
        assert_eq!(proxy(https, &[("https_proxy", " ")]), None);
        assert_eq!(proxy(http, &[("http_proxy", "p:1")]), Some("http_proxy"));
        assert_eq!(proxy(http, &[("HTTP_PROXY", "p:1")]), None);
        assert_eq!(proxy(http, &[("https_proxy", "p:1")]), None);
        assert_eq!(proxy("https://localhost:8443", &[("https_proxy", "p:1")]), None);
        assert_eq!(proxy("https://[::1]:8443/x", &[("https_proxy", "p:1")]), None);
    }

    #[test]
    fn no_proxy_is_read_as_curl_and_go_read_it() {
        let host = "https://ghe.example.org/api/v3";
        for direct in [
            "example.org",
            ".example.org",
            "*.example.org",
            "ghe.example.org",
            "GHE.Example.ORG",
            "ghe.example.org.",
            "127.0.0.1, ghe.example.org",
            "127.0.0.1 ghe.example.org",
            "ghe.example.org:443",
            "other,\texample.org:443",
            "*",
        ] {
            assert_eq!(proxy(host, &[("https_proxy", "p"), ("no_proxy", direct)]), None, "{direct}");
            assert_eq!(proxy(host, &[("https_proxy", "p"), ("NO_PROXY", direct)]), None, "{direct}");
        }
        for through in
            ["", ",", "xample.org", "e.example.org", "ghe.example.org:8443", "10.0.0.0/8", "org.example", "."]
        {
            assert!(proxy(host, &[("https_proxy", "p"), ("no_proxy", through)]).is_some(), "{through}");
        }
        let port = "https://ghe.example.org:8443/api/v3";
        assert_eq!(proxy(port, &[("https_proxy", "p"), ("no_proxy", "ghe.example.org:8443")]), None);
        assert!(proxy(port, &[("https_proxy", "p"), ("no_proxy", "ghe.example.org:443")]).is_some());
    }

    #[test]
    fn addresses_are_matched_as_addresses_and_networks() {
        for (host, entry, direct) in [
            ("10.11.12.13", "10.0.0.0/8", true),
            ("10.11.12.13", "0.0.0.0/0", true),
            ("10.11.12.13", "10.11.12.13", true),
            ("10.11.12.13", "10.11.12.13/32", true),
            ("10.11.12.13", "10.11.12.12/32", false),
            ("10.11.12.13", "11.0.0.0/8", false),
            ("10.11.12.13", "10.0.0.0/33", false),
            ("10.11.12.13", "12.13", false),
            ("10.11.12.13", "10.11.12.13:443", true),
            ("10.11.12.13", "10.11.12.13:80", false),
            ("[2001:db8::1]", "2001:db8::/32", true),
            ("[2001:db8::1]", "2001:db9::/32", false),
            ("[2001:db8::1]", "[2001:db8::1]:443", true),
            ("[2001:db8::1]", "2001:db8::1", true),
        ] {
            let base = format!("https://{host}/api/v3");
            let found = proxy(&base, &[("https_proxy", "p"), ("no_proxy", entry)]);
            assert_eq!(found.is_none(), direct, "{host} {entry}");
        }
    }

    #[test]
    fn address_is_shown_without_user_and_password() {
        for (url, shown) in [
            ("http://user:p@ss@proxy.example.org:3128/", "proxy.example.org:3128"),
            ("user:secret@proxy:3128", "proxy:3128"),
            ("proxy:3128", "proxy:3128"),
        ] {
            let proxy = EnvProxy { variable: "https_proxy", url: url.to_owned() };
            assert_eq!(proxy.address(), shown);
        }
        let socks = |name: &str| (name == "https_proxy").then(|| "socks5://u:secret@proxy".to_owned());
        let error = EnvProxy::for_base("https://x.example.org", socks).err().unwrap().to_string();
        assert!(error.contains("https_proxy") && !error.contains("secret"), "{error}");
    }
}
