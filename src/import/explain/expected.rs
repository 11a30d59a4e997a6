//! Differences that are meant, each with its name and its reason. What is not among them is not carried over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::import::compare::tree::Difference;

/// A difference that is meant.
#[derive(Debug)]
pub(crate) struct ExpectedDifference {
    /// What it is called.
    pub(crate) name: &'static str,
    /// Why it is so.
    pub(crate) why: &'static str,
    fits: fn(&Difference, &Evidence) -> bool,
}

/// What is known of both pipelines, besides a difference.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// Variables that the fleet gives to all.
    pub(crate) fleet_env: BTreeSet<String>,
    /// Job → the jobs that its versions come from, in the pipeline that the manifest makes.
    pub(crate) ancestors: BTreeMap<String, BTreeSet<String>>,
    /// Resources of issues.
    pub(crate) issues: BTreeSet<String>,
    /// Resources that nothing in the pipeline uses that was read.
    pub(crate) unused: BTreeSet<String>,
    /// Resource types that no resource is of, likewise.
    pub(crate) unused_types: BTreeSet<String>,
    /// The repositories of the code.
    pub(crate) code: BTreeSet<String>,
    /// Serial groups of a single job.
    pub(crate) lonely: BTreeSet<String>,
    /// Jobs whose steps a shell script was made of.
    pub(crate) scripts: BTreeSet<String>,
    /// Jobs that set pipelines.
    pub(crate) setters: BTreeSet<String>,
}

/// The expected difference that this is one of.
pub(crate) fn expected(difference: &Difference, evidence: &Evidence) -> Option<&'static ExpectedDifference> {
    EXPECTED.iter().find(|expected| (expected.fits)(difference, evidence))
}

impl Difference {
    fn last(&self) -> &str {
        self.at.last().map_or("", String::as_str)
    }

    fn ends(&self, keys: &[&str]) -> bool {
        self.at.len() >= keys.len() && self.at.iter().rev().zip(keys.iter().rev()).all(|(at, key)| at == key)
    }

    /// The job, the resource or the resource type.
    fn of(&self, list: &str) -> Option<&str> {
        (self.at.first().map(String::as_str) == Some(list)).then(|| self.at.get(1).map(String::as_str)).flatten()
    }

    /// The step of a job, and the keys below it.
    fn step(&self) -> Option<(&str, &[String])> {
        self.of("jobs")?;
        (self.at.len() > 3).then(|| (self.at[3].as_str(), &self.at[4..]))
    }

    fn is_of_issue(&self, evidence: &Evidence) -> bool {
        let step = self.step().and_then(|(step, _)| step.split_once(' ')).map(|(_, name)| name);
        self.of("resources").or(step).is_some_and(|name| evidence.issues.contains(name))
    }
}

fn items(value: &Json) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

const EXPECTED: &[ExpectedDifference] = &[
    ExpectedDifference {
        name: "one build at a time",
        why: "a deployment that overtakes another one would undo it",
        fits: |it, _| {
            it.of("jobs").is_some()
                && it.at.len() == 3
                && match it.last() {
                    "serial" => it.theirs.is_null() && it.ours == true || it.theirs == true && it.ours.is_null(),
                    "max_in_flight" => it.theirs == 1 && it.ours.is_null(),
                    _ => false,
                }
        },
    },
    ExpectedDifference {
        name: "a serial group of one job",
        why: "a group that nothing else is in is `serial`",
        fits: |it, evidence| {
            let groups = items(&it.theirs);
            it.at.len() == 3
                && it.last() == "serial_groups"
                && it.ours.is_null()
                && !groups.is_empty()
                && groups.iter().all(|group| evidence.lonely.contains(*group))
        },
    },
    ExpectedDifference {
        name: "inputs of puts",
        why: "what a put sees without `inputs` differs between Concourse 7 and 8: all artifacts, or those that `params` name",
        fits: |it, evidence| {
            it.last() == "inputs"
                && it.step().is_some_and(|(step, _)| step.starts_with("put "))
                && (it.theirs.is_null() || it.is_of_issue(evidence) || it.theirs == "all" && it.ours.is_array())
                && !it.ours.is_null()
        },
    },
    ExpectedDifference {
        name: "no get after a put to an issue",
        why: "it fetches what nobody reads, with requests to GitHub",
        fits: |it, evidence| {
            it.last() == "no_get" && it.theirs.is_null() && it.ours == true && it.is_of_issue(evidence)
        },
    },
    ExpectedDifference {
        name: "no checks of what is only put",
        why: "they ask GitHub, and start nothing",
        fits: |it, evidence| it.last() == "check_every" && it.ours == "never" && it.is_of_issue(evidence),
    },
    ExpectedDifference {
        name: "who started a build",
        why: "a post tells in whose name a deployment ran; a trigger makes nothing",
        fits: |it, evidence| it.last() == "expose_build_created_by" && it.is_of_issue(evidence),
    },
    ExpectedDifference {
        name: "defaults of the issues' resource, spelled out",
        why: "what a source leaves out is what the resource takes",
        fits: |it, evidence| {
            it.is_of_issue(evidence)
                && it.theirs.is_null()
                && match it.last() {
                    "auth_method" => it.ours == "token",
                    "issue_state" => it.ours == "closed",
                    "gh_host" => it.ours == "https://api.github.com",
                    "issue_prefix" | "issue_title_template" => it.ours.is_string(),
                    _ => false,
                }
        },
    },
    ExpectedDifference {
        name: "labels by the place in the chain",
        why: "a label says what closing the issue does, or that it does nothing more",
        fits: |it, evidence| {
            let (theirs, ours) = (items(&it.theirs), items(&it.ours));
            it.ends(&["params", "labels"])
                && it.is_of_issue(evidence)
                && theirs.iter().all(|label| ours.contains(label))
        },
    },
    ExpectedDifference {
        name: "nothing to approve",
        why: "the issue of a preview without changes closes by itself",
        fits: |it, evidence| it.ends(&["params", "close_if_file"]) && it.theirs.is_null() && it.is_of_issue(evidence),
    },
    ExpectedDifference {
        name: "variables of the fleet",
        why: "the fleet's `env` is given to all of its projects; `env: {NAME: ~}` takes one away",
        fits: |it, evidence| {
            it.theirs.is_null()
                && it.ours.is_string()
                && it.of("jobs").is_some()
                && evidence.fleet_env.contains(it.last())
        },
    },
    ExpectedDifference {
        name: "images are not downloaded",
        why: "only what an image is called is read; `params: {skip_download: false}` fetches it",
        fits: |it, _| {
            it.step().is_some_and(|(step, _)| step.starts_with("get "))
                && it.last() == "params"
                && it.theirs.is_null()
                && it.ours.get("skip_download") == Some(&Json::Bool(true))
        },
    },
    ExpectedDifference {
        name: "no job sets the pipeline",
        why: "it would put the former pipeline back; the command that `render` prints sets the rendered one",
        fits: |it, evidence| {
            let is_job = it.at.len() == 2
                && it.ours.is_null()
                && it.of("jobs").is_some_and(|job| evidence.setters.contains(job));
            let (theirs, ours) = (items(&it.theirs), items(&it.ours));
            let passed = it.last() == "passed" && (it.ours.is_null() || it.ours.is_array());
            is_job
                || passed
                    && theirs.iter().any(|job| evidence.setters.contains(*job))
                    && theirs.iter().filter(|job| !evidence.setters.contains(**job)).eq(ours.iter())
        },
    },
    ExpectedDifference {
        name: "images are downloaded, spelled out",
        why: "a manifest fetches an image whole only where it says so",
        fits: |it, _| {
            let is_get = it.step().is_some_and(|(step, _)| step.starts_with("get "));
            is_get
                && it.last() == "params"
                && it.theirs.is_null()
                && it.ours == serde_json::json!({"skip_download": false})
        },
    },
    ExpectedDifference {
        name: "what has passed the last job has passed those before it",
        why: "a version that is asked of one job of a chain went through all before it",
        fits: |it, evidence| {
            let (theirs, ours) = (items(&it.theirs), items(&it.ours));
            // Each of one list is in the other one, or comes before one of that.
            let within = |some: &[&str], all: &[&str]| {
                some.iter().all(|job| {
                    all.contains(job)
                        || all
                            .iter()
                            .any(|later| evidence.ancestors.get(*later).is_some_and(|above| above.contains(*job)))
                })
            };
            it.last() == "passed"
                && !ours.is_empty()
                && !theirs.is_empty()
                && within(&theirs, &ours)
                && within(&ours, &theirs)
        },
    },
    ExpectedDifference {
        name: "paths in one order, each once",
        why: "a path within a watched folder is watched anyway",
        fits: |it, _| {
            let (theirs, ours) = (items(&it.theirs), items(&it.ours));
            let within = |path: &&str, all: &[&str]| {
                all.iter().any(|other| {
                    path.trim_end_matches('/') == other.trim_end_matches('/')
                        || path.strip_prefix(other.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
                })
            };
            it.ends(&["source", "paths"])
                && !ours.is_empty()
                && theirs.iter().all(|path| within(path, &ours))
                && ours.iter().all(|path| within(path, &theirs))
        },
    },
    ExpectedDifference {
        name: "all is watched",
        why: "a kind that watches paths of its own would narrow what was watched whole: `.` is all of it",
        fits: |it, _| it.ends(&["source", "paths"]) && it.theirs.is_null() && items(&it.ours).contains(&"."),
    },
    ExpectedDifference {
        name: "tags are not fetched",
        why: "a repository has many, and nothing here reads them",
        fits: |it, _| {
            it.of("resources").is_some()
                && it.ends(&["source", "fetch_tags"])
                && it.theirs.is_null()
                && it.ours == false
        },
    },
    ExpectedDifference {
        name: "how often is said",
        why: "by default Concourse checks every minute, unless its operator set another interval",
        fits: |it, _| {
            it.of("resources").is_some()
                && it.at.len() == 3
                && it.last() == "check_every"
                && it.theirs.is_null()
                && it.ours == "60s"
        },
    },
    ExpectedDifference {
        name: "looks",
        why: "icons come with the kinds; tabs and backgrounds change nothing that is deployed",
        fits: |it, _| {
            it.of("resources").is_some() && it.at.len() == 3 && it.last() == "icon"
                || matches!(it.at.first().map(String::as_str), Some("groups" | "display" | "user_data"))
        },
    },
    ExpectedDifference {
        name: "what nothing uses",
        why: "Concourse refuses a resource without a job, and a type without a resource does nothing",
        fits: |it, evidence| {
            it.ours.is_null()
                && it.at.len() == 2
                && (it.of("resources").is_some_and(|name| evidence.unused.contains(name))
                    || it.of("resource_types").is_some_and(|name| evidence.unused_types.contains(name)))
        },
    },
    ExpectedDifference {
        name: "types of resources come from kinds and the fleet",
        why: "their versions stand in one place for all pipelines: the fleet's `resource_types`",
        fits: |it, _| {
            it.of("resource_types").is_some()
                && it.at.len() > 2
                && !it.ends(&["source", "repository"])
                && it.last() != "type"
                && !it.theirs.is_object()
        },
    },
    ExpectedDifference {
        name: "logs of image builds",
        why: "they are long, and their result is in the registry: the last ten are kept",
        fits: |it, _| {
            it.at.len() == 3 && it.last() == "build_log_retention" && it.theirs.is_null() && it.ours.is_object()
        },
    },
    ExpectedDifference {
        name: "progress in plain lines",
        why: "the control characters of a progress bar make a log unreadable",
        fits: |it, _| it.ends(&["params", "PROGRESS"]) && it.ours == "plain",
    },
    ExpectedDifference {
        name: "the repository of an image",
        why: "the kind's own script quotes its variables, and says in which region",
        fits: |it, _| {
            it.step().is_some_and(|(step, below)| {
                step == "task ensure-ecr-repository"
                    && (below.first().is_some_and(|key| key == "config") || it.last().starts_with("AWS_"))
                    && it.theirs.is_null() == it.ours.is_null()
                    || step == "task ensure-ecr-repository" && it.last().starts_with("AWS_")
            })
        },
    },
    ExpectedDifference {
        name: "a path that names its artifact",
        why: "`./` in front hides the artifact from puts that look for it in `params`",
        fits: |it, _| matches!((&it.theirs, &it.ours), (Json::String(theirs), Json::String(ours)) if theirs.strip_prefix("./") == Some(ours)),
    },
    ExpectedDifference {
        name: "tags from the file that has them",
        why: "a task that only copies a file of tags gives way to that file",
        fits: |it, _| {
            let copies = |step: &Json| {
                step.pointer("/config/run/args")
                    .is_some_and(|args| args.to_string().contains("cat ") && args.to_string().contains(">>"))
            };
            it.at.len() == 4
                && it.at[3].starts_with("task ")
                && it.ours.is_null()
                && copies(&it.theirs)
                && it.of("jobs").is_some_and(|job| job.starts_with("build"))
                || it.ends(&["params", "additional_tags"])
                    && it.theirs.as_str().is_some_and(|file| file.contains("tags"))
                    && it.ours.is_string()
                || it.at.len() == 3
                    && it.last() == "order"
                    && items(&it.theirs).iter().filter(|step| !step.contains("tags")).eq(items(&it.ours).iter())
        },
    },
    ExpectedDifference {
        name: "the code comes along",
        why: "a deployment is of a commit, and it is a commit that an approval names",
        fits: |it, evidence| {
            let (Some(_), [_, _, _, step]) = (it.of("jobs"), it.at.as_slice()) else { return false };
            let Some(resource) = step.strip_prefix("get ") else { return false };
            it.theirs.is_null()
                && it.ours.get("trigger").is_none()
                && it.ours.get("params").is_none()
                && evidence.code.contains(resource)
        },
    },
    ExpectedDifference {
        name: "a name that keeps its history",
        why: "`old_names` moves the versions and builds of what is called otherwise now",
        fits: |it, _| it.last() == "old_name" && it.theirs.is_null() && it.ours.is_string(),
    },
    ExpectedDifference {
        name: "a script",
        why: "the kind `script` runs the same text in the same image; it adds variables, a file for the issue, and an output for it",
        fits: |it, evidence| {
            let (Some(job), Some((step, below))) = (it.of("jobs"), it.step()) else { return false };
            let below: Vec<&str> = below.iter().map(String::as_str).collect();
            evidence.scripts.contains(job)
                && it.at[2] == "plan"
                && step.starts_with("task ")
                && match below.as_slice() {
                    [] => it.theirs.is_null() || it.ours.is_null(),
                    ["config", "run" | "inputs" | "outputs", ..] => true,
                    ["config", "image_resource", "source", "tag"] => it.theirs.is_null() && it.ours == "latest",
                    ["params", "PHASE" | "STACK" | "ENVIRONMENT" | "CODE" | "SCRIPT"] => it.theirs.is_null(),
                    _ => false,
                }
        },
    },
];
