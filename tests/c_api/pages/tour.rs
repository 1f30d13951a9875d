//! The tour, command after command.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rocketmq_mock::Cluster;

use super::block::{Block, abstracted, blocks};
use crate::program::{Ended, Program, cluster, libraries, root};

/// How often a command may be late on a machine that has no time for it.
const TRIES: usize = 5;

/// Where the walker is: a folder, a cluster, and how the last command ended.
struct Walk {
    folder: PathBuf,
    cluster: Cluster,
    ended: Option<Ended>,
    /// What was shown and compared.
    compared: usize,
}

impl Drop for Walk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Walk {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tour-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { folder, cluster: cluster(), ended: None, compared: 0 }
    }

    /// With the cluster of this test in place of the page's.
    fn here(&self, text: &str) -> String {
        text.replace("127.0.0.1:9876", &self.cluster.namesrv())
    }

    fn take(&mut self, block: &Block) {
        let place = format!("{}:{}", block.page, block.line);
        match block.language.as_str() {
            _ if block.mark("not run").is_some() => {}
            "c" => {
                if let Some(file) = block.mark("file") {
                    fs::write(self.folder.join(file), self.here(&block.text)).unwrap();
                }
            }
            "sh" => block.text.lines().for_each(|line| self.run(line)),
            "text" => self.compare(block, &place),
            "json" => self.compare_message(block, &place),
            other => panic!("{place}: what is to be done with {other}?"),
        }
    }

    /// The commands that build and run programs; the cluster is there already.
    fn run(&mut self, line: &str) {
        if line.starts_with("cc ") {
            let libraries = libraries();
            let libraries = libraries.to_str().unwrap();
            let adapted = line.replace("$PWD/target/release", libraries).replace("target/release", libraries);
            let adapted = adapted.replace("-Iinclude", &format!("-I{}", root().join("include").display()));
            let strict = adapted.replacen("cc ", "cc -std=c99 -Wall -Wextra -Wpedantic -Werror ", 1);
            let output =
                Command::new("sh").args(["-ec", &strict]).current_dir(&self.folder).output().unwrap();
            assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
        } else if let Some(command) = line.strip_prefix("./") {
            let is_late = |ended: &Ended| ended.errors.iter().any(|line| line.contains(" time"));
            let mut runs = std::iter::repeat_with(|| self.program(command)).take(TRIES);
            self.ended = runs.find(|ended| !is_late(ended));
            assert!(self.ended.is_some(), "{line}: too late, {TRIES} times");
        }
    }

    fn program(&self, command: &str) -> Ended {
        let mut words = command.split(' ');
        let built = self.folder.join(words.next().unwrap());
        // A program is removed when it has run, and may be run again.
        let copy = built.with_extension("copy");
        fs::copy(built, &copy).unwrap();
        Program::at(&copy).run(&words.collect::<Vec<_>>())
    }

    fn compare(&mut self, block: &Block, place: &str) {
        // Before the first command: what the cluster says of itself.
        let Some(ended) = self.ended.take() else {
            let said = format!("name server {}\n", self.cluster.namesrv());
            return assert_eq!(said, self.here(&block.text), "{place}");
        };
        let code = block.mark("exit").map_or(0, |code| code.parse().unwrap());
        let ended = ended.with_code(code);
        let (said, other) = (ended.shown(), ended.errors.join("\n"));
        let (said, other) = if block.mark("stderr").is_some() { (other, said) } else { (said, other) };
        assert_eq!(abstracted(&said), abstracted(&self.here(&block.text)), "{place}");
        assert_eq!(other, "", "{place} does not show it");
        self.compared += 1;
    }

    /// A line of the cluster's, which has the fields that its help names.
    fn compare_message(&self, block: &Block, place: &str) {
        let shown: serde_json::Value = serde_json::from_str(&block.text).unwrap();
        let shown = shown.as_object().unwrap();
        let help = fs::read_to_string(root().join("mock/src/program/args.rs")).unwrap();
        let fields =
            help.split_once("A line of JSON has: ").unwrap().1.split_once(", all as stored").unwrap().0;
        let fields: BTreeSet<_> =
            fields.replace(" and ", ", ").split([',', '\n']).map(str::trim).map(str::to_owned).collect();
        let fields = fields.into_iter().filter(|field| !field.is_empty()).collect::<Vec<_>>();
        let mut names: Vec<_> = shown.keys().cloned().collect();
        names.sort();
        assert_eq!(names, fields, "{place}");
        let stored = self.cluster.all_messages();
        let stored = stored.first().unwrap();
        let text = |name: &str| shown[name].as_str().unwrap_or_default();
        assert_eq!(text("topic"), stored.topic, "{place}");
        assert_eq!(text("tags"), stored.tags, "{place}");
        assert_eq!(text("group"), stored.group, "{place}");
        assert_eq!(text("broker"), stored.broker_name, "{place}");
        assert_eq!(text("body").as_bytes(), &stored.body[..], "{place}");
        assert_eq!(shown["queueOffset"], stored.queue_offset, "{place}");
    }
}

#[test]
fn the_tour_can_be_walked_and_shows_what_there_is_to_see() {
    let mut walk = Walk::new();
    for block in blocks("docs/TOUR.md") {
        walk.take(&block);
    }
    assert!(walk.compared >= 3, "only {} outputs", walk.compared);
    println!("{} outputs are as they are shown", walk.compared);
}
