//! Renders a manifest with any bytes as its fleet.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    // They name places of the machine's own file system, which may be large.
    if ["projects", "kinds"].iter().any(|field| bytes.windows(field.len()).any(|part| part == field.as_bytes())) {
        return Corpus::Reject;
    }
    ol_pipegen_fuzz::render_with("pipegen.yml", bytes);
    Corpus::Keep
});
