//! The Debian packages that `make deb` makes: what is in them, and that a program built with one runs with the other.
//! They are made of this build's libraries, which have debug information too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::install::{block, block_of, output};
use crate::package::{MOCK_PAGE, MOCK_SECTION, VERSION, runs, soname, tests_itself};
use crate::program::{libraries, root};

const DEV: &str = "librocketmq-producer-dev";
const MOCK: &str = "librocketmq-mock-dev";

/// Debian names a library by its soname.
fn library() -> String {
    soname().replace(".so.", "").replace('_', "-")
}

fn symbols() -> String {
    library() + "-dbgsym"
}

/// The packages of one run of the script, all of them extracted into one tree as if installed, their control files apart.
struct Packages {
    folder: PathBuf,
}

impl Drop for Packages {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What the tests that run at the same time share; the last of them removes it.
fn packages() -> Arc<Packages> {
    static SHARED: Mutex<Weak<Packages>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let packages = Arc::new(Packages::new());
        *shared = Arc::downgrade(&packages);
        packages
    })
}

impl Packages {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deb-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let packages = Self { folder };
        packages.make("made");
        fs::create_dir(packages.folder.join("control")).unwrap();
        for name in [&library(), DEV, &symbols(), MOCK] {
            let (package, control) = (packages.file("made", name), packages.control(name));
            output(Command::new("dpkg-deb").arg("-x").arg(&package).arg(packages.installed()));
            output(Command::new("dpkg-deb").arg("-e").arg(&package).arg(control));
        }
        packages
    }

    fn make(&self, out: &str) {
        let mut script = Command::new(root().join("scripts/deb.sh"));
        script.arg(libraries()).arg(self.folder.join(out));
        output(
            script.env("COMPRESSION", "none").env("DEBFULLNAME", "A Tester").env("DEBEMAIL", "a@b.example"),
        );
    }

    fn file(&self, made: &str, name: &str) -> PathBuf {
        let architecture = output(Command::new("dpkg").arg("--print-architecture"));
        self.folder.join(made).join(format!("{name}_{VERSION}-1_{}.deb", architecture.trim()))
    }

    fn installed(&self) -> PathBuf {
        self.folder.join("installed")
    }

    fn control(&self, name: &str) -> PathBuf {
        self.folder.join(format!("control/{name}"))
    }

    /// Where the libraries are, from the root on.
    fn libdir() -> String {
        format!("usr/lib/{}", output(Command::new("dpkg-architecture").arg("-qDEB_HOST_MULTIARCH")).trim())
    }

    fn field(&self, name: &str, field: &str) -> String {
        let asked = output(Command::new("dpkg-deb").arg("-f").arg(self.file("made", name)).arg(field));
        asked.trim_end().to_owned()
    }

    /// The files and links of a package, all of them with the modes that Debian wants.
    fn files(&self, name: &str) -> BTreeSet<String> {
        let content = self.content(name);
        for (path, (mode, to)) in &content {
            let expected = match (path.ends_with('/') || path.is_empty(), to.is_empty()) {
                (true, _) => "drwxr-xr-x root/root",
                (false, true) => "-rw-r--r-- root/root",
                (false, false) => "lrwxrwxrwx root/root",
            };
            assert_eq!(mode, expected, "{name}: {path}");
        }
        content.into_keys().filter(|path| !path.ends_with('/') && !path.is_empty()).collect()
    }

    /// Each path of a package with its mode, owner and, of a link, what it leads to.
    fn content(&self, name: &str) -> BTreeMap<String, (String, String)> {
        let listed = output(Command::new("dpkg-deb").arg("-c").arg(self.file("made", name)));
        let entry = |line: &str| {
            let words: Vec<_> = line.split_whitespace().collect();
            let to = words.get(7).copied().unwrap_or_default();
            (
                words[5].trim_start_matches("./").to_owned(),
                (format!("{} {}", words[0], words[1]), to.to_owned()),
            )
        };
        listed.lines().map(entry).collect()
    }
}

/// The identity that the linker gave a library, which its debug symbols share.
fn build_id(path: &Path) -> String {
    let notes = output(Command::new("readelf").arg("-n").arg(path));
    notes.lines().find_map(|line| line.trim().strip_prefix("Build ID: ")).unwrap().to_owned()
}

#[test]
fn the_packages_are_as_debian_wants_them() {
    let packages = packages();
    let libdir = Packages::libdir();
    let files = |name: &str| packages.files(name);
    let (library, symbols) = (library(), symbols());
    let of_library = files(&library);
    let expected = [
        format!("{libdir}/{}", soname()),
        format!("{libdir}/librocketmq_producer.so.{VERSION}"),
        format!("usr/share/doc/{library}/changelog.Debian.gz"),
        format!("usr/share/doc/{library}/changelog.gz"),
        format!("usr/share/doc/{library}/copyright"),
    ];
    assert_eq!(of_library, expected.into());
    let of_dev = files(DEV);
    for path in [
        "usr/include/rocketmq_producer.h".into(),
        "usr/include/rocketmq_producer.hpp".into(),
        format!("{libdir}/librocketmq_producer.a"),
        format!("{libdir}/librocketmq_producer.so"),
        format!("{libdir}/pkgconfig/rocketmq_producer.pc"),
        format!("{libdir}/cmake/rocketmq_producer/rocketmq_producer-config.cmake"),
        format!("usr/share/doc/{DEV}"),
    ] {
        assert!(of_dev.contains(&path), "no {path} in {of_dev:?}");
    }
    assert!(of_library.is_disjoint(&of_dev));
    assert_eq!(files(&symbols).len(), 2);

    for (name, section) in
        [(library.as_str(), "libs"), (DEV, "libdevel"), (&symbols, "debug"), (MOCK, "libdevel")]
    {
        assert_eq!(packages.field(name, "Version"), format!("{VERSION}-1"));
        assert_eq!(packages.field(name, "Multi-Arch"), "same");
        assert_eq!(packages.field(name, "Section"), section);
        assert_eq!(packages.field(name, "Maintainer"), "A Tester <a@b.example>");
        assert!(packages.field(name, "Installed-Size").parse::<u64>().unwrap() > 100);
        // Sums are of the files that are there.
        let sums = packages.control(name).join("md5sums");
        output(
            Command::new("md5sum").args(["--check", "--quiet"]).arg(&sums).current_dir(packages.installed()),
        );
        println!("{name}: {}", packages.field(name, "Depends"));
    }
    let exactly = format!("{library} (= {VERSION}-1)");
    assert_eq!(packages.field(&symbols, "Depends"), exactly);
    assert_eq!(packages.field(DEV, "Depends"), exactly + ", libc6-dev");
    for name in [library.as_str(), MOCK] {
        assert!(packages.field(name, "Depends").starts_with("libc6 (>= "));
    }
    let copyright =
        fs::read_to_string(packages.installed().join(format!("usr/share/doc/{DEV}/copyright"))).unwrap();
    assert!(copyright.contains(&fs::read_to_string(root().join("THIRD-PARTY.txt")).unwrap()));
    let triggers = fs::read_to_string(packages.control(&library).join("triggers")).unwrap();
    assert_eq!(triggers, "activate-noawait ldconfig\n");
}

#[test]
fn the_mock_cluster_is_a_package_of_its_own() {
    let packages = packages();
    let libdir = Packages::libdir();
    let of_mock = packages.files(MOCK);
    for path in [
        "usr/include/rocketmq_mock.h".into(),
        format!("{libdir}/librocketmq_mock.so.{VERSION}"),
        format!("{libdir}/librocketmq_mock.so"),
        format!("{libdir}/librocketmq_mock.a"),
        format!("{libdir}/pkgconfig/rocketmq_mock.pc"),
        format!("{libdir}/cmake/rocketmq_mock/rocketmq_mock-config.cmake"),
        format!("usr/share/doc/{MOCK}/copyright"),
    ] {
        assert!(of_mock.contains(&path), "no {path} in {of_mock:?}");
    }
    for other in [library().as_str(), DEV] {
        assert!(of_mock.is_disjoint(&packages.files(other)), "{other}");
    }
}

#[test]
fn a_program_built_with_the_dev_package_runs_with_the_library_and_depends_on_it() {
    let packages = packages();
    let libdir = packages.installed().join(Packages::libdir());
    let build = |compiler: &str, source: &str, module: &str, more: &str| {
        let program = packages.folder.join(format!("{module}-{}", source.replace(['/', '.'], "-")));
        let line =
            block("sh").lines().find(|line| line.contains(&format!("--libs {module})"))).unwrap().to_owned();
        let line = line.replace("cc program.c", &format!("{compiler} {}", root().join(source).display()));
        let line = line.replace("-o program", &format!("-o {} {more}", program.display()));
        let found = libdir.join("pkgconfig");
        output(Command::new("sh").args(["-ec", &line]).env("PKG_CONFIG_PATH", found));
        program
    };
    let path = format!("'-Wl,-rpath,{}'", libdir.display());
    let shared = build("cc", "examples-c/sync.c", "rocketmq_producer", &path);
    // What the program's own package would ask for.
    let own = packages.folder.join("program");
    fs::create_dir_all(own.join("debian")).unwrap();
    fs::write(own.join("debian/control"), "Source: program\n\nPackage: program\nArchitecture: any\n")
        .unwrap();
    output(
        Command::new("dpkg-deb").arg("-R").arg(packages.file("made", &library())).arg(own.join("library")),
    );
    let mut asked = Command::new("dpkg-shlibdeps");
    asked.arg("-O").arg("-Slibrary").arg(format!("-llibrary/{}", Packages::libdir())).arg(&shared);
    let needs = output(asked.current_dir(own));
    assert!(needs.contains(&format!("{} (>= {VERSION})", library())), "{needs}");
    runs(&shared, true);
    runs(&build("c++ -std=c++17", "examples-c/futures.cpp", "rocketmq_producer", &path), true);
    runs(&build("cc", "examples-c/sync.c", "rocketmq_producer_static", ""), false);

    let line = block_of(MOCK_PAGE, MOCK_SECTION, "sh").lines().next().unwrap().to_owned();
    let line = line.replace("mock_test.c", root().join("examples-c/mock_test.c").to_str().unwrap());
    let program = packages.folder.join("mock_test");
    let line = line.replace("-o mock_test", &format!("-o {} {path}", program.display()));
    output(Command::new("sh").args(["-ec", &line]).env("PKG_CONFIG_PATH", libdir.join("pkgconfig")));
    tests_itself(&program, true);
}

#[test]
fn a_debugger_finds_the_symbols_by_the_librarys_build_id() {
    let packages = packages();
    let library = packages.installed().join(Packages::libdir()).join(soname());
    let id = build_id(&library);
    assert_eq!(id, build_id(&libraries().join("librocketmq_producer.so")));
    assert_eq!(packages.field(&symbols(), "Build-Ids"), id);
    let (start, rest) = id.split_at(2);
    let debug = packages.installed().join(format!("usr/lib/debug/.build-id/{start}/{rest}.debug"));
    assert_eq!(build_id(&debug), id);
    let sections = |path: &Path| output(Command::new("readelf").args(["-S", "-W"]).arg(path));
    assert!(sections(&debug).contains(".debug_info"));
    assert!(sections(&library).contains(".gnu_debuglink") && !sections(&library).contains(".debug_"));
    // They are of the same code: an address of the library is a line of the sources.
    let exported = output(Command::new("nm").args(["-D", "--defined-only"]).arg(&library));
    let send = exported.lines().find(|line| line.ends_with(" rocketmq_producer_send")).unwrap();
    let address = send.split_whitespace().next().unwrap();
    let place = output(Command::new("addr2line").arg("-f").arg("-e").arg(&debug).arg(address));
    assert!(
        place.starts_with("rocketmq_producer_send\n") && place.contains("src/ffi/producer.rs:"),
        "{place}"
    );
}

#[test]
fn the_same_libraries_make_the_same_packages_to_the_byte() {
    let packages = packages();
    packages.make("again");
    for name in [&library(), DEV, &symbols(), MOCK] {
        let [first, again] = ["made", "again"].map(|made| fs::read(packages.file(made, name)).unwrap());
        assert!(first == again, "{name} differs");
    }
}
