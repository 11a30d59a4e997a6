use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use concourse_pipeline::model::{ConcourseVersion, ResourceType, UnknownVersion};
use glob::{MatchOptions, Pattern};
use yaml_source::Failure;
use yaml_source::boundary::Boundary;
use yaml_source::diagnostic::{Diagnostic, Diagnostics, FileLevels, Rule};
use yaml_source::files;
use yaml_source::source::{FileId, Sources, Span};
use yaml_source::yaml::{Entry, IndexMap, Limits, Map, Node, NodeKind, decode, read};

use crate::kind::{KindSet, OwnKinds, unknown_version};
use crate::manifest::{ConcourseSettings, FileShape, FleetFields, MetaSettings, check, merge, template_here};
use crate::policy::{FleetFreeze, Floor};

use super::levels::file_levels;
use super::values::{self, Used};

/// What the manifests of a fleet share.
#[derive(Debug)]
pub struct Fleet {
    /// The folder that its paths begin at.
    pub folder: Utf8PathBuf,
    /// Its file; a manifest alone has none.
    pub path: Option<Utf8PathBuf>,
    /// Globs of the manifests.
    pub projects: Vec<String>,
    /// Where they are said.
    pub(crate) projects_span: Span,
    /// The folder of the rendered pipelines.
    pub output: Utf8PathBuf,
    /// Instances of Concourse, at least one.
    pub concourses: Vec<Concourse>,
    /// Resource types that are laid over those of kinds.
    pub(crate) resource_types: IndexMap<String, FleetResourceType>,
    /// The same, as they were written.
    pub(crate) resource_types_node: Option<Node>,
    /// What is built in, under the fleet's defaults.
    pub(crate) defaults: Node,
    /// Where the defaults are; a manifest alone has none.
    pub(crate) defaults_span: Option<Span>,
    /// A setting of the fleet was wrong, which has been reported: what manifests miss may be that one.
    pub(crate) has_wrong_settings: bool,
    /// The file of what is built in.
    pub(crate) built_in: FileId,
    /// Values that the defaults and the fleet's own kinds use, once somebody asks.
    used_values: OnceLock<Used>,
    /// What it makes of rules.
    pub(crate) levels: FileLevels,
    /// The kinds that can be used.
    pub kinds: KindSet,
    /// The folder of those of its own.
    pub(crate) kinds_folder: Utf8PathBuf,
    /// The folder that its paths must not leave.
    pub(crate) boundary: Boundary,
    /// Times in which no approval starts a deployment.
    pub(crate) freezes: Vec<FleetFreeze>,
    /// What stages must have at least.
    pub(crate) policy: Vec<Floor>,
    /// The pipeline that sets all the others.
    pub(crate) meta: Option<Meta>,
}

/// A pipeline that sets the others, as the fleet asks for it.
#[derive(Debug)]
pub(crate) struct Meta {
    pub(crate) settings: MetaSettings,
    /// What is said of it.
    pub(crate) node: Node,
}

impl Meta {
    /// `None` where nothing is said of it, and where what is said has been reported.
    fn of(fleet: &mut Node, diagnostics: &mut Diagnostics) -> Option<Self> {
        let node = fleet.as_map_mut()?.remove("meta")?.value;
        for entry in texts(&node) {
            diagnostics.push(template_here(entry));
        }
        for (owner, pointer, field) in REQUIRED {
            let around = node.at(pointer).filter(|around| around.as_map().is_some());
            if let Some(around) = around.filter(|around| around.at(&format!("/{field}")).is_none()) {
                let message = format!("`{owner}` needs `{field}`");
                diagnostics.push(Diagnostic::new(Rule::MissingField, around.span, message));
            }
        }
        match decode(&node) {
            Ok(settings) => Some(Self { settings, node }),
            Err(error) => {
                // What is wrong with its shape has been reported.
                if !diagnostics.has_errors() {
                    let span = error.span.unwrap_or(node.span);
                    diagnostics.push(Diagnostic::new(Rule::WrongType, span, error.message));
                }
                None
            }
        }
    }

    /// Where a field is said, or else the whole.
    pub(crate) fn span(&self, pointer: &str) -> Span {
        self.node.at(pointer).unwrap_or(&self.node).span
    }
}

/// What the pipeline that sets the others cannot do without: owner, its place, field.
const REQUIRED: [(&str, &str, &str); 6] = [
    ("meta", "", "pipeline"),
    ("meta", "", "source"),
    ("meta", "", "image"),
    ("source", "/source", "repository"),
    ("image", "/image", "repository"),
    ("image", "/image", "tag"),
];

/// The places of texts with holes.
fn texts(node: &Node) -> Vec<Span> {
    match node.as_map() {
        Some(map) => map.entries().iter().flat_map(|entry| texts(&entry.value)).collect(),
        None => node.as_str().filter(|text| text.contains("{{")).map(|_| node.span).into_iter().collect(),
    }
}

/// A resource type of a fleet's.
#[derive(Clone, Debug)]
pub(crate) struct FleetResourceType {
    pub(crate) resource_type: ResourceType,
    /// Does it say by which resource type its image is fetched? What a kind brings says so itself.
    pub(crate) says_type: bool,
}

/// An instance of Concourse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concourse {
    /// Its name; the only one may have none.
    pub name: Option<String>,
    /// The target of `fly`.
    pub target: Option<String>,
    /// The team.
    pub team: Option<String>,
    /// Where people look at it.
    pub url: Option<String>,
    /// What it knows.
    pub version: Option<ConcourseVersion>,
}

/// The layer behind all others.
const BUILT_IN: &str = include_str!("../../templates/defaults.yml");

/// Whether something was wrong in a map, so many maps deep.
fn has_invalid(node: &Node, depth: usize) -> bool {
    let entries = node.as_map().map(Map::entries).unwrap_or_default();
    entries
        .iter()
        .any(|entry| matches!(entry.value.kind, NodeKind::Invalid) || depth > 1 && has_invalid(&entry.value, depth - 1))
}

impl Fleet {
    /// The name of the pipeline that sets all the others on the Concourse of that index. Only on the first it is the name
    /// that is written. `None` without `meta`.
    pub(crate) fn meta_pipeline(&self, concourse: usize) -> Option<String> {
        let name = &self.meta.as_ref()?.settings.pipeline.0;
        Some(match (concourse, &self.concourses[concourse].name) {
            (1.., Some(concourse)) => format!("{name}-{concourse}"),
            _ => name.clone(),
        })
    }

    /// Reads a fleet. `None` when it cannot be understood; then the reason is among the diagnostics.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub(crate) fn read(
        path: &Utf8Path,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Self>, Failure> {
        let text = sources.read(path)?;
        let file = sources.add(path, text);
        let folder = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        let Some(mut node) = read(sources, file, Limits::MANIFEST, diagnostics) else { return Ok(None) };
        check(&mut node, FileShape::Fleet, diagnostics);
        if node.as_map().is_none() {
            return Ok(None);
        }
        Self::from_node(&node, folder, Some(path.to_owned()), sources, diagnostics).map(Some)
    }

    /// The fleet of a manifest that has none.
    ///
    /// # Errors
    ///
    /// When a kind beside it cannot be read.
    pub(crate) fn alone(
        folder: Utf8PathBuf,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Failure> {
        let file = sources.add("built in: no fleet", "");
        let span = Span { file, start: 0, end: 0 };
        Self::from_node(&Node::map(span, Map::default()), folder, None, sources, diagnostics)
    }

    fn from_node(
        node: &Node,
        folder: Utf8PathBuf,
        path: Option<Utf8PathBuf>,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Failure> {
        let has_wrong_settings = has_invalid(node, 3);
        let (mut own, defaults) = split(node);
        let meta = Meta::of(&mut own, diagnostics);
        let fields: FleetFields = decode(&own).unwrap_or_else(|error| {
            let span = error.span.unwrap_or(node.span);
            // A field that was wrong has been reported, and is not missing.
            if !diagnostics.speaks_within(span) {
                diagnostics.push(Diagnostic::new(Rule::WrongType, span, error.message));
            }
            FleetFields::default()
        });
        match fields.version {
            Some(1) => {}
            Some(other) => diagnostics.push(unknown_version(node, other)),
            None if path.is_some() && node.at("/version").is_none() => diagnostics.push(
                Diagnostic::new(Rule::MissingField, first_key(node), "`version` is missing")
                    .help("write `version: 1` in the first line"),
            ),
            None => {}
        }
        let boundary = Boundary::around(&folder);
        let kinds_folder = own_kinds(&folder, fields.kinds.as_deref(), node, diagnostics);
        let own_kinds = OwnKinds {
            folder: &kinds_folder,
            boundary: &boundary,
            span: node.at("/kinds").map_or_else(|| first_key(node), |node| node.span),
        };
        let kinds = KindSet::load(Some(&own_kinds), sources, diagnostics)?;
        for (settings, entry) in fields
            .concourses
            .values()
            .zip(node.at("/concourses").and_then(Node::as_map).map(Map::entries).unwrap_or_default())
        {
            let Some(version) = settings.version.as_deref() else { continue };
            if ConcourseVersion::of(version) == Err(UnknownVersion::TooOld) {
                let oldest = ConcourseVersion::OLDEST;
                let span = entry.value.at("/version").unwrap_or(&entry.value).span;
                diagnostics.push(
                    Diagnostic::new(
                        Rule::ConcourseVersion,
                        span,
                        format!("pipelines are made for Concourse {oldest} and later, not for {version}"),
                    )
                    .note("what they use was not seen to work there")
                    .help(format!("update that Concourse to {oldest} or later, and set `version` to it")),
                );
            }
        }
        let output = fields.output.as_deref().unwrap_or("rendered");
        let projects = fields.projects.unwrap_or_else(|| vec!["projects/*.yml".to_owned()]);
        let projects = globs_inside(projects, node, diagnostics);
        let wrong = outside(&folder, &boundary, output, node)
            .or_else(|| among_sources(&folder, output, &projects, &kinds_folder, node));
        if let Some(error) = wrong {
            diagnostics.push(error);
        }
        let mut concourses: Vec<Concourse> = fields
            .concourses
            .into_iter()
            .map(|(name, ConcourseSettings { target, team, url, version })| Concourse {
                name: Some(name.0),
                target,
                team,
                url,
                version: version.and_then(|version| ConcourseVersion::of(&version).ok()),
            })
            .collect();
        if concourses.is_empty() {
            concourses.push(Concourse::default());
        }
        let (built_in, built_in_layer) = built_in(sources, diagnostics);
        let defaults = merge(&built_in_layer, &defaults);
        let freezes = FleetFreeze::all(fields.freezes, node, diagnostics);
        let policy = Floor::all(fields.policy, node, &defaults, diagnostics);
        Ok(Self {
            projects_span: node.at("/projects").map_or_else(|| first_key(node), |node| node.span),
            projects,
            output: folder.join(output),
            concourses,
            resource_types: resource_types(node, diagnostics),
            resource_types_node: node.at("/resource_types").cloned(),
            defaults,
            defaults_span: path
                .as_ref()
                .map(|_| node.entry_at("/defaults").map_or_else(|| first_key(node), |entry| entry.key_span)),
            built_in,
            has_wrong_settings,
            used_values: OnceLock::new(),
            levels: file_levels(node, diagnostics),
            kinds,
            kinds_folder,
            boundary,
            freezes,
            policy,
            meta,
            folder,
            path,
        })
    }

    /// Values that the defaults and the fleet's own kinds use.
    pub(crate) fn used_values(&self) -> &Used {
        self.used_values.get_or_init(|| {
            let mut used = values::used(&self.defaults);
            for kind in self.kinds.own() {
                used.extend(values::used(kind.node()));
            }
            used
        })
    }

    /// Is there no fleet's file, but a single manifest?
    pub(crate) fn is_alone(&self) -> bool {
        self.path.is_none()
    }
}

/// What is built in, as JSON.
pub(crate) fn built_in_defaults() -> serde_json::Value {
    let mut sources = Sources::default();
    let (_, node) = built_in(&mut sources, &mut Diagnostics::default());
    decode(&node).unwrap_or_default()
}

/// Returns the folder of the fleet's own kinds. One that begins elsewhere than at the fleet is reported, and not read.
fn own_kinds(folder: &Utf8Path, kinds: Option<&str>, fleet: &Node, diagnostics: &mut Diagnostics) -> Utf8PathBuf {
    let default = folder.join("kinds");
    let Some(kinds) = kinds else { return default };
    let span = fleet.at("/kinds").map_or_else(|| first_key(fleet), |node| node.span);
    if files::is_inside(kinds) {
        let written = folder.join(kinds);
        if written != default && !written.is_dir() {
            diagnostics.push(
                Diagnostic::new(Rule::MissingPath, span, format!("there is no folder `{written}`")).help(
                    "correct the path: it begins at the folder of the fleet, and has `stacks` or `builds` below it",
                ),
            );
        }
        return written;
    }
    diagnostics.push(begins_elsewhere("kinds", kinds, span, "kinds"));
    default
}

/// Returns the globs that begin at the fleet's folder. Others are reported, and not searched.
fn globs_inside(globs: Vec<String>, fleet: &Node, diagnostics: &mut Diagnostics) -> Vec<String> {
    let nodes = fleet.at("/projects").and_then(Node::as_list).unwrap_or_default();
    let mut inside = Vec::with_capacity(globs.len());
    for (index, glob) in globs.into_iter().enumerate() {
        if files::is_inside(&glob) {
            inside.push(glob);
        } else {
            let span = nodes.get(index).map_or_else(|| first_key(fleet), |node| node.span);
            diagnostics.push(begins_elsewhere("projects", &glob, span, "projects/*.yml"));
        }
    }
    inside
}

fn begins_elsewhere(field: &str, path: &str, span: Span, example: &str) -> Diagnostic {
    let message = format!("`{field}` reads below the folder of the fleet, and `{path}` leads out of it");
    Diagnostic::new(Rule::OutsideInput, span, message)
        .help(format!("write a path without `..` from the folder of the fleet, such as `{example}`"))
}

/// Returns the error for an output folder outside of the fleet's boundary, or in the folder of git. Links are followed: a
/// stranger's fleet must not choose where on this machine files are written and removed.
fn outside(folder: &Utf8Path, boundary: &Boundary, output: &str, fleet: &Node) -> Option<Diagnostic> {
    let crossing = boundary.crossing(&folder.join(output))?;
    let message = format!("the output folder `{output}` {}", boundary.described(crossing));
    let span = fleet.at("/output").map_or_else(|| first_key(fleet), |node| node.span);
    let help = format!("set `output` to a folder in {}, such as `rendered`; links are followed", boundary.name());
    Some(Diagnostic::new(Rule::OutsideOutput, span, message).help(help))
}

/// Returns the error for an output folder among manifests or kinds: the next run would read what this one writes. Links are
/// followed, and a file system may take two cases of a name for one.
fn among_sources(
    folder: &Utf8Path,
    output: &str,
    projects: &[String],
    kinds: &Utf8Path,
    fleet: &Node,
) -> Option<Diagnostic> {
    let real = files::real(&folder.join(output));
    let lower = |path: &Utf8Path| Utf8PathBuf::from(path.as_str().to_lowercase());
    let options = MatchOptions { case_sensitive: false, require_literal_separator: true, ..MatchOptions::new() };
    let is_read = |pattern: &String| {
        let (below, name) = pattern.rsplit_once('/').unwrap_or((".", pattern));
        // What stands before the first wildcard is a folder, and may be a link.
        let (fixed, rest) = match below.find(['*', '?', '[']) {
            None => (below, ""),
            Some(at) => below.split_at(below[..at].rfind('/').map_or(0, |slash| slash + 1)),
        };
        let begins = files::real(&folder.join(fixed));
        let whole = Utf8Path::new(&Pattern::escape(begins.as_str())).join(rest).join(name);
        let matches = |pattern: Pattern| pattern.matches_with(real.join("pipeline.yml").as_str(), options);
        name.starts_with(['*', '?', '[']) && Pattern::new(whole.as_str()).is_ok_and(matches)
    };
    let what = if projects.iter().any(is_read) {
        "manifests are read from"
    } else if lower(&real).starts_with(lower(&files::real(kinds))) {
        "kinds are read from"
    } else {
        return None;
    };
    let span = fleet.at("/output").map_or_else(|| first_key(fleet), |node| node.span);
    let message = format!("the output folder `{output}` is where {what}");
    let help = "set `output` to a folder of its own, such as `rendered`; links are followed";
    Some(Diagnostic::new(Rule::OutsideOutput, span, message).help(help))
}

fn first_key(node: &Node) -> Span {
    node.as_map().and_then(|map| map.entries().first()).map_or(node.span, |entry| entry.key_span)
}

/// The fleet's own fields, and its defaults.
fn split(node: &Node) -> (Node, Node) {
    let mut own = node.clone();
    let defaults = own.as_map_mut().and_then(|map| map.remove("defaults"));
    let empty = Node::map(node.span, Map::default());
    let mut defaults = defaults.map(|entry| entry.value).filter(|value| value.as_map().is_some()).unwrap_or(empty);
    // That they belong there has been reported. What would follow from their absence is not.
    for key in FileShape::settings_of_defaults() {
        if let Some(entry) = own.as_map_mut().and_then(|map| map.remove(key)) {
            defaults = merge(&Node::map(entry.key_span, [entry].into_iter().collect()), &defaults);
        }
    }
    (own, defaults)
}

fn built_in(sources: &mut Sources, diagnostics: &mut Diagnostics) -> (FileId, Node) {
    let file = sources.add("built in: defaults.yml", BUILT_IN);
    let node = read(sources, file, Limits::MANIFEST, diagnostics)
        .unwrap_or_else(|| Node::map(Span { file, start: 0, end: 0 }, Map::default()));
    (file, node)
}

fn resource_types(node: &Node, diagnostics: &mut Diagnostics) -> IndexMap<String, FleetResourceType> {
    let mut types = IndexMap::default();
    let Some(map) = node.at("/resource_types").and_then(Node::as_map) else { return types };
    for entry in map.entries() {
        let mut named = Map::default();
        named.set(Entry {
            key: "name".to_owned(),
            key_span: entry.key_span,
            value: Node::text(entry.key_span, entry.key.clone()),
        });
        for field in entry.value.as_map().map(Map::entries).unwrap_or_default() {
            named.set(field.clone());
        }
        let says_type = named.get("type").is_some();
        if !says_type {
            let (key, key_span) = ("type".to_owned(), entry.key_span);
            named.set(Entry { key, key_span, value: Node::text(key_span, "registry-image") });
        }
        match decode::<ResourceType>(&Node::map(entry.value.span, named)) {
            Ok(resource_type) => {
                types.insert(entry.key.clone(), FleetResourceType { resource_type, says_type });
            }
            Err(error) => {
                let span = error.span.unwrap_or(entry.value.span);
                diagnostics.push(
                    Diagnostic::new(Rule::WrongType, span, format!("not what Concourse reads: {}", error.message))
                        .help("use `type`, `source`, `defaults`, `params`, `privileged`, `check_every` and `tags`"),
                );
            }
        }
    }
    types
}
