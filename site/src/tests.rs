use std::path::{Path, PathBuf};

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn page(site: &Site, path: &str) -> String {
    String::from_utf8(site.get(path).unwrap_or_else(|| panic!("no page {path}")).clone()).unwrap()
}

/// Undocumented functions, names that do not exist, links and anchors that lead nowhere: all of these are complaints.
#[test]
fn the_pages_of_this_repository_have_no_mistake_and_lead_to_one_another() {
    let (site, complaints) = make(root()).unwrap();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let tour = page(&site, "tour.html");
    assert!(tour.contains("href=\"api/rocketmq_producer_h/producer.html#rocketmq_producer_send\""), "{tour}");
    let producer = page(&site, "api/rocketmq_producer_h/producer.html");
    assert!(
        producer.contains("href=\"index.html#R8\">wait</a>")
            && producer.contains("href=\"types.html#rocketmq_error\"")
    );
    assert!(
        page(&site, "api/rocketmq_producer_h/types.html")
            .contains("href=\"../../errors.html#rocketmq_err_timeout\"")
    );
    assert!(page(&site, "errors.html").contains("href=\"configuration.html#key-send.timeout.ms\""));
    assert!(
        site.contains_key("source/examples-c/sync.c.html")
            && site.contains_key("images/docs/performance/cpu.svg")
    );
}

#[test]
fn every_function_and_constant_of_the_headers_has_its_place() {
    let (site, _) = make(root()).unwrap();
    let pages: String = site
        .iter()
        .filter(|(path, _)| path.starts_with("api/"))
        .map(|(_, page)| String::from_utf8_lossy(page))
        .collect();
    let mut count = 0;
    // Declarations of C++ are not told from calls so easily.
    for name in files::names_in(&root().join("include")).unwrap().iter().filter(|name| name.ends_with(".h")) {
        let header = fs::read_to_string(root().join("include").join(name)).unwrap();
        // Without comments: what stands before each, and what follows its end.
        let code: String =
            header.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code)).collect();
        for word in header::identifiers(&code)
            .filter(|word| word.starts_with("rocketmq_") && code.contains(&format!("{word}(")))
        {
            assert!(pages.contains(&format!("id=\"{word}\"")), "{name}: {word} is nowhere");
            count += 1;
        }
        for constant in
            code.lines().filter_map(|line| line.trim_start().split_once(" = ")).map(|(constant, _)| constant)
        {
            assert!(pages.contains(&format!("id=\"{constant}\"")), "{name}: {constant} is nowhere");
            count += 1;
        }
    }
    assert!(count > 150, "only {count}");
}

#[test]
fn the_same_files_give_the_same_site_and_nothing_in_it_is_fetched_from_elsewhere() {
    let (site, _) = make(root()).unwrap();
    assert!(site == make(root()).unwrap().0, "two runs differ");
    for (path, bytes) in &site {
        let text = String::from_utf8_lossy(bytes);
        for fetched in ["src=\"http", "<link rel=\"stylesheet\" href=\"http", "@import", "url(http", "fetch("]
        {
            assert!(!text.contains(fetched), "{path} has {fetched}");
        }
    }
}

/// A repository of its own with these files.
struct Repository(PathBuf);

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Repository {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("rocketmq-site-{name}-{}", std::process::id()));
        let repository = Self(folder);
        let header = "/* lib.h - A library.\n *\n *  R8  [any] = anywhere.\n */\n/* --- calls */\n\n/** Says so, see R8. [any] */\nint rocketmq_say(void);\n";
        let usual = [
            ("include/lib.h", header),
            ("include/rocketmq_package.h", "/* rocketmq_package.h - Another. */\n"),
            ("docs/CONFIGURATION.md", "# Keys\n\n| key | what |\n|---|---|\n| `send.timeout.ms` | Time. |\n"),
            ("README.md", "# Here\n"),
        ];
        for (path, text) in usual.iter().chain(files) {
            let path = repository.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        repository
    }

    fn make(&self) -> (Site, Vec<String>) {
        make(&self.0).unwrap()
    }
}

#[test]
fn what_no_reader_should_meet_is_told() {
    let header = "/* other.h - Another. */\n/* --- calls */\n\nint rocketmq_undocumented(void);\n\n/** See rocketmq_gone() and R9. */\nint rocketmq_other(void);\n";
    let text = "# Page\n\n[a](gone.md) [b](#gone) [c](../README.md#gone) `rocketmq_gone()` `send.gone.ms` ROCKETMQ_GONE\n\n\
                ```c\nrocketmq_gone(1);\n```\n\n`rocketmq_say()` `send.timeout.ms` `rocketmq_package` `send.*` rocketmq_s... librocketmq_x\n";
    let (_, complaints) =
        Repository::with("mistakes", &[("include/other.h", header), ("docs/PAGE.md", text)]).make();
    for expected in [
        "other.h: rocketmq_undocumented has no comment",
        "other.h: the comment of rocketmq_other: there is no rocketmq_gone",
        "docs/PAGE.md: the link gone.md leads to no file",
        "docs/PAGE.md: the link #gone leads to no heading of docs/PAGE.md",
        "docs/PAGE.md: the link ../README.md#gone leads to no heading of README.md",
        "docs/PAGE.md: there is no rocketmq_gone",
        "docs/PAGE.md: there is no key send.gone.ms",
        "docs/PAGE.md: there is no ROCKETMQ_GONE",
    ] {
        assert!(
            complaints.iter().any(|complaint| complaint == expected),
            "no {expected:?} in {complaints:#?}"
        );
    }
    let of_pages = complaints.iter().filter(|complaint| complaint.starts_with("docs/PAGE.md")).count();
    assert_eq!(of_pages, 6, "{complaints:#?}");
}

#[test]
fn a_header_and_a_page_that_are_new_need_no_change_here() {
    let more = [
        (
            "include/new.hpp",
            "// new.hpp - In C++.\n\n// --- classes\n\n/// A class.\nclass New {\npublic:\n    /// Sends, by `rocketmq_say`.\n    void send();\n};\n",
        ),
        (
            "docs/deep/NEW.md",
            "# A new page\n\nSee [keys](../CONFIGURATION.md), ![a picture](a.svg), [code](../../program.c).\n",
        ),
        ("docs/deep/a.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
        ("program.c", "int main(void) { /* rocketmq_say() */ return rocketmq_say(); }\n"),
    ];
    let (site, complaints) = Repository::with("new", &more).make();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let new = page(&site, "deep/new.html");
    for link in [
        "../configuration.html",
        "../images/docs/deep/a.svg",
        "../source/program.c.html",
        "../api/new_hpp/index.html",
    ] {
        assert!(new.contains(&format!("\"{link}\"")), "no {link} in {new}");
    }
    assert!(page(&site, "api/new_hpp/classes.html").contains("<section id=\"New-send\">"));
    let said = page(&site, "api/lib_h/calls.html");
    assert!(
        said.contains("<a href=\"index.html#R8\">R8</a>")
            && said.contains("<a href=\"index.html#R8\">any</a>"),
        "{said}"
    );
    assert!(
        page(&site, "source/program.c.html")
            .contains("return <a href=\"../api/lib_h/calls.html#rocketmq_say\">")
    );
}
