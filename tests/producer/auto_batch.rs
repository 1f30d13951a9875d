//! Automatic batches: which sends go out together and when, and that each of them ends as if it had gone alone.

mod order;

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::codes::request;
use rocketmq_mock::{Attempt, Fault, Node, Options, Rule, Stored};
use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::{
    Callback, Instant, Message, Producer, Selector, SendOptions, SendStatus, State,
};

use crate::world::{Sim, Told, begin, message, ms, send, simulate, simulate_one, simulate_two, within};

const LINGER: u64 = 100;

/// A producer that knows the topic T, with automatic batches and these settings.
async fn started(sim: &Sim, values: &[(&str, &str)]) -> Arc<Producer> {
    sim.core.add_topic("T", 4);
    let linger = LINGER.to_string();
    let auto = [("batch.auto", "true"), ("batch.linger.ms", &linger)];
    let p = sim.start(&[&auto, values].concat()).await;
    p.prepare_topic("T", None).await.unwrap();
    p
}

fn with_body(topic: &str, body: &str) -> Message {
    let mut message = Message::new(topic).unwrap();
    message.set_body(body.as_bytes()).unwrap();
    message
}

fn with_key(key: &str, body: &str) -> Message {
    let mut message = with_body("T", body);
    message.set_sharding_key(Some(key)).unwrap();
    message
}

fn to_queue(broker: &str, id: i32) -> SendOptions {
    SendOptions { queue: Some((broker.into(), id)), ..SendOptions::default() }
}

/// How many messages each frame to T held, in the order of the frames; those that came alone count as 1.
fn frames(sim: &Sim) -> Vec<usize> {
    sim.core.attempts("T").iter().map(size).collect()
}

/// A batch of one message would be no batch.
fn size(attempt: &Attempt) -> usize {
    let ids = attempt.unique_id.split(',').count();
    assert_eq!(attempt.code == request::SEND_BATCH_MESSAGE, ids > 1, "{attempt:?}");
    ids
}

fn bodies(stored: &[Arc<Stored>]) -> Vec<&str> {
    stored.iter().map(|stored| std::str::from_utf8(&stored.body).unwrap()).collect()
}

#[test]
fn sends_go_out_as_one_batch_and_each_has_its_own_result() {
    for (format, version) in [("json", 353), ("rocketmq", 477)] {
        for namespace in [&[][..], &[("namespace", "NS")]] {
            simulate(Options { version, ..Options::default() }, |sim| async move {
                let p = started(&sim, &[&[("header.format", format)], namespace].concat()).await;
                let topic = if namespace.is_empty() { "T" } else { "NS%T" };
                p.prepare_topic("T", None).await.unwrap();
                let told = Told::default();
                let begun = Instant::now();
                for number in 0..5 {
                    let mut m = with_body("T", &format!("body {number}"));
                    m.set_tags(Some(&format!("Tag{number}"))).unwrap();
                    m.add_key(&format!("key{number}")).unwrap();
                    m.set_flag(number);
                    begin(&p, &m, &SendOptions::default(), &told).await;
                    tokio::time::sleep(ms(10)).await;
                }
                let sync = send(&p, &with_body("T", "body 5"), &SendOptions::default()).await.unwrap();
                assert_eq!((begun.elapsed(), told.len()), (ms(LINGER), 5));
                assert_eq!(sync.latency, ms(LINGER - 50));
                let attempts = sim.core.attempts(topic);
                assert_eq!(attempts.iter().map(size).collect::<Vec<_>>(), [6]);
                let stored = sim.core.messages(topic);
                let results = told.all().into_iter().map(Result::unwrap).chain([sync]);
                for (number, (result, stored)) in results.zip(&stored).enumerate() {
                    assert_eq!(stored.unique_id, result.message_id_str());
                    assert_eq!(
                        (stored.body.as_ref(), stored.batch_index),
                        (format!("body {number}").as_bytes(), Some(number))
                    );
                    assert_eq!((stored.flag, stored.sys_flag), (i32::try_from(number % 5).unwrap(), 0));
                    if number < 5 {
                        assert_eq!(
                            (&*stored.tags, &*stored.keys),
                            (&*format!("Tag{number}"), &*format!("key{number}"))
                        );
                        assert_eq!(result.latency, ms(LINGER - 10 * number as u64));
                    }
                    let instance = (!namespace.is_empty()).then_some("NS");
                    assert_eq!(
                        (stored.property("WAIT"), stored.property("INSTANCE_ID")),
                        (Some("true"), instance)
                    );
                    assert_eq!(
                        (result.queue_id, result.queue_offset),
                        (stored.queue_id, stored.queue_offset)
                    );
                    assert_eq!(result.queue_offset, i64::try_from(number).unwrap());
                    assert_eq!(result.offset_id.as_str(), stored.offset_id);
                    assert_eq!((result.broker.as_str(), result.topic.as_str()), ("broker-a", "T"));
                    assert_eq!((result.status, result.attempts), (SendStatus::Ok, 1));
                }
                assert_eq!(stored.len(), 6);
                assert_eq!(p.in_flight(), 0);
            });
        }
    }
}

#[test]
fn one_alone_goes_out_plain_when_its_time_is_over_and_nothing_wakes_while_nothing_waits() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[("heartbeat.ms", "100000"), ("route.poll.ms", "3600000")]).await;
        let begun = Instant::now();
        let mut m = message("T");
        m.set_tags(Some("Tag")).unwrap();
        m.set_flag(7);
        let result = send(&p, &m, &SendOptions::default()).await.unwrap();
        assert_eq!((begun.elapsed(), result.attempts), (ms(LINGER), 1));
        let stored = sim.core.message("T", 0).unwrap();
        assert_eq!((stored.code, &stored.body[..], stored.flag), (request::SEND_MESSAGE_V2, &b"body"[..], 7));
        assert_eq!((&*stored.tags, &*stored.unique_id), ("Tag", result.message_id_str()));
        tokio::time::sleep(ms(1000)).await;
        let looks = sim.looks();
        tokio::time::sleep(ms(20_000)).await;
        assert_eq!(sim.looks(), looks, "somebody woke");
    });
}

#[test]
fn a_batch_is_never_larger_than_its_limit_and_waits_no_longer_when_it_is_full() {
    simulate_one(|sim| async move {
        // What a broker stores of one: topic, body, UNIQ_KEY and WAIT, and 91.
        let one = 91 + 1 + 10 + "UNIQ_KEY=0123456789abcdef0123456789abcdef;WAIT=true;".len();
        let limit = (3 * one + 1).to_string();
        let p = started(&sim, &[("batch.max.bytes", &limit), ("batch.linger.ms", "2000")]).await;
        let told = Told::default();
        let begun = Instant::now();
        for _ in 0..7 {
            begin(&p, &with_body("T", "0123456789"), &SendOptions::default(), &told).await;
        }
        // One that is too large alone, and as large as can be.
        begin(&p, &with_body("T", &"x".repeat(2 * one + 13)), &SendOptions::default(), &told).await;
        tokio::time::sleep(ms(1)).await;
        assert_eq!((frames(&sim), told.len()), (vec![3, 3, 1], 7));
        let fits = 3 * one + 1 - (one - 10);
        begin(&p, &with_body("T", &"x".repeat(fits)), &SendOptions::default(), &told).await;
        p.flush(None).await.unwrap();
        assert_eq!(
            (begun.elapsed(), told.len()),
            (ms(1), 9),
            "it is full by itself, and makes the one go that waits"
        );
        assert_eq!(frames(&sim), [3, 3, 1, 1, 1]);
        assert!(told.kinds().iter().all(Option::is_none));
    });
}

#[test]
fn other_topics_queues_and_ways_of_waiting_are_never_in_one_frame() {
    simulate_two(|sim| async move {
        let p = started(&sim, &[]).await;
        sim.core.add_topic("U", 4);
        let told = Told::default();
        let chosen = Selector::new(|queues, _| i32::try_from(queues.len()).unwrap() - 1);
        let selected = SendOptions { selector: Some(chosen), ..SendOptions::default() };
        let once = SendOptions { no_retry: true, ..SendOptions::default() };
        for _ in 0..3 {
            for options in [
                SendOptions::default(),
                to_queue("broker-a", 1),
                to_queue("broker-b", 1),
                selected.clone(),
                once.clone(),
                within(900),
                within(60_000),
            ] {
                begin(&p, &message("T"), &options, &told).await;
            }
            begin(&p, &message("U"), &SendOptions::default(), &told).await;
            let mut hasty = message("T");
            hasty.set_wait_store(false);
            begin(&p, &hasty, &SendOptions::default(), &told).await;
        }
        p.flush(None).await.unwrap();
        assert_eq!(told.kinds(), vec![None; 27]);
        assert_eq!(frames(&sim), [3; 8]);
        assert_eq!(sim.core.attempts("U").iter().map(size).collect::<Vec<_>>(), [3]);
        let stored = sim.core.messages("T");
        for frame in stored.chunks(3) {
            let place = |stored: &Arc<Stored>| {
                (stored.broker, stored.queue_id, stored.property("WAIT").map(str::to_owned))
            };
            assert!(frame.iter().all(|stored| place(stored) == place(&frame[0])));
        }
        let hasty = stored.iter().filter(|stored| stored.property("WAIT") == Some("false"));
        assert_eq!(hasty.count(), 3);
    });
}

#[test]
fn what_no_batch_may_hold_goes_out_at_once() {
    simulate(Options { version: 477, recall: true, ..Options::default() }, |sim| async move {
        let p = started(&sim, &[("send.timeout.ms", "60000"), ("batch.linger.ms", "20000")]).await;
        sim.core.add_topic("%RETRY%G", 1);
        let begun = Instant::now();
        let changes: [fn(&mut Message); 6] = [
            |m| m.set_delay_level(3).unwrap(),
            |m| m.set_delay_ms(1000).unwrap(),
            |m| m.set_deliver_at_ms(crate::world::WALL_MS + 5000).unwrap(),
            |m| m.set_property("INNER_MULTI_DISPATCH", Some("a,b")).unwrap(),
            // From here on bodies are compressed, though this one does not shrink.
            |m| m.set_body(&[7; 4096]).unwrap(),
            |m| m.set_topic("%RETRY%G").unwrap(),
        ];
        for change in changes {
            let mut m = message("T");
            change(&mut m);
            send(&p, &m, &SendOptions::default()).await.unwrap();
        }
        p.send_oneway(&message("T"), &SendOptions::default(), None).await.unwrap();
        // Less time than the linger time.
        send(&p, &message("T"), &within(20_000)).await.unwrap();
        p.flush(None).await.unwrap();
        tokio::time::sleep(ms(1)).await;
        assert_eq!(begun.elapsed(), ms(1));
        let all = sim.core.all_messages();
        assert_eq!(all.len(), 8);
        assert!(
            all.iter()
                .all(|stored| stored.code == request::SEND_MESSAGE_V2 && stored.unpacked_body().is_some())
        );
        // Those that take over the memory of these have nothing else of them.
        let told = Told::default();
        for number in 0..16 {
            let mut m = message("T");
            if number < 8 {
                m.set_delay_ms(5000).unwrap();
            }
            begin(&p, &m, &SendOptions::default(), &told).await;
            tokio::time::sleep(ms(1)).await;
        }
        p.flush(None).await.unwrap();
        let mut results: Vec<_> = told.all().into_iter().map(Result::unwrap).collect();
        assert!(results.drain(..8).all(|result| !result.recall_handle.is_empty()));
        assert!(results.len() == 8 && results.iter().all(|result| result.recall_handle.is_empty()));
        assert_eq!(frames(&sim).last(), Some(&8));
    });
}

#[test]
fn no_more_waits_than_the_total_allows_and_what_went_out_counts_no_more() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[("batch.total.max.bytes", "400")]).await;
        let told = Told::default();
        for _ in 0..3 {
            // Two or three take 400 bytes; delayed ones never counted.
            for _ in 0..10 {
                let mut delayed = message("T");
                delayed.set_delay_level(1).unwrap();
                begin(&p, &delayed, &SendOptions::default(), &told).await;
            }
            for _ in 0..5 {
                begin(&p, &message("T"), &SendOptions::default(), &told).await;
            }
            let before = told.len();
            tokio::time::sleep(ms(LINGER - 1)).await;
            assert_eq!(told.len() - before, 12, "ten delayed, two for which there was no room");
            tokio::time::sleep(ms(2)).await;
            assert_eq!((told.len() - before, p.in_flight()), (15, 0));
        }
        assert_eq!(frames(&sim).iter().filter(|size| **size == 3).count(), 3);
    });
}

#[test]
fn a_flush_and_a_shutdown_send_at_once_what_waits_and_lose_none() {
    for shutdown in [false, true] {
        simulate_two(|sim| async move {
            let p = started(&sim, &[("batch.linger.ms", "30000"), ("send.timeout.ms", "70000")]).await;
            let told = Told::default();
            let begun = Instant::now();
            for number in 0..40 {
                begin(&p, &with_body("T", &number.to_string()), &SendOptions::default(), &told).await;
            }
            begin(&p, &with_body("T", "40"), &to_queue("broker-b", 3), &told).await;
            // A topic whose route is not known yet.
            sim.core.add_topic("U", 1);
            begin(&p, &message("U"), &SendOptions::default(), &told).await;
            tokio::time::sleep(ms(20)).await;
            assert_eq!((told.len(), p.in_flight()), (0, 42));
            if shutdown {
                p.shutdown(None).await.unwrap();
            } else {
                p.flush(None).await.unwrap();
            }
            assert_eq!((begun.elapsed(), told.len(), p.in_flight()), (ms(20), 42, 0));
            assert!(told.kinds().iter().all(Option::is_none));
            assert_eq!(frames(&sim), [40, 1]);
            assert_eq!(sim.core.message_count("U"), 1);
        });
    }
}

#[test]
fn a_producer_that_is_dropped_while_sends_wait_still_ends_each_once() {
    simulate_two(|sim| async move {
        let p = started(&sim, &[]).await;
        let told = Told::default();
        for _ in 0..10 {
            begin(&p, &message("T"), &SendOptions::default(), &told).await;
        }
        p.abandon();
        drop(p);
        tokio::time::sleep(ms(10)).await;
        assert_eq!(told.kinds(), [Some(ErrorKind::Closed); 10]);
        // One that is not even abandoned keeps its promises too, and then its timer is gone.
        let p = started(&sim, &[]).await;
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        let gone = Arc::downgrade(&p);
        drop(p);
        tokio::time::sleep(ms(LINGER + 1)).await;
        assert_eq!((told.kinds().pop(), gone.strong_count()), (Some(None), 0));
    });
}

#[test]
fn a_purge_ends_what_waits_for_company_and_it_was_not_sent() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[]).await;
        let told = Told::default();
        let options = SendOptions::default();
        let ids: BTreeSet<_> = (0..3).map(|number| number.to_string()).collect();
        for id in &ids {
            begin(&p, &with_body("T", id), &options, &told).await;
        }
        p.purge(false, true).unwrap();
        tokio::time::sleep(ms(1)).await;
        assert_eq!(told.len(), 0, "they are not in flight");
        p.purge(true, false).unwrap();
        tokio::time::sleep(ms(1)).await;
        let errors: Vec<_> = told.all().into_iter().map(Result::unwrap_err).collect();
        let fates: Vec<_> =
            errors.iter().map(|error| (error.kind(), error.outcome(), error.attempts())).collect();
        assert_eq!(fates, [(ErrorKind::Cancelled, Outcome::NotSent, 0); 3]);
        let ids: BTreeSet<_> = errors.iter().map(|error| error.message_id().to_string()).collect();
        assert!(ids.len() == 3 && !ids.contains(""));
        // Later ones are not meant.
        begin(&p, &message("T"), &options, &told).await;
        p.flush(None).await.unwrap();
        assert_eq!((told.kinds()[3], p.in_flight(), frames(&sim)), (None, 0, vec![1]));
    });
}

#[test]
fn nobody_ends_after_its_own_limit_nor_much_before_because_of_others() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[]).await;
        sim.core.set_frozen(0, true);
        let limits = [40, 100, 150, 199, 201, 250, 1000, 1050, 1099, 3000, 60_000];
        let mut sends = Vec::new();
        for (number, limit) in limits.into_iter().cycle().take(66).enumerate() {
            tokio::time::sleep(ms(number as u64 % 3)).await;
            let p = Arc::clone(&p);
            sends.push(tokio::spawn(async move {
                let begun = Instant::now();
                let error = send(&p, &message("T"), &within(limit)).await.unwrap_err();
                assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
                let (ended, limit) = (begun.elapsed(), ms(limit));
                assert!(
                    ended <= limit + ms(1) && ended + limit / 8 + ms(LINGER) >= limit,
                    "{ended:?} of {limit:?}"
                );
            }));
        }
        for send in sends {
            send.await.unwrap();
        }
        assert_eq!(p.in_flight(), 0);
    });
}

#[test]
fn a_linger_time_is_cut_to_leave_as_much_for_the_network() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[]).await;
        for (limit, waits) in [(100, 0), (101, 1), (150, 50), (199, 99), (200, 100), (3000, 100)] {
            let begun = Instant::now();
            send(&p, &message("T"), &within(limit)).await.unwrap();
            assert_eq!(begun.elapsed(), ms(waits), "{limit}");
        }
        // It takes the others along that go to its queue.
        let (told, begun) = (Told::default(), Instant::now());
        let queue = to_queue("broker-a", 0);
        begin(&p, &message("T"), &queue, &told).await;
        send(&p, &message("T"), &SendOptions { timeout: within(50).timeout, ..queue }).await.unwrap();
        assert_eq!((begun.elapsed(), told.kinds()), (ms(0), vec![None]));
    });
}

#[test]
fn a_failed_batch_is_tried_elsewhere_with_the_same_records() {
    simulate_two(|sim| async move {
        let p = started(&sim, &[]).await;
        for broker in 0..2 {
            sim.core.fault(broker, Rule::once(Fault::Cut { store: false }).sends());
        }
        let told = Told::default();
        for number in 0..4 {
            begin(&p, &with_body("T", &number.to_string()), &SendOptions::default(), &told).await;
        }
        p.flush(None).await.unwrap();
        let results: Vec<_> = told.all().into_iter().map(Result::unwrap).collect();
        assert!(results.iter().all(|result| result.attempts == 3));
        let attempts = sim.core.attempts("T");
        assert_eq!(attempts.len(), 3);
        assert!(
            attempts
                .windows(2)
                .all(|pair| pair[0].unique_id == pair[1].unique_id && pair[0].broker != pair[1].broker)
        );
        assert_eq!(bodies(&sim.core.messages("T")), ["0", "1", "2", "3"]);
        let ids: Vec<_> = sim.core.messages("T").iter().map(|stored| stored.unique_id.clone()).collect();
        assert_eq!(ids, results.iter().map(|result| result.message_id_str()).collect::<Vec<_>>());
    });
}

#[test]
fn a_refused_batch_fails_each_of_its_sends_for_the_same_reason() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[]).await;
        sim.core.fault(0, Rule::once(Fault::respond(13)).sends());
        let told = Told::default();
        for _ in 0..3 {
            begin(&p, &message("T"), &SendOptions::default(), &told).await;
        }
        let sync = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        let errors: Vec<_> = told.all().into_iter().map(Result::unwrap_err).chain([sync]).collect();
        for error in &errors {
            assert_eq!(
                (error.kind(), error.outcome(), error.attempts()),
                (ErrorKind::Broker, Outcome::Rejected, 1)
            );
            assert_eq!(
                (error.broker_code(), error.broker_remark().as_str()),
                (Some(13), "scripted answer 13")
            );
            assert!(error.broker().as_str().starts_with("broker-a@"), "{error}");
        }
        let told: Vec<_> = errors.iter().map(|error| error.message_id().to_string()).collect();
        assert_eq!(told.join(","), sim.core.attempts("T")[0].unique_id, "each with its own id");
        assert_eq!(p.in_flight(), 0);
    });
}

#[test]
fn a_topic_that_is_not_known_yet_is_looked_up_once_for_a_batch() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[]).await;
        sim.core.add_topic("U", 1);
        let told = Told::default();
        for _ in 0..3 {
            begin(&p, &message("U"), &SendOptions::default(), &told).await;
        }
        // Two keys whose queue nobody knows yet.
        for (key, body) in [("a", "a0"), ("b", "b0"), ("a", "a1"), ("b", "b1")] {
            let mut m = with_key(key, body);
            m.set_topic("U").unwrap();
            begin(&p, &m, &SendOptions::default(), &told).await;
        }
        p.flush(None).await.unwrap();
        let sizes: Vec<_> = sim.core.attempts("U").iter().map(size).collect();
        assert_eq!((sizes, told.len(), sim.core.look_ups("U")), (vec![3, 2, 2], 7, 1));
        assert!(told.kinds().iter().all(Option::is_none));
    });
}

#[test]
fn whoever_finds_no_room_has_those_sent_that_wait_in_it() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[("batch.linger.ms", "1000"), ("inflight.max.messages", "4")]).await;
        let (told, begun) = (Told::default(), Instant::now());
        let block = SendOptions { block: true, ..SendOptions::default() };
        for _ in 0..11 {
            begin(&p, &message("T"), &block, &told).await;
        }
        assert!(begun.elapsed() < ms(10), "nobody waited out the linger time");
        p.flush(None).await.unwrap();
        assert_eq!((told.kinds(), frames(&sim)), (vec![None; 11], vec![4, 4, 3]));
        let deadline = p.deadline(SendOptions::default().timeout);
        let mut refused = 0;
        for _ in 0..5 {
            let options = SendOptions::default();
            if let Err(error) = p.send_async(&message("T"), &options, deadline, told.callback()).await {
                assert_eq!(error.kind(), ErrorKind::QueueFull);
                refused += 1;
            }
        }
        tokio::time::sleep(ms(10)).await;
        assert_eq!((refused, told.len(), p.in_flight()), (1, 15, 0), "there is room again at once");
    });
}

#[test]
fn a_callback_that_panics_is_alone_with_it() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[]).await;
        let told = Told::default();
        let options = SendOptions::default();
        begin(&p, &message("T"), &options, &told).await;
        let panics = Callback::new(|_| std::panic::panic_any("the callback panics, as planned"));
        p.send_async(&message("T"), &options, None, panics).await.unwrap();
        p.send_async(&message("T"), &to_queue("broker-a", 0), None, told.callback()).await.unwrap();
        tokio::time::sleep(ms(LINGER + 1)).await;
        assert_eq!((told.kinds(), p.in_flight(), p.state()), (vec![None; 2], 0, State::Running));
    });
}

/// A panic anywhere in the library: whoever was accepted is told once, and NOT_SENT only of what no broker has.
#[test]
fn each_send_of_a_batch_is_told_once_wherever_the_library_panics() {
    let mut panics = 0;
    for looks in 0..60 {
        let counted = &mut panics;
        simulate_two(|sim| async move {
            let p = started(&sim, &[("fault.avoidance", "true")]).await;
            let (told, mut accepted) = (Told::default(), 0);
            sim.break_clock(looks);
            for number in 0..6 {
                let (p, m, told) = (Arc::clone(&p), with_body("T", &number.to_string()), told.clone());
                // In a task of its own, which keeps a panic in.
                let sent = tokio::spawn(async move {
                    let options =
                        if number % 2 == 0 { SendOptions::default() } else { to_queue("broker-a", 1) };
                    p.send_async(&m, &options, p.deadline(options.timeout), told.callback()).await
                });
                accepted += usize::from(matches!(sent.await, Ok(Ok(()))));
            }
            tokio::time::sleep(ms(4000)).await;
            *counted += usize::from(sim.mend_clock());
            assert_eq!((told.len(), p.in_flight()), (accepted, 0), "look {looks}");
            let stored: Vec<_> =
                sim.core.messages("T").iter().map(|stored| stored.unique_id.clone()).collect();
            for error in told.all().into_iter().filter_map(Result::err) {
                assert_eq!(error.kind(), ErrorKind::Internal, "look {looks}: {error}");
                let is_stored = stored.contains(&error.message_id().to_string());
                assert!(!is_stored || error.outcome() == Outcome::Unknown, "look {looks}: {error}");
            }
            p.shutdown(None).await.unwrap();
        });
    }
    assert!((10..60).contains(&panics), "{panics} runs panicked");
}

#[test]
fn a_name_server_that_is_silent_ends_a_batch_in_time() {
    simulate_one(|sim| async move {
        let p = started(&sim, &[]).await;
        sim.core.fault(Node::NameServer, Rule::always(Fault::Freeze { store: false }).topic("U"));
        let begun = Instant::now();
        let told = Told::default();
        begin(&p, &message("U"), &within(1000), &told).await;
        let error = send(&p, &message("U"), &within(1000)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), begun.elapsed()),
            (ErrorKind::Timeout, Outcome::NotSent, ms(1000))
        );
        assert_eq!(told.kinds(), [Some(ErrorKind::Timeout)]);
    });
}
