//! Sends that succeed: what reaches the broker and what comes back.

use protocol::HeaderFormat;
use protocol::codes::request;
use protocol::message::properties;
use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::producer::{SendOptions, SendStatus};
use rocketmq_producer::text::Text;

use tokio::time::Instant;

use crate::record::Record;
use crate::world::{Told, message, ms, send, simulate_one, simulate_two, within};

#[test]
fn a_message_arrives_as_it_was_set() {
    for format in ["json", "rocketmq"] {
        simulate_one(|sim| async move {
            let p = sim.start(&[("header.format", format), ("unit.name", "u")]).await;
            let mut m = message("T");
            m.set_tags(Some("TagA")).unwrap();
            m.set_keys(Some("k1 k2")).unwrap();
            m.set_property("城市", Some("杭州 \u{1F680} \"quoted\" \\")).unwrap();
            m.set_body(&[0, 1, 2, 255]).unwrap();
            let result = send(&p, &m, &SendOptions::default()).await.unwrap();
            let stored = sim.core.message("T", 0).unwrap();
            assert_eq!(stored.unique_id, result.message_id_str());
            assert_eq!((stored.tags.as_str(), stored.keys.as_str()), ("TagA", "k1 k2"));
            assert_eq!(stored.property("城市"), Some("杭州 \u{1F680} \"quoted\" \\"));
            assert_eq!(stored.property("WAIT"), Some("true"));
            assert_eq!(properties::iter(&stored.properties).count(), 5);
            assert_eq!((&stored.body[..], stored.sys_flag), (&[0, 1, 2, 255][..], 0));
            assert_eq!((result.queue_id, result.queue_offset), (stored.queue_id, stored.queue_offset));
            assert_eq!(
                (result.broker.as_str(), result.offset_id.as_str()),
                ("broker-a", stored.offset_id.as_str())
            );
            assert_eq!((result.status, result.attempts, result.topic.as_str()), (SendStatus::Ok, 1, "T"));
            let expected = if format == "json" { HeaderFormat::Json } else { HeaderFormat::RocketMq };
            assert_eq!((stored.format, stored.group.as_str()), (expected, "G"));
            assert_eq!(stored.born_ms, crate::world::WALL_MS);
            assert!(
                p.client_id().as_str().starts_with("10.0.0.9@") && p.client_id().as_str().ends_with("@u")
            );
        });
    }
}

#[test]
fn flag_and_wait_store_are_in_the_request_of_that_message_only() {
    for format in ["json", "rocketmq"] {
        for namespace in [&[][..], &[("namespace", "NS")]] {
            simulate_one(|sim| async move {
                let settings = [&[("header.format", format)], namespace].concat();
                let p = sim.start(&settings).await;
                let topic = if namespace.is_empty() { "T" } else { "NS%T" };
                let mut m = message("T");
                for (index, (flag, wait)) in
                    [(0, true), (i32::MIN, false), (7, true), (0, false)].into_iter().enumerate()
                {
                    m.set_flag(flag);
                    m.set_wait_store(wait);
                    send(&p, &m, &SendOptions::default()).await.unwrap();
                    let stored = sim.core.message(topic, index).unwrap();
                    assert_eq!(stored.flag, flag);
                    let waits: Vec<_> =
                        properties::iter(&stored.properties).filter(|(name, _)| *name == "WAIT").collect();
                    assert_eq!(waits, [("WAIT", if wait { "true" } else { "false" })]);
                    let instance = (!namespace.is_empty()).then_some("NS");
                    assert_eq!(stored.property("INSTANCE_ID"), instance);
                }
                // The memory of an ended send is that of the next.
                send(&p, &message("T"), &SendOptions::default()).await.unwrap();
                let stored = sim.core.message(topic, 4).unwrap();
                assert_eq!((stored.flag, stored.property("WAIT")), (0, Some("true")));
            });
        }
    }
}

#[test]
fn bodies_from_the_threshold_on_are_compressed_unless_that_makes_them_larger() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        let mut chance = fastrand::Rng::with_seed(1);
        let noise: Vec<u8> = (0..5000).map(|_| chance.u8(..)).collect();
        for (index, (body, compressed)) in
            [(vec![0; 4095], false), (vec![0; 4096], true), (noise, false)].into_iter().enumerate()
        {
            let mut m = message("T");
            m.set_body(&body).unwrap();
            send(&p, &m, &SendOptions::default()).await.unwrap();
            let stored = sim.core.message("T", index).unwrap();
            assert_eq!(stored.sys_flag, if compressed { 0x301 } else { 0 });
            assert_eq!(stored.unpacked_body(), Some(&body[..]));
        }
        let plain = sim.start(&[("compress.type", "none")]).await;
        let mut m = message("T");
        m.set_body(&[0; 5000]).unwrap();
        send(&plain, &m, &SendOptions::default()).await.unwrap();
        assert_eq!(sim.core.message("T", 3).unwrap().sys_flag, 0);
    });
}

#[test]
fn every_way_to_compress_is_read_back_and_each_attempt_has_the_same_bytes() {
    for (kind, flag) in [("zlib", 0x301), ("lz4", 0x101), ("zstd", 0x201)] {
        simulate_two(|sim| async move {
            let mut chance = fastrand::Rng::with_seed(1);
            let noise: Vec<u8> = (0..5000).map(|_| chance.u8(..)).collect();
            let p = sim.start(&[("compress.type", kind)]).await;
            sim.core.fault(0, Rule::once(Fault::respond(1)).sends());
            sim.core.fault(1, Rule::once(Fault::respond(1)).sends());
            let body: Vec<u8> = (0..20_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
            let mut m = message("T");
            m.set_body(&body).unwrap();
            let record = Record::of(&sim);
            assert_eq!(send(&p, &m, &SendOptions::default()).await.unwrap().attempts, 3, "{kind}");
            let seen = record.with_code(request::SEND_MESSAGE_V2);
            assert_eq!(seen.len(), 3);
            assert!(seen.iter().all(|sent| sent.body == seen[0].body && sent.body.len() < body.len()));
            let stored = sim.core.message("T", 0).unwrap();
            assert_eq!((stored.sys_flag, stored.unpacked_body()), (flag, Some(&body[..])));
            m.set_body(&noise).unwrap();
            send(&p, &m, &SendOptions::default()).await.unwrap();
            let stored = sim.core.message("T", 1).unwrap();
            assert_eq!((stored.sys_flag, &stored.body[..]), (0, &noise[..]), "{kind}");
        });
    }
}

#[test]
fn a_sender_that_may_wait_goes_as_fast_as_the_connection() {
    /// Frames that fit into a connection's buffers, and those that are on their way to it.
    const AHEAD: usize = 3 * 256 + 64;
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        let mut m = message("T");
        m.set_body(&[7; 1024]).unwrap();
        let most = |block| {
            let (p, m) = (&p, &m);
            async move {
                let options = SendOptions { block, ..SendOptions::default() };
                let mut most = 0;
                for _ in 0..5_000 {
                    p.send_oneway(m, &options, p.deadline(options.timeout)).await.unwrap();
                    most = most.max(p.in_flight());
                }
                p.flush(None).await.unwrap();
                most
            }
        };
        assert_eq!(most(false).await, 5_000, "nobody yields to the connection");
        let waiting = most(true).await;
        assert!((64..AHEAD).contains(&waiting), "{waiting}");
        // Where the socket takes nothing, the limit in flight decides.
        sim.core.fault(0, Rule::once(Fault::Stall).sends());
        let (begun, options) = (Instant::now(), SendOptions { block: true, ..SendOptions::default() });
        for _ in 0..9_000 {
            p.send_oneway(&m, &options, p.deadline(options.timeout)).await.unwrap();
        }
        assert!(p.in_flight() > 8_000 && begun.elapsed() < ms(1), "{:?}", begun.elapsed());
    });
}

#[test]
fn queues_are_used_in_turn() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        for _ in 0..8 {
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        let mut used: Vec<_> = sim.core.messages("T").iter().map(|m| (m.broker, m.queue_id)).collect();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used.len(), 8);
    });
}

#[test]
fn an_explicit_queue_is_kept_and_must_be_writable() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        let to = |broker: &str, id| SendOptions { queue: Some((Text::new(broker), id)), ..within(500) };
        for _ in 0..3 {
            let result = send(&p, &message("T"), &to("broker-b", 2)).await.unwrap();
            assert_eq!((result.broker.as_str(), result.queue_id), ("broker-b", 2));
        }
        for (broker, id) in [("broker-b", 4), ("broker-x", 0)] {
            let error = send(&p, &message("T"), &to(broker, id)).await.unwrap_err();
            assert_eq!(error.kind(), rocketmq_producer::error::ErrorKind::NoWritableQueue, "{error}");
            assert!(error.to_string().contains(broker), "{error}");
        }
        assert_eq!(sim.core.attempts("T").len(), 3);
    });
}

#[test]
fn a_thousand_asynchronous_sends_end_once_each_and_all_arrive() {
    simulate_two(|sim| async move {
        let p = sim.start(&[]).await;
        let told = Told::default();
        for _ in 0..1000 {
            let deadline = p.deadline(SendOptions::default().timeout);
            p.send_async(&message("T"), &SendOptions::default(), deadline, told.callback()).await.unwrap();
        }
        assert!(told.len() < 1000, "a callback never runs inside the send");
        p.shutdown(None).await.unwrap();
        let mut ids: Vec<_> =
            told.all().into_iter().map(|r| r.unwrap().message_id_str().to_owned()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!((ids.len(), sim.core.message_count("T")), (1000, 1000));
    });
}

#[test]
fn one_way_sends_are_written_before_a_shutdown_unregisters() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        for _ in 0..100 {
            p.send_oneway(&message("T"), &SendOptions::default(), None).await.unwrap();
        }
        p.shutdown(None).await.unwrap();
        let events = sim.core.events();
        let last_send =
            events.iter().rposition(|e| matches!(&e.what, rocketmq_mock::What::Send(a) if a.oneway));
        let unregister = events.iter().position(|e| matches!(e.what, rocketmq_mock::What::Unregister(_)));
        assert!(last_send.unwrap() < unregister.unwrap());
        assert_eq!((sim.core.message_count("T"), sim.core.unregistrations(0).len()), (100, 1));
        assert_eq!(sim.core.unregistrations(0)[0].group, "G");
    });
}

#[test]
fn unit_mode_and_the_pattern_topic_are_in_the_header() {
    simulate_one(|sim| async move {
        let p = sim.start(&[("topic.auto.create.queues", "3")]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!(sim.core.queue_count(0, "T"), 3);
    });
}
