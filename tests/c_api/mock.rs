//! The mock cluster as a library: C programs that hold it beside the producer, in one process.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::program::{Language, Program, STATIC_NEEDS, libraries, root, shared};

/// The linker's words for both shared libraries.
pub(crate) fn both() -> Vec<String> {
    [shared(), vec!["-lrocketmq_mock".into()]].concat()
}

fn program(name: &str) -> Program {
    Program::linked(Language::C99, &[name], &both())
}

/// The words that are functions of the mock.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
    words.filter(|word| word.starts_with("rocketmq_mock_")).collect()
}

#[test]
fn every_function_does_its_work_and_answers_what_makes_no_sense() {
    let calls = program("mock_calls");
    calls.run(&[]).well();
    Program::linked(Language::Cpp17, &["mock_calls"], &both()).run(&[]).well();

    // None is left out.
    let header = fs::read_to_string(root().join("include/rocketmq_mock.h")).unwrap();
    let declared: BTreeSet<_> =
        header.split('(').filter_map(|before| names(before.rsplit(' ').next()?).pop_last()).collect();
    let wanted = Command::new("nm").args(["-D", "--undefined-only"]).arg(calls.path()).output().unwrap();
    let wanted = String::from_utf8(wanted.stdout).unwrap();
    assert_eq!(names(&wanted), declared);
    assert!(declared.len() > 20, "{declared:?}");
}

/// The page's table leaves out what all names begin with.
#[test]
fn the_page_names_only_what_the_header_declares() {
    let header = fs::read_to_string(root().join("include/rocketmq_mock.h")).unwrap();
    let page = fs::read_to_string(root().join("docs/MOCK.md")).unwrap();
    let is_part = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let known: BTreeSet<_> = header.split(|c| !is_part(c)).collect();
    let mut seen = 0;
    for word in page.split(|c| !is_part(c)).filter(|word| word.to_lowercase().starts_with("rocketmq_mock_")) {
        // "rocketmq_mock_…" stands for all of them, and packages have names too.
        assert!(
            word.ends_with("mock_")
                || word.ends_with("MOCK_")
                || word.ends_with("_static")
                || known.contains(word),
            "{word}"
        );
        seen += 1;
    }
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        for call in row.split('`').skip(1).step_by(2) {
            let (name, arguments) = call.split_once('(').unwrap();
            assert!(known.contains(format!("rocketmq_mock_{name}").as_str()), "{call}");
            let constants =
                arguments.split(|c| !is_part(c)).filter(|word| word.starts_with(char::is_uppercase));
            for constant in constants {
                assert!(known.contains(format!("ROCKETMQ_MOCK_{constant}").as_str()), "{constant} in {call}");
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn a_producer_meets_each_fault_and_nothing_is_left_of_the_clusters() {
    program("mock_faults").run(&[]).well();
}

#[test]
fn what_the_mock_has_shown_stays_as_it_is_while_messages_come_in() {
    let ended = program("mock_life").run(&["texts"]).well();
    assert_eq!(ended.number("messages"), 2000);
}

#[test]
fn many_threads_may_use_a_mock_at_once() {
    let ended = program("mock_life").run(&["together"]).well();
    println!("{}", ended.shown());
}

#[test]
fn a_mock_that_is_destroyed_while_sends_are_open_leaves_nothing() {
    program("mock_life").run(&["destroys"]).well();
    let held = program("mock_life").run(&["lives"]).well().number("held_more_each");
    println!("{held} bytes more after each mock");
    assert!(held < 256, "{held} bytes more are held after each mock");
}

#[test]
fn a_thread_of_the_mock_takes_no_signal() {
    let ended = program("mock_life").run(&["signals"]).well();
    assert_eq!(ended.number("threads_of_the_mock"), 1);
}

#[test]
fn the_child_of_a_fork_is_refused_by_the_parent_s_mock_and_has_its_own() {
    program("mock_life").run(&["forks"]).well();
}

/// In the words of strace, with the kind of each descriptor.
#[test]
fn a_mock_writes_to_its_sockets_without_sigpipe_and_opens_no_file_to_write() {
    let calls = "trace=write,writev,sendto,sendmsg,openat,creat";
    let strace = ["strace", "-f", "-qq", "-yy", "-e", calls, "-e", "signal=none"];
    let ended = program("mock_calls").under(&strace).run(&[]).well();
    let of = |name: &'static str| ended.errors.iter().filter(move |call| call.contains(name));
    let to_sockets: Vec<_> = ["write(", "writev(", "sendto(", "sendmsg("]
        .iter()
        .flat_map(|name| of(name))
        .filter(|call| call.contains("<TCP"))
        .collect();
    for call in &to_sockets {
        assert!(call.contains("MSG_NOSIGNAL"), "{call}");
    }
    // The producer's are the other kind.
    let answers = to_sockets.iter().filter(|call| call.contains("sendto(")).count();
    assert!(answers > 10, "the answers are not seen: {:#?}", ended.errors);
    assert!(of("openat(").all(|call| call.contains("O_RDONLY")) && of("creat(").count() == 0);
    println!("{answers} answers of {} writes to sockets", to_sockets.len());
}

#[test]
fn the_example_is_a_test_of_a_user_s_program_and_finds_a_mistake_there() {
    let source = fs::read_to_string(root().join("examples-c/mock_test.c")).unwrap();
    assert!(source.lines().count() < 80);
    let (example, command) = Program::example("mock_test.c");
    let ended = example.run(&[]).well();
    println!("{}\nby `{command}`", ended.shown());
    assert_eq!((ended.lines.len(), ended.errors.len()), (10, 0), "{}", ended.shown());
    assert!(ended.lines.iter().all(|line| line.starts_with("ok ")), "{}", ended.shown());

    for (right, wrong, found) in [
        ("\"3 apples\", 8,", "\"3 apples\", 7,", "with its body"),
        (
            "\"send.retry.unknown\", \"false\"",
            "\"send.retry.unknown\", \"true\"",
            "and nothing is sent twice",
        ),
    ] {
        assert!(source.contains(right));
        let text = source.replace(right, wrong);
        let ended = Program::of_text(Language::C99, "mock_test_broken", &text, &both()).run(&[]).with_code(1);
        let broken = ended.all("BROKEN");
        assert!(broken.contains(&found), "{}", ended.shown());
    }
}

/// Two archives of Rust code in one program, or one of them beside the other as a shared library.
#[test]
fn the_archives_link_together_and_each_beside_the_other_s_shared_library() {
    let archive = |name: &str| libraries().join(name).to_str().unwrap().to_owned();
    let (producer, mock) = (archive("librocketmq_producer.a"), archive("librocketmq_mock.a"));
    let needs: Vec<String> = STATIC_NEEDS.iter().map(|&word| word.to_owned()).collect();
    for (name, with) in [
        ("both archives", [vec![producer.clone(), mock.clone()], needs.clone()].concat()),
        ("the mock's archive", [vec![mock], shared(), needs.clone()].concat()),
        (
            "the producer's archive",
            [vec![producer, "-lrocketmq_mock".into()], shared()[..1].to_vec(), shared()[2..].to_vec(), needs]
                .concat(),
        ),
    ] {
        Program::linked(Language::C99, &["mock_calls"], &with).run(&[]).well();
        println!("{name}: well");
    }
}
