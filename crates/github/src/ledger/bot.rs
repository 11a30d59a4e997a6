use crate::{Actor, Identity, Issue, User};

/// The account that writes the issues: its own texts are believed, and its own closings approve nothing.
#[derive(Clone, Debug)]
pub enum Bot {
    /// By the numeric id of the account, or of an App's bot user.
    Id(u64),
    /// By the slug of the App whose credentials these are.
    App(String),
}

impl Bot {
    /// Returns the account that credentials belong to.
    pub fn of(identity: &Identity) -> Self {
        match identity {
            Identity::User { id, .. } => Self::Id(*id),
            Identity::App { slug } => Self::App(slug.clone()),
        }
    }

    /// Whether an account as GraphQL shows it is this one.
    pub fn is(&self, actor: &Actor) -> bool {
        match self {
            Self::Id(id) => actor.database_id == Some(*id),
            // No person's login is in the way: an App's bot is of a type of its own.
            Self::App(slug) => actor.kind == "Bot" && actor.login.eq_ignore_ascii_case(slug),
        }
    }

    /// Whether this account opened the issue.
    pub fn wrote(&self, issue: &Issue) -> bool {
        issue.user.as_ref().is_some_and(|user| self.is_user(user))
    }

    /// Whether an account as REST shows it is this one.
    pub fn is_user(&self, user: &User) -> bool {
        match self {
            Self::Id(id) => user.id == *id,
            Self::App(slug) => user.kind == "Bot" && user.login.eq_ignore_ascii_case(&format!("{slug}[bot]")),
        }
    }
}
