use std::collections::BTreeMap;
use std::rc::Rc;

use crate::repository::Repository;
use yaml_source::source::Span;
use yaml_source::yaml::Node;

use super::view::{Definition, JobView, PipelineView, StepKind, StepView, field, is_known};

/// The issues that the pipelines of a run open, and who waits for their closing.
pub(super) struct Issues<'v, 'n> {
    pub(super) posts: Vec<Post<'v, 'n>>,
    pub(super) waits: Vec<Wait<'v, 'n>>,
}

/// A step that opens an issue.
pub(super) struct Post<'v, 'n> {
    pub(super) step: &'v StepView<'n>,
    pub(super) job: &'v JobView<'n>,
    pub(super) place: IssueRepository,
    pub(super) called: Called<'n>,
    /// Where it is said what the issue is called.
    pub(super) span: Span,
    /// The stage that closing the issue promotes to.
    pub(super) destination: Option<&'n Node>,
}

/// A step that waits for an issue to be closed.
pub(super) struct Wait<'v, 'n> {
    pub(super) job: &'v JobView<'n>,
    pub(super) place: IssueRepository,
    pub(super) called: Called<'n>,
    /// Where it is said what the issue is called.
    pub(super) span: Span,
}

/// The repository of issues, however its address is spelt.
pub(super) type IssueRepository = Rc<Repository>;

/// How an issue is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Called<'n> {
    /// By the key of a gate, as ol-pipegen's own resource does.
    Gate(&'n str),
    /// By its title, or the beginning of it, as MIT Open Learning's does; as far as that is known.
    Title(&'n str),
}

impl<'v, 'n> Issues<'v, 'n> {
    pub(super) fn of(views: &'v [PipelineView<'n>]) -> Self {
        let mut issues = Self { posts: Vec::new(), waits: Vec::new() };
        for view in views {
            for (job, step) in view.steps() {
                let Some(resource) = view.resource(step.resource()).filter(|resource| view.is_of_issues(resource))
                else {
                    continue;
                };
                match step.kind {
                    StepKind::Get if view.is_approval(step) => issues.waits(job, resource),
                    StepKind::Put => issues.posts(job, step, resource),
                    _ => {}
                }
            }
        }
        issues
    }

    fn waits(&mut self, job: &'v JobView<'n>, resource: &Definition<'n>) {
        let found = gate(resource).or_else(|| titled(resource, "issue_prefix"));
        if let Some((called, span)) = found {
            self.waits.push(Wait { job, place: place(resource), called, span });
        }
    }

    fn posts(&mut self, job: &'v JobView<'n>, step: &'v StepView<'n>, resource: &Definition<'n>) {
        // A claim and a report open nothing.
        if step.param("action").and_then(Node::as_str).is_some_and(|action| action != "record") {
            return;
        }
        let own = step.param("title_template").and_then(|node| Some((Called::Title(fixed(node)?), node.span)));
        let found = gate(resource).or(own).or_else(|| titled(resource, "issue_title_template"));
        if let Some((called, span)) = found {
            let destination = resource.source().and_then(|source| field(source, "destination"));
            self.posts.push(Post { step, job, place: place(resource), called, span, destination });
        }
    }
}

/// Who waits, by what is waited for: a run may have thousands of both.
pub(super) struct Listeners<'i, 'v, 'n> {
    gates: BTreeMap<(IssueRepository, &'n str), Vec<&'i Wait<'v, 'n>>>,
    titles: BTreeMap<(IssueRepository, &'n str), Vec<&'i Wait<'v, 'n>>>,
}

impl<'i, 'v, 'n> Listeners<'i, 'v, 'n> {
    pub(super) fn of(issues: &'i Issues<'v, 'n>) -> Self {
        let mut listeners = Self { gates: BTreeMap::new(), titles: BTreeMap::new() };
        for wait in &issues.waits {
            let (map, key) = match wait.called {
                Called::Gate(key) => (&mut listeners.gates, key),
                Called::Title(prefix) => (&mut listeners.titles, prefix),
            };
            map.entry((wait.place.clone(), key)).or_default().push(wait);
        }
        listeners
    }

    /// Who waits for the issue of a post.
    pub(super) fn of_post(&self, post: &Post<'_, 'n>) -> impl Iterator<Item = &'i Wait<'v, 'n>> {
        let mut found: Vec<&'i Wait<'v, 'n>> = Vec::new();
        match post.called {
            Called::Gate(key) => found.extend(self.gates.get(&(post.place.clone(), key)).into_iter().flatten()),
            Called::Title(title) => {
                for end in title.char_indices().map(|(at, _)| at).chain([title.len()]) {
                    found.extend(self.titles.get(&(post.place.clone(), &title[..end])).into_iter().flatten());
                }
            }
        }
        found.into_iter()
    }

    pub(super) fn has(&self, post: &Post<'_, 'n>) -> bool {
        self.of_post(post).next().is_some()
    }
}

impl Called<'_> {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Gate(text) | Self::Title(text) => text,
        }
    }
}

fn gate<'n>(resource: &Definition<'n>) -> Option<(Called<'n>, Span)> {
    let node = field(resource.source()?, "gate")?;
    Some((Called::Gate(node.as_str().filter(|key| is_known(key))?), node.span))
}

fn titled<'n>(resource: &Definition<'n>, key: &str) -> Option<(Called<'n>, Span)> {
    let node = field(resource.source()?, key)?;
    Some((Called::Title(fixed(node)?), node.span))
}

/// The most characters that GitHub takes for a title. What a comparison of titles costs grows with the square of it.
const LONGEST_TITLE: usize = 256;

/// The text of a title up to what each build fills in.
fn fixed(node: &Node) -> Option<&str> {
    let text = node.as_str()?.split(['{', '(']).next()?;
    let end = text.char_indices().nth(LONGEST_TITLE).map_or(text.len(), |(end, _)| end);
    (!text.is_empty()).then_some(&text[..end])
}

fn place(resource: &Definition<'_>) -> IssueRepository {
    let repository = resource.source_text("repository").unwrap_or_default();
    Rc::new(Repository::of_issues(resource.source_text("gh_host"), repository))
}
