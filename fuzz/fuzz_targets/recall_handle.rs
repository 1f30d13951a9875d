//! See `fuzz::recall_handle`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::recall_handle(data));
