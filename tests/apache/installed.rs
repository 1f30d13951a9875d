//! The README's programs, built in an empty folder from what `make install` wrote, each run a thousand times against a mock
//! cluster and against a broker.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rocketmq_mock::Cluster;

use crate::apache::Version;
use crate::install::{self, block, block_of, command, output};
use crate::{now, shared, tell, turn};

const RUNS: usize = 1000;

/// A folder with the installed tree in `tree`, and nothing of the sources.
struct Place {
    folder: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Place {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("rocketmq-installed-{}", std::process::id()));
        let place = Self { folder };
        let _ = fs::remove_dir_all(&place.folder);
        fs::create_dir_all(&place.folder).unwrap();
        install::make("install", &[format!("PREFIX={}", place.folder.join("tree").display())]);
        place
    }

    /// Builds the README's program in `language`, and finds it by its name.
    fn build(&self, name: &str, (language, address): (&str, &str), line: &str) -> PathBuf {
        let folder = self.folder.join(name);
        fs::create_dir(&folder).unwrap();
        let source = block_of("README.md", "A program", language)
            .replace("127.0.0.1:9876", address)
            .replace("my_topic", name);
        assert!(source.contains(address) && source.contains(name));
        let extension = if language == "c" { "c" } else { "cpp" };
        fs::write(folder.join("program").with_extension(extension), source).unwrap();
        let lines = block("cmake");
        let lists = format!(
            "cmake_minimum_required(VERSION 3.13)\nproject(one LANGUAGES C)\nadd_executable(program program.c)\n{lines}"
        );
        fs::write(folder.join("CMakeLists.txt"), lists).unwrap();
        let tree = self.folder.join("tree");
        let mut shell = Command::new("sh");
        shell.args(["-ec", line]).current_dir(&folder);
        shell.env("PKG_CONFIG_PATH", tree.join("lib/pkgconfig")).env("CMAKE_PREFIX_PATH", &tree);
        output(&mut shell);
        folder.join("program")
    }

    /// The C program by pkg-config and by CMake, and the one in C++.
    fn programs(&self, cluster: &str, address: &str) -> [(String, PathBuf); 3] {
        let line = command("rocketmq_producer");
        let line = format!("{line} '-Wl,-rpath,{}'", self.folder.join("tree/lib").display());
        let cpp = line.replace("cc program.c", "c++ -std=c++17 program.cpp");
        let cmake = "cmake -S . -B build && cmake --build build && mv build/program program";
        [("c", "c", &*line), ("cmake", "c", cmake), ("cpp", "cpp", &*cpp)].map(|(by, language, line)| {
            let name = format!("{cluster}-{by}");
            let program = self.build(&name, (language, address), line);
            (name, program)
        })
    }
}

/// The ids that a thousand runs of it were told.
fn ids_of(program: &Path) -> BTreeSet<String> {
    let id = |_| {
        let said = output(&mut Command::new(program));
        said.strip_prefix("stored as ").unwrap_or_else(|| panic!("{program:?}: {said}")).trim().to_owned()
    };
    let ids: BTreeSet<_> = (0..RUNS).map(id).collect();
    assert_eq!(ids.len(), RUNS, "ids of {}", program.display());
    ids
}

#[test]
#[ignore = "part of `make test-apache`"]
fn the_programs_of_the_readme_send_from_an_installed_tree() {
    let place = Place::new();
    let version = Version::V5_5_0;
    let (mock, apache) = (Cluster::start(rocketmq_mock::Options::default()).unwrap(), shared(version));
    let _turn = turn();
    for (topic, program) in place.programs("mock", &mock.namesrv()) {
        let ids = ids_of(&program);
        let stored: BTreeSet<_> =
            mock.messages(&topic).iter().map(|message| message.unique_id.clone()).collect();
        assert!(stored == ids && mock.message_count(&topic) == RUNS, "{topic}");
    }
    for (topic, program) in place.programs("apache", apache.namesrv()) {
        let begun = now();
        let ids = ids_of(&program);
        let took = begun.elapsed();
        let stored = apache.read(&topic, RUNS, Duration::from_secs(20));
        assert_eq!(stored.len(), RUNS, "{topic}");
        assert!(
            stored.iter().all(|message| message.body == b"Hello" && message.tags.as_deref() == Some("TagA"))
        );
        assert_eq!(stored.into_iter().map(|message| message.msg_id).collect::<BTreeSet<_>>(), ids);
        tell(
            version,
            &topic,
            &format!("{RUNS} runs of a program, a message each, in {} ms", took.as_millis()),
        );
    }
}
