//! What an input is: exactly one of the input types.

use yaml_source::diagnostic::{Diagnostic, Rule, one_of, ticked};

use crate::input::{INPUT_TYPES, InputPlace, InputSource, SourceReader, TypeSettings};
use crate::template::Scope;

use super::InputContext;

impl InputContext<'_> {
    /// What an input is. Reports an input of no type, or of several.
    pub(super) fn source(
        &mut self,
        settings: TypeSettings,
        scope: &Scope,
        place: InputPlace<'_>,
    ) -> Option<InputSource> {
        let InputPlace { pointer, name, key_span, value_span } = place;
        let written: Vec<&str> =
            INPUT_TYPES.into_iter().filter(|field| self.settings.at(&format!("{pointer}/{field}")).is_some()).collect();
        if written.len() > 1 {
            self.diagnostics.push(
                Diagnostic::new(
                    Rule::SeveralSources,
                    key_span,
                    format!("the input `{name}` has more than one type: {}", ticked(written)),
                )
                .help("keep one of them"),
            );
            return None;
        }
        if settings.is_empty() {
            if written.is_empty() && !self.diagnostics.speaks_within(value_span) {
                self.diagnostics.push(
                    Diagnostic::new(Rule::MissingField, key_span, format!("the input `{name}` has no type"))
                        .note("no other input has this name")
                        .help(format!("write {}", one_of(INPUT_TYPES))),
                );
            }
            return None;
        }
        self.read(scope, place, |reader| settings.read(reader))
    }

    /// Calls `read` with what the settings of an input at `place` are read with.
    pub(super) fn read<T>(
        &mut self,
        scope: &Scope,
        place: InputPlace<'_>,
        read: impl FnOnce(&mut SourceReader<'_>) -> T,
    ) -> T {
        let own_type = |name: &str| self.own_types.get(name).map(|own| &own.resource_type);
        read(&mut SourceReader {
            settings: self.settings,
            code: &self.code.git,
            own_type: &own_type,
            scope,
            place,
            diagnostics: self.diagnostics,
        })
    }
}
