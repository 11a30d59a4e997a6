use std::fmt;

/// What a person says that a job deploys: `--target JOB[/STEP]=ENV`, and `target` of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobTarget {
    /// The job.
    pub job: String,
    /// The one step of the job that is meant. None for the whole job.
    pub step: Option<String>,
    /// The environment that is deployed. None if nothing is.
    pub environment: Option<String>,
}

impl JobTarget {
    /// Of `JOB` or `JOB/STEP`, and an environment, which is empty where nothing is deployed.
    pub(crate) fn of(place: &str, environment: &str) -> Self {
        let (job, step) = match place.split_once('/') {
            Some((job, step)) => (job, Some(step.to_owned())),
            None => (place, None),
        };
        let environment = (!environment.is_empty()).then(|| environment.to_owned());
        Self { job: job.to_owned(), step, environment }
    }

    /// Reads `JOB[/STEP]=ENVIRONMENT`.
    ///
    /// # Errors
    ///
    /// What was expected instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((place, environment)) if !place.is_empty() => Ok(Self::of(place, environment)),
            _ => Err("expected JOB=ENVIRONMENT, such as deploy-shop=QA".to_owned()),
        }
    }

    /// `JOB` or `JOB/STEP`.
    pub(crate) fn place(&self) -> String {
        match &self.step {
            Some(step) => format!("{}/{step}", self.job),
            None => self.job.clone(),
        }
    }

    /// The environment, or an empty text where nothing is deployed.
    pub(crate) fn environment(&self) -> &str {
        self.environment.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for JobTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.place(), self.environment())
    }
}
