//! What the fuzz targets share: a small fleet that is always the same, of which one file is the fuzzer's.

use camino::Utf8PathBuf;
use ol_pipegen::render::{Options, Run, render};
use ol_pipegen::workspace::Selected;
use yaml_source::diagnostic::{Diagnostic, Diagnostics};
use yaml_source::report::{github, json, plain, sarif};
use yaml_source::source::{SourceText, Sources, Unsaved};
use yaml_source::yaml::{Limits, read};

/// Renders the fleet in `fleet/` with other bytes in place of a file of it, shows what is to be said in every format, and
/// holds what comes out to be YAML that nothing is to be said of.
pub fn render_with(file: &str, bytes: &[u8]) {
    let folder = Utf8PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fleet"));
    let selection =
        [Selected::Fleet { path: folder.join("pipegen.yml"), manifests: Some(vec![folder.join("projects/a.yml")]) }];
    let unsaved = Unsaved { path: folder.join(file), text: SourceText::from(bytes.to_vec()) };
    let run =
        render(&selection, &Options { unsaved: Some(unsaved), ..Options::default() }).expect("the fleet is there");
    show(&run.diagnostics, &run.sources);
    if run.errors() == 0 {
        reads_back(&run);
    }
}

/// Writes a report in every format.
pub fn show(diagnostics: &[Diagnostic], sources: &Sources) {
    plain(diagnostics, sources, true);
    json(diagnostics, sources);
    sarif(diagnostics, sources);
    github(diagnostics, sources);
}

fn reads_back(run: &Run) {
    for fleet in &run.fleets {
        for pipeline in &fleet.pipelines {
            let path = fleet.output.join(pipeline.file_name());
            let mut sources = Sources::default();
            let mut diagnostics = Diagnostics::default();
            let text = pipeline.text(&path);
            let file = sources.add(path, text.as_str());
            let limits = Limits { size: usize::MAX, depth: 1_000, nodes: usize::MAX, aliases: 0 };
            let node = read(&sources, file, limits, &mut diagnostics);
            let reported = diagnostics.into_sorted();
            assert!(node.is_some() && reported.is_empty(), "{reported:?}\n{text}");
        }
    }
}
