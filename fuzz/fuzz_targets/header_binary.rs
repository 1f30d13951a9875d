//! See `fuzz::header_binary`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::header_binary(data));
