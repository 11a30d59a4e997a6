//! Whose requests these are, and the token that they carry.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::answer::{parse, parse_http_date};
use super::{Client, Manner, Repeat, Shape, headers};
use crate::auth::{Credentials, app_jwt};
use crate::error::{Error, Result};
use crate::model::{App, InstallationToken, User};
use crate::transport::{Answer, Request};

/// For how long a token counts as new.
const NEW_TOKEN: SignedDuration = SignedDuration::from_secs(60);
/// From how far apart on the clocks are mentioned: an App's token allows for less than a minute.
const CLOCKS_APART: i64 = 30;

/// An App's token.
#[derive(Clone)]
pub(super) struct AppToken {
    text: String,
    /// When it was made, on this machine's clock.
    made: Timestamp,
}

/// Whose credentials these are.
#[derive(Clone, Debug)]
pub enum Identity {
    /// An account, by its numeric id: logins can be given to another.
    User {
        /// The numeric id, which stays when the login changes.
        id: u64,
        /// The login.
        login: String,
    },
    /// An App, by its slug. Its bot user is `SLUG[bot]` in REST and `SLUG` in GraphQL.
    App {
        /// The name in the address of the App's page.
        slug: String,
    },
}

impl Identity {
    /// The login under which its issues are listed.
    pub fn login(&self) -> String {
        match self {
            Self::User { login, .. } => login.clone(),
            Self::App { slug } => format!("{slug}[bot]"),
        }
    }
}

impl Client<'_> {
    /// Asks GitHub, once, whose credentials these are.
    pub fn identity(&self) -> Result<Identity> {
        if let Some(identity) = self.identity.borrow().clone() {
            return Ok(identity);
        }
        let identity = if let Credentials::App { id, key, .. } = &self.credentials {
            let jwt = app_jwt(id, key, self.clock.now())?;
            self.log.hide(&jwt);
            let request = Request {
                method: "GET",
                url: format!("{}/app", self.base()),
                headers: headers(&jwt, None),
                body: None,
            };
            let what = "asking GitHub for the App";
            let manner = Manner { what, repeat: Repeat::Safe, shape: Shape::Object, renewable: false };
            let answer = self.send(&request, manner)?;
            if answer.status != 200 {
                return Err(self.with_clock(self.place.refusal(&answer, what), &answer));
            }
            let app: App = parse(what, &answer)?;
            let slug = app.slug.ok_or_else(|| Error::Unexpected {
                what: "GET /app".to_owned(),
                why: "the App has no slug".to_owned(),
            })?;
            Identity::App { slug }
        } else {
            let user: User = self.get(&format!("{}/user", self.base()), "asking GitHub for the token's account")?;
            Identity::User { id: user.id, login: user.login }
        };
        *self.identity.borrow_mut() = Some(identity.clone());
        Ok(identity)
    }

    pub(super) fn bearer(&self) -> Result<String> {
        match &self.credentials {
            Credentials::Token(token) => Ok(token.clone()),
            Credentials::App { .. } => {
                if let Some(token) = self.token.borrow().as_ref() {
                    return Ok(token.text.clone());
                }
                self.mint()
            }
        }
    }

    /// Has a token made for this repository. It lives an hour, in memory alone.
    pub(super) fn mint(&self) -> Result<String> {
        let Credentials::App { id, installation, key } = &self.credentials else {
            return Err(Error::Internal("a token was asked of no App".to_owned()));
        };
        let jwt = app_jwt(id, key, self.clock.now())?;
        self.log.hide(&jwt);
        let (_, name) = self.owner_and_name();
        let request = Request {
            method: "POST",
            url: format!("{}/app/installations/{installation}/access_tokens", self.base()),
            headers: headers(&jwt, None),
            body: Some(json!({"repositories": [name]}).to_string()),
        };
        let what = "asking GitHub for the App's token";
        // A second token does no harm.
        let manner = Manner { what, repeat: Repeat::Safe, shape: Shape::Any, renewable: false };
        let answer = self.send(&request, manner)?;
        let (host, repository) = (self.place.host(), &self.place.repository);
        let not_found = |what: String| Err(Error::NotFound { what });
        match answer.status {
            200..=299 => {}
            404 => {
                return not_found(format!(
                    "the installation {installation} of the App {id} was not found on {host}; set \
                     `app_installation_id` to the installation of the organization that owns `{repository}`"
                ));
            }
            422 => {
                return not_found(format!(
                    "the App {id} cannot read the repository `{repository}` on {host} ({}); install the App there, or, \
                     if the repository was renamed, write its present name in `repository`",
                    answer.message()
                ));
            }
            _ => return Err(self.with_clock(self.place.refusal(&answer, what), &answer)),
        }
        let token: InstallationToken = parse(what, &answer)?;
        self.log.hide(&token.token);
        *self.token.borrow_mut() = Some(AppToken { text: token.token.clone(), made: self.clock.now() });
        Ok(token.token)
    }

    /// An App's own token holds for minutes by this machine's clock: where GitHub refuses it, the clocks are compared.
    fn with_clock(&self, error: Error, answer: &Answer) -> Error {
        let Error::Unauthorized(why) = error else { return error };
        let Some(theirs) = answer.header("date").and_then(parse_http_date) else { return Error::Unauthorized(why) };
        let ahead = self.clock.now().as_second() - theirs.as_second();
        if ahead.abs() < CLOCKS_APART {
            return Error::Unauthorized(why);
        }
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        let seconds = ahead.unsigned_abs();
        Error::Unauthorized(format!(
            "{why}; this machine's clock is {seconds} s {direction} GitHub's clock, by which an App's own token is \
             checked: correct this machine's clock"
        ))
    }

    /// The age of the App's token in seconds, while it is so new that parts of GitHub may not know it.
    pub(super) fn age_of_new_token(&self) -> Option<i64> {
        let made = self.token.borrow().as_ref()?.made;
        let age = self.clock.now().duration_since(made);
        (age < NEW_TOKEN).then(|| age.as_secs().max(0))
    }
}
