//! See `fuzz::send_answer`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::send_answer(data));
