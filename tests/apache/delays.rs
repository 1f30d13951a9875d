//! Delayed messages of the library: when Apache's push consumer gets them, and those that are taken back.

use std::process::Command;
use std::time::Duration;

use protocol::header::recall::{self, RecallHandle};

use crate::apache::{Apache, Arrived, Consumer, Filter, Listener, Options, Version};
use crate::compile::compile;
use crate::content::Content;
use crate::raw::{self, Raw};
use crate::sender::{self, Run};
use crate::{shared, start, tell, turn, versions};

const WAIT: Duration = Duration::from_secs(30);
/// None is early by more than the precision of timers and levels, none is late on an idle machine.
const EARLY_MS: i64 = 200;
const LATE_MS: i64 = 2_000;
/// How long after its time a message that was taken back is waited for.
const QUIET: Duration = Duration::from_secs(3);

#[test]
fn messages_with_a_delay_level_are_delivered_when_they_are_due() {
    for &version in versions() {
        let apache = shared(version);
        let _turn = turn();
        let consumer = warm(apache, "levels");
        let runs = [(1, 1_000), (3, 10_000)].map(|(level, due_ms)| {
            let run = sender::run(apache, "levels", &format!("count=5 level={level} timeout=30000"));
            assert!(run.messages.iter().all(|told| told.is_ok() && told.handle == "-"), "{run:?}");
            (run, due_ms)
        });
        let arrived = consumer.collect(11, WAIT);
        let late = runs.map(|(run, due_ms)| on_time(version, &arrived, &run, due_ms));
        assert_eq!(arrived.len(), 11);
        tell(version, "levels 1 and 3", &format!("of 5 each, {late:?} ms late at most"));
    }
}

#[test]
fn a_timer_is_delivered_on_time_and_one_that_was_taken_back_never() {
    let (version, topic) = (Version::V5_5_0, "taken-back");
    let apache = shared(version);
    let _turn = turn();
    let consumer = warm(apache, topic);
    for (number, settings) in ["", "set=vip.channel=true"].into_iter().enumerate() {
        let run = sender::run(apache, topic, &format!("count=3 delay=3000 timeout=30000 {settings}"));
        assert!(run.messages.iter().all(|told| told.is_ok() && told.handle != "-"), "{run:?}");
        let gone = &run.messages[1];
        for times in 1..=2 {
            let told = take_back(apache.namesrv(), topic, &gone.handle, settings);
            assert_eq!(told, Ok(gone.id.clone()), "{times} times");
        }
        let before = 1 + 3 * number;
        let kept = Run { messages: vec![run.messages[0].clone(), run.messages[2].clone()], ..Run::default() };
        let late = on_time(version, &consumer.collect(before + 2, WAIT), &kept, 3_000);
        let arrived = consumer.collect(before + 3, QUIET);
        assert!(arrived.len() == before + 2 && !arrived.iter().any(|message| message.msg_id == gone.id));
        // The consumer is alive.
        let marker = sender::run(apache, topic, "timeout=30000");
        let arrived = consumer.collect(before + 3, WAIT);
        assert_eq!(arrived.last().map(|message| &message.msg_id), Some(&marker.messages[0].id));
        assert_eq!(arrived.len(), before + 3);
        tell(version, "3 s timers", &format!("{late} ms late at most, the one taken back never {settings}"));
        // Too late, and said so.
        let refused = take_back(apache.namesrv(), topic, &run.messages[0].handle, settings);
        let text = "ROCKETMQ_ERR_BROKER: the broker answered code 604: recall failed, timestamp invalid";
        assert_eq!(refused, Err(text.to_owned()));
    }
}

/// The id, or name and sentence of the failure, without the broker's address.
pub(crate) fn take_back(namesrv: &str, topic: &str, handle: &str, settings: &str) -> Result<String, String> {
    let run = sender::run_by(namesrv, topic, &format!("mode=recall handle={handle} {settings}"));
    let told = &run.messages[0];
    if told.is_ok() {
        return Ok(told.id.clone());
    }
    let text = run.errors[0].rsplit_once("@127.0.0.1:").map_or(&*run.errors[0], |(_, text)| text);
    Err(format!(
        "{}: {}",
        told.status,
        text.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':').trim()
    ))
}

/// The broker looks at topic, name and time and takes the id as it comes: it does not know whether there is such a
/// message. What the library can see by itself does not get there.
#[test]
fn a_5_5_0_broker_takes_every_handle_back_that_could_be_of_a_message_that_waits() {
    const TOPIC: &str = "handles";
    let apache = shared(Version::V5_5_0);
    let _turn = turn();
    apache.create_topic(TOPIC, 1);
    apache.create_topic("other", 1);
    let run = sender::run(apache, TOPIC, "delay=60000 timeout=30000");
    let good: RecallHandle = run.messages[0].handle.parse().expect("a handle");
    let handle = |change: &dyn Fn(&mut RecallHandle)| {
        let mut handle = good.clone();
        change(&mut handle);
        handle.to_string()
    };
    let (now, none, id) = (raw::now_ms(), raw::id(77), good.unique_id.as_str());
    let late = "recall failed, timestamp invalid";
    let nowhere = "recall failed, the topic[nowhere] not exist";
    let away = "it is on broker-z, to which the topic's route does not lead";
    let mut broker = Raw::to_broker(apache, TOPIC);
    // What the broker answers, and where the library says something else.
    for (topic, handle, answer, own) in [
        (TOPIC, good.to_string(), Ok(id), None),
        (TOPIC, handle(&|it| it.unique_id.clone_from(&none)), Ok(none.as_str()), None),
        (TOPIC, handle(&|it| it.deliver_ms = now - 1000), Err((604, late)), None),
        (TOPIC, handle(&|it| it.deliver_ms = now + 4 * 24 * 3_600_000), Err((604, late)), None),
        ("nowhere", handle(&|it| it.topic = "nowhere".into()), Err((17, nowhere)), None),
        (
            TOPIC,
            handle(&|it| it.broker_name = "broker-z".into()),
            Err((604, "recall failed, broker service not available")),
            Some(("CONNECT", away)),
        ),
        (
            "other",
            good.to_string(),
            Err((604, "recall failed, topic not match")),
            Some(("INVALID_ARGUMENT", "the recall handle is of a message of handles")),
        ),
        (
            TOPIC,
            "garbage".into(),
            Err((604, "recall handle is invalid")),
            Some(("INVALID_ARGUMENT", "not a recall handle: it holds no text")),
        ),
    ] {
        let asked = broker.ask(recall::request("apache_tests", topic, &handle, "broker-a"));
        let remark = asked.remark.as_deref().unwrap_or_default();
        let answered =
            if asked.code == 0 { Ok(asked.ext("msgId").expect("an id")) } else { Err((asked.code, remark)) };
        assert_eq!(answered, answer, "{handle}");
        let told = match (answer, own) {
            (_, Some((name, why))) => {
                Err(format!("ROCKETMQ_ERR_{name}: recalling a message of {topic}: {why}"))
            }
            (Ok(id), None) => Ok(id.to_owned()),
            (Err((code, remark)), None) => {
                let name = if code == 17 { "TOPIC_NOT_FOUND" } else { "BROKER" };
                Err(format!("ROCKETMQ_ERR_{name}: the broker answered code {code}: {remark}"))
            }
        };
        assert_eq!(take_back(apache.namesrv(), topic, &handle, ""), told, "{handle}");
    }
}

#[test]
fn timers_and_recalls_are_not_sent_to_4_x() {
    for version in [Version::V4_7_0, Version::V4_9_7] {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("no-timers", 1);
        for mode in ["sync", "async"] {
            let run =
                sender::run(apache, "no-timers", &format!("mode={mode} count=5 delay=1000 timeout=30000"));
            let refused = |told: &sender::Told| told.status == "ROCKETMQ_ERR_NOT_SUPPORTED";
            assert!(run.messages.iter().all(refused), "{run:?}");
            assert!(run.errors[0].contains(version.name()), "{:?}", run.errors);
        }
        let handle = RecallHandle {
            topic: "no-timers".into(),
            broker_name: "broker-a".into(),
            deliver_ms: raw::now_ms() + 60_000,
            unique_id: raw::id(1),
        };
        let refused = take_back(apache.namesrv(), "no-timers", &handle.to_string(), "").unwrap_err();
        assert!(
            refused.starts_with("ROCKETMQ_ERR_NOT_SUPPORTED: ") && refused.contains(version.name()),
            "{refused}"
        );
        // What is there is the first of all.
        let run = sender::run(apache, "no-timers", "timeout=30000");
        let stored = apache.read("no-timers", 1, WAIT);
        assert_eq!((stored.len(), stored[0].queue_offset, &stored[0].msg_id), (1, 0, &run.messages[0].id));
    }
}

#[test]
#[ignore = "part of `make test-apache`"]
fn a_5_5_0_broker_takes_nothing_back_unless_it_is_allowed_to() {
    let apache =
        start(Version::V5_5_0, Options { properties: &["recallMessageEnable=false"], ..Options::default() });
    let _turn = turn();
    apache.create_topic("kept", 1);
    let run = sender::run(&apache, "kept", "delay=2000 timeout=30000");
    let refused = take_back(apache.namesrv(), "kept", &run.messages[0].handle, "");
    let text =
        "ROCKETMQ_ERR_NO_PERMISSION: the broker answered code 16: recall failed, operation is forbidden";
    assert_eq!(refused, Err(text.to_owned()));
    assert_eq!(apache.read("kept", 1, WAIT).len(), 1, "it is delivered");
}

#[test]
fn the_delayed_example_says_what_became_of_its_messages() {
    let program = compile("examples-c/delayed.c", &format!("delayed-{}", std::process::id()));
    for &version in versions() {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("example", 1);
        let mut command = Command::new(&program);
        command.args([apache.namesrv(), "my_group", "example"]).env_remove("LD_LIBRARY_PATH");
        let output = command.output().expect("the program starts");
        let said = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let last = said.lines().last().unwrap_or_default();
        let expected =
            if version == Version::V5_5_0 { "was taken back" } else { "(ROCKETMQ_ERR_NOT_SUPPORTED)" };
        assert!(last.ends_with(expected), "{said}");
        tell(version, "examples-c/delayed.c", last);
    }
}

/// A consumer that got a first message: it asks now and then for the first one of a queue, and is told at once of all
/// others.
fn warm(apache: &Apache, topic: &str) -> Consumer {
    apache.create_topic(topic, 1);
    let consumer = apache.subscribe(topic, Listener::Concurrent, Filter::Tag("*"));
    sender::run(apache, topic, "timeout=30000");
    assert_eq!(consumer.collect(1, WAIT).len(), 1);
    consumer
}

/// Each of them arrived once, as it was sent, when it was due; how late the last one was.
fn on_time(version: Version, arrived: &[Arrived], run: &Run, due_ms: i64) -> i64 {
    let late = run.messages.iter().map(|told| {
        let found: Vec<_> = arrived.iter().filter(|message| message.msg_id == told.id).collect();
        let [message] = found[..] else { panic!("{version:?}: {} copies of {told:?}", found.len()) };
        let index = message.properties["index"].parse().expect("a number");
        assert_eq!(message.body, Content::of(index).body, "{version:?}");
        message.arrival_ms - message.born_timestamp - due_ms
    });
    let late: Vec<_> = late.collect();
    assert!(late.iter().all(|late| (-EARLY_MS..LATE_MS).contains(late)), "{version:?}: {late:?}");
    late.into_iter().max().expect("messages")
}
