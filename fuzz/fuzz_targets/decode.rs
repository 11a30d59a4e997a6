//! Decodes any bytes as a pipeline of Concourse's, as each version does it: no panic, and places that are within the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ol_pipegen::diagnostic::Diagnostics;
use ol_pipegen::source::{SourceText, Sources};
use ol_pipegen::validate::{ConcourseVersion, Vars, decode};

fuzz_target!(|bytes: &[u8]| {
    let vars = Vars::new(&["a=text".to_owned()], &["b={c: [1]}".to_owned()], ConcourseVersion::default());
    let vars = vars.expect("they are written right");
    for version in [ConcourseVersion::V7_14, ConcourseVersion::V8_3] {
        let mut sources = Sources::default();
        let file = sources.add("fuzzed.yml", SourceText::from(bytes.to_vec()));
        let mut diagnostics = Diagnostics::default();
        let decoded = decode(&sources, file, version, &vars, &mut diagnostics);
        let said = diagnostics.into_sorted();
        assert!(decoded.is_some() || !said.is_empty(), "refused without a word");
        for one in &said {
            assert!(sources.get(file).text.get(one.span().range()).is_some(), "{one:?}");
        }
        ol_pipegen_fuzz::show(&said, &sources);
    }
});
