use std::fmt;

use crate::model::ConcourseVersion;

/// The name of a variable, taken apart: `source:path.field`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// The variable source that is asked, if one is named; `.` is the build itself.
    pub(super) source: Option<String>,
    pub(super) path: String,
    pub(super) fields: Vec<String>,
}

impl Reference {
    /// Takes a name apart: Concourse's `vars/variables.go`, from 8.2.5 on `vars/reference.go`.
    ///
    /// # Errors
    ///
    /// With what is wrong with the name.
    pub(super) fn parse(name: &str, version: ConcourseVersion) -> Result<Self, &'static str> {
        let is_new = version >= ConcourseVersion::V8_2;
        if is_new && !name.matches('"').count().is_multiple_of(2) {
            return Err("a quote in it is never closed");
        }
        let (source, rest) = match split_unquoted(name, ':') {
            Some((source, _)) if !is_new && source.contains('"') => return Err("its source must not be quoted"),
            Some((source, rest)) if is_new => (Some(source.replace('"', "").trim().to_owned()), rest),
            Some((source, rest)) => (Some(source.to_owned()), rest),
            None => (None, name),
        };
        let source = source.filter(|source| !source.is_empty());
        let mut fields = Vec::new();
        let mut rest = Some(rest);
        while let Some(input) = rest {
            let field;
            (field, rest) = match split_unquoted(input, '.') {
                Some((field, rest)) => (field, Some(rest)),
                None => (input, None),
            };
            let field = field.trim().replace('"', "");
            let field = if is_new { clean(&field) } else { field };
            if field.is_empty() {
                return Err("it has an empty field");
            }
            fields.push(field);
        }
        Ok(Self { source, path: fields.remove(0), fields })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        self.fields.iter().try_for_each(|field| write!(f, ".{field}"))
    }
}

/// What is before and behind the first such character that stands outside of quotes.
fn split_unquoted(text: &str, at: char) -> Option<(&str, &str)> {
    let mut quoted = false;
    let (place, found) = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == at && !quoted
    })?;
    Some((&text[..place], &text[place + found.len_utf8()..]))
}

/// A path without `.`, `..` and double slashes: Go's `path.Clean`, with a root above which it cannot go.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: ConcourseVersion = ConcourseVersion::V7_14;
    const NEW: ConcourseVersion = ConcourseVersion::V8_2;

    #[test]
    fn a_name_is_taken_apart() {
        let parse = |name, version| {
            Reference::parse(name, version).map(|found| (found.source.clone().unwrap_or_default(), found.to_string()))
        };
        let ok = |source: &str, path: &str| Ok((source.to_owned(), path.to_owned()));
        assert_eq!(parse("a", OLD), ok("", "a"));
        assert_eq!(parse("a.b.c", OLD), ok("", "a.b.c"));
        assert_eq!(parse("vault:a.b", OLD), ok("vault", "a.b"));
        assert_eq!(parse(".:a", OLD), ok(".", "a"));
        assert_eq!(Reference::parse("a.\"b.c\"", OLD).unwrap().fields, ["b.c"]);
        assert_eq!(parse("\"a:b\"", OLD), ok("", "a:b"));
        assert_eq!(parse("a..b", OLD), Err("it has an empty field"));
        assert_eq!(parse("vault:", OLD), Err("it has an empty field"));
        // What differs.
        assert_eq!(parse("\"a\":b", OLD), Err("its source must not be quoted"));
        assert_eq!(parse("\"a\":b", NEW), ok("a", "b"));
        assert_eq!(parse("\"a", OLD), ok("", "a"));
        assert_eq!(parse("\"a", NEW), Err("a quote in it is never closed"));
        assert_eq!(parse("\"a/../b\"", OLD), ok("", "a/../b"));
        assert_eq!(parse("\"a/../b\"", NEW), ok("", "b"));
        assert_eq!(parse("/a//b/", NEW), ok("", "/a/b"));
        assert_eq!(parse("\"..\"", NEW), Err("it has an empty field"));
    }
}
