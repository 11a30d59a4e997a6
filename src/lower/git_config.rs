//! Variables of git's configuration that decide what is cloned. With one of these, `repository` says one thing, and git
//! does another.

use concourse_pipeline::model::Pipeline;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::Value;

use crate::plan::PipelinePlan;
use crate::project::Fleet;

use super::secrets::place;

/// Reports entries of `git_config` that decide what a clone holds.
pub(super) fn check(pipeline: &Pipeline, plan: &PipelinePlan<'_>, fleet: &Fleet, diagnostics: &mut Diagnostics) {
    for resource in &pipeline.resources {
        let mut names = Vec::new();
        resource.source.iter().for_each(|source| names_of(source, &mut names));
        for name in names.into_iter().filter(|name| decides(name)) {
            let span = place(plan, fleet, name);
            let message = format!("`{name}` of `git_config` decides which code git fetches, whatever the address says");
            diagnostics.push(
                Diagnostic::new(Rule::VariablePlace, span, message)
                    .note(format!("in the resource `{}`", resource.name))
                    .help("write the address of the repository in `repository`, and remove the entry"),
            );
        }
    }
}

/// The names in each `git_config` of a source: that of the git resource, and that within the source of `approved-git`.
fn names_of<'v>(source: &'v Value, names: &mut Vec<&'v str>) {
    let Value::Map(map) = source else { return };
    for (key, value) in map {
        match value {
            Value::List(entries) if key == "git_config" => {
                for entry in entries {
                    let Value::Map(entry) = entry else { continue };
                    names.extend(entry.iter().filter_map(|(key, value)| match value {
                        Value::Text(name) if key == "name" => Some(name.as_str()),
                        _ => None,
                    }));
                }
            }
            inner => names_of(inner, names),
        }
    }
}

/// Whether a variable (git-config(1)) changes what a clone holds: where it comes from, who carries it, or who changes its
/// files. The case of its section and of its last part does not count. One of Concourse could name any of them.
fn decides(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let section = name.split('.').next().unwrap_or_default();
    let last = name.rsplit('.').next().unwrap_or_default();
    match section {
        _ if name.contains("((") => true,
        "url" | "remote" | "include" | "includeif" | "submodule" | "filter" => true,
        "http" | "https" => matches!(last, "proxy" | "curloptresolve" | "followredirects"),
        "core" => matches!(
            last,
            "sshcommand"
                | "gitproxy"
                | "hookspath"
                | "fsmonitor"
                | "worktree"
                | "attributesfile"
                | "alternaterefscommand"
        ),
        "ssh" => last == "command",
        "init" => last == "templatedir",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::decides;

    #[test]
    fn variables_that_decide_what_is_cloned_are_distinguished_from_others() {
        for name in [
            "url.https://github.com/example/shop.insteadOf",
            "URL.https://a.b/.pushInsteadOf",
            "remote.origin.url",
            "remote.origin.pushurl",
            "remote.origin.proxy",
            "include.path",
            "includeIf.gitdir:/.path",
            "core.sshCommand",
            "CORE.SSHCOMMAND",
            "core.gitProxy",
            "core.hooksPath",
            "http.proxy",
            "http.https://github.com/.proxy",
            "http.curloptResolve",
            "submodule.lib.url",
            "filter.lfs.smudge",
            "init.templateDir",
            " url.x.insteadOf",
            "((name))",
        ] {
            assert!(decides(name), "{name}");
        }
        for name in [
            "core.bigFileThreshold",
            "core.compression",
            "http.sslVerify",
            "http.postBuffer",
            "http.extraheader",
            "credential.helper",
            "user.name",
            "user.email",
            "pack.windowMemory",
            "safe.directory",
            "lfs.concurrenttransfers",
            "core.autocrlf",
            "fetch.parallel",
            "curl.proxy",
            "",
        ] {
            assert!(!decides(name), "{name}");
        }
    }
}
