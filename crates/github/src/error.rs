use std::time::Duration;

use jiff::Timestamp;

/// Why a request failed. The identifier of each is what a program prints in brackets.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are the words of the messages")]
pub enum Error {
    /// The settings are invalid.
    #[error("{0}")]
    Settings(String),
    /// The credentials are invalid.
    #[error("GitHub does not accept the credentials: {0}")]
    Unauthorized(String),
    /// The credentials may not do this.
    #[error("{what}: GitHub refuses: {why}")]
    Forbidden { what: String, why: String },
    /// The wait that GitHub asks for is longer than the time that is left.
    #[error(
        "GitHub's rate limit is used up: GitHub asks for a wait of {} s (until {until}), and {} s are left of `max_wait`",
        .wait.as_secs(),
        .left.as_secs()
    )]
    RateLimited { wait: Duration, until: Timestamp, left: Duration },
    /// GitHub, or the way to it, failed in every try.
    #[error("{what}: {why}; {host} gave no proper answer in {tries} tries")]
    Unavailable { what: String, host: String, why: String, tries: u32 },
    /// A write of which it is not known whether it happened. Whoever wrote looks before writing again.
    #[error("{what}: {why}; whether it was carried out is not known")]
    Ambiguous { what: String, why: String },
    /// An answer that GitHub does not describe.
    #[error("{what}: {why}")]
    Unexpected { what: String, why: String },
    /// GitHub refuses the request as invalid.
    #[error("{what}: GitHub refuses the request as invalid: {why}")]
    Invalid { what: String, why: String },
    /// What was asked for does not exist, or the credentials cannot read it.
    #[error("{what}")]
    NotFound { what: String },
    /// The issue was transferred to another repository.
    #[error("issue #{issue} was transferred to {to}: an approval does not move with it")]
    Moved { issue: u64, to: String },
    /// The issue was deleted.
    #[error("issue #{issue} was deleted: its approval is gone with it")]
    Deleted { issue: u64 },
    /// The repository has another name now.
    #[error("{what}: the repository `{repository}` was renamed to `{to}`; write the present name in `repository`")]
    Redirected { what: String, repository: String, to: String },
    /// A fault of this program.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

impl Error {
    /// Returns the identifier, as in `error[rate-limited]`.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Settings(_) => "bad-source",
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
            Self::Internal(_) => "internal",
        }
    }

    /// Whether GitHub, or the way there, is the cause: the same request may succeed another time.
    pub fn is_of_github(&self) -> bool {
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
}

/// A result whose error is GitHub's.
pub type Result<T, E = Error> = std::result::Result<T, E>;
