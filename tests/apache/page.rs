//! `docs/BROKERS.md` names the test that shows each finding.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_test_that_the_page_of_brokers_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| std::fs::read_to_string(path).expect("a text");
    let page = read(&root.join("docs/BROKERS.md"));
    let mut tests = BTreeSet::new();
    let folders = ["tests/apache", "tests/producer"].map(|folder| root.join(folder));
    for file in folders.iter().flat_map(|folder| folder.read_dir().expect("a folder")) {
        let path = file.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = read(&path);
            let name = |line: &str| Some(line.trim().strip_prefix("fn ")?.split('(').next()?.to_owned());
            tests.extend(text.lines().filter_map(name));
        }
    }
    // Names of tests are sentences; those of properties and settings have fewer words or capitals.
    let is_test = |name: &&str| {
        name.split('_').count() > 3
            && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric() && !c.is_ascii_uppercase())
    };
    let named: Vec<_> = page.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(named.len() > 20, "only {}: is the page read at all?", named.len());
    let missing: Vec<_> = named.iter().filter(|name| !tests.contains(**name)).collect();
    assert!(missing.is_empty(), "not there: {missing:#?}");
}
