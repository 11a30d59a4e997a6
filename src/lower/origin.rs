//! Who wrote the steps of a job, and where: for those who judge the job, and for their messages.

use concourse_pipeline::model::Step;
use yaml_source::source::Span;

use crate::plan::StagePhase;
use crate::project::Stage;

/// Who wrote a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// This program.
    Generator,
    /// This program, to hold a job back until another project was deployed. No step uses the artifact.
    Need,
    /// A stack kind or a build kind.
    Kind,
    /// A manifest, in `before` or `after`.
    Around,
    /// A manifest, in a job of `extra`.
    Extra,
    /// Somebody, in a pipeline that was not rendered.
    Person,
}

impl Author {
    /// Whether the step is free text of a kind or a manifest, in a job that this program makes.
    pub(crate) const fn is_brought(self) -> bool {
        matches!(self, Self::Kind | Self::Around)
    }
}

/// What a job is.
#[derive(Clone, Debug)]
pub(crate) enum JobRole<'p> {
    /// Previews or deploys a stage.
    Stage {
        /// The stage.
        stage: &'p Stage,
        /// What it does.
        phase: StagePhase,
        /// What the kind deploys, as far as the kind names it.
        target: Option<String>,
        /// Where to name what is deployed, when nothing names it.
        unnamed: Option<Span>,
        /// The options of the kind that the target is made of.
        target_options: Vec<String>,
    },
    /// Builds an input.
    Build,
    /// A job of `extra`.
    Extra,
    /// A job of a pipeline that was not rendered.
    Handwritten,
}

/// What a job was made from.
#[derive(Clone, Debug)]
pub(crate) struct JobOrigin<'p> {
    /// The job, as a note names it: ``the deploy of `shop` QA``.
    pub(crate) whom: String,
    /// Where to point when no step is meant.
    pub(crate) span: Span,
    /// What it is.
    pub(crate) role: JobRole<'p>,
    /// The author and the place of each step of its plan. A step within another has those of the outer one.
    pub(crate) plan: Vec<(Author, Span)>,
    /// The author of its hooks.
    pub(crate) hooks: Author,
}

/// The steps of a plan, with who wrote them.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    pub(super) origins: Vec<(Author, Span)>,
}

impl Steps {
    /// Adds steps of one origin.
    pub(super) fn add(&mut self, author: Author, span: Span, steps: impl IntoIterator<Item = Step>) {
        for step in steps {
            self.steps.push(step);
            self.origins.push((author, span));
        }
    }

    /// Adds steps of a kind or a manifest, each with its place.
    pub(super) fn bring(&mut self, author: Author, steps: Vec<(Step, Span)>) {
        for (step, span) in steps {
            self.steps.push(step);
            self.origins.push((author, span));
        }
    }
}
