//! Messages for later, and those that are taken back.
#![expect(clippy::disallowed_methods, reason = "tokio::test blocks on the test's own runtime")]

use crate::support::{Client, TOPIC, core, encode, send_body};
use mock_cluster::{Core, Fault, Options, Rule};
use protocol::command::Command;
use protocol::header::recall::{self, RecallHandle};

/// When the messages here are born.
const NOW: i64 = 1_583_000_000_123;
const DAYS_3: i64 = 3 * 24 * 3600 * 1000;

fn newest(recall: bool) -> Core {
    core(Options { version: 479, recall, ..Options::default() })
}

async fn answer(core: &Core, properties: &str) -> Command {
    let frame = send_body(b"body", |send| send.properties = &[]);
    let (_, command) = crate::support::take(&mut { frame }).unwrap();
    Client::connect(core, 0).exchange(&encode(&command.with("i", properties))).await
}

#[tokio::test(start_paused = true)]
async fn a_message_is_due_when_its_level_or_its_timer_says() {
    let deliver = format!("TIMER_DELIVER_MS\x01{}\x02", NOW + 9);
    let both = format!("{deliver}TIMER_DELAY_MS\x015\x02");
    let all = format!("{both}TIMER_DELAY_SEC\x012\x02");
    let level = format!("{all}DELAY\x013\x02");
    for (properties, ms, by_timer) in [
        ("TAGS\x01T\x02", 0, false),
        ("DELAY\x010\x02", 0, false),
        ("DELAY\x01x\x02", 0, false),
        ("DELAY\x011\x02", 1_000, false),
        ("DELAY\x0118\x02", 7_200_000, false),
        ("DELAY\x0119\x02", 7_200_000, false),
        (&level, 10_000, false),
        (&deliver, 9, true),
        (&both, 5, true),
        (&all, 2_000, true),
        ("TIMER_DELAY_MS\x01259200000\x02", DAYS_3, true),
        ("TIMER_DELAY_MS\x010\x02", 0, false),
        ("TIMER_DELIVER_MS\x011\x02", 0, false),
    ] {
        let core = newest(true);
        let sent = format!("UNIQ_KEY\x01ID\x02{properties}");
        let reply = answer(&core, &sent).await;
        assert_eq!(reply.code, 0, "{properties}");
        let message = core.message(TOPIC, 0).unwrap();
        assert_eq!(message.due_ms, (ms > 0).then_some(NOW + ms), "{properties}");
        assert_eq!(message.properties, sent);
        let handle =
            reply.ext("recallHandle").map(|handle| handle.parse::<RecallHandle>().unwrap().deliver_ms);
        assert_eq!(handle, by_timer.then_some(NOW + ms), "{properties}");
        assert!(message.is_delivered(NOW + ms) && message.is_pending(NOW + ms - 1) == (ms > 0));
        assert_eq!(core.delivered(TOPIC, NOW).len(), usize::from(ms == 0));
        assert_eq!(core.delivered(TOPIC, NOW + ms).len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_of_no_sense_or_too_far_ahead_is_refused() {
    let core = newest(true);
    for value in [
        "TIMER_DELAY_MS\x01259200001\x02",
        "TIMER_DELAY_SEC\x01soon\x02",
        "TIMER_DELAY_SEC\x019223372036854775807\x02",
    ] {
        let reply = answer(&core, value).await;
        assert_eq!((reply.code, reply.remark.is_some()), (13, true), "{value}");
    }
    assert_eq!(core.total_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn older_versions_know_no_timers_or_no_handles() {
    for (version, due, handle) in
        [(353, false, false), (412, false, false), (413, true, false), (476, true, false), (477, true, true)]
    {
        let core = core(Options { version, ..Options::default() });
        let reply = answer(&core, "TIMER_DELAY_SEC\x015\x02UNIQ_KEY\x01ID\x02").await;
        assert_eq!((reply.code, reply.ext("recallHandle").is_some()), (0, handle), "{version}");
        assert_eq!(core.message(TOPIC, 0).unwrap().due_ms.is_some(), due, "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_taken_back_is_kept_and_never_delivered() {
    let core = newest(true);
    let mut handles = Vec::new();
    for id in ["A", "B"] {
        let reply = answer(&core, &format!("TIMER_DELAY_SEC\x015\x02UNIQ_KEY\x01{id}\x02")).await;
        handles.push(reply.ext("recallHandle").unwrap().to_owned());
    }
    let request = encode(&recall::request("PG", TOPIC, &handles[0], "broker-a"));
    let mut client = Client::connect(&core, 0);
    for _ in 0..2 {
        let reply = client.exchange(&request).await;
        assert_eq!((reply.code, recall::message_id(&reply)), (0, Ok("A")));
    }
    let messages = core.messages(TOPIC);
    assert_eq!([0, 1].map(|at| messages[at].is_recalled()), [true, false]);
    assert_eq!([0, 1].map(|at| messages[at].is_pending(NOW)), [false, true]);
    let delivered: Vec<_> =
        core.delivered(TOPIC, i64::MAX).iter().map(|message| message.unique_id.clone()).collect();
    assert_eq!((delivered, core.message_count(TOPIC)), (vec!["B".to_owned()], 2));
}

#[tokio::test(start_paused = true)]
async fn a_recall_that_cannot_be_is_refused_with_the_reason() {
    let core = core(Options { version: 479, recall: true, brokers: 2, ..Options::default() });
    core.add_topic("Other", 1);
    let reply = answer(&core, "TIMER_DELAY_SEC\x015\x02UNIQ_KEY\x01ID\x02").await;
    let good: RecallHandle = reply.ext("recallHandle").unwrap().parse().unwrap();
    let other_id = RecallHandle { unique_id: "no".into(), ..good.clone() };
    let other_time = RecallHandle { deliver_ms: 7, ..good.clone() };
    let other_broker = RecallHandle { broker_name: "broker-b".into(), ..good.clone() };
    let text = good.to_string();
    for (broker, topic, handle, code, remark) in [
        (0, TOPIC, "garbage", 604, "recall handle is invalid"),
        (0, "Other", &text, 604, "recall failed, topic not match"),
        (1, TOPIC, &text, 604, "recall failed, broker service not available"),
        (0, TOPIC, &other_broker.to_string(), 604, "recall failed, broker service not available"),
        (1, TOPIC, &other_broker.to_string(), 604, "recall failed, no such message"),
        (0, TOPIC, &other_id.to_string(), 604, "recall failed, no such message"),
        (0, TOPIC, &other_time.to_string(), 604, "recall failed, no such message"),
        (0, "Nowhere", &text, 17, "recall failed, the topic[Nowhere] not exist"),
    ] {
        let request = encode(&recall::request("PG", topic, handle, "broker-a"));
        let reply = Client::connect(&core, broker).exchange(&request).await;
        assert_eq!((reply.code, reply.remark.as_deref()), (code, Some(remark)));
    }
    let nothing = Command::request(370).with("topic", TOPIC);
    assert_eq!(Client::connect(&core, 0).exchange(&encode(&nothing)).await.code, 1);
    // A failure that is scripted takes nothing back.
    core.fault(0, Rule::once(Fault::respond(14)).code(370));
    let request = encode(&recall::request("PG", TOPIC, &text, "broker-a"));
    assert_eq!(Client::connect(&core, 0).exchange(&request).await.code, 14);
    assert!(!core.message(TOPIC, 0).unwrap().is_recalled());
    assert_eq!(Client::connect(&core, 0).exchange(&request).await.code, 0);
}

#[tokio::test(start_paused = true)]
async fn recalls_are_forbidden_unless_allowed_and_unknown_before_5_3_2() {
    let core = newest(false);
    let reply = answer(&core, "TIMER_DELAY_SEC\x015\x02UNIQ_KEY\x01ID\x02").await;
    let request = encode(&recall::request("PG", TOPIC, reply.ext("recallHandle").unwrap(), "broker-a"));
    let reply = Client::connect(&core, 0).exchange(&request).await;
    let remark = "recall failed, operation is forbidden";
    assert_eq!((reply.code, reply.remark.as_deref()), (16, Some(remark)));
    let older = crate::support::core(Options {
        version: 476,
        recall: true,
        answer_unsupported: true,
        ..Options::default()
    });
    assert_eq!(Client::connect(&older, 0).exchange(&request).await.code, 3);
}
