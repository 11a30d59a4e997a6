use std::time::Duration;

use jiff::Timestamp;

use crate::refusal::Refusal;

/// Why a step failed. The identifier of each is printed in brackets and has its entry in the README.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
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
    #[error("GitHub does not accept the credentials: {0}")]
    Unauthorized(String),
    #[error("{what}: GitHub refuses: {why}")]
    Forbidden { what: String, why: String },
    #[error(
        "GitHub's rate limit is used up: GitHub asks for a wait of {} s (until {until}), and {} s are left of `max_wait`",
        .wait.as_secs(),
        .left.as_secs()
    )]
    RateLimited { wait: Duration, until: Timestamp, left: Duration },
    #[error("{what}: {why}; {host} gave no proper answer in {tries} tries")]
    Unavailable { what: String, host: String, why: String, tries: u32 },
    /// A write of which it is not known whether it happened. Whoever wrote looks before writing again.
    #[error("{what}: {why}; whether it was carried out is not known")]
    Ambiguous { what: String, why: String },
    #[error("{what}: {why}")]
    Unexpected { what: String, why: String },
    #[error("{what}: GitHub refuses the request as invalid: {why}")]
    Invalid { what: String, why: String },
    #[error("{what}")]
    NotFound { what: String },
    #[error("issue #{issue} was transferred to {to}: an approval does not move with it")]
    Moved { issue: u64, to: String },
    #[error("issue #{issue} was deleted: its approval is gone with it")]
    Deleted { issue: u64 },
    #[error("{what}: the repository `{repository}` was renamed to `{to}`; write the present name in `repository`")]
    Redirected { what: String, repository: String, to: String },
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
            Self::BadRequest(_) => "bad-request",
            Self::BadSource(_) => "bad-source",
            Self::BadParams(_) => "bad-params",
            Self::Unsupported { .. } => "unsupported",
            Self::BadFile { .. } => "bad-file",
            Self::Unauthorized(_) => "unauthorized",
            Self::Forbidden { .. } => "forbidden",
            Self::RateLimited { .. } => "rate-limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Unexpected { .. } => "unexpected-answer",
            Self::Invalid { .. } => "invalid",
            Self::NotFound { .. } => "not-found",
            Self::Moved { .. } => "transferred",
            Self::Deleted { .. } => "deleted",
            Self::Redirected { .. } => "redirected",
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
        matches!(
            self,
            Self::Unauthorized(_)
                | Self::Forbidden { .. }
                | Self::RateLimited { .. }
                | Self::Unavailable { .. }
                | Self::Ambiguous { .. }
                | Self::Unexpected { .. }
                | Self::Invalid { .. }
                | Self::NotFound { .. }
                | Self::Redirected { .. }
        )
    }

    pub(crate) fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Ambiguous { .. })
    }
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;
