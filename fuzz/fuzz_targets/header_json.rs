//! See `fuzz::header_json`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::header_json(data));
