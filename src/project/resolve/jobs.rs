//! What a stage says of its jobs: their options, who hears of them, where they stand.

use concourse_pipeline::model::JobName;
use concourse_pipeline::model::invalid_name;
use yaml_source::diagnostic::{Diagnostic, Rule};
use yaml_source::yaml::Node;

use crate::manifest::{EventWord, JobSettings, NamesSettings, NotifySettings, Template};
use crate::project::stage::{Alert, JobOptions};

use super::Resolver;

/// What is told unless something else is said.
const TOLD: [EventWord; 3] = [EventWord::Failed, EventWord::Errored, EventWord::Aborted];

pub(super) fn job_options(settings: JobSettings) -> JobOptions {
    let texts = |list: Vec<Template>| -> Vec<String> {
        list.into_iter().map(|text| text.0).filter(|text| !text.is_empty()).collect()
    };
    JobOptions {
        build_log_retention: settings.build_log_retention,
        serial_groups: texts(settings.serial_groups),
        public: settings.public,
        interruptible: settings.interruptible,
        tags: texts(settings.tags),
    }
}

impl Resolver<'_, '_> {
    pub(super) fn alert(&mut self, notify: NotifySettings, names: &NamesSettings, settings: &Node) -> Option<Alert> {
        let slack = notify.slack?;
        let entry = settings.entry_at("/notify/slack")?;
        let Some(url) = slack.url else {
            // What was wrong has been reported, and is not missing.
            if entry.value.at("/url").is_none() {
                self.diagnostics.push(
                    Diagnostic::new(Rule::MissingField, entry.key_span, "`slack` needs `url`")
                        .help("give the name of a credential, such as ((slack.url))"),
                );
            }
            return None;
        };
        let events = slack.events.unwrap_or_else(|| TOLD.to_vec());
        if events.is_empty() {
            return None;
        }
        let resource = self.resource(&names.alert.0, settings, "/names/alert")?;
        let channel = slack.channel.map(|channel| channel.0).filter(|channel| !channel.is_empty());
        let text = slack.text.map(|text| text.0).filter(|text| !text.is_empty());
        Some(Alert { resource, url: url.0, channel, text, events })
    }

    /// The tab of the stage's jobs. An empty one is none.
    pub(super) fn tab(&mut self, tab: Option<Template>, settings: &Node) -> Option<String> {
        let tab = tab?.0;
        if tab.is_empty() {
            return None;
        }
        if let Err(error) = JobName::parse(tab.as_str()) {
            let node = settings.at("/tab").unwrap_or(settings);
            let message = format!("the tab's name `{tab}` {error}");
            self.diagnostics.push(invalid_name(node.span, message, ("tab", node.as_str().unwrap_or_default())));
            return None;
        }
        Some(tab)
    }
}
