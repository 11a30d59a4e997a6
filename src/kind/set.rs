use std::sync::OnceLock;

use camino::Utf8Path;
use yaml_source::boundary::Boundary;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, Rule, did_you_mean, one_of};
use yaml_source::files;
use yaml_source::source::{FileId, Sources, Span};

use super::file::{Family, Kind};

/// A kind that comes with the program.
#[derive(Debug)]
pub struct BuiltIn {
    /// What it makes.
    pub family: Family,
    /// Its name.
    pub name: &'static str,
    /// Its file.
    pub text: &'static str,
}

/// The kinds that come with the program.
pub static BUILT_IN_KINDS: [BuiltIn; 6] = [
    BuiltIn { family: Family::Stack, name: "helm", text: include_str!("../../templates/stacks/helm.yml") },
    BuiltIn { family: Family::Stack, name: "opentofu", text: include_str!("../../templates/stacks/opentofu.yml") },
    BuiltIn { family: Family::Stack, name: "pulumi", text: include_str!("../../templates/stacks/pulumi.yml") },
    BuiltIn { family: Family::Stack, name: "script", text: include_str!("../../templates/stacks/script.yml") },
    BuiltIn { family: Family::Build, name: "image", text: include_str!("../../templates/builds/image.yml") },
    BuiltIn { family: Family::Build, name: "packer", text: include_str!("../../templates/builds/packer.yml") },
];

/// The kinds that a fleet can use: its own before the built-in ones.
#[derive(Debug, Default)]
pub struct KindSet {
    own: Vec<Kind>,
    built_in: Vec<LazyKind>,
    /// Built-in kinds that the fleet's own hide.
    hidden: Vec<String>,
    /// Kinds of the fleet that could not be read, which has been reported.
    broken: Vec<(Family, String)>,
}

/// A built-in kind, read when it is first asked for: a run uses few of them.
#[derive(Debug)]
struct LazyKind {
    of: &'static BuiltIn,
    file: FileId,
    kind: OnceLock<Option<Kind>>,
}

impl LazyKind {
    fn get(&self) -> Option<&Kind> {
        let BuiltIn { family, name, text } = self.of;
        self.kind.get_or_init(|| Kind::built_in(text, self.file, *family, name)).as_ref()
    }
}

/// Where the kinds of a fleet are read from.
pub(crate) struct OwnKinds<'a> {
    pub(crate) folder: &'a Utf8Path,
    /// What its files must not leave.
    pub(crate) boundary: &'a Boundary,
    /// Where the folder is named.
    pub(crate) span: Span,
}

impl OwnKinds<'_> {
    /// Whether a file or folder may be read. One that may not is reported.
    fn may_read(&self, path: &Utf8Path, diagnostics: &mut Diagnostics) -> bool {
        let Some(crossing) = self.boundary.crossing(path) else { return true };
        let message = format!("kinds are read from `{path}`, which {}", self.boundary.described(crossing));
        let help = format!("replace the link by files in {}", self.boundary.name());
        diagnostics.push(Diagnostic::new(Rule::OutsideInput, self.span, message).help(help));
        false
    }
}

impl KindSet {
    /// The built-in kinds, and those of a folder.
    ///
    /// # Errors
    ///
    /// When the folder is there and cannot be read.
    pub(crate) fn load(
        own: Option<&OwnKinds<'_>>,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, yaml_source::Failure> {
        let mut set = Self::default();
        for family in [Family::Stack, Family::Build] {
            let Some(own) = own else { continue };
            let folder = own.folder.join(family.folder());
            if !folder.is_dir() || !own.may_read(&folder, diagnostics) {
                continue;
            }
            let mut files: Vec<_> = files::list_typed(&folder)?
                .into_iter()
                .filter(|(path, _)| matches!(path.extension(), Some("yml" | "yaml")))
                .collect();
            files.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (path, file_type) in files {
                if file_type.is_symlink() && !own.may_read(&path, diagnostics) {
                    continue;
                }
                files::require_regular(&path)?;
                let name = path.file_stem().unwrap_or_default().to_owned();
                let text = sources.read(&path)?;
                let file = sources.add(path, text);
                match Kind::read(sources, file, family, &name, diagnostics) {
                    Some(kind) => set.own.push(kind),
                    None => set.broken.push((family, name)),
                }
            }
        }
        for of @ BuiltIn { family, name, text } in &BUILT_IN_KINDS {
            let own = set.own.iter().any(|kind| kind.family == *family && kind.name == *name);
            if own || set.is_broken(*family, name) {
                set.hidden.push(format!("{} `{name}`", family.noun()));
                continue;
            }
            let file = sources.add(format!("built in: {}/{name}.yml", family.folder()), *text);
            set.built_in.push(LazyKind { of, file, kind: OnceLock::new() });
        }
        Ok(set)
    }

    /// Adds a kind, before all others of its name.
    pub(crate) fn put(&mut self, kind: Kind) {
        self.own.retain(|own| own.family != kind.family || own.name != kind.name);
        self.own.push(kind);
    }

    /// The kind of that name.
    pub fn get(&self, family: Family, name: &str) -> Option<&Kind> {
        let own = self.own.iter().find(|kind| kind.family == family && kind.name == name);
        let built_in = || self.built_in.iter().find(|kind| kind.of.family == family && kind.of.name == name);
        own.or_else(|| built_in()?.get())
    }

    /// All kinds of a family.
    pub fn of(&self, family: Family) -> impl Iterator<Item = &Kind> {
        let built_in = self.built_in.iter().filter(move |kind| kind.of.family == family).filter_map(LazyKind::get);
        self.own.iter().filter(move |kind| kind.family == family).chain(built_in)
    }

    /// Those of the fleet itself.
    pub(crate) fn own(&self) -> &[Kind] {
        &self.own
    }

    /// Built-in kinds that the fleet's own hide.
    pub fn hidden(&self) -> &[String] {
        &self.hidden
    }

    fn is_broken(&self, family: Family, name: &str) -> bool {
        self.broken.iter().any(|(of, broken)| *of == family && broken == name)
    }

    /// Reports a name that no kind has.
    pub(crate) fn report_unknown(&self, family: Family, name: &str, span: Span, diagnostics: &mut Diagnostics) {
        if !self.is_broken(family, name) {
            diagnostics.push(self.unknown(family, name, span));
        }
    }

    fn unknown(&self, family: Family, name: &str, span: Span) -> Diagnostic {
        let known: Vec<&str> = self.of(family).map(Kind::name).collect();
        let familiar = match (family, name) {
            (Family::Stack, "terraform" | "tofu") => Some("write `opentofu: {binary: terraform, path: …}`"),
            (Family::Stack, "bash" | "kubectl" | "kubernetes" | "shell") => {
                Some("write `script: {image: …, deploy: …}`")
            }
            (Family::Build, "buildkit" | "docker" | "dockerfile" | "kaniko") => Some("write `image: {}`"),
            _ => None,
        };
        let help = match did_you_mean(name, known.iter().copied()) {
            _ if familiar.is_some() => familiar.unwrap_or_default().to_owned(),
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                format!("use {}, or add a kind to `kinds/{}/`", one_of(&known), family.folder())
            }
        };
        Diagnostic::new(Rule::UnknownKind, span, format!("there is no {} `{name}`", family.noun())).help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_kinds_are_right() {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::default());
        for BuiltIn { family, name, text } in &BUILT_IN_KINDS {
            let file = sources.add(*name, *text);
            assert!(Kind::read(&sources, file, *family, name, &mut diagnostics).is_some(), "{name}");
        }
        assert_eq!(diagnostics.into_sorted(), []);
    }
}
