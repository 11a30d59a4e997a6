use std::time::Duration;

use crate::auth::Credentials;

/// What a [`Client`] is made of.
pub struct Settings {
    /// The base of the REST API, such as `https://api.github.com`.
    pub host: String,
    /// The repository, as `OWNER/NAME`.
    pub repository: String,
    /// Whose requests these are.
    pub credentials: Credentials,
    /// A certificate to trust besides the system's, in PEM.
    pub ca_cert: Option<String>,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long all waits of the step may take together.
    pub max_wait: Duration,
    /// Whether a failing request is tried until `max_wait` is used up, and not four times.
    pub persistent: bool,
}

/// How long a step waits for GitHub.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// A check is asked again soon.
    Check,
    /// A get that fails fails its build.
    Get,
    /// The deployment has happened already.
    Put,
}

impl Patience {
    /// The time to wait in all: what the source sets, else the default.
    pub fn max_wait(self, seconds: Option<u64>) -> Duration {
        Duration::from_secs(seconds.unwrap_or(match self {
            Self::Check | Self::Get => 120,
            Self::Put => 900,
        }))
    }

    /// Whether requests are repeated until `max_wait` is used up.
    pub fn is_persistent(self) -> bool {
        self != Self::Check
    }
}
