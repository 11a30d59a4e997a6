//! Variables of git's configuration. With some of them `repository` says one thing, and git fetches or runs another.

use concourse_pipeline::model::Pipeline;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule};
use yaml_source::yaml::Value;

use crate::plan::PipelinePlan;
use crate::project::Fleet;

use super::secrets::place;

/// Reports entries of `git_config` that can decide what a clone holds.
pub(super) fn check(pipeline: &Pipeline, plan: &PipelinePlan<'_>, fleet: &Fleet, diagnostics: &mut Diagnostics) {
    for resource in &pipeline.resources {
        for name in resource.source.iter().flat_map(refused) {
            let span = place(plan, fleet, name);
            diagnostics.push(
                Diagnostic::new(Rule::VariablePlace, span, message(name))
                    .note(format!("in the resource `{}`", resource.name))
                    .help("write the address of the repository in `repository`, and remove the entry"),
            );
        }
    }
}

/// What is wrong with an entry of `git_config`.
pub(crate) fn message(name: &str) -> String {
    format!("`{name}` of `git_config` can decide which code git fetches or runs, whatever the address says")
}

/// The names of the entries of each `git_config` of a source that can decide what a clone holds: that of the git resource,
/// and that within the source of `approved-git`.
pub(crate) fn refused(source: &Value) -> Vec<&str> {
    let Value::Map(map) = source else { return Vec::new() };
    map.iter().flat_map(|(key, value)| refused_of_field(key, value)).collect()
}

fn refused_of_field<'v>(key: &str, value: &'v Value) -> Vec<&'v str> {
    match value {
        Value::List(entries) if key == "git_config" => entries.iter().filter_map(refused_entry).collect(),
        // A variable of Concourse could become any list.
        Value::Text(variable) if key == "git_config" => vec![variable],
        inner => refused(inner),
    }
}

fn refused_entry(entry: &Value) -> Option<&str> {
    let text = |key: &str| match entry.get(key) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    match entry {
        Value::Map(_) => text("name").filter(|name| !is_harmless(name, text("value").unwrap_or_default())),
        Value::Text(variable) => Some(variable),
        _ => None,
    }
}

/// Variables (git-config(1)) that change neither what a clone holds nor which programs git runs. With an address between the
/// first and the last word, such as `http.https://example.com.sslVerify`, a variable counts for that address.
const HARMLESS: [(&str, &[&str]); 21] = [
    ("author", &["name", "email"]),
    ("checkout", &["workers", "thresholdforparallelism"]),
    ("committer", &["name", "email"]),
    (
        "core",
        &[
            "abbrev",
            "bigfilethreshold",
            "compression",
            "deltabasecachelimit",
            "longpaths",
            "loosecompression",
            "packedgitlimit",
            "packedgitwindowsize",
            "preloadindex",
            "protecthfs",
            "protectntfs",
            "quotepath",
        ],
    ),
    ("credential", &["username", "usehttppath"]),
    ("fetch", &["fsckobjects", "parallel", "prune", "unpacklimit", "writecommitgraph"]),
    ("gc", &["auto", "autodetach"]),
    (
        "http",
        &[
            "emptyauth",
            "extraheader",
            "lowspeedlimit",
            "lowspeedtime",
            "maxrequests",
            "postbuffer",
            "sslcainfo",
            "sslcapath",
            "sslcert",
            "sslkey",
            "sslverify",
            "sslversion",
            "useragent",
            "version",
        ],
    ),
    ("index", &["threads", "version"]),
    ("init", &["defaultbranch"]),
    (
        "lfs",
        &[
            "activitytimeout",
            "concurrenttransfers",
            "dialtimeout",
            "keepalive",
            "locksverify",
            "maxretries",
            "maxretrydelay",
            "tlstimeout",
        ],
    ),
    ("maintenance", &["auto"]),
    ("pack", &["compression", "deltacachesize", "depth", "packsizelimit", "threads", "window", "windowmemory"]),
    ("protocol", &["version"]),
    ("pull", &["ff", "rebase"]),
    ("push", &["autosetupremote", "default"]),
    ("receive", &["fsckobjects"]),
    ("safe", &["barerepository", "directory"]),
    ("submodule", &["fetchjobs"]),
    ("transfer", &["fsckobjects", "unpacklimit"]),
    ("user", &["name", "email"]),
];

/// Whether a variable changes neither what a clone holds nor which programs git runs. The case of its section and of its last
/// part does not count.
fn is_harmless(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let Some((section, last)) = name.split_once('.').map(|(section, rest)| {
        let last = rest.rsplit('.').next().unwrap_or_default();
        (section, last)
    }) else {
        return false;
    };
    if (section, last) == ("credential", "helper") {
        return is_helper_of_git(value);
    }
    section == "advice" || HARMLESS.iter().any(|(known, words)| *known == section && words.contains(&last))
}

/// Whether a helper for credentials is one of git's own. Anything else is a command: git runs the value in a shell.
fn is_helper_of_git(value: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_./=~- ".contains(c);
    matches!(value.split(' ').next(), Some("" | "cache" | "store")) && value.chars().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::{is_harmless, refused};
    use yaml_source::yaml::Value;

    #[test]
    fn variables_that_can_decide_what_is_cloned_are_distinguished_from_others() {
        for (name, value) in [
            ("url.https://github.com/example/shop.insteadOf", "x"),
            ("URL.https://a.b/.pushInsteadOf", "x"),
            ("remote.origin.url", "x"),
            ("remote.origin.proxy", "x"),
            ("include.path", "x"),
            ("includeIf.gitdir:/.path", "x"),
            ("core.sshCommand", "x"),
            ("CORE.SSHCOMMAND", "x"),
            ("core.gitProxy", "x"),
            ("core.hooksPath", "x"),
            ("core.askPass", "x"),
            ("core.pager", "x"),
            ("core.autocrlf", "true"),
            ("core.symlinks", "false"),
            ("core.sparseCheckout", "true"),
            ("http.proxy", "x"),
            ("http.https://github.com/.proxy", "x"),
            ("http.curloptResolve", "x"),
            ("http.followRedirects", "true"),
            ("submodule.lib.url", "x"),
            ("filter.lfs.smudge", "x"),
            ("init.templateDir", "x"),
            ("protocol.ext.allow", "always"),
            ("protocol.allow", "always"),
            ("uploadpack.packObjectsHook", "x"),
            ("gc.recentObjectsHook", "x"),
            ("merge.x.driver", "x"),
            ("diff.external", "x"),
            ("alias.fetch", "!x"),
            ("gpg.program", "x"),
            ("lfs.url", "x"),
            ("lfs.customtransfer.x.path", "x"),
            ("lfs.fetchexclude", "*"),
            ("credential.helper", "!x"),
            ("credential.helper", "/bin/x"),
            ("credential.helper", "store; x"),
            ("credential.helper", "((helper))"),
            ("credential.https://github.com.helper", "!x"),
            (" url.x.insteadOf", "x"),
            ("--add", "x"),
            ("((name))", "x"),
            ("advice", "x"),
            ("", ""),
        ] {
            assert!(!is_harmless(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("core.bigFileThreshold", "1m"),
            ("core.compression", "0"),
            ("http.sslVerify", "false"),
            ("http.https://git.example.com/.sslCAInfo", "/etc/ca.pem"),
            ("http.postBuffer", "1"),
            ("http.extraheader", "((header))"),
            ("credential.helper", "store --file=/tmp/a"),
            ("credential.helper", ""),
            ("user.name", "a b"),
            ("user.email", "a@b"),
            ("pack.windowMemory", "1"),
            ("safe.directory", "*"),
            ("lfs.concurrenttransfers", "1"),
            ("fetch.parallel", "1"),
            ("protocol.version", "2"),
            ("advice.detachedHead", "false"),
        ] {
            assert!(is_harmless(name, value), "{name}: {value}");
        }
    }

    #[test]
    fn entries_are_found_wherever_a_source_has_them() {
        let text = |text: &str| Value::Text(text.to_owned());
        let map = |key: &str, value: Value| Value::Map([(key.to_owned(), value)].into_iter().collect());
        let list = |entry: Value| map("git_config", Value::List(vec![entry]));
        for (source, found) in [
            (list(map("name", text("core.askPass"))), vec!["core.askPass"]),
            (map("git", list(map("name", text("core.askPass")))), vec!["core.askPass"]),
            (list(map("name", text("user.name"))), vec![]),
            (list(text("((entry))")), vec!["((entry))"]),
            (map("git_config", text("((all))")), vec!["((all))"]),
        ] {
            assert_eq!(refused(&source), found, "{source:?}");
        }
    }
}
