use std::fmt::Display;
use std::time::Duration;

use super::api;
use super::client::Client;
use super::model::{Issue, NewIssue};
use crate::error::{Error, Result};

/// Waits before looking whether a write of unknown outcome happened.
pub const LOOKS: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];
/// How often a write of unknown outcome is begun, at the least.
const ROUNDS: u32 = 3;
/// Assignees of one issue (GitHub REST API, "Create an issue").
const MAX_ASSIGNEES: usize = 10;

/// An error of an attempt to write: GitHub's, or one that holds GitHub's.
pub trait Attempt: From<Error> + Display {
    /// Whether the write may have happened or not.
    fn is_ambiguous(&self) -> bool;
}

impl Attempt for Error {
    fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Ambiguous { .. })
    }
}

impl Client<'_> {
    /// Does a write that may not be repeated, until it is known to be done or refused. When GitHub does not say whether it
    /// did it, `look` looks for what came of it, and only when that is not there it is written again.
    pub fn once<T, E: Attempt>(
        &self,
        mut write: impl FnMut() -> Result<T, E>,
        mut look: impl FnMut() -> Result<Option<T>, E>,
    ) -> Result<T, E> {
        for round in 1.. {
            let unknown = match write() {
                Err(error) if error.is_ambiguous() => error,
                known => return known,
            };
            self.log().say(&unknown);
            for wait in LOOKS {
                self.spend(wait);
                self.sleep(wait);
                if let Some(done) = look()? {
                    self.log().say("GitHub carried out the write");
                    return Ok(done);
                }
            }
            if round >= ROUNDS && !self.may_go_on() {
                return Err(unknown);
            }
        }
        Err(Error::Internal("a write was neither carried out nor refused".to_owned()).into())
    }

    /// Opens an issue, of which `is_it` knows what may have come of an attempt of unknown outcome. GitHub refuses the whole
    /// issue for one assignee that cannot be assigned: then the others are kept.
    pub fn open(&self, new: &NewIssue, is_it: impl Fn(&Issue) -> bool) -> Result<Issue> {
        let mut new = new.clone();
        if new.assignees.len() > MAX_ASSIGNEES {
            let dropped = new.assignees.split_off(MAX_ASSIGNEES).join(", ");
            self.log().say(format_args!("GitHub takes {MAX_ASSIGNEES} assignees at most; left out: {dropped}"));
        }
        let write = || match api::create(self, &new) {
            Err(Error::Invalid { why, .. }) if !new.assignees.is_empty() => {
                new.assignees = self.assignable(&new.assignees, &why)?;
                match api::create(self, &new) {
                    // Not the assignees, or not as GitHub tells of them one by one.
                    Err(Error::Invalid { .. }) if !new.assignees.is_empty() => {
                        self.log().say("the issue is opened without assignees");
                        new.assignees.clear();
                        api::create(self, &new)
                    }
                    created => created,
                }
            }
            created => created,
        };
        self.once(write, || Ok(api::newest(self)?.into_iter().find(|issue| is_it(issue))))
    }

    /// The assignees whom GitHub does not refuse, asked for one by one; none where it refuses none of them.
    fn assignable(&self, assignees: &[String], why: &str) -> Result<Vec<String>> {
        let mut kept = Vec::new();
        let mut refused = Vec::new();
        for login in assignees {
            if api::is_assignable(self, login)? { kept.push(login.clone()) } else { refused.push(login.as_str()) }
        }
        if refused.is_empty() {
            kept.clear();
            refused.extend(assignees.iter().map(String::as_str));
        }
        self.log().say(format_args!("GitHub refuses assignees, who are left out: {} ({why})", refused.join(", ")));
        Ok(kept)
    }
}
