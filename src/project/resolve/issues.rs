//! Where a stage's issues live, and who writes them.

use std::borrow::Cow;

use github_issues_resource::contract::StageName;
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use crate::formats::github::LONGEST_LABEL;
use crate::manifest::{AppSettings, AuthSettings, IssuesSettings, NamesSettings, Template, posted_credential};
use crate::project::stage::{Auth, Issues};

use super::Resolver;

impl Resolver<'_, '_> {
    /// `None` where something is missing, which is only reported when an issue has to be written.
    pub(super) fn issues(&mut self, typed: IssuesSettings, settings: &Node) -> Option<Issues> {
        let texts = |list: Vec<Template>| -> Vec<String> {
            list.into_iter().map(|text| text.0).filter(|text| !text.is_empty()).collect()
        };
        let auth = match typed.auth? {
            AuthSettings { app: Some(app), .. } => self.app(app, settings)?,
            AuthSettings { token, app: None } => Auth::Token(token?.0),
        };
        Some(Issues {
            repository: typed.repository?.0,
            api: typed.api.0,
            auth,
            bot: typed.bot,
            signing_key: typed.signing_key.map(|secret| secret.0),
            ca_cert: typed.ca_cert.map(|text| text.0).filter(|text| !text.is_empty()),
            labels: texts(typed.labels),
            assignees: texts(typed.assignees),
            body_files: texts(typed.body_files),
            check_every: typed.check_every,
            webhook: typed.webhook.map(|secret| secret.0),
            timeout: typed.timeout.map(|duration| duration.seconds()),
            max_wait: typed.max_wait.map(|duration| duration.seconds()),
            max_comments: typed.max_comments,
            resource: typed.resource,
        })
    }

    /// Reports credentials in what is posted on GitHub: titles, labels, assignees, and the names of files in the body. And
    /// texts that are longer than GitHub takes.
    pub(super) fn check_posted(&mut self, names: &NamesSettings, issues: &IssuesSettings, settings: &Node) {
        let of_names = [
            ("a title", "/names/deployed_title", &names.deployed_title),
            ("a title", "/names/ready_title", &names.ready_title),
            ("a label", "/names/promotion_label", &names.promotion_label),
            ("a label", "/names/deployed_label", &names.deployed_label),
            ("a label", "/names/final_label", &names.final_label),
        ];
        let of_issues = [
            ("a label", "/issues/labels", &issues.labels),
            ("an assignee", "/issues/assignees", &issues.assignees),
            ("a file of the body", "/issues/body_files", &issues.body_files),
        ];
        let lists = of_issues.iter().flat_map(|(what, pointer, texts)| {
            let place = move |index| Cow::Owned(format!("{pointer}/{index}"));
            texts.iter().enumerate().map(move |(index, text)| (*what, place(index), text))
        });
        let named = of_names.iter().map(|(what, pointer, text)| (*what, Cow::Borrowed(*pointer), *text));
        for (what, pointer, text) in named.chain(lists) {
            let node = settings.at(&pointer).filter(|node| node.span.file != self.fleet.built_in);
            let span = node.or_else(|| self.layer.node.at("/project")).map_or_else(|| self.begin(), |node| node.span);
            let found = posted_credential(what, &text.0, span).or_else(|| too_long(what, &text.0, span));
            if let Some(found) = found {
                self.diagnostics.push(found);
            }
        }
    }

    fn app(&mut self, app: AppSettings, settings: &Node) -> Option<Auth> {
        let entry = settings.entry_at("/issues/auth/app")?;
        let missing: Vec<&str> =
            [("id", app.id.is_none()), ("installation", app.installation.is_none()), ("key", app.key.is_none())]
                .into_iter()
                .filter_map(|(field, missing)| missing.then_some(field))
                .collect();
        for field in missing {
            if entry.value.at(&format!("/{field}")).is_none() {
                self.diagnostics.push(
                    Diagnostic::new(Rule::MissingField, entry.key_span, format!("`app` needs `{field}`"))
                        .help("write the `id` of the App, the id of its `installation`, and its private `key`"),
                );
            }
        }
        Some(Auth::App { id: app.id?.0, installation: app.installation?.0, key: app.key?.0 })
    }

    /// The former names of the stage.
    pub(super) fn former(&mut self, typed: &IssuesSettings, settings: &Node) -> Vec<StageName> {
        let mut former = Vec::new();
        for (index, place) in typed.formerly.iter().enumerate() {
            let stage = match place.0.split('/').collect::<Vec<_>>().as_slice() {
                [project, environment] => StageName::new(project, None, environment).ok(),
                [project, group, environment] => StageName::new(project, Some(group), environment).ok(),
                _ => None,
            };
            match stage {
                Some(stage) if !former.contains(&stage) => former.push(stage),
                Some(_) => {}
                None => {
                    let node = settings.at(&format!("/issues/formerly/{index}")).or_else(|| settings.at("/issues"));
                    self.diagnostics.push(
                        Diagnostic::new(
                            Rule::WrongType,
                            node.map_or(settings.span, |node| node.span),
                            format!("`{place}` is not a former name of a stage"),
                        )
                        .help("write PROJECT/ENVIRONMENT or PROJECT/GROUP/ENVIRONMENT, of letters, digits, `-`, `_` and `.`"),
                    );
                }
            }
        }
        former
    }
}

/// The error for a title or a label that GitHub does not take. What a build fills in is not counted.
fn too_long(what: &str, text: &str, span: Span) -> Option<Diagnostic> {
    let most = match what {
        "a title" => 256,
        "a label" => LONGEST_LABEL,
        _ => return None,
    };
    // A character is a byte or more.
    if text.len() <= most {
        return None;
    }
    let (mut length, mut rest) = (0, text);
    while let Some((before, variable)) = rest.split_once("((") {
        length += before.chars().count();
        rest = variable.split_once("))").map_or("", |(_, rest)| rest);
    }
    length += rest.chars().count();
    (length > most).then(|| {
        Diagnostic::new(
            Rule::WrongType,
            span,
            format!("{what} has {length} characters, and GitHub takes {most} at most"),
        )
        .note(format!("it is `{text}`"))
        .help(format!("write a text of {most} characters or fewer; a template counts as what it is filled with"))
    })
}
