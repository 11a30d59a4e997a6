use std::fmt::Write;

use concourse_pipeline::address::encoded;
use concourse_pipeline::model::JobName;

use crate::plan::PipelinePlan;
use crate::project::{Concourse, Issues};

/// Where the repository of the issues is read by people: the API of github.com has a host of its own, that of a GitHub
/// Enterprise Server lies below its host ([docs](https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api)).
pub(super) fn repository(issues: &Issues) -> String {
    let api = issues.api.trim_end_matches('/');
    let host = match api {
        "https://api.github.com" => "https://github.com",
        other => other.strip_suffix("/api/v3").unwrap_or(other),
    };
    format!("{}/{}", address(host), issues.repository.split('/').map(encoded).collect::<Vec<_>>().join("/"))
}

/// Is an issue open, closed or either?
#[derive(Clone, Copy)]
pub(super) enum State {
    Open,
    Any,
}

/// Characters of a title that are searched for: GitHub takes 256 in all.
const LONGEST: usize = 200;

/// The search for issues with a title, in GitHub's words
/// ([docs](https://docs.github.com/en/search-github/searching-on-github/searching-issues-and-pull-requests)): several
/// words in quotes are one, and a quote within them cannot be said.
pub(super) fn search(issues: &Issues, title: &str, state: State) -> String {
    let open = match state {
        State::Open => "is:open ",
        State::Any => "",
    };
    // What Concourse fills in is not known here; neither is what comes behind it part of one phrase.
    let title = title.split("((").next().unwrap_or_default().replace('"', " ");
    let title = match title.char_indices().nth(LONGEST) {
        // A word that is cut is none that is found.
        Some((end, _)) => title[..end].rsplit_once(' ').map_or(&title[..end], |(words, _)| words),
        None => &title,
    };
    let query = format!("is:issue {open}in:title \"{}\"", title.trim());
    format!("{}/issues?q={}", repository(issues), encoded(&query))
}

/// The page of a pipeline in Concourse, and that of one of its jobs. None when the fleet does not say where it is.
pub(super) fn pipeline(concourse: &Concourse, plan: &PipelinePlan<'_>, job: Option<&JobName>) -> Option<String> {
    let (url, team) = (concourse.url.as_ref()?, concourse.team.as_ref()?);
    let url = address(url.trim_end_matches('/'));
    let mut link = format!("{url}/teams/{}/pipelines/{}", encoded(team), encoded(plan.name.as_str()));
    if let Some(job) = job {
        let _ = write!(link, "/jobs/{}", encoded(job.as_str()));
    }
    link.push_str(&plan.instance_vars.query());
    Some(link)
}

/// An address as it is said, but for what would end a link of Markdown's.
fn address(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'*+,;=%".contains(c);
    text.chars().map(|c| if plain(c) { c.to_string() } else { encoded(c.encode_utf8(&mut [0; 4])) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_ends_no_link() {
        assert_eq!(address("https://ci.example.com:8080/a"), "https://ci.example.com:8080/a");
        assert_eq!(address("https://x/)](javascript:y) <b>"), "https://x/%29]%28javascript:y%29%20%3Cb%3E");
    }
}
