//! What the shared library exports, and how it is linked.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::declarations::{self, Declarations};
use crate::support::{library, root, run};

#[test]
fn the_library_exports_the_functions_of_the_header_and_of_the_listing_and_nothing_else() {
    let listed = std::fs::read_to_string(root().join("abi/symbols.txt")).unwrap();
    assert_eq!(exports(&library(), &declarations::read()), listed.lines().map(str::to_owned).collect());
}

/// What a library exports, which is what its header declares.
pub(crate) fn exports(library: &Path, declared: &Declarations) -> BTreeSet<String> {
    let listing = run(Command::new("nm").args(["-D", "--defined-only"]).arg(library)).unwrap();
    let exported: BTreeSet<_> =
        listing.lines().map(|line| line.split_whitespace().last().unwrap().to_owned()).collect();
    let declared: BTreeSet<_> = declared.functions.iter().map(|function| function.name.clone()).collect();
    assert_eq!(exported, declared);
    exported
}

/// Programs ask for the name that only versions with the same interface bear: below 1.0, those of one minor.
#[cfg(target_os = "linux")]
#[test]
fn the_library_is_never_unmapped_and_is_named_by_the_versions_that_fit_its_header() {
    is_named_and_stays(&library());
}

/// That a library has such a name and is not unmapped.
#[cfg(target_os = "linux")]
pub(crate) fn is_named_and_stays(library: &Path) {
    let dynamic = run(Command::new("readelf").args(["-d", "-W"]).arg(library)).unwrap();
    assert!(dynamic.contains("NODELETE"), "{dynamic}");
    let series = match (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR")) {
        ("0", minor) => format!("0.{minor}"),
        (major, _) => major.to_owned(),
    };
    let file = library.file_name().unwrap();
    let name = format!("{}.{series}", file.display());
    assert!(dynamic.contains(&format!("Library soname: [{name}]")), "{dynamic}");
    // What is linked against the build, here or one folder up, finds it by that name.
    let folder = library.parent().unwrap();
    for folder in [folder.parent().unwrap(), folder] {
        let link = std::fs::read_link(folder.join(&name)).unwrap();
        assert_eq!(link, Path::new(file), "{}", folder.display());
    }
}
