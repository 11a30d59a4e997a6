//! Holds any bytes to the rules of each version of Concourse, to the lints and to the rules of gates: no panic, and places that are
//! within the text.
#![no_main]

use concourse_pipeline::lint::lint;
use concourse_pipeline::model::ConcourseVersion;
use concourse_pipeline::validate::{Vars, check};
use libfuzzer_sys::fuzz_target;
use ol_pipegen::judge_handwritten;
use yaml_source::diagnostic::Diagnostics;
use yaml_source::source::{SourceText, Sources};

fuzz_target!(|bytes: &[u8]| {
    for version in [ConcourseVersion::V7_14, ConcourseVersion::V8_0, ConcourseVersion::V8_3] {
        let mut sources = Sources::default();
        let file = sources.add("fuzzed.yml", SourceText::from(bytes.to_vec()));
        let mut diagnostics = Diagnostics::default();
        let decoded = check(&sources, file, version, &Vars::default(), &mut diagnostics);
        let decoded: Vec<_> = decoded.into_iter().collect();
        lint(&decoded, Some("shop"), &sources, &mut diagnostics);
        judge_handwritten(&decoded, &sources, &mut diagnostics);
        let reported = diagnostics.into_sorted();
        assert!(!decoded.is_empty() || !reported.is_empty(), "refused without a word");
        for one in &reported {
            assert!(sources.get(file).text.get(one.span().range()).is_some(), "{one:?}");
        }
        ol_pipegen_fuzz::show(&reported, &sources);
    }
});
