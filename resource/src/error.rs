use github_gates::Attempt;
use github_gates::ledger::refusal::Refusal;

/// Why a step failed. The identifier of each is printed in brackets and has its entry in the README.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    GitHub(#[from] github_gates::Error),
    #[error("{0}")]
    BadRequest(String),
    #[error("{0}")]
    BadSource(String),
    #[error("{0}")]
    BadParams(String),
    #[error("`{field}` is not supported: {why}")]
    Unsupported { field: &'static str, why: &'static str },
    #[error("{path}: {why}")]
    BadFile { path: String, why: String },
    #[error("issue #{issue} approves nothing: {refusal}")]
    NotApproved { issue: u64, refusal: Refusal },
    #[error("the version names the commit {version}, and issue #{issue} approves {approved}: nothing is deployed")]
    OtherCommit { issue: u64, version: String, approved: String },
    /// Git's own resource did not bring the approved commit.
    #[error("git did not fetch the approved commit {commit}: {why}; nothing is deployed")]
    NotFetched { commit: String, why: String },
    #[error("the approved commit {commit} is not on the branch {branch}: nothing is deployed")]
    NotOnBranch { commit: String, branch: String },
    #[error("issue #{issue} cannot be checked out: {why}; nothing is deployed. Approve an issue of a newer build")]
    NotACommit { issue: u64, why: String },
    #[error("{0}")]
    AlreadyUsed(String),
    #[error("{0}")]
    OutOfOrder(String),
    #[error("internal error: {0}; please report it")]
    Internal(String),
    /// An error with what to do about what is left undone.
    #[error("{error}\nhelp: {help}")]
    Unfinished { error: Box<Self>, help: String },
}

impl Error {
    /// The identifier, as in `error[withdrawn]`.
    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::GitHub(error) => error.id(),
            Self::BadRequest(_) => "bad-request",
            Self::BadSource(_) => "bad-source",
            Self::BadParams(_) => "bad-params",
            Self::Unsupported { .. } => "unsupported",
            Self::BadFile { .. } => "bad-file",
            Self::NotApproved { refusal, .. } => refusal.id(),
            Self::OtherCommit { .. } => "tampered",
            Self::NotFetched { .. } => "not-fetched",
            Self::NotOnBranch { .. } => "not-on-branch",
            Self::NotACommit { .. } => "not-a-commit",
            Self::AlreadyUsed(_) => "already-used",
            Self::OutOfOrder(_) => "out-of-order",
            Self::Internal(_) => "internal",
            Self::Unfinished { error, .. } => error.id(),
        }
    }

    /// Whether GitHub, or the way there, is the cause: the same step may succeed another time.
    pub(crate) fn is_of_github(&self) -> bool {
        matches!(self, Self::GitHub(error) if error.is_of_github())
    }
}

impl Attempt for Error {
    fn is_ambiguous(&self) -> bool {
        matches!(self, Self::GitHub(error) if error.is_ambiguous())
    }
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
