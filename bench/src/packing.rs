//! What it costs to compress a body: with a compressor of its own, and with one that is kept, in turns.

use std::time::Duration;

use protocol::message::compress::{Codec, Compressor};

use crate::machine::now;
use crate::table::Spread;

/// The word on the command line.
pub(crate) const ROLE: &str = "compress";

const ROUNDS: usize = 15;
const AT_LEAST: Duration = Duration::from_millis(20);

/// Prints the medians of a few kinds of bodies, in microseconds.
pub(crate) fn run() -> Result<bool, String> {
    println!("{:8} {:>8} {:>10} {:>10} {:>6}", "codec", "bytes", "new µs", "kept µs", "of new");
    for (codec, level) in [(Codec::Zlib, 5), (Codec::Zstd, 3), (Codec::Lz4, 0)] {
        for bytes in [4 << 10, 64 << 10, 1 << 20] {
            let body = text(bytes);
            let mut kept = Compressor::default();
            let (mut new_us, mut kept_us) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                new_us.push(micros(|| Compressor::default().compress(codec, &body, level).is_ok())?);
                kept_us.push(micros(|| kept.compress(codec, &body, level).is_ok())?);
            }
            let (new, kept) = (median(new_us), median(kept_us));
            println!("{:8} {bytes:8} {new:10.1} {kept:10.1} {:6.2}", format!("{codec:?}"), kept / new);
        }
    }
    Ok(true)
}

/// Of one call, over as many as take long enough.
fn micros(mut call: impl FnMut() -> bool) -> Result<f64, String> {
    let (begun, mut calls) = (now(), 0_u32);
    while begun.elapsed() < AT_LEAST {
        if !call() {
            return Err("a body cannot be compressed".to_owned());
        }
        calls += 1;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e6 / f64::from(calls))
}

fn median(values: Vec<f64>) -> f64 {
    Spread::of(values).map_or(f64::NAN, |spread| spread.median)
}

/// Records of a log, which shrink to a quarter or so.
fn text(bytes: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut body = Vec::with_capacity(bytes + 100);
    while body.len() < bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let record = format!(r#"{{"order":{},"price":{},"state":"paid"}},"#, state >> 8, state >> 20);
        body.extend_from_slice(record.as_bytes());
    }
    body.truncate(bytes);
    body
}
