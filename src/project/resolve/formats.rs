//! Texts of a stage's settings that GitHub, git, a registry or a shell reads. What is malformed there would be found by the
//! first check or build, long after the pipeline was set.

use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean};
use yaml_source::source::Span;
use yaml_source::yaml::{Entry, Node, NodeKind};

use crate::formats::{self, Check, FormatError, git, github, registry};
use crate::manifest::misspelled_variable;
use crate::{approval, input};

use super::entries;

/// The fields of a stage whose text has a format. `*` is any item of a list.
const FIELDS: [(&str, Check); 9] = [
    ("/issues/assignees/*", github::user),
    ("/issues/repository", github::repository),
    ("/issues/api", github::api),
    ("/issues/auth/app/id", github::app_id),
    ("/issues/auth/app/installation", github::installation),
    ("/source/repository", git::clone_address),
    ("/source/branch", git::branch),
    ("/source/common_paths/*", git::path_of_code),
    ("/issues/body_files/*", formats::file_of_build),
];

/// The fields of a stage, and of an input, that say which repository is meant.
const PLACES: [&str; 3] = ["/source/repository", "/issues/repository", "/issues/api"];
const INPUT_PLACES: [&str; 1] = ["/git/repository"];

/// Roles of GitHub.
const ROLES: [&str; 5] = ["read", "triage", "write", "maintain", "admin"];

/// Reports texts of the settings of a stage, filled in, that nobody can read.
pub(super) fn check(settings: &Node, options: &Node, diagnostics: &mut Diagnostics) {
    let mut checker = Checker { diagnostics };
    checker.fields(settings, &approval::FORMATS);
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

struct Checker<'d> {
    diagnostics: &'d mut Diagnostics,
}

impl Checker<'_> {
    fn report(&mut self, rule: Rule, span: Span, wrong: FormatError) {
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
            let text = node.as_str().filter(|text| text.contains("((") && without_user(text).contains("(("));
            let Some(text) = text else { continue };
            let wrong = FormatError {
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
            let wrong = FormatError {
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
                    self.report(Rule::UnknownRole, role.span, FormatError { message, help });
                }
                None if lower.is_empty() => {
                    let help = "write read, triage, write, maintain or admin".to_owned();
                    self.report(Rule::UnknownRole, role.span, FormatError { message, help });
                }
                None => {}
            }
        }
    }

    fn input(&mut self, node: &Node) {
        for fields in input::FORMATS {
            self.fields(node, fields);
        }
        self.places(node, &INPUT_PLACES);
        self.variables(node, &["/env"]);
        let text = |pointer| node.at(pointer).and_then(Node::as_str).filter(|text: &&str| !text.contains("(("));
        let Some(region) = node.entry_at("/image/region") else { return };
        if let Some(wrong) = text("/image/region").and_then(|text| registry::region(text).err()) {
            self.report(Rule::WrongType, region.value.span, wrong);
        }
        // The resource puts the registry of the region before the name.
        let address = text("/image/repository").and_then(registry::registry);
        if let (Some((registry, name)), Some(repository)) = (address, node.at("/image/repository")) {
            let message =
                format!("`region` is for a registry of Amazon that has no address, and `{registry}` is an address");
            let help = if registry.ends_with(".amazonaws.com") || registry.ends_with(".amazonaws.com.cn") {
                format!("write `{name}`; the registry is that of the account and the region")
            } else {
                "remove `region`".to_owned()
            };
            let wrong = Diagnostic::new(Rule::WrongType, repository.span, message)
                .also(region.key_span, "the region")
                .help(help);
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
            let wrong = FormatError {
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
