//! The fuzzers' functions over their committed corpora, which are made of the reference's vectors:
//! `WRITE_CORPORA=1 cargo test --test corpora` writes them.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use protocol::HeaderFormat;
use protocol::frame;
use protocol::header::recall::RecallHandle;
use protocol::message::batch;
use protocol::message::compress::{self, Codec};
use rocketmq_producer::producer::keys;
use serde_json::Value;

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "elsewhere it is a crate of its own")]
mod fuzz;

/// All corpora together.
const BYTES_MAX: u64 = 300_000;
/// Longer vectors add nothing that short ones lack.
const INPUT_BYTES_MAX: usize = 4000;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

/// The inputs of one target by name.
type Corpus = BTreeMap<String, Vec<u8>>;

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    digits?.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair.get(1)?).ok()).collect()
}

/// Adds what a vector's text or bytes are good for.
fn add(corpora: &mut BTreeMap<&'static str, Corpus>, name: &str, bytes: &[u8]) {
    if bytes.len() > INPUT_BYTES_MAX {
        return;
    }
    let mut put = |target, bytes: &[u8]| {
        corpora.entry(target).or_default().insert(name.to_owned(), bytes.to_owned());
    };
    let is_batch = |bytes: &[u8]| !bytes.is_empty() && batch::records(bytes).all(|record| record.is_ok());
    if is_batch(bytes) {
        put("batch", bytes);
    }
    if let Ok(Some(found)) = frame::decode(bytes, frame::FRAME_BYTES_MAX) {
        put("frame", bytes);
        put(if found.format == HeaderFormat::Json { "header_json" } else { "header_binary" }, found.header);
        if name.contains("response") {
            put("send_answer", bytes);
        }
        if is_batch(found.body) {
            put("batch", found.body);
        }
        if found.body.windows(11).any(|part| part == b"brokerDatas") {
            put("route", found.body);
        }
    } else if bytes.windows(11).any(|part| part == b"brokerDatas") {
        put("route", bytes);
    } else if bytes.contains(&1) && bytes.contains(&2) && str::from_utf8(bytes).is_ok() {
        put("properties", bytes);
    }
}

/// Every text and every run of bytes in a vector.
fn walk(corpora: &mut BTreeMap<&'static str, Corpus>, name: &str, value: &Value) {
    match value {
        Value::String(text) => {
            add(corpora, name, text.as_bytes());
            if let Some(bytes) = unhex(text) {
                add(corpora, name, &bytes);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(corpora, name, item)),
        Value::Object(members) => {
            for (member, value) in members {
                walk(corpora, &format!("{name}.{member}"), value);
            }
        }
        _ => {}
    }
}

/// Bodies as we compress them, one that shrinks, one of nothing, one of several blocks; behind the byte for the codec.
fn packed() -> Corpus {
    let bodies = [("empty", vec![]), ("text", b"text, text, text".repeat(9)), ("zeros", vec![0; 70_000])];
    let mut corpus = Corpus::new();
    for (kind, codec) in (0..).zip([Codec::Zlib, Codec::Lz4, Codec::Zstd]) {
        for (name, body) in &bodies {
            let packed = compress::compress(codec, body, 5).unwrap();
            corpus.insert(format!("{codec:?}-{name}"), [&[kind], &packed[..]].concat());
        }
    }
    corpus
}

/// Handles, and texts that are nearly some.
fn handles() -> Corpus {
    let handle = |topic: &str, deliver_ms| RecallHandle {
        topic: topic.into(),
        broker_name: "broker-a".into(),
        deliver_ms,
        unique_id: "0A00000904D218B4AAC22A3E5F000000".into(),
    };
    let good = handle("TopicTest", 1_700_000_060_000).to_string();
    let texts = [
        ("unpadded", good.trim_end_matches('=').to_owned()),
        ("cut", good[..48].to_owned()),
        ("spaces", handle("a b", 1).to_string()),
        ("negative", handle("T", -1).to_string()),
        ("unicode", handle("杭州", i64::MAX).to_string()),
        ("whole", good),
    ];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect()
}

/// Lines of settings: each key with its default, and all of them together.
fn settings() -> Corpus {
    let line = |index: usize| format!("{index}={}\n", keys()[index].default.to_str().unwrap());
    let required = "namesrv.addr=127.0.0.1:9876; http://[::1]:9876/\nproducer.group=G\n";
    let mut corpus: Corpus =
        (0..keys().len()).map(|index| (format!("key-{index}"), line(index).into_bytes())).collect();
    let all: String = (0..keys().len()).map(line).collect();
    corpus.insert("all".into(), (all.clone() + required).into_bytes());
    corpus.insert("blanks".into(), all.replace('=', "= \t").into_bytes());
    corpus.insert("unknown".into(), b"no.such.key=1\nsend.retries\n=\n".to_vec());
    corpus
}

fn made() -> BTreeMap<&'static str, Corpus> {
    let file = include_str!("../protocol/tests/vectors/vectors.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let mut corpora = BTreeMap::new();
    for vector in file["vectors"].as_array().unwrap() {
        walk(&mut corpora, vector["name"].as_str().unwrap(), vector);
    }
    corpora.insert("config", settings());
    corpora.insert("decompress", packed());
    corpora.insert("recall_handle", handles());
    corpora
}

fn write() {
    for (target, corpus) in made() {
        let folder = folder().join(target);
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in corpus {
            let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
            fs::write(folder.join(name.chars().map(plain).collect::<String>()), bytes).unwrap();
        }
    }
}

#[test]
fn every_target_runs_its_corpus() {
    if std::env::var_os("WRITE_CORPORA").is_some() {
        write();
    }
    let mut bytes = 0;
    for (target, run) in fuzz::TARGETS {
        let files: Vec<_> =
            fs::read_dir(folder().join(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
        println!("{target}: {} inputs", files.len());
        assert!(files.len() >= 5, "{target}");
        for file in files {
            let input = fs::read(&file).unwrap();
            bytes += fs::metadata(&file).unwrap().len();
            println!("{}", file.display());
            run(&input);
            // Cut and damaged too, as far as that is quick; lengths and formats are in front.
            for end in (0..input.len()).filter(|at| *at < 8 || at % (input.len() / 16 + 1) == 0) {
                run(&input[..end]);
                let mut damaged = input.clone();
                damaged[end] ^= 0x21;
                run(&damaged);
            }
        }
    }
    assert!(bytes < BYTES_MAX, "{bytes} bytes");
}

#[test]
fn every_target_has_a_program_and_every_program_a_target() {
    let programs = fs::read_dir(folder().with_file_name("fuzz_targets")).unwrap();
    let mut programs: Vec<_> = programs
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let mut targets: Vec<_> = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    programs.sort();
    targets.sort();
    assert_eq!(programs, targets);
}
