//! Renders a manifest with any bytes as the kind of its stack.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| ol_pipegen_fuzz::render_with("kinds/stacks/own.yml", bytes));
