//! What `make install` writes, used as a stranger's build uses it: by the lines of the README, after the installed tree
//! has been moved, through pkg-config and CMake, shared and static, from C, from C++ and from a plugin.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::install::{self, block, block_of, command, output};
use crate::program::{Language, Program, cluster, root};

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

const PRODUCER: &str = "librocketmq_producer.so";
const MOCK: &str = "librocketmq_mock.so";
/// Where it is said how to build with the mock.
pub(crate) const MOCK_PAGE: &str = "docs/MOCK.md";
pub(crate) const MOCK_SECTION: &str = "Build with it";

/// The name that programs ask the loader for.
pub(crate) fn soname() -> String {
    soname_of(PRODUCER)
}

fn soname_of(library: &str) -> String {
    match (env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR")) {
        ("0", minor) => format!("{library}.0.{minor}"),
        (major, _) => format!("{library}.{major}"),
    }
}

/// A folder of one test, with the library of this build installed in `moved`.
struct Package {
    folder: PathBuf,
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Package {
    /// Installs below a staging folder, and moves what came to be there.
    fn new(name: &str) -> Self {
        let name = format!("package-{name}-{}", std::process::id());
        let package = Self { folder: Path::new(env!("CARGO_TARGET_TMPDIR")).join(name) };
        let _ = fs::remove_dir_all(&package.folder);
        fs::create_dir_all(package.installed().join("lib/pkgconfig")).unwrap();
        // Others have files in these folders too.
        fs::write(package.installed().join("lib/pkgconfig/other.pc"), "Name: other\n").unwrap();
        package.make("install");
        fs::rename(package.installed(), package.moved()).unwrap();
        package
    }

    fn installed(&self) -> PathBuf {
        self.folder.join("stage/opt/mq")
    }

    fn moved(&self) -> PathBuf {
        self.folder.join("moved")
    }

    fn make(&self, target: &str) {
        let stage = format!("DESTDIR={}", self.folder.join("stage").display());
        install::make(target, &["PREFIX=/opt/mq".to_owned(), stage]);
    }

    /// A folder with the program of `examples-c/sync.c` and the plugin in it.
    fn sources(&self, name: &str, extension: &str) -> PathBuf {
        let folder = self.folder.join(name);
        fs::create_dir(&folder).unwrap();
        for (from, to) in [("examples-c/sync.c", "program"), ("tests/c/plugin.c", "plugin")] {
            fs::copy(root().join(from), folder.join(to).with_extension(extension)).unwrap();
        }
        fs::copy(root().join("tests/c/program.h"), folder.join("program.h")).unwrap();
        folder
    }

    /// Runs a line for the shell that finds the package through pkg-config.
    fn by_pkg_config(&self, folder: &Path, line: &str) {
        let found = self.moved().join("lib/pkgconfig");
        output(Command::new("sh").args(["-ec", line]).env("PKG_CONFIG_PATH", found).current_dir(folder));
    }

    /// Builds `target`, which CMake makes by `add` and by the README's lines for the shared or the static library.
    fn by_cmake(&self, folder: &Path, language: &str, add: &str, library: &str) -> PathBuf {
        let lines = block("cmake").replace("rocketmq_producer::rocketmq_producer", library);
        let target = add.split(['(', ' ']).nth(1).unwrap();
        let text = format!(
            "cmake_minimum_required(VERSION 3.13)\nproject(one LANGUAGES {language})\n{add}\n{}",
            lines.replace("(program ", &format!("({target} "))
        );
        fs::write(folder.join("CMakeLists.txt"), text).unwrap();
        let prefix = format!("-DCMAKE_PREFIX_PATH={}", self.moved().display());
        output(Command::new("cmake").args(["-S", ".", "-B", "build", &prefix]).current_dir(folder));
        output(Command::new("cmake").args(["--build", "build"]).current_dir(folder));
        folder.join("build")
    }
}

/// The dynamic section of a program or a shared object.
fn dynamic(path: &Path) -> String {
    output(Command::new("readelf").args(["-d", "-W"]).arg(path))
}

pub(crate) fn runs(program: &Path, links_shared: bool) {
    let section = dynamic(program);
    let needed: Vec<_> = section.lines().filter(|line| line.contains("librocketmq_producer")).collect();
    assert_eq!(needed.len(), usize::from(links_shared), "{section}");
    assert!(
        needed.iter().all(|line| line.ends_with(&format!("Shared library: [{}]", soname()))),
        "{section}"
    );
    let cluster = cluster();
    let ended = Program::at(program).run(&[&cluster.namesrv(), "my_group", "my_topic"]).well();
    assert!(ended.errors.is_empty(), "{:?}", ended.errors);
    assert_eq!(cluster.message_count("my_topic"), 10);
    println!("{}: 10 messages", program.display());
}

/// A plugin is used after the host has closed it.
fn runs_after_it_is_closed(plugin: &Path) {
    let section = dynamic(plugin);
    assert!(section.contains("NODELETE") && !section.contains("librocketmq_producer"), "{section}");
    let host = Program::linked(Language::C99, &["plugin_host"], &["-ldl".into()]);
    let cluster = cluster();
    host.run(&[&cluster.namesrv(), plugin.to_str().unwrap()]).well();
    assert_eq!(cluster.message_count("my_topic"), 2);
    println!("{}: 2 messages", plugin.display());
}

#[test]
fn programs_and_plugins_build_through_pkg_config_as_the_readme_says() {
    let package = Package::new("by-pkg-config");
    let [shared, archive] = ["rocketmq_producer", "rocketmq_producer_static"].map(command);
    // Where the loader looks is said at the command's end, since the package is in no folder of the system.
    let shared = format!("{shared} '-Wl,-rpath,{}'", package.moved().join("lib").display());
    let c = package.sources("c", "c");
    let cpp = package.sources("c++", "cpp");
    for (line, is_shared) in [(&shared, true), (&archive, false)] {
        package.by_pkg_config(&c, line);
        runs(&c.join("program"), is_shared);
        package.by_pkg_config(&cpp, &line.replace("cc program.c", "c++ -Wall -Wextra -Werror program.cpp"));
        runs(&cpp.join("program"), is_shared);
    }
    fs::copy(root().join("examples-c/futures.cpp"), cpp.join("futures.cpp")).unwrap();
    package.by_pkg_config(
        &cpp,
        &shared.replace("cc program.c", "c++ -std=c++17 -Wall -Wextra -Werror futures.cpp"),
    );
    runs(&cpp.join("program"), true);
    package.by_pkg_config(
        &c,
        &archive.replace("program.c", "-shared -fPIC plugin.c").replace("-o program", "-o plugin.so"),
    );
    runs_after_it_is_closed(&c.join("plugin.so"));

    // Where only the archive is installed, `--static` is all it takes.
    for name in fs::read_dir(package.moved().join("lib")).unwrap().map(|entry| entry.unwrap().file_name()) {
        if name.to_string_lossy().contains(".so") {
            fs::remove_file(package.moved().join("lib").join(name)).unwrap();
        }
    }
    package.by_pkg_config(&c, &command("rocketmq_producer").replace("--libs", "--libs --static"));
    runs(&c.join("program"), false);
}

#[test]
fn programs_and_plugins_build_through_cmake_as_the_readme_says() {
    const SHARED: &str = "rocketmq_producer::rocketmq_producer";
    const STATIC: &str = "rocketmq_producer::rocketmq_producer_static";
    // A space in a path is nothing to CMake; what a shell makes of pkg-config's words is another matter.
    let package = Package::new("by cmake");
    for (name, language, extension, library) in [
        ("c shared", "C", "c", SHARED),
        ("c static", "C", "c", STATIC),
        ("c++ shared", "CXX", "cpp", SHARED),
        ("c++ static", "CXX", "cpp", STATIC),
    ] {
        let folder = package.sources(name, extension);
        let add = format!("add_executable(program program.{extension})");
        let built = package.by_cmake(&folder, language, &add, library);
        runs(&built.join("program"), library == SHARED);
    }
    let folder = package.sources("plugin", "c");
    let built = package.by_cmake(&folder, "C", "add_library(plugin MODULE plugin.c)", STATIC);
    runs_after_it_is_closed(&built.join("libplugin.so"));
}

#[test]
fn the_package_suits_who_asks_for_its_series_and_nothing_newer() {
    let package = Package::new("asked");
    let folder = package.folder.join("asks");
    fs::create_dir(&folder).unwrap();
    let series = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));
    // As the sixth of its series answers, which has older ones and newer ones.
    let answers = package.moved().join("lib/cmake/rocketmq_producer/rocketmq_producer-config-version.cmake");
    let text = fs::read_to_string(&answers).unwrap();
    fs::write(answers, text.replace(&format!("\"{VERSION}\""), &format!("\"{series}.5\""))).unwrap();
    let asked = [
        (String::new(), true),
        (series.to_owned(), true),
        (format!("{series}.4"), true),
        (format!("{series}.5 EXACT"), true),
        (format!("{series}.4 EXACT"), false),
        (format!("{series}.6"), false),
        (format!("{series}...99"), true),
        (format!("{series}...{series}.5"), true),
        (format!("{series}...<{series}.5"), false),
        (format!("{series}...{series}.4"), false),
        ("0.0".to_owned(), false),
        ("99.0".to_owned(), false),
    ];
    let mut text = String::from("cmake_minimum_required(VERSION 3.19)\nproject(asks LANGUAGES C)\n");
    for (version, _) in &asked {
        let search = format!("find_package(rocketmq_producer {version} QUIET CONFIG)\n");
        let answer = format!("message(STATUS \"'{version}' ${{rocketmq_producer_FOUND}}\")\n");
        text += &format!("unset(rocketmq_producer_DIR CACHE)\n{search}{answer}");
    }
    fs::write(folder.join("CMakeLists.txt"), text).unwrap();
    let prefix = format!("-DCMAKE_PREFIX_PATH={}", package.moved().display());
    let said = output(Command::new("cmake").args(["-S", ".", "-B", "build", &prefix]).current_dir(&folder));
    for (version, suits) in asked {
        let line = format!("-- '{version}' {}", if suits { "1" } else { "0" });
        assert!(said.lines().any(|said| said == line), "{line}, but:\n{said}");
    }
    let found = package.moved().join("lib/pkgconfig");
    for name in ["rocketmq_producer", "rocketmq_producer_static", "rocketmq_mock", "rocketmq_mock_static"] {
        let mut asks = Command::new("pkg-config");
        assert_eq!(output(asks.args(["--modversion", name]).env("PKG_CONFIG_PATH", &found)).trim(), VERSION);
    }
}

/// A test program that holds a mock cluster; `links_shared` tells whether the cluster is a library beside it.
pub(crate) fn tests_itself(program: &Path, links_shared: bool) {
    let section = dynamic(program);
    let needs = |library| section.contains(&format!("Shared library: [{}]", soname_of(library)));
    assert_eq!((needs(MOCK), needs(PRODUCER)), (links_shared, true), "{section}");
    let ended = Program::at(program).run(&[]).well();
    println!("{}:\n{}", program.display(), ended.shown());
}

#[test]
fn a_test_program_builds_with_the_mock_as_its_page_says() {
    let package = Package::new("mock");
    let with_the_source = |name: &str| {
        let folder = package.folder.join(name);
        fs::create_dir(&folder).unwrap();
        fs::copy(root().join("examples-c/mock_test.c"), folder.join("mock_test.c")).unwrap();
        folder
    };
    let folder = with_the_source("pkg-config");
    let lines = block_of(MOCK_PAGE, MOCK_SECTION, "sh");
    assert_eq!(lines.lines().count(), 2);
    for line in lines.lines() {
        let rpath = format!("'-Wl,-rpath,{}'", package.moved().join("lib").display());
        package.by_pkg_config(&folder, &format!("{line} {rpath}"));
        tests_itself(&folder.join("mock_test"), !line.contains("rocketmq_mock_static"));
    }
    let lines = block_of(MOCK_PAGE, MOCK_SECTION, "cmake");
    for library in ["rocketmq_mock::rocketmq_mock", "rocketmq_mock::rocketmq_mock_static"] {
        let folder = with_the_source(library.rsplit(':').next().unwrap());
        let lines = lines.replace("rocketmq_mock::rocketmq_mock", library);
        let add = format!("add_executable(mock_test mock_test.c)\n{lines}");
        let built = package.by_cmake(&folder, "C", &add, "rocketmq_producer::rocketmq_producer");
        tests_itself(&built.join("mock_test"), !library.ends_with("_static"));
    }
}

/// Files and links below a folder, and folders of the library's own.
fn below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let shown = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        if path.is_symlink() || !path.is_dir() {
            found.insert(shown);
            continue;
        }
        if ["rocketmq_producer", "rocketmq_mock"].iter().any(|name| path.file_name().unwrap() == *name) {
            found.insert(shown);
        }
        open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
    }
    found
}

#[test]
fn what_is_installed_holds_no_path_and_is_gone_after_an_uninstall() {
    let package = Package::new("gone");
    let moved = package.moved();
    let files = below(&moved);
    println!("{files:#?}");
    for name in [
        "include/rocketmq_producer.h",
        "include/rocketmq_producer.hpp",
        "include/rocketmq_mock.h",
        "lib/librocketmq_producer.a",
        "lib/librocketmq_mock.a",
        "share/doc/rocketmq_producer/LICENSE",
        "share/doc/rocketmq_producer/THIRD-PARTY.txt",
    ] {
        assert!(files.contains(name), "no {name} in {files:?}");
    }
    for library in [PRODUCER, MOCK] {
        let (soname, file) = (soname_of(library), format!("{library}.{VERSION}"));
        for (link, to) in [(&soname, &file), (&library.to_owned(), &soname)] {
            assert_eq!(fs::read_link(moved.join("lib").join(link)).unwrap(), Path::new(to));
        }
    }
    let template = |name: &&String| [".pc", ".cmake"].iter().any(|end| name.ends_with(end));
    for name in files.iter().filter(template) {
        let text = fs::read_to_string(moved.join(name)).unwrap();
        for never in ["/opt/mq", "stage", "@"] {
            assert!(!text.contains(never), "{name} holds {never}:\n{text}");
        }
    }
    assert_eq!(files.iter().filter(template).count(), 9);

    fs::rename(&moved, package.installed()).unwrap();
    package.make("uninstall");
    let left: Vec<_> = below(&package.installed()).into_iter().collect();
    assert_eq!(left, ["lib/pkgconfig/other.pc"]);
}
