//! Python's `str.format`, as far as MIT Open Learning's templates use it: names in braces, doubled braces.

use github_gates::text::one_line;

use crate::build::Build;

/// `template` with the build's variables; what a build does not have is `None`, as in Python.
pub(super) fn format(template: &str, build: &Build) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            out.push_str(brace);
            rest = after;
        } else if brace == "{" {
            let end = rest.find('}').ok_or("a `{` is not closed; write `{{` for the sign itself")?;
            out.push_str(&variable(&rest[..end], build)?);
            rest = &rest[end + 1..];
        } else {
            return Err("a `}` was not opened; write `}}` for the sign itself".to_owned());
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn variable(name: &str, build: &Build) -> Result<String, String> {
    let value = match name {
        "BUILD_ID" => build.id.clone(),
        "BUILD_NAME" => build.name.clone(),
        "BUILD_JOB_NAME" => build.job.clone(),
        "BUILD_PIPELINE_NAME" => build.pipeline.clone(),
        "BUILD_PIPELINE_INSTANCE_VARS" => build.instance_vars.clone(),
        "BUILD_TEAM_NAME" => build.team.clone(),
        "BUILD_CREATED_BY" => build.created_by.clone(),
        "BUILD_URL" => build.url(),
        "ATC_EXTERNAL_URL" => build.atc.clone(),
        name => return Err(format!("`{{{}}}` is not a variable of a build", one_line(name, 60))),
    };
    Ok(value.unwrap_or_else(|| "None".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_is_filled_as_python_does() {
        let build = Build { name: Some("42".to_owned()), ..Build::default() };
        assert_eq!(format("b {BUILD_NAME} {{x}} {BUILD_JOB_NAME}", &build).as_deref(), Ok("b 42 {x} None"));
        for bad in ["{}", "{NOPE}", "{BUILD_NAME", "}", "{BUILD_NAME!r}", "{BUILD_NAME:>9}"] {
            assert!(format(bad, &build).is_err(), "{bad}");
        }
    }
}
