//! Names and addresses of GitHub.

use super::{FormatError, wrong};

/// The most characters that GitHub takes for a label.
pub(crate) const LONGEST_LABEL: usize = 50;

/// The name of a label that an issue can have.
pub(crate) fn label(text: &str) -> Result<(), FormatError> {
    let length = text.chars().count();
    if length <= LONGEST_LABEL {
        return Ok(());
    }
    wrong(
        format!(
            "no issue has the label `{text}`: it has {length} characters, and GitHub takes {LONGEST_LABEL} at most"
        ),
        "write the name of a label that GitHub has",
    )
}

/// Letters, digits, `-` and `_`: logins and organizations of GitHub.
fn is_login(text: &str) -> bool {
    let is_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_char)
}

pub(crate) fn user(text: &str) -> Result<(), FormatError> {
    let message = format!("`{text}` is not a login of GitHub");
    let bare = text.trim().trim_start_matches('@');
    if is_login(text) {
        Ok(())
    } else if let Some(app) = bare.strip_suffix("[bot]") {
        wrong(message, format!("write the App among `apps`: `apps: [{app}]`"))
    } else if bare.contains('/') {
        wrong(message, format!("write a team among `teams`: `teams: [{bare}]`"))
    } else if is_login(bare) {
        wrong(message, format!("write `{bare}`"))
    } else {
        wrong(message, "write the login as the address of the profile has it, such as octocat")
    }
}

pub(crate) fn team(text: &str) -> Result<(), FormatError> {
    let message = format!("`{text}` is not a team of GitHub");
    let is_team = |text: &str| {
        let parts: Vec<&str> = text.split('/').collect();
        matches!(parts.as_slice(), [organization, team] if is_login(organization) && is_login(&team.replace('.', "-")))
    };
    let bare = text.trim().trim_start_matches('@');
    if is_team(text) {
        Ok(())
    } else if is_team(bare) {
        wrong(message, format!("write `{bare}`"))
    } else if is_login(bare) {
        wrong(message, format!("write the organization before the team: `ORGANIZATION/{bare}`"))
    } else {
        wrong(message, "write ORGANIZATION/TEAM as in the address of the team, such as example/sre")
    }
}

pub(crate) fn app(text: &str) -> Result<(), FormatError> {
    let message = format!("`{text}` is not the name of a GitHub App");
    let bare = text.trim().trim_start_matches('@').trim_end_matches("[bot]");
    if is_login(text) {
        Ok(())
    } else if is_login(bare) {
        wrong(message, format!("write `{bare}`"))
    } else {
        wrong(message, "write the name as in the address https://github.com/apps/NAME, such as dependabot")
    }
}

/// `OWNER/NAME` of GitHub.
pub(crate) fn is_repository(text: &str) -> bool {
    let is_name = |name: &str| {
        let is_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !name.is_empty()
            && name != "."
            && name != ".."
            && name.strip_suffix(".git").is_none()
            && name.chars().all(is_char)
    };
    text.split_once('/').is_some_and(|(owner, name)| is_login(owner) && is_name(name))
}

pub(crate) fn repository(text: &str) -> Result<(), FormatError> {
    if is_repository(text) {
        return Ok(());
    }
    // What an address says of the repository: the last two parts.
    let path = text.trim().trim_end_matches('/').trim_end_matches(".git");
    let mut parts = path.rsplit(['/', ':']);
    let last = parts.next().zip(parts.next()).map(|(name, owner)| format!("{owner}/{name}"));
    let help = match last.filter(|last| is_repository(last)) {
        Some(last) if text.contains("github.com") => format!("write `repository: {last}`"),
        Some(last) => format!("write `repository: {last}`, and name the server: `api: https://HOST/api/v3`"),
        None => "write OWNER/NAME, such as example/deployments".to_owned(),
    };
    wrong(format!("`{text}` is not a repository on GitHub"), help)
}

pub(crate) fn api(text: &str) -> Result<(), FormatError> {
    // What most have, since it is built in.
    if text == "https://api.github.com" {
        return Ok(());
    }
    let message = || format!("`{text}` is not the address of GitHub's API");
    let general = "write https://api.github.com, or https://HOST/api/v3 for a GitHub server of your own";
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "https" | "http")) else {
        return wrong(message(), general);
    };
    let rest = rest.trim_end_matches('/');
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    // A password in the address is another rule's.
    if host.is_empty() || text.contains(char::is_whitespace) || text.contains(['?', '#']) {
        return wrong(message(), general);
    }
    let name = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    let expected = match name.as_str() {
        "github.com" | "www.github.com" | "api.github.com" => "https://api.github.com".to_owned(),
        name if name.ends_with(".ghe.com") => {
            format!("https://api.{}", name.strip_prefix("api.").unwrap_or(name))
        }
        _ if name.starts_with("api.") && path.is_empty() => return Ok(()),
        _ => format!("{scheme}://{host}/api/v3"),
    };
    let given = format!("{scheme}://{name}{}{path}", if path.is_empty() { "" } else { "/" });
    let is_expected = given == expected.to_ascii_lowercase() || path == "api/v3" && expected.ends_with("/api/v3");
    // A server of one's own can stand behind a proxy that adds a path.
    let is_below = expected.ends_with("/api/v3") && path.ends_with("/api/v3");
    if is_expected || is_below { Ok(()) } else { wrong(message(), format!("write {expected}")) }
}

pub(crate) fn app_id(text: &str) -> Result<(), FormatError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "0";
    let is_client = text.strip_prefix("Iv").is_some_and(|rest| {
        rest.len() >= 6
            && rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
    });
    if is_number || is_client {
        return Ok(());
    }
    wrong(
        format!("`{text}` is not the id of a GitHub App"),
        "write the App ID or the client ID of the App's settings, such as 12345 or Iv23liAbCdEfGhIj",
    )
}

pub(crate) fn installation(text: &str) -> Result<(), FormatError> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "0";
    if is_number {
        return Ok(());
    }
    wrong(
        format!("`{text}` is not the id of an installation"),
        "write the number at the end of the address of the installation's settings, such as 67890",
    )
}
