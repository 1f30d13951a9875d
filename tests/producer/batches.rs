//! Batches: one request for many messages, which are stored together, in order, each with an id of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::codes::request;
use protocol::message::batch;
use rocketmq_mock::{Fault, Options, Rule};
use rocketmq_producer::error::{Error, ErrorKind, Outcome};
use rocketmq_producer::producer::{Message, Producer, Selector, SendOptions, SendResult, SendStatus};
use rocketmq_producer::text::Text;

use crate::record::Record;
use crate::world::{Told, message, ms, send, simulate, simulate_one, simulate_two, within};

/// Sends as C's sync batch does.
async fn send_batch(
    p: &Arc<Producer>,
    messages: &[Message],
    options: &SendOptions,
) -> Result<SendResult, Error> {
    let messages: Vec<_> = messages.iter().collect();
    p.send_batch(&messages, options, p.deadline(options.timeout)).await
}

/// The same as its asynchronous one does.
async fn begin_batch(
    p: &Arc<Producer>,
    messages: &[Message],
    options: &SendOptions,
    told: &Told,
) -> Result<(), Error> {
    let messages: Vec<_> = messages.iter().collect();
    p.send_batch_async(&messages, options, p.deadline(options.timeout), told.callback()).await
}

/// Each with a body, a flag and a key of its own.
fn messages(count: usize) -> Vec<Message> {
    let numbered = |number: usize| {
        let mut m = message("T");
        m.set_body(format!("body {number}").as_bytes()).unwrap();
        m.set_flag(i32::try_from(number).unwrap());
        m.set_keys(Some(&format!("key-{number}"))).unwrap();
        m
    };
    (0..count).map(numbered).collect()
}

fn ids(result: &SendResult) -> Vec<&str> {
    let ids: Vec<_> = (0..).map_while(|at| result.message_id_at(at)).map(|id| id.to_str().unwrap()).collect();
    assert_eq!((ids.len(), ids[0]), (result.count(), result.message_id_str()));
    assert_eq!(BTreeSet::from_iter(&ids).len(), ids.len(), "each has its own");
    ids
}

#[test]
fn the_messages_of_a_batch_are_stored_one_behind_the_other_each_with_its_id() {
    for (format, version) in [("json", 353), ("rocketmq", 353), ("json", 477)] {
        simulate(Options { version, ..Options::default() }, |sim| async move {
            sim.core.add_topic("T", 4);
            let record = Record::of(&sim);
            let p = sim.start(&[("header.format", format)]).await;
            let told = Told::default();
            for (sent, count) in [2, 3, 1000].into_iter().enumerate() {
                let before = sim.core.message_count("T");
                let sync = send_batch(&p, &messages(count), &SendOptions::default()).await.unwrap();
                begin_batch(&p, &messages(count), &SendOptions::default(), &told).await.unwrap();
                p.flush(None).await.unwrap();
                let later = told.all()[sent].clone().unwrap();
                let stored = sim.core.messages("T").split_off(before);
                for (result, stored) in [sync, later].iter().zip(stored.chunks(count)) {
                    assert_eq!((result.count(), result.status, result.attempts), (count, SendStatus::Ok, 1));
                    assert_eq!(result.offset_id.as_str(), stored[0].offset_id);
                    let place = (result.queue_id, result.queue_offset);
                    assert_eq!(place, (stored[0].queue_id, stored[0].queue_offset));
                    for ((index, stored), id) in (0..).zip(stored).zip(ids(result)) {
                        assert_eq!((stored.unique_id.as_str(), stored.batch_index), (id, Some(index)));
                        let number = i64::try_from(index).unwrap();
                        assert_eq!(stored.queue_id, result.queue_id);
                        assert_eq!(stored.queue_offset, result.queue_offset + number);
                        assert_eq!((stored.flag.into(), stored.sys_flag), (number, 0));
                        assert_eq!(stored.body, format!("body {index}").as_bytes());
                        assert_eq!(stored.keys, format!("key-{index}"));
                        assert_eq!(stored.property("WAIT"), Some("true"));
                    }
                }
            }
            let sent = record.with_code(request::SEND_BATCH_MESSAGE);
            assert_eq!(sent.len(), 6);
            for request in sent {
                // Brokers from 5.0.0 on give these to every message.
                assert_eq!(request.ext("i"), Some("WAIT\u{1}true\u{2}"));
                assert_eq!((request.ext("m"), request.ext("h")), (Some("true"), Some("0")));
            }
            // The memory of an ended send is that of the next.
            let single = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            let stored = sim.core.messages("T").pop().unwrap();
            assert_eq!((single.count(), ids(&single)), (1, vec![stored.unique_id.as_str()]));
            assert_eq!((stored.batch_index, stored.flag), (None, 0));
        });
    }
}

#[test]
fn a_record_is_what_the_message_alone_would_be() {
    for space in [&[][..], &[("namespace", "NS1")]] {
        simulate_one(|sim| async move {
            let p = sim.start(space).await;
            let mut m = message("T");
            m.set_tags(Some("TagA")).unwrap();
            m.set_property("城市", Some("杭州")).unwrap();
            m.set_wait_store(false);
            send(&p, &m, &SendOptions::default()).await.unwrap();
            let result = send_batch(&p, &[m.clone(), m], &SendOptions::default()).await.unwrap();
            assert_eq!(result.topic.as_str(), "T");
            let all = sim.core.messages(if space.is_empty() { "T" } else { "NS1%T" });
            let rest = |at: usize| all[at].properties.split_once('\u{2}').unwrap().1.to_owned();
            assert!(rest(0).contains("WAIT\u{1}false\u{2}") && rest(0).contains("TAGS\u{1}TagA\u{2}"));
            assert_eq!((rest(1), rest(2)), (rest(0), rest(0)));
        });
    }
}

#[test]
fn a_batch_of_one_is_sent_as_a_message_alone() {
    simulate_one(|sim| async move {
        let record = Record::of(&sim);
        let p = sim.start(&[]).await;
        let mut m = message("T");
        m.set_body(&[7; 5000]).unwrap();
        let result = send_batch(&p, &[m.clone()], &SendOptions::default()).await.unwrap();
        let stored = sim.core.message("T", 0).unwrap();
        assert_eq!(ids(&result), [stored.unique_id.as_str()]);
        assert_eq!(
            (stored.batch_index, stored.sys_flag, stored.code),
            (None, 0x301, request::SEND_MESSAGE_V2)
        );
        // Two are not compressed.
        send_batch(&p, &[m.clone(), m], &SendOptions::default()).await.unwrap();
        assert_eq!(sim.core.message("T", 2).unwrap().body, [7; 5000][..]);
        assert_eq!(record.with_code(request::SEND_BATCH_MESSAGE).len(), 1);
    });
}

#[test]
fn every_attempt_sends_the_same_bytes_to_another_broker() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let record = Record::of(&sim);
        let p = sim.start(&[]).await;
        for broker in 0..2 {
            sim.core.fault(broker, Rule::once(Fault::respond(2)).sends());
        }
        let result = send_batch(&p, &messages(1000), &SendOptions::default()).await.unwrap();
        let sent = record.with_code(request::SEND_BATCH_MESSAGE);
        assert_eq!((result.attempts, sent.len(), sim.core.message_count("T")), (3, 3, 1000));
        assert!(sent.iter().all(|request| request.body == sent[0].body));
        let attempts = sim.core.attempts("T");
        assert_ne!(attempts[0].broker, attempts[1].broker);
        assert!(attempts.iter().all(|attempt| attempt.unique_id == ids(&result).join(",")));
    });
}

/// What the error begins with and its kind, the number of the message that is changed, and how.
type Refused = (&'static str, ErrorKind, usize, fn(&mut Message));

const REFUSED: &[Refused] = &[
    ("message 3: its topic is U, that of message 0 is T", ErrorKind::InvalidArgument, 3, |m| {
        m.set_topic("U").unwrap();
    }),
    ("message 1: it is to be delivered later", ErrorKind::InvalidArgument, 1, |m| {
        m.set_delay_level(1).unwrap();
    }),
    ("message 0: it is to be delivered later", ErrorKind::InvalidArgument, 0, |m| m.set_delay_ms(1).unwrap()),
    ("message 3: it is to be delivered later", ErrorKind::InvalidArgument, 3, |m| {
        m.set_deliver_at_ms(1).unwrap();
    }),
    ("message 1: it is for light queues too", ErrorKind::InvalidArgument, 1, |m| {
        m.set_property("INNER_MULTI_DISPATCH", Some("a,b")).unwrap();
    }),
    ("message 2: its wait_store is not that", ErrorKind::InvalidArgument, 2, |m| m.set_wait_store(false)),
    ("message 3: its sharding key is not that", ErrorKind::InvalidArgument, 3, |m| {
        m.set_sharding_key(Some("another")).unwrap();
    }),
    ("message 1: the message for T has no body", ErrorKind::EmptyBody, 1, |m| m.set_body(&[]).unwrap()),
    ("message 2: the body for T has 4194305 bytes", ErrorKind::MessageTooLarge, 2, |m| {
        m.set_body(&vec![0; (4 << 20) + 1]).unwrap();
    }),
    ("message 1: the properties for T", ErrorKind::MessageTooLarge, 1, |m| {
        m.set_property("long", Some(&"v".repeat(31 * 1024))).unwrap();
    }),
    ("message 0: brokers take no batch", ErrorKind::InvalidTopic, 0, |m| m.set_topic("%RETRY%G").unwrap()),
    ("message 0: the topic \"TBW102\"", ErrorKind::InvalidTopic, 0, |m| m.set_topic("TBW102").unwrap()),
];

#[test]
fn what_cannot_be_in_a_batch_is_refused_by_its_number_before_anything_is_sent() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        let mut all = messages(4);
        all[1].set_sharding_key(Some("a key")).unwrap();
        let mut later = messages(1);
        later[0].set_delay_level(1).unwrap();
        let mut cases = vec![
            ("the batch has no message: `count` is 0", ErrorKind::InvalidArgument, Vec::new()),
            ("message 0: it is to be delivered later", ErrorKind::InvalidArgument, later),
        ];
        cases.extend(REFUSED.iter().map(|(text, kind, at, change)| {
            let mut all = all.clone();
            change(&mut all[*at]);
            (*text, *kind, all)
        }));
        let told = Told::default();
        for (text, kind, messages) in cases {
            let error = send_batch(&p, &messages, &SendOptions::default()).await.unwrap_err();
            assert!(error.to_string().starts_with(text), "{error}, not {text}");
            assert_eq!((error.kind(), error.outcome(), error.attempts()), (kind, Outcome::NotSent, 0));
            let block = SendOptions { block: true, ..SendOptions::default() };
            for options in [SendOptions::default(), block] {
                let refused = begin_batch(&p, &messages, &options, &told).await.unwrap_err();
                assert_eq!((refused.kind(), refused.to_string()), (kind, error.to_string()));
            }
        }
        assert_eq!((told.len(), p.in_flight()), (0, 0));
        send_batch(&p, &all, &SendOptions::default()).await.unwrap();
        p.shutdown(None).await.unwrap();
        let sends = |event: &rocketmq_mock::Event| matches!(event.what, rocketmq_mock::What::Send(_));
        assert_eq!(sim.core.events().iter().filter(|event| sends(event)).count(), 1);
        let late = send_batch(&p, &all, &SendOptions::default()).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Closed);
    });
}

#[test]
fn a_batch_is_taken_up_to_the_byte_that_every_broker_stores() {
    const MOST: usize = 10_000;
    for version in [353, 401, 477] {
        simulate(Options { version, message_bytes_max: MOST, ..Options::default() }, |sim| async move {
            let p = sim.start(&[("message.max.bytes", "10000")]).await;
            // Id and WAIT.
            let each = 91 + "T".len() + "UNIQ_KEY??".len() + 32 + "WAIT?true?".len();
            let mut all = vec![message("T"), message("T"), message("T")];
            all[1].set_body(&vec![1; MOST - 3 * each - 8]).unwrap();
            send_batch(&p, &all, &SendOptions::default()).await.unwrap();
            all[0].set_body(b"more.").unwrap();
            let error = send_batch(&p, &all, &SendOptions::default()).await.unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::MessageTooLarge, 0));
            let text = "message 2: with it the batch has 10001 bytes as it is stored, message.max.bytes allows 10000";
            assert_eq!(error.to_string(), text);
            assert_eq!((sim.core.message_count("T"), sim.core.attempts("T").len()), (3, 1));
        });
    }
    simulate_one(|sim| async move {
        let p = sim.start(&[("inflight.max.bytes", "1000")]).await;
        let error = send_batch(&p, &messages(20), &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MessageTooLarge);
        assert!(error.to_string().contains("inflight.max.bytes allows 1000"), "{error}");
        send_batch(&p, &messages(8), &SendOptions::default()).await.unwrap();
    });
}

#[test]
fn very_many_small_messages_go_in_one_request() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        let all = vec![message("T"); 25_000];
        let result = send_batch(&p, &all, &SendOptions::default()).await.unwrap();
        assert_eq!((result.count(), sim.core.message_count("T")), (25_000, 25_000));
        assert_eq!(ids(&result)[24_999], sim.core.message("T", 24_999).unwrap().unique_id);
        assert_eq!(result.offset_id.as_str(), sim.core.message("T", 0).unwrap().offset_id);
    });
}

#[test]
fn a_batch_goes_to_the_queue_of_its_options_or_of_its_key() {
    simulate_two(|sim| async move {
        sim.core.add_topic("NS1%T", 4);
        sim.core.add_topic("T", 4);
        for space in [&[][..], &[("namespace", "NS1")]] {
            let p = sim.start(space).await;
            p.prepare_topic("T", None).await.unwrap();
            let mut keyed = messages(6);
            for (index, m) in keyed.iter_mut().enumerate() {
                m.set_sharding_key(Some(&format!("key-{index}"))).unwrap();
            }
            let queue = SendOptions { queue: Some((Text::new("broker-b"), 3)), ..SendOptions::default() };
            let result = send_batch(&p, &keyed, &queue).await.unwrap();
            assert_eq!((result.broker.as_str(), result.queue_id), ("broker-b", 3));
            let selector = Selector::new(|queues, message| {
                assert_eq!((queues.len(), message.body()), (8, &b"body 0"[..]));
                5
            });
            let selector = SendOptions { selector: Some(selector), ..SendOptions::default() };
            let result = send_batch(&p, &keyed, &selector).await.unwrap();
            assert_eq!((result.broker.as_str(), result.queue_id), ("broker-b", 1));
            // One key, which not all have: its queue, also after a failed attempt.
            for key in ["a", "b", "c", "d"] {
                let mut all = messages(3);
                all[1].set_sharding_key(Some(key)).unwrap();
                let alone = send(&p, &all[1], &SendOptions::default()).await.unwrap();
                let broker = usize::from(alone.broker.as_str() == "broker-b");
                sim.core.fault(broker, Rule::once(Fault::respond(1)).sends());
                let result = send_batch(&p, &all, &SendOptions::default()).await.unwrap();
                assert_eq!((result.broker, result.queue_id), (alone.broker, alone.queue_id));
                assert_eq!(result.attempts, 2);
            }
            let both = [message("T"), message("NS1%T")];
            assert_eq!(send_batch(&p, &both, &SendOptions::default()).await.is_ok(), !space.is_empty());
        }
        let unknown = sim.start(&[]).await;
        let selector = SendOptions { selector: Some(Selector::new(|_, _| 0)), ..SendOptions::default() };
        let error = begin_batch(&unknown, &messages(2), &selector, &Told::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RouteNotReady);
        send_batch(&unknown, &messages(2), &selector).await.unwrap();
    });
}

#[test]
fn a_batch_fails_as_one_send_and_says_what_became_of_all() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("send.retries", "0")]).await;
        p.prepare_topic("T", None).await.unwrap();
        for (fault, kind, outcome, stored) in [
            (Fault::respond(13), ErrorKind::Broker, Outcome::Rejected, 0),
            (Fault::Cut { store: true }, ErrorKind::ConnectionLost, Outcome::Unknown, 5),
        ] {
            sim.core.fault(0, Rule::once(fault).sends());
            let error = send_batch(&p, &messages(5), &SendOptions::default()).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome(), error.attempts()), (kind, outcome, 1));
            let attempt = sim.core.attempts("T").pop().unwrap();
            assert_eq!(attempt.unique_id.split(',').next(), Some(error.message_id().as_str()));
            assert_eq!(sim.core.message_count("T"), stored);
        }
        sim.core.set_frozen(0, true);
        let (begun, told) = (tokio::time::Instant::now(), Told::default());
        begin_batch(&p, &messages(5), &within(700), &told).await.unwrap();
        let error = send_batch(&p, &messages(5), &within(700)).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed()), (ErrorKind::Timeout, ms(700)));
        tokio::time::sleep(ms(1)).await;
        assert_eq!(told.kinds(), [Some(ErrorKind::Timeout)]);
        begin_batch(&p, &messages(5), &within(700), &told).await.unwrap();
        p.purge(true, true).unwrap();
        tokio::time::sleep(ms(1)).await;
        assert_eq!(told.kinds()[1..], [Some(ErrorKind::Cancelled)]);
        begin_batch(&p, &messages(5), &within(60_000), &told).await.unwrap();
        let closed = p.shutdown(Some(tokio::time::Instant::now() + ms(100))).await.unwrap_err();
        assert_eq!((closed.kind(), told.len()), (ErrorKind::Closed, 3));
        assert_eq!((told.kinds()[2], p.in_flight()), (Some(ErrorKind::Closed), 0));
    });
}

#[test]
fn in_flight_a_batch_is_one_send_with_all_its_bytes() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        sim.core.set_latency(0, ms(100));
        let bytes = |count: usize| {
            let mut body = Vec::new();
            for m in messages(count) {
                let properties = format!("UNIQ_KEY?{:032}?WAIT?true?KEYS?{}?", 0, m.keys());
                batch::append(&mut body, 0, m.body(), &[&properties]).unwrap();
            }
            body.len()
        };
        let (most, told) = (bytes(10).to_string(), Told::default());
        let p = sim
            .start(&[("inflight.max.messages", "2"), ("inflight.max.bytes", &most), ("completion.max", "3")])
            .await;
        let plain = SendOptions::default();
        begin_batch(&p, &messages(10), &plain, &told).await.unwrap();
        assert_eq!(p.in_flight(), 1);
        let full = begin_batch(&p, &messages(2), &plain, &told).await.unwrap_err();
        assert_eq!(full.kind(), ErrorKind::QueueFull);
        let block = SendOptions { block: true, ..within(1000) };
        begin_batch(&p, &messages(5), &block, &told).await.unwrap();
        assert_eq!(told.len(), 1, "it waited for the first");
        begin_batch(&p, &messages(5), &plain, &told).await.unwrap();
        assert_eq!(p.in_flight(), 2);
        send_batch(&p, &messages(10), &plain).await.unwrap();
        p.flush(None).await.unwrap();
        assert_eq!((told.len(), p.in_flight(), sim.core.message_count("T")), (3, 0, 30));
    });
}

#[test]
fn a_batch_that_is_stored_but_not_ok_is_a_result_with_all_ids() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[("send.retry.not.stored.ok", "true")]).await;
        sim.core.fault(0, Rule::once(Fault::respond(12)).sends());
        sim.core.fault(0, Rule::always(Fault::respond(13)).sends());
        let result = send_batch(&p, &messages(3), &SendOptions::default()).await.unwrap();
        assert_eq!((result.status, result.attempts), (SendStatus::FlushSlaveTimeout, 2));
        let stored: Vec<_> = sim.core.messages("T").iter().map(|m| m.unique_id.clone()).collect();
        assert_eq!(ids(&result), stored[..3]);
    });
}
