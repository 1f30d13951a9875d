//! What the shared library exports, and how it is linked.

use std::collections::BTreeSet;
use std::process::Command;

use crate::declarations;
use crate::support::{library, run};

#[test]
fn the_library_exports_the_functions_of_the_header_and_nothing_else() {
    let listing = run(Command::new("nm").args(["-D", "--defined-only"]).arg(library())).unwrap();
    let exported: BTreeSet<_> =
        listing.lines().map(|line| line.split_whitespace().last().unwrap().to_owned()).collect();
    let declared: BTreeSet<_> =
        declarations::read().functions.into_iter().map(|function| function.name).collect();
    assert_eq!(exported, declared);
}

#[cfg(target_os = "linux")]
#[test]
fn the_library_is_never_unmapped_and_is_found_by_its_file_name() {
    let dynamic = run(Command::new("readelf").args(["-d", "-W"]).arg(library())).unwrap();
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
    assert!(dynamic.contains("Library soname: [librocketmq_producer.so]"), "{dynamic}");
}
