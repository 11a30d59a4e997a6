//! How an input is made here.

use concourse_pipeline::model::invalid_name;
use concourse_pipeline::model::{JobName, ResourceName};
use yaml_source::diagnostic::{Diagnostic, Rule, did_you_mean, ticked};
use yaml_source::yaml::{Entry, Map, Node, NodeKind, escape};

use crate::input::{InputPlace, InputSource, TypeSettings, paths};
use crate::kind::Family;
use crate::manifest::{BuildSettings, FromSettings};
use crate::project::stage::{Build, Input, Pin};
use crate::template::{Filler, Scope};

use super::{InputContext, env_sources, with_item};

impl InputContext<'_> {
    pub(super) fn build(
        &mut self,
        input: &ResourceName,
        source: &InputSource,
        settings: BuildSettings,
        scope: &Scope,
        pointer: &str,
    ) -> Option<Build> {
        let pointer = format!("{pointer}/build");
        let node = self.settings.at(&pointer)?;
        let Some(choice) = node.at("/with").and_then(Node::as_map).and_then(|map| map.entries().first()) else {
            // A field that is not known has been reported, and may be a misspelled `with`.
            let is_reported = |entry: &Entry| matches!(entry.value.kind, NodeKind::Invalid);
            if node.at("/with").is_none() && !node.as_map().is_some_and(|map| map.entries().iter().any(is_reported)) {
                self.diagnostics.push(
                    Diagnostic::new(Rule::MissingField, node.span, format!("the build of `{input}` needs `with`"))
                        .help("write `with: {image: {}}`"),
                );
            }
            return None;
        };
        let Some(kind) = self.kinds.get(Family::Build, &choice.key) else {
            self.kinds.report_unknown(Family::Build, &choice.key, choice.key_span, self.diagnostics);
            return None;
        };
        let mut from = self.from(settings.from, scope, &pointer);
        let code = self.build_code(&from, settings.code.map(|code| code.0), &pointer, input)?;
        let mut scope = scope.with([
            ("input", input.as_str().into()),
            ("code", code.as_str().into()),
            ("target", source.as_type().target()),
        ]);
        let given = if choice.value.as_map().is_some() {
            choice.value.clone()
        } else {
            Node::map(choice.key_span, Map::default())
        };
        let (filled, options) = kind.options_for(&given, &scope, self.diagnostics);
        scope.define("options", options);
        kind.mark_missing(filled.as_map().unwrap_or(&Map::default()), &mut scope);
        let watch = paths(kind.watch(&scope, self.diagnostics));
        match from.iter_mut().find(|input| input.name == code) {
            Some(Input { source: InputSource::Git(git), .. }) => {
                if !git.paths.is_empty() {
                    git.paths = paths(git.paths.drain(..).chain(watch));
                }
            }
            // No paths at all means that everything is watched, the build's among it.
            _ if self.code.git.paths.is_empty() => {}
            _ => self.code.git.paths = paths(self.code.git.paths.drain(..).chain(watch)),
        }
        let phases = kind.phases(&scope, self.diagnostics);
        let job = match node.at("/job") {
            Some(template) => self.job(template, &scope)?,
            None => self.job(self.settings.at("/names/build")?, &scope)?,
        };
        let check =
            if phases.contains(&"check") { Some(self.job(self.settings.at("/names/check")?, &scope)?) } else { None };
        let (before, after) = (node.at("/before").cloned(), node.at("/after").cloned());
        let parallel_gets = settings.parallel_gets.unwrap_or(false);
        Some(Build { job, check, from, kind: kind.name().to_owned(), code, parallel_gets, scope, before, after })
    }

    fn job(&mut self, template: &Node, scope: &Scope) -> Option<JobName> {
        let name = Filler::new(self.diagnostics).text(template, scope)?;
        JobName::parse(name.as_str())
            .map_err(|error| {
                let message = format!("the job's name `{name}` {error}");
                let written = ("job", template.as_str().unwrap_or_default());
                self.diagnostics.push(invalid_name(template.span, message, written));
            })
            .ok()
    }

    fn from(
        &mut self,
        from: impl IntoIterator<Item = (String, FromSettings)>,
        scope: &Scope,
        pointer: &str,
    ) -> Vec<Input> {
        from.into_iter().filter_map(|(name, settings)| self.part(&name, settings, scope, pointer)).collect()
    }

    fn part(&mut self, name: &str, mut settings: FromSettings, scope: &Scope, pointer: &str) -> Option<Input> {
        let pointer = format!("{pointer}/from/{}", escape(name));
        let entry = self.settings.entry_at(&pointer)?;
        let (key_span, value_span) = (entry.key_span, entry.value.span);
        let scope = with_item(scope, settings.each.first());
        let place = InputPlace { pointer: &pointer, name, key_span, value_span };
        let source = self.source(TypeSettings::of_from(&mut settings), &scope, place)?;
        Some(Input {
            name: self.resource_name(name, key_span)?,
            check_every: settings.check_every.or_else(|| source.as_type().default_check(&self.code.check_every)),
            source,
            pin: Pin::LeftOut,
            content: None,
            build: None,
            trigger: settings.trigger.unwrap_or(true),
            params: settings.params,
            starts_only: settings.starts_only.unwrap_or(false),
            env: env_sources(settings.env),
        })
    }

    /// Which artifact is the code of a build.
    fn build_code(
        &mut self,
        from: &[Input],
        chosen: Option<String>,
        pointer: &str,
        input: &ResourceName,
    ) -> Option<ResourceName> {
        let place = |field: &str| {
            let pointer = format!("{pointer}/{field}");
            self.settings.at(&pointer).map_or(self.settings.span, |node| node.span)
        };
        let used: Vec<&Input> = from.iter().filter(|input| !input.starts_only).collect();
        match (used.as_slice(), chosen) {
            ([], None) => Some(self.code.resource.clone()),
            ([only], None) => Some(only.name.clone()),
            (_, Some(chosen)) => {
                let known: Vec<&str> = used.iter().map(|input| input.name.as_str()).collect();
                if let Some(found) = used.iter().find(|input| input.name.as_str() == chosen) {
                    return Some(found.name.clone());
                }
                let help = did_you_mean(&chosen, known.iter().copied()).map_or_else(
                    || format!("`from` has {}", ticked(&known)),
                    |meant| format!("did you mean `{meant}`?"),
                );
                let diagnostic =
                    Diagnostic::new(Rule::UnknownInput, place("code"), format!("`from` has no `{chosen}`")).help(help);
                self.diagnostics.push(diagnostic);
                None
            }
            (several, None) => {
                let names = ticked(several.iter().map(|input| &input.name));
                let diagnostic = Diagnostic::new(
                    Rule::BuildCodeMissing,
                    place("from"),
                    format!("`{input}` is made from {names}, and one of them is its code"),
                )
                .help("write which one: `code: …`");
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }
}
