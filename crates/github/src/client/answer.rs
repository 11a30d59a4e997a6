//! What an answer is: a fault that passes, a refusal, a limit, one page of a list.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Shape;
use crate::error::{Error, Result};
use crate::graphql::Reading;
use crate::transport::{Answer, Request};

pub(super) fn parse<T: DeserializeOwned>(what: &str, answer: &Answer) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|error| Error::Unexpected {
        what: what.to_owned(),
        why: format!("the answer is not as GitHub describes it: {error}"),
    })
}

/// What is wrong with an answer that GitHub would not give if nothing had failed: the same request may get another.
pub(super) fn fault(request: &Request, answer: &Answer, shape: Shape) -> Option<String> {
    match answer.status {
        408 | 500.. => return Some(format!("{} {}", answer.status, answer.message())),
        200..=299 => {}
        _ => return None,
    }
    let begins = answer.body.iter().find(|byte| !byte.is_ascii_whitespace());
    let fits = match shape {
        Shape::Object => begins == Some(&b'{'),
        Shape::List => begins == Some(&b'['),
        Shape::Any => true,
    };
    if (begins.is_some() && !is_json(answer)) || (begins.is_none() && shape != Shape::Any) {
        return Some(match answer.message().as_str() {
            "" => format!("the answer {} has no text", answer.status),
            text => format!("the answer {} is not JSON: {text}", answer.status),
        });
    }
    if !fits {
        return Some(format!("the answer is of another shape: {}", answer.message()));
    }
    match graphql_reading(request, answer)? {
        Reading::Passing(why) => Some(why),
        _ => None,
    }
}

/// Did GitHub refuse the request as it refuses an account that may not see or do what was asked?
pub(super) fn is_refused(request: &Request, answer: &Answer) -> bool {
    match answer.status {
        401 | 403 | 404 => true,
        200 => matches!(graphql_reading(request, answer), Some(Reading::NotFound | Reading::Forbidden(_))),
        _ => false,
    }
}

/// The answer to a GraphQL query; `None` for any other answer.
fn graphql_reading(request: &Request, answer: &Answer) -> Option<Reading> {
    if answer.status == 200 && request.url.ends_with("/graphql") { reading(answer) } else { None }
}

pub(super) fn reading(answer: &Answer) -> Option<Reading> {
    serde_json::from_slice(&answer.body).ok().map(Reading::of)
}

fn is_json(answer: &Answer) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(&answer.body).is_ok()
}

pub(super) fn is_graphql_limit(answer: &Answer) -> bool {
    // Cheap first: nearly no answer has it. A list, or an issue's text, may hold the words.
    let holds = |needle: &[u8]| answer.body.windows(needle.len()).any(|part| part == needle);
    (holds(b"RATE_LIMIT") || holds(b"secondary rate limit"))
        && serde_json::from_slice::<Value>(&answer.body)
            .is_ok_and(|value| value.get("errors").is_some() && matches!(Reading::of(value), Reading::Limited))
}

/// A limit on new content that comes as a validation that failed.
pub(super) fn is_too_quick(answer: &Answer) -> bool {
    String::from_utf8_lossy(&answer.body).contains("was submitted too quickly")
}

pub(super) fn redirect(answer: &Answer) -> Option<String> {
    matches!(answer.status, 301 | 302 | 303 | 307 | 308).then(|| answer.header("location").map(str::to_owned))?
}

/// The address of `rel="next"` in a `Link` header (RFC 8288).
pub(super) fn next_page(answer: &Answer) -> Option<String> {
    let mut rest = answer.header("link")?;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>')?;
        let url = &rest[start + 1..end];
        let params = &rest[end + 1..];
        let stop = params.find('<').unwrap_or(params.len());
        let is_next = params[..stop].split([';', ',']).any(|param| {
            param.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value.trim().trim_matches('"').split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
            })
        });
        if is_next {
            return Some(url.to_owned());
        }
        rest = &params[stop..];
    }
    None
}

pub(super) fn parse_http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(text: &str) -> Option<String> {
        let mut headers = ureq::http::HeaderMap::new();
        headers.insert("link", text.parse().expect("a header"));
        next_page(&Answer { status: 200, headers, body: Vec::new(), age_of_new_token: None })
    }

    #[test]
    fn next_page_is_read_from_the_link_header() {
        assert_eq!(
            link(r#"<https://x/1?page=2>; rel="next", <https://x/1?page=9>; rel="last""#).as_deref(),
            Some("https://x/1?page=2")
        );
        assert_eq!(
            link(r#"<https://x/1?page=1>; rel="prev", <https://x/1?a=1,2;3&page=3>; rel="next""#).as_deref(),
            Some("https://x/1?a=1,2;3&page=3")
        );
        assert_eq!(link(r"</a?after=Y3Vyc29y>; rel=next").as_deref(), Some("/a?after=Y3Vyc29y"));
        assert_eq!(link(r#"<https://x/1?page=1>; rel="first""#), None);
        assert_eq!(link("<https://x"), None);
    }
}
