//! Whether a resource is one of issues, and of which gate. Whoever asks that of a pipeline asks here.

use crate::Repository;

/// A gate, from whatever pipeline or resource it is spoken of: the repository of its issues, and how they are known there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssueId<'a> {
    /// Where the issues live.
    pub repository: Repository,
    /// How they are known there.
    pub mark: IssueMark<'a>,
}

/// How the issues of a gate are known in their repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueMark<'a> {
    /// By the key of the gate, hidden in their bodies.
    Gate(&'a str),
    /// By what their titles begin with, as MIT Open Learning's resource does it.
    Title(&'a str),
}

impl<'a> IssueMark<'a> {
    /// The key, or the beginning of the title.
    pub fn text(self) -> &'a str {
        match self {
            Self::Gate(text) | Self::Title(text) => text,
        }
    }
}

/// What the source of a resource of issues says of its issues.
#[derive(Clone, Debug)]
pub struct IssueSource<'a> {
    /// Where the issues live.
    pub repository: Repository,
    /// Which of them it is about.
    pub issues: Issues<'a>,
}

/// The issues of a resource.
#[derive(Clone, Copy, Debug)]
pub enum Issues<'a> {
    /// Those of a gate.
    Gate {
        /// Its key.
        key: &'a str,
        /// What the resource is to the gate.
        role: Role,
    },
    /// Those with a title, for MIT Open Learning's image.
    Title {
        /// What the title of a watched issue begins with.
        prefix: Option<&'a str>,
        /// The title of an issue that a put opens.
        template: Option<&'a str>,
        /// Its versions are closed issues.
        is_closed: bool,
    },
}

/// What a resource is to its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Jobs write to the gate by it.
    Post,
    /// Its versions are approvals.
    Trigger,
    /// Its versions are records, which nobody has to close.
    Records,
}

/// Whether the versions of a resource type are issues. Its name says so, or its image: of
/// [github-issues and approved-git](https://github.com/mitodl/ol-pipegen/tree/main/resource), or
/// [MIT Open Learning's](https://github.com/mitodl/concourse-github-issues-resource). A copy of an image has its name in its own.
pub fn is_gate_type(name: &str, image: Option<&str>) -> bool {
    [name, image.unwrap_or_default()]
        .iter()
        .any(|called| called.contains("github-issues") || called.contains("approved-git"))
}

impl<'a> IssueSource<'a> {
    /// Reads the source of a resource, by the name of its type, the image behind the type, and the texts of its source over the
    /// defaults of the type. `None` when it is no resource of issues. A source that has `gate` and `role` is one, whatever its
    /// type is named.
    pub fn read(type_name: &str, image: Option<&str>, text: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let (key, role) = (text("gate"), text("role"));
        if (key.is_none() || role.is_none()) && !is_gate_type(type_name, image) {
            return None;
        }
        let issues = match key {
            Some(key) => {
                let role = match role {
                    Some("trigger") => Role::Trigger,
                    Some("records") => Role::Records,
                    _ => Role::Post,
                };
                Issues::Gate { key, role }
            }
            None => Issues::Title {
                prefix: text("issue_prefix"),
                template: text("issue_title_template"),
                is_closed: text("issue_state") != Some("open"),
            },
        };
        let repository = Repository::of_issues(text("gh_host"), text("repository").unwrap_or_default());
        Some(Self { repository, issues })
    }

    /// The gate that it belongs to. `None` when it has neither key nor title.
    pub fn id(&self) -> Option<IssueId<'a>> {
        let mark = match self.issues {
            Issues::Gate { key, .. } => IssueMark::Gate(key),
            Issues::Title { prefix, template, .. } => IssueMark::Title(prefix.or(template)?),
        };
        Some(IssueId { repository: self.repository.clone(), mark })
    }

    /// Whether it belongs to a gate with a key.
    pub fn has_key(&self) -> bool {
        matches!(self.issues, Issues::Gate { .. })
    }

    /// Whether its versions are records.
    pub fn is_records(&self) -> bool {
        matches!(self.issues, Issues::Gate { role: Role::Records, .. })
    }

    /// The gate whose records are its versions.
    pub fn records(&self) -> Option<IssueId<'a>> {
        self.is_records().then(|| self.id()).flatten()
    }

    /// Whether its versions are approvals, or closed issues.
    pub fn is_approval(&self) -> bool {
        match self.issues {
            Issues::Gate { role, .. } => role == Role::Trigger,
            Issues::Title { is_closed, .. } => is_closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_gate_type;

    #[test]
    fn types_of_issues_are_known_by_their_name_or_image() {
        for (name, image) in [
            ("github-issues", None),
            ("approved-git", None),
            ("gates", Some("mitodl/github-issues-resource")),
            ("gates", Some("mitodl/concourse-github-issues-resource")),
            ("gates", Some("registry.example.com/mirror/github-issues/resource")),
            ("code", Some("mirror.example.com:5000/mitodl/approved-git-resource")),
        ] {
            assert!(is_gate_type(name, image), "{name} {image:?}");
        }
        for (name, image) in [("git", None), ("issues", Some("example/github-pr-resource"))] {
            assert!(!is_gate_type(name, image), "{name} {image:?}");
        }
    }
}
