//! Messages with timers that are taken back before they are due.

use std::sync::Arc;

use protocol::codes::{request, response};
use protocol::command::Command;
use protocol::header::recall::RecallHandle;
use rocketmq_mock::{Fault, Node, Options, Rule};
use rocketmq_producer::error::{Error, ErrorKind, Outcome};
use rocketmq_producer::producer::{Instant, Message, Producer, SendOptions, SendResult};
use rocketmq_producer::text::Text;

use crate::record::Record;
use crate::world::{Sim, Told, WALL_MS, begin, message, ms, send, simulate, within};

const DELAY_MS: i64 = 60_000;

fn that_recalls() -> Options {
    Options { version: 513, recall: true, ..Options::default() }
}

fn timer(topic: &str) -> Message {
    let mut message = message(topic);
    message.set_delay_ms(DELAY_MS).unwrap();
    message
}

async fn keep(p: &Arc<Producer>, topic: &str) -> SendResult {
    let result = send(p, &timer(topic), &SendOptions::default()).await.unwrap();
    assert!(!result.recall_handle.is_empty());
    result
}

async fn recall(p: &Arc<Producer>, topic: &str, handle: &Text) -> Result<Text, Error> {
    p.recall(topic, handle.as_str(), p.deadline(SendOptions::default().timeout)).await
}

fn requests(sim: &Sim) -> u64 {
    sim.core.requests(0, request::RECALL_MESSAGE)
}

fn how(error: &Error) -> (ErrorKind, Outcome) {
    (error.kind(), error.outcome())
}

/// Another handle.
fn changed(handle: &Text, change: impl FnOnce(&mut RecallHandle)) -> Text {
    let mut read: RecallHandle = handle.as_str().parse().unwrap();
    change(&mut read);
    read.to_string().into()
}

#[test]
fn a_message_that_is_taken_back_is_never_delivered_and_the_others_are() {
    for (settings, wire_topic) in [
        (&[][..], "T"),
        (&[("vip.channel", "true")], "T"),
        (&[("namespace", "NS")], "NS%T"),
        (&[("namespace.v2", "NS")], "T"),
    ] {
        simulate(that_recalls(), |sim| async move {
            sim.connector.alias("127.0.0.1:10909", &sim.core.broker_address(0));
            let record = Record::of(&sim);
            let p = sim.start(settings).await;
            let (kept, taken) = (keep(&p, "T").await, keep(&p, "T").await);
            let told = Told::default();
            begin(&p, &timer("T"), &SendOptions::default(), &told).await;
            p.flush(None).await.unwrap();
            let told = told.all().remove(0).unwrap();
            for taken in [&taken, &told] {
                let id = recall(&p, "T", &taken.recall_handle).await.unwrap();
                assert_eq!(id.as_str(), taken.message_id_str());
            }
            let late = sim.core.delivered(wire_topic, WALL_MS + 2 * DELAY_MS);
            let late: Vec<_> = late.iter().map(|message| &*message.unique_id).collect();
            assert_eq!(late, [kept.message_id_str()], "{settings:?}");
            // It may be said twice.
            recall(&p, "T", &taken.recall_handle).await.unwrap();
            let asked = record.with_code(request::RECALL_MESSAGE);
            let fields = |command: &Command| {
                ["topic", "bname", "recallHandle", "ns"].map(|name| command.ext(name).map(str::to_owned))
            };
            let namespace = settings.iter().find(|(key, _)| *key == "namespace.v2").map(|(_, value)| *value);
            let handle = taken.recall_handle.as_str();
            let expected = [Some(wire_topic), Some("broker-a"), Some(handle), namespace];
            assert_eq!(fields(&asked[0]), expected.map(|field| field.map(str::to_owned)));
            assert_eq!((asked.len(), p.in_flight()), (3, 0));
        });
    }
}

/// Also a send that takes over the memory of one with a timer.
#[test]
fn only_what_a_timer_holds_back_has_a_handle() {
    simulate(that_recalls(), |sim| async move {
        let p = sim.start(&[]).await;
        let mut level = message("T");
        level.set_delay_level(1).unwrap();
        let mut past = message("T");
        past.set_deliver_at_ms(WALL_MS - 1).unwrap();
        let told = Told::default();
        for plain in [message("T"), level, past] {
            begin(&p, &timer("T"), &SendOptions::default(), &told).await;
            p.flush(None).await.unwrap();
            begin(&p, &plain, &SendOptions::default(), &told).await;
            p.flush(None).await.unwrap();
        }
        let handles: Vec<_> =
            told.all().iter().map(|end| end.as_ref().unwrap().recall_handle.is_empty()).collect();
        assert_eq!(handles, [false, true, false, true, false, true]);
    });
    for version in [413, 476] {
        simulate(Options { version, ..that_recalls() }, |sim| async move {
            let p = sim.start(&[]).await;
            let result = send(&p, &timer("T"), &SendOptions::default()).await.unwrap();
            assert!(result.recall_handle.is_empty(), "{version}");
        });
    }
}

#[test]
fn what_is_no_handle_of_a_message_of_the_topic_is_refused_with_the_reason() {
    simulate(that_recalls(), |sim| async move {
        for (settings, topic) in [(&[][..], "T"), (&[("namespace", "NS")], "NS%T")] {
            let p = sim.start(settings).await;
            let good = keep(&p, "T").await.recall_handle;
            let long = format!("{}{}", good.as_str().trim_end_matches('='), "A".repeat(17_000));
            for (handle, why) in [
                ("", "there is no recall handle: brokers from 5.3.2 on give one"),
                ("garbage", "not a recall handle"),
                ("+/+/", "not a recall handle: it is not URL-safe base64"),
                ("djIgVCBicm9rZXItYSAxIElE", "not a recall handle: it is not of version v1"),
                ("djEgVCBicm9rZXItYSAx", "not a recall handle: topic, broker, time and id"),
                ("djEgVCBicm9rZXItYSBzb29uIElE", "not a recall handle: its time is no time"),
                (&long, "not a recall handle: it has 17"),
                ("djEgVSBicm9rZXItYSAxIElE", "the recall handle is of a message of U"),
            ] {
                let error = p.recall("T", handle, None).await.unwrap_err();
                assert_eq!(how(&error), (ErrorKind::InvalidArgument, Outcome::NotSent), "{handle}: {error}");
                let text = error.to_string();
                assert!(text.starts_with("recalling a message of T: ") && text.contains(why), "{text}");
            }
            let error = recall(&p, "U", &good).await.unwrap_err();
            assert_eq!(how(&error), (ErrorKind::InvalidArgument, Outcome::NotSent));
            assert!(error.to_string().ends_with(&format!("is of a message of {topic}")), "{error}");
            let error = recall(&p, "no topic", &good).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidTopic);
            assert_eq!(requests(&sim), 0);
        }
    });
}

/// Whatever a handle becomes on its way through a program: it is the same, or an error.
#[test]
fn a_handle_cut_or_damaged_anywhere_takes_nothing_else_back() {
    simulate(that_recalls(), |sim| async move {
        let p = sim.start(&[]).await;
        let good = keep(&p, "T").await.recall_handle;
        let read: RecallHandle = good.as_str().parse().unwrap();
        let mut kinds = std::collections::BTreeMap::<String, u32>::new();
        for at in 0..good.as_str().len() {
            let mut bad = vec![good.as_str().as_bytes()[..at].to_vec()];
            for bit in 0..7 {
                let mut damaged = good.as_str().as_bytes().to_vec();
                damaged[at] ^= 1 << bit;
                bad.push(damaged);
            }
            for bad in bad {
                let bad = String::from_utf8(bad).unwrap();
                match p.recall("T", &bad, p.deadline(within(3000).timeout)).await {
                    Ok(id) => {
                        assert_eq!(bad.parse(), Ok(read.clone()), "{bad}");
                        assert_eq!(id.as_str(), read.unique_id);
                    }
                    Err(error) => *kinds.entry(format!("{:?}", error.kind())).or_default() += 1,
                }
            }
        }
        let kinds: Vec<_> = kinds.into_iter().collect();
        // Damage to broker, id or time, and all other.
        let names: Vec<_> = kinds.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(names, ["Broker", "Connect", "InvalidArgument"], "{kinds:?}");
        assert_eq!(p.in_flight(), 0);
    });
}

#[test]
fn no_recall_comes_to_a_broker_that_does_not_know_it() {
    for (version, shown) in [(353, "4.7.0 (353)"), (407, "4.9.7 (407)"), (412, "412"), (476, "476")] {
        simulate(Options { version, ..that_recalls() }, |sim| async move {
            sim.core.add_topic("T", 1);
            let record = Record::of(&sim);
            let p = sim.start(&[]).await;
            let handle = RecallHandle {
                topic: "T".into(),
                broker_name: "broker-a".into(),
                deliver_ms: WALL_MS + DELAY_MS,
                unique_id: "0A00000904D218B4AAC22A3E5F000000".into(),
            };
            let handle = Text::from(handle.to_string());
            // The first meets a connection over which nothing was answered.
            for _ in 0..2 {
                let error = recall(&p, "T", &handle).await.unwrap_err();
                assert_eq!(how(&error), (ErrorKind::NotSupported, Outcome::NotSent), "{error}");
                let text = error.to_string();
                assert!(
                    text.contains(shown) && text.contains("5.3.2") && text.contains("broker-a@"),
                    "{text}"
                );
            }
            assert_eq!(record.with_code(request::RECALL_MESSAGE).len(), 0);
            assert_eq!(error_id(&recall(&p, "T", &handle).await), "0A00000904D218B4AAC22A3E5F000000");
        });
    }
}

fn error_id(outcome: &Result<Text, Error>) -> String {
    outcome.as_ref().unwrap_err().message_id().to_string()
}

#[test]
fn what_the_broker_refuses_is_told_with_its_code_and_words() {
    simulate(Options { version: 513, ..Options::default() }, |sim| async move {
        let p = sim.start(&[]).await;
        let handle = keep(&p, "T").await.recall_handle;
        let error = recall(&p, "T", &handle).await.unwrap_err();
        assert_eq!(how(&error), (ErrorKind::NoPermission, Outcome::Rejected), "{error}");
        let remark = "recall failed, operation is forbidden";
        assert_eq!((error.broker_code(), error.broker_remark().as_str()), (Some(16), remark));
        assert!(error.to_string().contains(remark) && error.broker().as_str().starts_with("broker-a@"));
        for (code, kind) in [
            (response::SYSTEM_ERROR, ErrorKind::Broker),
            (response::SYSTEM_BUSY, ErrorKind::BrokerBusy),
            (response::REQUEST_CODE_NOT_SUPPORTED, ErrorKind::NotSupported),
            (response::SLAVE_NOT_AVAILABLE, ErrorKind::Broker),
            (response::SERVICE_NOT_AVAILABLE, ErrorKind::Broker),
            (response::TOPIC_NOT_EXIST, ErrorKind::TopicNotFound),
            (response::ILLEGAL_OPERATION, ErrorKind::Broker),
            (-7, ErrorKind::Broker),
        ] {
            let command = Command::response(code, 1).with_remark(format!("scripted answer {code}"));
            let fault = Fault::Answer { command, store: false };
            sim.core.fault(0, Rule::once(fault).code(request::RECALL_MESSAGE));
            let before = requests(&sim);
            let error = recall(&p, "T", &handle).await.unwrap_err();
            assert_eq!(how(&error), (kind, Outcome::Rejected), "{error}");
            assert_eq!(error.broker_code(), Some(code));
            assert_eq!(error.broker_remark().as_str(), format!("scripted answer {code}"));
            assert_eq!(requests(&sim), before + 1, "{code} is final");
        }
        // Without the id.
        let command = Command::response(0, 1);
        sim.core.fault(0, Rule::once(Fault::Answer { command, store: false }).code(request::RECALL_MESSAGE));
        let error = recall(&p, "T", &handle).await.unwrap_err();
        assert_eq!(how(&error), (ErrorKind::Protocol, Outcome::Unknown), "{error}");
    });
}

#[test]
fn what_may_have_arrived_is_not_sent_again() {
    simulate(that_recalls(), |sim| async move {
        let p = sim.start(&[]).await;
        let handle = keep(&p, "T").await.recall_handle;
        let only = |fault| Rule::once(fault).code(request::RECALL_MESSAGE);
        for (fault, kind) in [
            (Fault::Freeze { store: true }, ErrorKind::Timeout),
            (Fault::Cut { store: true }, ErrorKind::ConnectionLost),
        ] {
            sim.core.fault(0, only(fault));
            let before = (requests(&sim), Instant::now());
            let error = p.recall("T", handle.as_str(), p.deadline(within(500).timeout)).await.unwrap_err();
            assert_eq!(how(&error), (kind, Outcome::Unknown), "{error}");
            assert!(before.1.elapsed() <= ms(500));
            assert_eq!(requests(&sim), before.0 + 1);
        }
        // Nothing was served by a broker that sends its clients away.
        sim.core.fault(0, only(Fault::respond(response::GO_AWAY)));
        recall(&p, "T", &handle).await.unwrap();
        sim.core.fault(0, only(Fault::respond(response::GO_AWAY)).times(2));
        assert_eq!(recall(&p, "T", &handle).await.unwrap_err().broker_code(), Some(response::GO_AWAY));
        // No time is none.
        let now = p.deadline(within(0).timeout);
        assert_eq!(p.recall("T", handle.as_str(), now).await.unwrap_err().kind(), ErrorKind::Timeout);
        assert_eq!(p.in_flight(), 0);
    });
}

#[test]
fn a_broker_that_cannot_be_reached_is_told_and_one_that_comes_back_is_dialled_for_it() {
    simulate(that_recalls(), |sim| async move {
        let p = sim.start(&[]).await;
        let handle = keep(&p, "T").await.recall_handle;
        sim.kill(0);
        tokio::time::sleep(ms(1)).await;
        for _ in 0..5 {
            let begun = Instant::now();
            let error = recall(&p, "T", &handle).await.unwrap_err();
            assert_eq!(how(&error), (ErrorKind::Connect, Outcome::NotSent), "{error}");
            assert!(begun.elapsed() <= ms(3000), "{:?}", begun.elapsed());
        }
        // What failed a moment ago is not taken for the answer.
        sim.core.set_up(0, true);
        recall(&p, "T", &handle).await.unwrap();
        // Nor does a host that answers nothing take longer than the call may.
        sim.core.cut_connections(0);
        sim.connector.hang(&sim.core.broker_address(0));
        tokio::time::sleep(ms(1)).await;
        let begun = Instant::now();
        let error = p.recall("T", handle.as_str(), p.deadline(within(500).timeout)).await.unwrap_err();
        assert_eq!(how(&error), (ErrorKind::Timeout, Outcome::NotSent), "{error}");
        assert_eq!(begun.elapsed(), ms(500));
    });
}

#[test]
fn the_broker_is_the_one_that_the_handle_names_found_by_a_new_route_if_need_be() {
    simulate(Options { brokers: 2, ..that_recalls() }, |sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        let mut handles = std::collections::BTreeMap::new();
        while handles.len() < 2 {
            let result = keep(&p, "T").await;
            handles.insert(result.broker.to_string(), result.recall_handle);
        }
        for (index, handle) in handles.values().enumerate() {
            recall(&p, "T", handle).await.unwrap();
            let asked = sim.core.requests(index, request::RECALL_MESSAGE);
            assert_eq!(asked, 1, "broker {index}");
        }
        sim.core.set_registered(1, false);
        let other = sim.with_seed(8);
        let q = other.start(&[]).await;
        let error = recall(&q, "T", &handles["broker-b"]).await.unwrap_err();
        assert_eq!(how(&error), (ErrorKind::Connect, Outcome::NotSent));
        let text = error.to_string();
        assert!(text.contains("it is on broker-b, to which the topic's route does not lead"), "{text}");
        let gone = changed(&handles["broker-a"], |handle| handle.broker_name = "broker-z".into());
        assert_eq!(recall(&q, "T", &gone).await.unwrap_err().kind(), ErrorKind::Connect);
        // Its route is not looked up again for half a minute otherwise.
        sim.core.set_registered(1, true);
        recall(&q, "T", &handles["broker-b"]).await.unwrap();
    });
}

#[test]
fn a_recall_needs_a_running_producer_and_ends_with_it() {
    simulate(that_recalls(), |sim| async move {
        let handle = keep(&sim.start(&[]).await, "T").await.recall_handle;
        let p = sim.create(&[]).unwrap();
        assert_eq!(recall(&p, "T", &handle).await.unwrap_err().kind(), ErrorKind::InvalidState);
        p.start(None, false).await.unwrap();
        sim.core.fault(0, Rule::always(Fault::Freeze { store: false }).code(request::RECALL_MESSAGE));
        let recalling = |p: &Arc<Producer>| {
            let (p, handle) = (Arc::clone(p), handle.clone());
            tokio::spawn(async move { p.recall("T", handle.as_str(), None).await })
        };
        // As a send it may be cancelled.
        let cancelled = recalling(&p);
        tokio::time::sleep(ms(100)).await;
        assert_eq!((requests(&sim), p.in_flight()), (1, 1));
        p.purge(false, true).unwrap();
        let error = cancelled.await.unwrap().unwrap_err();
        assert_eq!(how(&error), (ErrorKind::Cancelled, Outcome::Unknown));
        // The limit of a shutdown is its limit.
        let open = recalling(&p);
        tokio::time::sleep(ms(100)).await;
        let begun = Instant::now();
        let error = p.shutdown(Some(begun + ms(400))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed);
        assert!((ms(400)..=ms(450)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        let error = open.await.unwrap().unwrap_err();
        assert_eq!(how(&error), (ErrorKind::Closed, Outcome::Unknown), "{error}");
        assert_eq!(recall(&p, "T", &handle).await.unwrap_err().kind(), ErrorKind::Closed);
    });
}

#[test]
fn a_recall_that_waits_for_its_route_ends_with_the_producer() {
    simulate(that_recalls(), |sim| async move {
        let handle = keep(&sim.start(&[]).await, "T").await.recall_handle;
        let p = sim.create(&[]).unwrap();
        p.start(None, false).await.unwrap();
        sim.core.set_frozen(Node::NameServer, true);
        let recalling = {
            let p = Arc::clone(&p);
            tokio::spawn(async move { p.recall("T", handle.as_str(), None).await })
        };
        tokio::time::sleep(ms(100)).await;
        assert!(!recalling.is_finished());
        p.shutdown(None).await.unwrap();
        let error = recalling.await.unwrap().unwrap_err();
        assert_eq!(how(&error), (ErrorKind::Closed, Outcome::NotSent), "{error}");
    });
}

#[test]
fn a_recall_takes_its_room_in_flight_after_the_sends_before_it() {
    simulate(that_recalls(), |sim| async move {
        let p = sim.start(&[("inflight.max.messages", "1")]).await;
        let handle = keep(&p, "T").await.recall_handle;
        sim.core.fault(0, Rule::once(Fault::Delay(ms(300))).sends());
        let told = Told::default();
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        let error = p.recall("T", handle.as_str(), p.deadline(within(100).timeout)).await.unwrap_err();
        assert_eq!(how(&error), (ErrorKind::Timeout, Outcome::NotSent), "{error}");
        assert_eq!(requests(&sim), 0);
        recall(&p, "T", &handle).await.unwrap();
        assert_eq!(told.kinds(), [None]);
    });
}
