//! Mistakes: each has a status and a sentence of its own, which names the value and the reason, and nothing is sent.

use rocketmq_mock::{Cluster, Node, Options, What};

use crate::program::{Ended, Program, cluster};

/// What a call said.
#[derive(Debug)]
struct Refusal<'a> {
    status: &'a str,
    outcome: &'a str,
    ms: u64,
    sentence: &'a str,
}

fn refusal<'a>(ended: &'a Ended, name: &str) -> Refusal<'a> {
    let line = ended.lines.iter().find(|line| line.split('\t').next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("no {name:?} in\n{}", ended.shown()));
    let [_, status, outcome, ms, sentence] = line.split('\t').collect::<Vec<_>>()[..] else {
        panic!("{line}")
    };
    Refusal { status, outcome, ms: ms.parse().unwrap(), sentence }
}

/// Each name with its status and the words that its sentence must have.
fn check(ended: &Ended, expected: &[(&str, &str, &[&str])]) {
    for (name, status, words) in expected {
        let refusal = refusal(ended, name);
        println!("{name}: {refusal:?}");
        assert_eq!(refusal.status, *status, "{name}");
        assert_eq!(refusal.outcome, "1", "{name}: certainly not sent");
        for word in *words {
            assert!(refusal.sentence.contains(word), "{name}: no {word:?} in {:?}", refusal.sentence);
        }
    }
    let mut sentences: Vec<_> = expected.iter().map(|(name, ..)| refusal(ended, name).sentence).collect();
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), expected.len(), "two mistakes with one sentence");
}

#[test]
fn a_bad_setting_is_refused_when_it_is_set() {
    let cluster = cluster();
    let ended = Program::new("refused").run(&[&cluster.namesrv(), "settings"]).well();
    check(
        &ended,
        &[
            ("unknown key", "ROCKETMQ_ERR_UNKNOWN_KEY", &["producer.gruop"]),
            ("name server", "ROCKETMQ_ERR_INVALID_VALUE", &["namesrv.addr", "127.0.0.1:port", "port"]),
            (
                "name server without port",
                "ROCKETMQ_ERR_INVALID_VALUE",
                &["namesrv.addr", "\"127.0.0.1\"", "port"],
            ),
            ("second name server", "ROCKETMQ_ERR_INVALID_VALUE", &["namesrv.addr", "mq-2:99999", "port"]),
            ("group", "ROCKETMQ_ERR_INVALID_VALUE", &["producer.group", "\"my group\""]),
            ("empty group", "ROCKETMQ_ERR_INVALID_VALUE", &["producer.group", "blank"]),
            ("number", "ROCKETMQ_ERR_INVALID_VALUE", &["send.timeout.ms", "\"3s\"", "number"]),
            ("no group", "ROCKETMQ_ERR_INVALID_VALUE", &["producer.group"]),
            ("no name server", "ROCKETMQ_ERR_INVALID_VALUE", &["namesrv.addr"]),
        ],
    );
    assert_eq!(cluster.accepted(Node::NameServer), 0, "nothing connects");
}

#[test]
fn a_bad_message_is_refused_by_every_kind_of_send_and_reaches_no_broker() {
    let cluster = cluster();
    let ended = Program::new("refused").run(&[&cluster.namesrv(), "messages"]).well();
    check(
        &ended,
        &[
            ("topic", "ROCKETMQ_ERR_INVALID_TOPIC", &["\"no spaces\""]),
            ("empty topic", "ROCKETMQ_ERR_INVALID_TOPIC", &["\"\"", "blank"]),
            ("long topic", "ROCKETMQ_ERR_INVALID_TOPIC", &["\"ttt", "127 bytes"]),
            ("reserved topic", "ROCKETMQ_ERR_INVALID_TOPIC", &["SCHEDULE_TOPIC_XXXX"]),
            ("no body", "ROCKETMQ_ERR_EMPTY_BODY", &["Refused", "body"]),
            ("body", "ROCKETMQ_ERR_MESSAGE_TOO_LARGE", &["5242880", "message.max.bytes", "4194304"]),
            ("separator", "ROCKETMQ_ERR_INVALID_PROPERTY", &["a\\u{1}b"]),
            ("separator in the topic", "ROCKETMQ_ERR_INVALID_TOPIC", &["Ref\\u{2}used"]),
        ],
    );
    // The start asks for the pattern to see whether a name server is there.
    let of_a_send = |what: &What| match what {
        What::Send(_) => true,
        What::Route { topic, .. } => topic != "TBW102",
        _ => false,
    };
    assert!(!cluster.events().iter().any(|event| of_a_send(&event.what)), "{:?}", cluster.events());
    assert_eq!(cluster.accepted(0), 0, "no broker is asked");
}

#[test]
fn without_a_name_server_start_and_send_say_so_within_their_limits() {
    let ended = Program::new("refused").run(&["127.0.0.1:1", "nobody"]).well();
    let names = ["start", "send without a name server", "async without a name server"];
    for name in names {
        let refusal = refusal(&ended, name);
        println!("{name}: {refusal:?}");
        assert_eq!((refusal.status, refusal.outcome), ("ROCKETMQ_ERR_NO_NAMESRV", "1"), "{name}");
        assert!(refusal.sentence.contains("127.0.0.1:1"), "{name}: {}", refusal.sentence);
        // The limit is 500 and 50 of grace; the rest is for a busy machine.
        assert!(refusal.ms < 700, "{name} took {} ms", refusal.ms);
    }
    assert!(ended.number("start_0_ms") < 200);
}

#[test]
fn an_unknown_topic_is_refused_after_two_look_ups() {
    let cluster = Cluster::start(Options { auto_create: false, ..Options::default() }).unwrap();
    let ended = Program::new("refused").run(&[&cluster.namesrv(), "unknown"]).well();
    let refusal = refusal(&ended, "unknown topic");
    let routes: Vec<_> = cluster
        .events()
        .into_iter()
        .filter_map(|event| match event.what {
            What::Route { topic, answer } => Some((topic, answer)),
            _ => None,
        })
        .collect();
    println!("{refusal:?}\n{routes:?}");
    assert_eq!((refusal.status, refusal.outcome), ("ROCKETMQ_ERR_TOPIC_NOT_FOUND", "1"));
    assert!(refusal.sentence.contains("Unknown"));
    assert!(refusal.ms < 1000, "{} ms", refusal.ms);
    // The start asks for the pattern to see whether a name server is there. The send asks for the topic, then for the
    // pattern that it could be made from.
    assert_eq!(routes, ["TBW102", "Unknown", "TBW102"].map(|topic| (topic.to_owned(), Some(17))));
}
