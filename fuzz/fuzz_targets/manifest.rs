//! Renders any bytes as a manifest of a small fleet.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| ol_pipegen_fuzz::render_with("projects/a.yml", bytes));
