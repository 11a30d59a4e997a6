use std::env;

use github_gates::text::percent_encode;

/// The build that a step runs in, from the environment.
///
/// Source: Concourse, "Implementing a resource type", metadata. A one-off build has no job and no pipeline, and
/// Concourse 7.14 does not set `BUILD_URL`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Build {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) job: Option<String>,
    pub(crate) pipeline: Option<String>,
    pub(crate) instance_vars: Option<String>,
    pub(crate) team: Option<String>,
    pub(crate) atc: Option<String>,
    pub(crate) created_by: Option<String>,
    pub(crate) given_url: Option<String>,
}

impl Build {
    pub(crate) fn from_env() -> Self {
        let var = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
        Self {
            id: var("BUILD_ID"),
            name: var("BUILD_NAME"),
            job: var("BUILD_JOB_NAME"),
            pipeline: var("BUILD_PIPELINE_NAME"),
            instance_vars: var("BUILD_PIPELINE_INSTANCE_VARS"),
            team: var("BUILD_TEAM_NAME"),
            atc: var("ATC_EXTERNAL_URL"),
            created_by: var("BUILD_CREATED_BY"),
            given_url: var("BUILD_URL"),
        }
    }

    /// The id by which a second run of the same build is recognised. Ids of two Concourses can be equal, hence the
    /// server's address.
    pub(crate) fn key(&self) -> Option<String> {
        Some(format!("{}#{}", self.atc.as_deref().unwrap_or_default(), self.id.as_ref()?))
    }

    /// What people call it: `pipeline/job #12`.
    pub(crate) fn label(&self) -> String {
        match (&self.pipeline, &self.job, &self.name) {
            (Some(pipeline), Some(job), Some(name)) => format!("{pipeline}/{job} #{name}"),
            _ => format!("one-off build {}", self.id.as_deref().unwrap_or("(without a number)")),
        }
    }

    /// The command that runs the build again with the versions that it had; `None` for a one-off build.
    pub(crate) fn rerun(&self) -> Option<String> {
        let (pipeline, job, name) = (self.pipeline.as_ref()?, self.job.as_ref()?, self.name.as_ref()?);
        // A rerun of build 12 is called 12.1, and is run again as 12.
        let number = name.split('.').next().unwrap_or(name);
        Some(format!("fly -t TARGET rerun-build --job {pipeline}/{job} --build {number}"))
    }

    /// The page with the log, when it can be told.
    pub(crate) fn url(&self) -> Option<String> {
        let url = match &self.given_url {
            Some(url) => url.replace(' ', "%20"),
            None => self.built_url()?,
        };
        let plain = url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '(' | ')' | '"' | '`' | '\\'));
        (plain && (url.starts_with("https://") || url.starts_with("http://"))).then_some(url)
    }

    fn built_url(&self) -> Option<String> {
        let atc = self.atc.as_deref()?.trim_end_matches('/');
        let (Some(team), Some(pipeline), Some(job), Some(name)) = (&self.team, &self.pipeline, &self.job, &self.name)
        else {
            return Some(format!("{atc}/builds/{}", percent_encode(self.id.as_deref()?)));
        };
        Some(format!(
            "{atc}/teams/{}/pipelines/{}/jobs/{}/builds/{}{}",
            percent_encode(team),
            percent_encode(pipeline),
            percent_encode(job),
            percent_encode(name),
            self.instance_query()
        ))
    }

    /// `?vars.branch=%22main%22&vars.nested.key=1`, as fly and the web page write instance variables.
    fn instance_query(&self) -> String {
        let Some(Ok(serde_json::Value::Object(vars))) =
            self.instance_vars.as_deref().map(serde_json::from_str::<serde_json::Value>)
        else {
            return String::new();
        };
        let mut pairs = Vec::new();
        for (name, value) in &vars {
            flatten(&format!("vars.{name}"), value, &mut pairs);
        }
        pairs.sort();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }
}

fn flatten(name: &str, value: &serde_json::Value, pairs: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                flatten(&format!("{name}.{key}"), value, pairs);
            }
        }
        value => pairs.push(format!("{}={}", percent_encode(name), percent_encode(&value.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build() -> Build {
        Build {
            id: Some("77".into()),
            name: Some("12".into()),
            job: Some("deploy it".into()),
            pipeline: Some("shop".into()),
            team: Some("main".into()),
            atc: Some("https://ci.example.org/".into()),
            ..Build::default()
        }
    }

    #[test]
    fn link_is_built_where_concourse_gives_none() {
        assert_eq!(
            build().url().as_deref(),
            Some("https://ci.example.org/teams/main/pipelines/shop/jobs/deploy%20it/builds/12")
        );
        let vars = Build { instance_vars: Some(r#"{"n":{"k":1},"branch":"a b"}"#.into()), ..build() };
        assert!(vars.url().is_some_and(|url| url.ends_with("/builds/12?vars.branch=%22a%20b%22&vars.n.k=1")));
        let one_off = Build { job: None, pipeline: None, name: None, ..build() };
        assert_eq!(one_off.url().as_deref(), Some("https://ci.example.org/builds/77"));
    }

    #[test]
    fn link_that_could_break_out_of_markdown_is_none() {
        for url in ["javascript:alert(1)", "https://x/)[evil](https://y", "https://x/<b>", "https://x/\n"] {
            assert_eq!(Build { given_url: Some(url.into()), ..build() }.url(), None, "{url}");
        }
    }
}
