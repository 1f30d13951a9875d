//! The examples, as a newcomer compiles and runs them, and programs built in other ways.

use std::collections::BTreeMap;
use std::fs;

use rocketmq_mock::{Cluster, Options};

use crate::program::{Language, Program, STATIC_NEEDS, cluster, libraries, root, shared};

#[test]
fn the_examples_compile_by_the_command_at_their_top_and_their_messages_arrive() {
    for (name, tag, body) in [
        ("sync", "TagA", "Hello RocketMQ"),
        ("async", "TagB", "Hello async"),
        ("oneway", "TagC", "Hello one-way"),
        ("batch", "TagD", "Hello batch"),
    ] {
        let source = fs::read_to_string(root().join(format!("examples-c/{name}.c"))).unwrap();
        let lines = source.lines().count();
        assert!(lines < 80, "{name}.c has {lines} lines");
        let (program, command) = Program::example(&format!("{name}.c"));
        let cluster = cluster();
        let ended = program.run(&[&cluster.namesrv(), "my_group", "my_topic"]).well();
        let mut bodies: Vec<_> = cluster.messages("my_topic").iter().map(|m| m.body.clone()).collect();
        bodies.sort_unstable();
        let mut expected: Vec<_> = (1..=10).map(|number| format!("{body} {number}").into_bytes()).collect();
        expected.sort_unstable();
        assert_eq!(bodies, expected, "{name}");
        assert!(cluster.messages("my_topic").iter().all(|m| m.tags == tag && m.group == "my_group"));
        assert!(ended.errors.is_empty(), "{:?}", ended.errors);
        println!("{name}.c: {lines} lines, 10 messages, by `{command}`");
    }
}

/// A hundred thousand messages of an event loop, which is told of each end and called back by none.
fn a_hundred_thousand(name: &str, tag: &str) {
    let source = fs::read_to_string(root().join(format!("examples-c/{name}.c"))).unwrap();
    assert!(source.lines().count() <= 80, "{name}.c");
    let (program, _) = Program::example(&format!("{name}.c"));
    let cluster = cluster();
    let ended = program.run(&[&cluster.namesrv(), "my_group", "my_topic"]).well();
    assert!(ended.errors.is_empty(), "{:?}", ended.errors);
    println!("{name}.c: {}", ended.shown());
    assert!(ended.shown().starts_with("100000 sent, 0 lost"), "{}", ended.shown());
    let messages = cluster.messages("my_topic");
    assert!(messages.len() == 100_000 && messages.iter().all(|m| m.tags == tag), "{}", messages.len());
}

#[test]
fn a_loop_of_epoll_sends_a_hundred_thousand_messages() {
    a_hundred_thousand("event_loop", "TagE");
}

#[test]
fn a_loop_of_libuv_sends_a_hundred_thousand_messages() {
    a_hundred_thousand("event_loop_uv", "TagF");
}

#[test]
fn the_ordered_example_keeps_the_steps_of_each_order_in_one_queue_and_in_order() {
    let source = fs::read_to_string(root().join("examples-c/ordered.c")).unwrap();
    assert!(source.lines().count() < 80);
    let (program, _) = Program::example("ordered.c");
    let cluster = cluster();
    let ended = program.run(&[&cluster.namesrv(), "my_group", "my_topic"]).well();
    assert!(ended.errors.is_empty(), "{:?}", ended.errors);
    let messages = cluster.messages("my_topic");
    assert_eq!(messages.len(), 10);
    for order in (1..=5).map(|number| format!("order-{number}")) {
        let of_order: Vec<_> =
            messages.iter().filter(|m| m.property("__SHARDINGKEY") == Some(order.as_str())).collect();
        let bodies: Vec<_> = of_order.iter().map(|m| String::from_utf8_lossy(&m.body).into_owned()).collect();
        assert_eq!(bodies, [format!("{order} created"), format!("{order} paid")]);
        let [first, second] = of_order[..] else { panic!("{order}: {bodies:?}") };
        assert_eq!((first.broker, first.queue_id), (second.broker, second.queue_id), "{order}");
        assert!(first.queue_offset < second.queue_offset);
    }
}

#[test]
fn the_delayed_example_takes_its_timer_back_or_says_what_the_broker_lacks() {
    let source = fs::read_to_string(root().join("examples-c/delayed.c")).unwrap();
    assert!(source.lines().count() < 80);
    let (program, _) = Program::example("delayed.c");
    for (version, recall, last) in [
        (513, true, "was taken back"),
        (513, false, "taking it back: recalling a message of my_topic: broker-a@"),
        (353, true, "sending with a timer: "),
    ] {
        let cluster = Cluster::start(Options { version, recall, ..Options::default() }).unwrap();
        let ended = program.run(&[&cluster.namesrv(), "my_group", "my_topic"]).well();
        assert!(ended.errors.is_empty(), "{:?}", ended.errors);
        let messages = cluster.messages("my_topic");
        assert_eq!(ended.lines[0], format!("{} is due in 5 s", messages[0].unique_id));
        assert_eq!(messages[0].property("DELAY"), Some("2"));
        assert_eq!(messages.len(), if version == 513 { 2 } else { 1 }, "{version}");
        assert!(messages.iter().skip(1).all(|message| message.is_recalled() == recall));
        let said = ended.lines.last().unwrap();
        assert!(said.contains(last), "{said}");
        println!("{version}, recalls {recall}: {said}");
    }
}

/// A line of Prometheus's text format, read as strictly as it is written down: a name, and labels and value of a sample.
fn metric(line: &str) -> (String, Option<(String, i64)>) {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if let Some(rest) = line.strip_prefix("# TYPE ") {
        let (name, kind) = rest.split_once(' ').unwrap();
        assert!(is_name(name) && ["counter", "gauge"].contains(&kind), "{line}");
        return (name.to_owned(), None);
    }
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').map_or((series, ""), |(name, rest)| {
        (name, rest.strip_suffix("\"}").unwrap_or_else(|| panic!("{line}")))
    });
    if !labels.is_empty() {
        let (label, text) = labels.split_once("=\"").unwrap();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let escaped = c != '\\' || matches!(rest.next(), Some('"' | '\\' | 'n'));
            assert!(c != '"' && escaped, "{line}");
        }
        assert!(is_name(label), "{line}");
    }
    assert!(is_name(name), "{line}");
    (name.to_owned(), Some((labels.to_owned(), value.parse().unwrap())))
}

/// The samples of each metric, which stand together below its type.
fn metrics(lines: &[String]) -> BTreeMap<String, Vec<(String, i64)>> {
    let mut told = BTreeMap::<_, Vec<(String, i64)>>::new();
    let mut last = String::new();
    for line in lines {
        match metric(line) {
            (name, None) => {
                assert!(told.insert(name.clone(), Vec::new()).is_none(), "{line} twice");
                last = name;
            }
            (name, Some(sample)) => {
                assert_eq!(name, last, "{line} is apart from the others");
                let samples = told.get_mut(&name).unwrap();
                assert!(samples.iter().all(|(labels, _)| *labels != sample.0), "{line} twice");
                samples.push(sample);
            }
        }
    }
    told
}

#[test]
fn the_statistics_example_prints_json_that_another_turns_into_what_prometheus_reads() {
    let [stats, prometheus] = ["stats", "prometheus"].map(|name| {
        let file = format!("{name}.c");
        let source = fs::read_to_string(root().join("examples-c").join(&file)).unwrap();
        assert!(source.lines().count() < 80, "{file}");
        Program::example(&file).0
    });
    let cluster = cluster();
    let ended = stats.run(&[&cluster.namesrv(), "my_group", "my_topic"]).well();
    assert!(ended.errors.is_empty(), "{:?}", ended.errors);
    let json = ended.lines.last().unwrap();
    let read: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!((&read["sends"]["stored"]["ok"], &read["group"]), (&10.into(), &"my_group".into()));
    // Beside a broker as a network may name it.
    let broker = r#"{"address":"a\"b\\\\c\\\"\u0001]}:,","name":"}\\","state":"idle","bytes_out":2000}"#;
    let two = json.replace("\"brokers\":[", &format!("\"brokers\":[{broker},"));
    assert_ne!(json, &two);
    for (json, brokers) in [(json, 1), (&two, 2)] {
        let mut program = prometheus.start(&[]);
        program.tell(json);
        let told = metrics(&program.end().well().lines);
        assert_eq!(told["rocketmq_producer_stored_total"], [(String::new(), 10)]);
        assert_eq!(told["rocketmq_producer_route_age_ms"][0].0, "topic=\"my_topic");
        let out = &told["rocketmq_producer_broker_out_bytes_total"];
        assert!(out.len() == brokers && out.iter().all(|(_, bytes)| *bytes > 1000), "{out:?}");
        println!("{} metrics for Prometheus", told.len());
    }
}

#[test]
fn the_program_in_the_readme_sends_its_message() {
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, rest) = page.split_once("```c\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    assert!(text.lines().count() <= 25 && text.contains("127.0.0.1:9876"));
    let cluster = cluster();
    let text = text.replace("127.0.0.1:9876", &cluster.namesrv());
    let program = Program::of_text(Language::C99, "readme", &text, &shared());
    program.run(&[]).well();
    let messages = cluster.messages("my_topic");
    assert_eq!(messages.len(), 1);
    assert_eq!((&messages[0].body[..], messages[0].tags.as_str()), (&b"Hello"[..], "TagA"));
}

#[test]
fn an_example_says_in_a_sentence_why_it_fails() {
    let (program, _) = Program::example("sync.c");
    let ended = program.run(&["127.0.0.1:1", "my_group", "my_topic"]).with_code(1);
    println!("{}", ended.errors.join("\n"));
    // Warnings of the log come beside it.
    assert!(ended.errors.iter().any(|line| {
        line.starts_with("starting: ")
            && line.contains("127.0.0.1:1")
            && line.contains("(ROCKETMQ_ERR_NO_NAMESRV)")
    }));
}

#[test]
fn two_units_include_the_header_as_c99_and_as_cpp17() {
    for language in [Language::C99, Language::Cpp17] {
        let cluster = cluster();
        Program::linked(language, &["unit_main", "unit_other"], &shared()).run(&[&cluster.namesrv()]).well();
        assert_eq!(cluster.message_count("TwoUnits"), 1, "{language:?}");
        println!("{language:?}: 1 message");
    }
}

#[test]
fn a_program_linked_with_the_static_archive_works() {
    let archive = libraries().join("librocketmq_producer.a");
    let mut with = vec![archive.to_str().unwrap().to_owned()];
    with.extend(STATIC_NEEDS.iter().map(|&word| word.to_owned()));
    let cluster = crate::valgrind::cluster_that_refuses();
    let ended = Program::linked(Language::C99, &["everything"], &with).run(&[&cluster.namesrv()]).well();
    assert_eq!(cluster.message_count("Everything"), 103);
    println!("{}", ended.shown());
}
