//! Texts of a stage's settings that GitHub, git, a registry or a shell reads. What is malformed there would be found by the
//! first check or build, long after the pipeline was set.

use std::borrow::Cow;
use std::sync::LazyLock;

use concourse_pipeline::validate::go_regex;
use regex::Regex;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};
use yaml_source::files;
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Map, Node, NodeKind};

use crate::manifest::misspelled_variable;

/// What is wrong with a text, and what to write instead.
struct Wrong {
    message: String,
    help: String,
}

/// Fails with what is wrong with the text.
type Check = fn(&str) -> Result<(), Wrong>;

/// The fields of a stage whose text has a format. `*` is any item of a list.
const FIELDS: [(&str, Check); 14] = [
    ("/approval/closers/users/*", user),
    ("/approval/closers/teams/*", team),
    ("/approval/closers/apps/*", app),
    ("/approval/reject_labels/*", label),
    ("/issues/assignees/*", user),
    ("/issues/repository", repository),
    ("/issues/api", api),
    ("/issues/auth/app/id", app_id),
    ("/issues/auth/app/installation", installation),
    ("/source/repository", clone_address),
    ("/source/branch", branch),
    ("/source/common_paths/*", path_of_code),
    ("/issues/body_files/*", file_of_build),
    ("/approval/checkout_image/repository", image),
];

/// The same of an input, or of what an input is built from.
const INPUT_FIELDS: [(&str, Check); 10] = [
    ("/git/repository", clone_address),
    ("/git/branch", branch),
    ("/git/paths/*", path_of_code),
    ("/image/repository", image),
    ("/image/tag", image_tag),
    ("/image/versions", constraint),
    ("/image/tag_regex", pattern),
    ("/s3/regexp", pattern_of_names),
    ("/github_release/repository", repository),
    ("/github_release/tag_filter", pattern),
];

/// The fields of a stage, and of an input, that say which repository is meant.
const PLACES: [&str; 3] = ["/source/repository", "/issues/repository", "/issues/api"];
const INPUT_PLACES: [&str; 1] = ["/git/repository"];

/// Roles of GitHub.
const ROLES: [&str; 5] = ["read", "triage", "write", "maintain", "admin"];

/// Reports texts of the settings of a stage, filled in, that nobody can read.
pub(super) fn check(settings: &Node, options: &Node, diagnostics: &mut Diagnostics) {
    let mut checker = Checker { diagnostics };
    checker.fields(settings, &FIELDS);
    checker.places(settings, &PLACES);
    checker.closers(settings);
    checker.roles(settings);
    checker.variables(settings, &["/env", "/preview_env"]);
    for input in entries(settings, "/inputs") {
        checker.input(&input.value);
        for from in entries(&input.value, "/build/from") {
            checker.input(&from.value);
        }
    }
    checker.parentheses(settings);
    checker.parentheses(options);
}

fn entries<'n>(node: &'n Node, pointer: &str) -> &'n [Entry] {
    node.at(pointer).and_then(Node::as_map).map(Map::entries).unwrap_or_default()
}

struct Checker<'d> {
    diagnostics: &'d mut Diagnostics,
}

impl Checker<'_> {
    fn report(&mut self, rule: Rule, span: Span, wrong: Wrong) {
        self.diagnostics.push(Diagnostic::new(rule, span, wrong.message).help(wrong.help));
    }

    fn fields(&mut self, node: &Node, fields: &[(&str, Check)]) {
        for (pointer, check) in fields {
            let nodes = match pointer.strip_suffix("/*") {
                Some(list) => node.at(list).and_then(Node::as_list).unwrap_or_default(),
                None => node.at(pointer).map(std::slice::from_ref).unwrap_or_default(),
            };
            for node in nodes {
                // A variable is filled by Concourse.
                let text = node.as_str().filter(|text| !node.is_null() && !text.contains("(("));
                if let Some(wrong) = text.and_then(|text| check(text).err()) {
                    self.report(Rule::WrongType, node.span, wrong);
                }
            }
        }
    }

    /// A variable could name the repository of another project, and nothing here would see that.
    fn places(&mut self, node: &Node, pointers: &[&str]) {
        for node in pointers.iter().filter_map(|pointer| node.at(pointer)) {
            let Some(text) = node.as_str().filter(|text| without_user(text).contains("((")) else { continue };
            let wrong = Wrong {
                message: format!("`{text}` holds a variable, so the repository is not known before the pipeline runs"),
                help: "write the address without a variable; credentials can be variables".to_owned(),
            };
            self.report(Rule::VariablePlace, node.span, wrong);
        }
    }

    /// Without a name in any list, everybody who can close an issue could approve.
    fn closers(&mut self, settings: &Node) {
        let Some(closers) = settings.at("/approval/closers") else { return };
        let Some(lists) = closers.as_map() else { return };
        let is_empty = |entry: &Entry| entry.value.as_list().is_some_and(<[Node]>::is_empty);
        if lists.entries().iter().all(is_empty) {
            let wrong = Wrong {
                message: "`closers` names nobody, so anyone with triage access could approve".to_owned(),
                help: "name who can approve in `teams`, `users`, `roles` or `apps`, or remove `closers`".to_owned(),
            };
            self.report(Rule::WrongType, closers.span, wrong);
        }
    }

    /// An organization can have roles of its own, so only what looks like one of GitHub's is reported.
    fn roles(&mut self, settings: &Node) {
        let roles = settings.at("/approval/closers/roles").and_then(Node::as_list).unwrap_or_default();
        for role in roles {
            let Some(text) = role.as_str().filter(|text| !ROLES.contains(text)) else { continue };
            let lower = text.to_lowercase();
            let meant = match lower.trim_end_matches('s') {
                "" => None,
                "reader" | "pull" => Some("read"),
                "writer" | "push" | "developer" | "committer" => Some("write"),
                "maintainer" => Some("maintain"),
                "owner" | "administrator" => Some("admin"),
                other => did_you_mean(other, ROLES),
            };
            let message = format!("`{text}` is not a role of GitHub, so nobody could approve");
            match meant {
                Some(meant) => {
                    let help = format!("did you mean `{meant}`? a custom role of the organization can be allowed");
                    self.report(Rule::UnknownRole, role.span, Wrong { message, help });
                }
                None if lower.is_empty() => {
                    let help = "write read, triage, write, maintain or admin".to_owned();
                    self.report(Rule::UnknownRole, role.span, Wrong { message, help });
                }
                None => {}
            }
        }
    }

    fn input(&mut self, input: &Node) {
        self.fields(input, &INPUT_FIELDS);
        self.places(input, &INPUT_PLACES);
        self.variables(input, &["/env"]);
        let text = |pointer| input.at(pointer).and_then(Node::as_str).filter(|text: &&str| !text.contains("(("));
        let Some(region) = input.entry_at("/image/region") else { return };
        if let Some(wrong) = text("/image/region").and_then(|text| self::region(text).err()) {
            self.report(Rule::WrongType, region.value.span, wrong);
        }
        // The resource puts the registry of the region before the name.
        let registry = text("/image/repository").and_then(registry);
        if let (Some((registry, name)), Some(node)) = (registry, input.at("/image/repository")) {
            let message =
                format!("`region` is for a registry of Amazon that has no address, and `{registry}` is an address");
            let help = if registry.ends_with(".amazonaws.com") || registry.ends_with(".amazonaws.com.cn") {
                format!("write `{name}`; the registry is that of the account and the region")
            } else {
                "remove `region`".to_owned()
            };
            let wrong =
                Diagnostic::new(Rule::WrongType, node.span, message).also(region.key_span, "the region").help(help);
            self.diagnostics.push(wrong);
        }
    }

    fn variables(&mut self, node: &Node, pointers: &[&str]) {
        for entry in pointers.iter().flat_map(|pointer| entries(node, pointer)) {
            let is_rest = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let name = entry.key.as_bytes();
            if name.first().is_some_and(|first| !first.is_ascii_digit()) && name.iter().all(|byte| is_rest(*byte)) {
                continue;
            }
            let wrong = Wrong {
                message: format!("`{}` is not the name of an environment variable", entry.key),
                help: "write letters, digits and `_`, a letter or `_` first, such as `AWS_REGION`".to_owned(),
            };
            self.report(Rule::WrongType, entry.key_span, wrong);
        }
    }

    /// A variable of Concourse with a parenthesis too few.
    fn parentheses(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Scalar(scalar) if scalar.text.contains('(') => {
                if let Some(wrong) = misspelled_variable(node.span, &scalar.text) {
                    self.diagnostics.push(wrong);
                }
            }
            NodeKind::List(items) => items.iter().for_each(|item| self.parentheses(item)),
            NodeKind::Map(map) => map.entries().iter().for_each(|entry| self.parentheses(&entry.value)),
            NodeKind::Scalar(_) | NodeKind::Invalid => {}
        }
    }
}

/// An address without its user and password, which are no part of the place. A variable can hold any character.
fn without_user(address: &str) -> String {
    let mut plain = String::new();
    let mut rest = address;
    while let Some((before, after)) = rest.split_once("((") {
        plain.push_str(before);
        plain.push_str("((");
        rest = after.split_once("))").map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    let (before, rest) = plain.split_once("://").unwrap_or(("", &plain));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{before}://{host}/{path}")
}

fn wrong(message: String, help: impl Into<String>) -> Result<(), Wrong> {
    Err(Wrong { message, help: help.into() })
}

/// The most characters that GitHub takes for a label.
pub(super) const LONGEST_LABEL: usize = 50;

/// The name of a label that an issue can have.
fn label(text: &str) -> Result<(), Wrong> {
    let length = text.chars().count();
    if length <= LONGEST_LABEL {
        return Ok(());
    }
    wrong(
        format!(
            "no issue has the label `{text}`: it has {length} characters, and GitHub takes {LONGEST_LABEL} at most"
        ),
        "write the name of a label that GitHub has",
    )
}

/// Letters, digits, `-` and `_`: logins and organizations of GitHub.
fn is_login(text: &str) -> bool {
    let is_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_char)
}

fn user(text: &str) -> Result<(), Wrong> {
    let message = format!("`{text}` is not a login of GitHub");
    let bare = text.trim().trim_start_matches('@');
    if is_login(text) {
        Ok(())
    } else if let Some(app) = bare.strip_suffix("[bot]") {
        wrong(message, format!("write the App among `apps`: `apps: [{app}]`"))
    } else if bare.contains('/') {
        wrong(message, format!("write a team among `teams`: `teams: [{bare}]`"))
    } else if is_login(bare) {
        wrong(message, format!("write `{bare}`"))
    } else {
        wrong(message, "write the login as the address of the profile has it, such as octocat")
    }
}

fn team(text: &str) -> Result<(), Wrong> {
    let message = format!("`{text}` is not a team of GitHub");
    let is_team = |text: &str| {
        let parts: Vec<&str> = text.split('/').collect();
        matches!(parts.as_slice(), [organization, team] if is_login(organization) && is_login(&team.replace('.', "-")))
    };
    let bare = text.trim().trim_start_matches('@');
    if is_team(text) {
        Ok(())
    } else if is_team(bare) {
        wrong(message, format!("write `{bare}`"))
    } else if is_login(bare) {
        wrong(message, format!("write the organization before the team: `ORGANIZATION/{bare}`"))
    } else {
        wrong(message, "write ORGANIZATION/TEAM as in the address of the team, such as example/sre")
    }
}

fn app(text: &str) -> Result<(), Wrong> {
    let message = format!("`{text}` is not the name of a GitHub App");
    let bare = text.trim().trim_start_matches('@').trim_end_matches("[bot]");
    if is_login(text) {
        Ok(())
    } else if is_login(bare) {
        wrong(message, format!("write `{bare}`"))
    } else {
        wrong(message, "write the name as in the address https://github.com/apps/NAME, such as dependabot")
    }
}

/// `OWNER/NAME` of GitHub.
fn is_repository(text: &str) -> bool {
    let is_name = |name: &str| {
        let is_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !name.is_empty()
            && name != "."
            && name != ".."
            && name.strip_suffix(".git").is_none()
            && name.chars().all(is_char)
    };
    text.split_once('/').is_some_and(|(owner, name)| is_login(owner) && is_name(name))
}

fn repository(text: &str) -> Result<(), Wrong> {
    if is_repository(text) {
        return Ok(());
    }
    // What an address says of the repository: the last two parts.
    let path = text.trim().trim_end_matches('/').trim_end_matches(".git");
    let mut parts = path.rsplit(['/', ':']);
    let last = parts.next().zip(parts.next()).map(|(name, owner)| format!("{owner}/{name}"));
    let help = match last.filter(|last| is_repository(last)) {
        Some(last) => format!("write `{last}`; `api` names the server"),
        None => "write OWNER/NAME, such as example/deployments".to_owned(),
    };
    wrong(format!("`{text}` is not a repository on GitHub"), help)
}

fn api(text: &str) -> Result<(), Wrong> {
    let message = format!("`{text}` is not the address of GitHub's API");
    let general = "write https://api.github.com, or https://HOST/api/v3 for a GitHub server of your own";
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "https" | "http")) else {
        return wrong(message, general);
    };
    let rest = rest.trim_end_matches('/');
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    // A password in the address is another rule's.
    if host.is_empty() || text.contains(char::is_whitespace) || text.contains(['?', '#']) {
        return wrong(message, general);
    }
    let name = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    let expected = match name.as_str() {
        "github.com" | "www.github.com" | "api.github.com" => "https://api.github.com".to_owned(),
        name if name.ends_with(".ghe.com") => {
            format!("https://api.{}", name.strip_prefix("api.").unwrap_or(name))
        }
        _ if name.starts_with("api.") && path.is_empty() => return Ok(()),
        _ => format!("{scheme}://{host}/api/v3"),
    };
    let given = format!("{scheme}://{name}{}{path}", if path.is_empty() { "" } else { "/" });
    let is_expected = given == expected.to_ascii_lowercase() || path == "api/v3" && expected.ends_with("/api/v3");
    // A server of one's own can stand behind a proxy that adds a path.
    let is_below = expected.ends_with("/api/v3") && path.ends_with("/api/v3");
    if is_expected || is_below { Ok(()) } else { wrong(message, format!("write {expected}")) }
}

fn app_id(text: &str) -> Result<(), Wrong> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "0";
    let is_client = text.strip_prefix("Iv").is_some_and(|rest| {
        rest.len() >= 6
            && rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
    });
    if is_number || is_client {
        return Ok(());
    }
    wrong(
        format!("`{text}` is not the id of a GitHub App"),
        "write the App ID or the client ID of the App's settings, such as 12345 or Iv23liAbCdEfGhIj",
    )
}

fn installation(text: &str) -> Result<(), Wrong> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "0";
    if is_number {
        return Ok(());
    }
    wrong(
        format!("`{text}` is not the id of an installation"),
        "write the number at the end of the address of the installation's settings, such as 67890",
    )
}

/// An address that git clones: with a scheme, `HOST:PATH`, or a path of the worker.
fn clone_address(text: &str) -> Result<(), Wrong> {
    let message = format!("`{text}` is not an address that git can clone");
    let general = "write the address that `git clone` takes, such as https://github.com/example/shop";
    if text.is_empty() || text.contains(char::is_whitespace) || text.starts_with('-') {
        return wrong(message, general);
    }
    let bare = text.trim_end_matches('/');
    let (host, path) = match bare.split_once("://") {
        Some((scheme, rest)) => {
            let is_scheme =
                !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            if !is_scheme || rest.is_empty() {
                return wrong(message, general);
            }
            if scheme == "file" {
                return if has_dots(rest) { wrong(message, general) } else { Ok(()) };
            }
            rest.split_once('/').unwrap_or((rest, ""))
        }
        None if bare.starts_with('/') && !has_dots(bare) => return Ok(()),
        None if bare.starts_with(['/', '.']) => return wrong(message, general),
        None => match bare.split_once(':') {
            // `https:/example.com`: a slash is missing.
            Some((scheme, rest)) if matches!(scheme, "https" | "http" | "ssh" | "git") => {
                return wrong(message, format!("write `{scheme}://{}`", rest.trim_start_matches('/')));
            }
            Some((host, path)) if !host.is_empty() && !host.contains('/') => (host, path),
            _ => {
                let path = bare.trim_start_matches("http").trim_start_matches("s//").trim_start_matches("//");
                let address = match path.split_once('/') {
                    Some((host, _)) if host.contains('.') => format!("https://{path}"),
                    Some(_) if is_repository(path) => format!("https://github.com/{path}"),
                    _ => return wrong(message, general),
                };
                return wrong(message, format!("write `{address}`"));
            }
        },
    };
    let name = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    if name.eq_ignore_ascii_case("github.com") || name.eq_ignore_ascii_case("www.github.com") {
        return match parts.as_slice() {
            [owner, name] if !owner.is_empty() && !name.is_empty() && !has_dots(path) => Ok(()),
            [owner, name, ..] if !owner.is_empty() && !name.is_empty() => wrong(
                message,
                format!("write `https://github.com/{owner}/{name}`, which is the repository of this page"),
            ),
            _ => wrong(message, "write the owner and the name of the repository: https://github.com/OWNER/NAME"),
        };
    }
    if path.is_empty() || has_dots(path) { wrong(message, general) } else { Ok(()) }
}

/// Whether a part of a path is `.` or `..`, so that the path leads elsewhere than it seems to.
fn has_dots(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "." | ".."))
}

/// A path of a repository, which git watches.
fn path_of_code(text: &str) -> Result<(), Wrong> {
    if files::is_inside(text) {
        return Ok(());
    }
    wrong(format!("`{text}` is outside of the repository"), files::help_for_outside(text))
}

/// A file of an artifact of the build. Without a text there is no file.
fn file_of_build(text: &str) -> Result<(), Wrong> {
    if files::is_inside(text) {
        return Ok(());
    }
    wrong(
        format!("`{text}` is outside of what the build has"),
        "write the file below its artifact, such as {{ code }}/docs/checklist.md",
    )
}

/// The name of a branch, as `git check-ref-format` has it.
fn branch(text: &str) -> Result<(), Wrong> {
    let message = format!("`{text}` is not the name of a branch");
    if let Some(name) = text.strip_prefix("refs/heads/") {
        return wrong(message, format!("write `{name}`"));
    }
    let is_wrong = text.is_empty()
        || text.contains(|c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c))
        || text.contains("..")
        || text.contains("@{")
        || text.contains("//")
        || text.starts_with(['-', '/'])
        || text.ends_with(['/', '.'])
        || text.split('/').any(|part| part.starts_with('.') || part.strip_suffix(".lock").is_some());
    if is_wrong { wrong(message, "write the name that `git branch` shows, such as main") } else { Ok(()) }
}

/// The registry of an image whose name has an address, and the name below the address.
fn registry(image: &str) -> Option<(&str, &str)> {
    let (host, name) = image.split_once('/')?;
    (host.contains(['.', ':']) || host == "localhost").then_some((host, name))
}

/// Whether the registry before the name of an image is a host, perhaps with a port.
fn is_host(registry: &str) -> bool {
    if registry.starts_with('[') {
        return true;
    }
    let (host, port) = registry.split_once(':').unwrap_or((registry, "443"));
    let is_label = |label: &str| {
        let is_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(is_char)
    };
    host.split('.').all(is_label) && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of an image as the distribution specification has it, without a tag and a digest.
fn image(text: &str) -> Result<(), Wrong> {
    let message = format!("`{text}` is not the name of an image");
    if let Some((_, rest)) = text.split_once("://") {
        return wrong(message, format!("write `{}`", rest.trim_end_matches('/')));
    }
    if let Some((name, _)) = text.split_once('@') {
        return wrong(message, format!("write `{name}`; an approval names the digest"));
    }
    let name = registry(text).map_or(text, |(_, name)| name);
    if let Some((_, tag)) = name.split_once(':') {
        let before = &text[..text.len() - tag.len() - 1];
        return wrong(message, format!("write `repository: {before}` and `tag: {tag:?}`"));
    }
    let is_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let is_part = |part: &str| {
        let at_end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        part.starts_with(at_end) && part.ends_with(at_end) && part.chars().all(is_char)
    };
    let has_host = registry(text).is_none_or(|(host, _)| is_host(host));
    if has_host && name.split('/').all(is_part) {
        return Ok(());
    }
    let lower = text.to_ascii_lowercase();
    let help: Cow<'_, str> = if lower != text && image(&lower).is_ok() {
        format!("write `{lower}`").into()
    } else {
        "write lowercase letters, digits, `.`, `_`, `-` and `/`, such as example/cart".into()
    };
    wrong(message, help)
}

/// The error for the name of an image that no registry has. A variable is filled by Concourse.
pub(crate) fn wrong_image(name: &str, place: impl FnOnce() -> Span) -> Option<Diagnostic> {
    let wrong = image(name).err().filter(|_| !name.contains("(("))?;
    Some(Diagnostic::new(Rule::WrongType, place(), wrong.message).help(wrong.help))
}

fn image_tag(text: &str) -> Result<(), Wrong> {
    let is_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if !text.is_empty() && text.len() <= 128 && text.chars().all(is_char) && !text.starts_with(['.', '-']) {
        return Ok(());
    }
    wrong(
        format!("`{text}` is not a tag of an image"),
        "write a tag such as 27.1, or `tag_regex` or `versions` for several",
    )
}

/// A constraint of `github.com/Masterminds/semver/v3`, which the `registry-image` resource reads.
fn constraint(text: &str) -> Result<(), Wrong> {
    static ALTERNATIVE: LazyLock<Regex> = LazyLock::new(|| {
        let version = r"v?(?:[0-9]+|[xX*])(?:\.(?:[0-9]+|[xX*])){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?";
        let part = format!(r"(?:=|!=|>=|=>|<=|=<|>|<|~>|~|\^)?\s*{version}");
        Regex::new(&format!(r"\A\s*(?:{part}(?:(?:\s*,\s*|\s+){part})*|{version}\s+-\s+{version})\s*\z"))
            .expect("a pattern of our own")
    });
    if text.split("||").all(|alternative| ALTERNATIVE.is_match(alternative)) {
        return Ok(());
    }
    wrong(
        format!("`{text}` is not a constraint on versions"),
        "write a constraint such as 27.x, ~1.2 or \">=2.0 <3.0\"",
    )
}

fn region(text: &str) -> Result<(), Wrong> {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    if let [words @ .., number] = parts.as_slice()
        && words.len() >= 2
        && words.iter().all(is_word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Ok(());
    }
    wrong(format!("`{text}` is not a region of Amazon"), "write a region such as us-east-1")
}

fn pattern(text: &str) -> Result<(), Wrong> {
    let Err(reason) = go_regex::groups(text) else { return Ok(()) };
    wrong(
        format!("`{text}` is not a pattern that Go reads: {reason}"),
        "write a regular expression of Go, which https://pkg.go.dev/regexp/syntax describes",
    )
}

/// A pattern in which a group names the version.
fn pattern_of_names(text: &str) -> Result<(), Wrong> {
    match go_regex::groups(text) {
        Ok(0) => wrong(
            format!("`{text}` has no group that names the version"),
            "put parentheses around the part that is the version, such as app/release-(.*).tgz",
        ),
        _ => pattern(text),
    }
}
