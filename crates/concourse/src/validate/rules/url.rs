//! What Go's `net/url` takes for a URL.

/// Why a text is none.
pub(super) struct UrlError {
    pub(super) why: &'static str,
}

/// The scheme of a URL, in small letters where it is one that is known; empty of a path.
pub(super) fn scheme(url: &str) -> Result<&str, UrlError> {
    let wrong = |why| Err(UrlError { why });
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    if url.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return wrong("it holds a control character");
    }
    if !has_escapes(fragment) {
        return wrong(ESCAPE);
    }
    if url == "*" {
        return Ok("");
    }
    let (scheme, rest) = split_scheme(url)?;
    let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            // What stands behind the colon is not looked at.
            return Ok(known(scheme));
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return wrong("its first part holds a colon");
        }
    }
    let mut path = rest;
    if (!scheme.is_empty() || !rest.starts_with("///"))
        && let Some(after) = rest.strip_prefix("//")
    {
        let end = after.find('/').unwrap_or(after.len());
        authority(&after[..end])?;
        path = &after[end..];
    }
    if !has_escapes(path) {
        return wrong(ESCAPE);
    }
    Ok(known(scheme))
}

const ESCAPE: &str = "`%` is not followed by two hexadecimal digits";

fn known(scheme: &str) -> &str {
    ["http", "https"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme)).unwrap_or(scheme)
}

fn split_scheme(url: &str) -> Result<(&str, &str), UrlError> {
    for (at, byte) in url.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at > 0 => return Ok((&url[..at], &url[at + 1..])),
            b':' => return Err(UrlError { why: "there is nothing before its colon" }),
            _ => break,
        }
    }
    Ok(("", url))
}

fn authority(authority: &str) -> Result<(), UrlError> {
    let wrong = |why| Err(UrlError { why });
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let port = if let Some(inside) = host.strip_prefix('[') {
        let Some((_, port)) = inside.rsplit_once(']') else { return wrong("its `[` is not closed") };
        port
    } else {
        host.rfind(':').map_or("", |at| &host[at..])
    };
    let is_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    if !is_port {
        return wrong("its port is not a number");
    }
    let (escaped, plain) = match host.split_once("%25").filter(|_| host.starts_with('[')) {
        // A zone of an address.
        Some((address, zone)) => (address, zone),
        None => (host, ""),
    };
    if !has_escapes(plain) || !has_escapes(escaped) {
        return wrong(ESCAPE);
    }
    let is_ascii_escape = |at: usize| escaped.as_bytes().get(at + 1).is_some_and(|digit| (b'0'..b'8').contains(digit));
    if escaped.match_indices('%').any(|(at, _)| is_ascii_escape(at) && !escaped[at..].starts_with("%25")) {
        return wrong("its host holds an escape");
    }
    let is_of_a_host = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.~!$&'()*+,;=:[]<>\"%".contains(c);
    if !escaped.chars().all(is_of_a_host) {
        return wrong("its host holds a character that hosts have not");
    }
    let is_of_a_user = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if user.is_some_and(|user| !user.chars().all(is_of_a_user) || !has_escapes(user)) {
        return wrong("its user holds a character that users have not");
    }
    Ok(())
}

fn has_escapes(text: &str) -> bool {
    let is_hex = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    text.match_indices('%').all(|(at, _)| is_hex(at + 1) && is_hex(at + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_those_of_go() {
        for (url, expected) in [
            ("", ""),
            ("/a/b.png", ""),
            ("a/b:c", ""),
            ("https://example.com/a%20b?x=%zz", "https"),
            ("HTTP://example.com", "http"),
            ("data:image/png;base64,%zz", "data"),
            ("ftp://example.com", "ftp"),
            ("//example.com/a", ""),
            ("http://[::1]:80/", "http"),
            ("http://a_b.example:8080", "http"),
            ("*", ""),
        ] {
            assert_eq!(scheme(url).ok(), Some(expected), "{url}");
        }
        for url in [
            "://x",
            ":a",
            "https://example.com/%zz",
            "http://[::1",
            "http://a b/",
            "http://a:x/",
            "http://a%41/",
            "a\u{7f}",
            "http://u^@h/",
            "#%",
            "1a:b",
        ] {
            assert!(scheme(url).is_err(), "{url}");
        }
    }
}
