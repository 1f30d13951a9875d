//! Namespaces: on the wire in every name or in every request, never in what the application sees.

use protocol::codes::request;
use protocol::header::heartbeat;
use protocol::message::properties;
use rocketmq_mock::{Fault, Options, Rule, What};
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Config, Message, SendOptions};
use rocketmq_producer::text::Text;

use crate::record::Record;
use crate::world::{Told, message, send, simulate, simulate_one, simulate_two};

const NS1: &[(&str, &str)] = &[("namespace", "NS1")];

#[test]
fn topics_and_groups_have_the_namespace_on_the_wire_and_results_do_not() {
    simulate_one(|sim| async move {
        let record = Record::of(&sim);
        let p = sim.start(NS1).await;
        for (given, wire, shown) in [
            ("T", "NS1%T", "T"),
            ("NS1%T", "NS1%T", "T"),
            ("%RETRY%G", "%RETRY%NS1%G", "%RETRY%G"),
            ("%RETRY%NS1%G", "%RETRY%NS1%G", "%RETRY%G"),
            ("%DLQ%G", "%DLQ%NS1%G", "%DLQ%G"),
            ("rmq_sys_x", "rmq_sys_x", "rmq_sys_x"),
            ("RMQ_SYS_TRACE_TOPIC", "RMQ_SYS_TRACE_TOPIC", "RMQ_SYS_TRACE_TOPIC"),
        ] {
            let before = sim.core.message_count(wire);
            let result = send(&p, &message(given), &SendOptions::default()).await.unwrap();
            assert_eq!((result.topic.as_str(), sim.core.message_count(wire)), (shown, before + 1), "{given}");
            let told = Told::default();
            let options = SendOptions::default();
            p.send_async(&message(given), &options, None, told.callback()).await.unwrap();
            sim.core.reach_messages(wire, before + 2).await;
            p.send_oneway(&message(given), &options, None).await.unwrap();
            sim.core.reach_messages(wire, before + 3).await;
            assert_eq!(told.all()[0].as_ref().unwrap().topic.as_str(), shown);
        }
        let sends = record.with_code(request::SEND_MESSAGE_V2);
        assert_eq!(sends.len(), 21);
        for sent in &sends {
            // The pattern of new topics is RocketMQ's own.
            assert_eq!((sent.ext("a"), sent.ext("c")), (Some("NS1%G"), Some("TBW102")));
            assert_eq!(properties::get(sent.ext("i").unwrap(), "INSTANCE_ID"), Some("NS1"));
        }
        let beats = record.with_code(request::HEART_BEAT);
        assert!(!beats.is_empty());
        for beat in beats {
            assert_eq!(heartbeat::parse(&beat.body).unwrap().1, ["NS1%G"]);
        }
        p.prepare_topic("Prepared", None).await.unwrap();
        p.shutdown(None).await.unwrap();
        let left = record.with_code(request::UNREGISTER_CLIENT);
        assert_eq!(left[0].ext("producerGroup"), Some("NS1%G"));
        for look_up in record.with_code(request::GET_ROUTEINFO_BY_TOPIC) {
            let topic = look_up.ext("topic").unwrap();
            assert!(!["T", "Prepared", "%RETRY%G", "NS1%NS1%T", "NS1%TBW102"].contains(&topic), "{topic}");
        }
        assert!(record.requests().iter().all(|(_, request)| request.ext("nsd").is_none()));
    });
}

#[test]
fn retries_and_fixed_queues_stay_in_the_namespace() {
    simulate_two(|sim| async move {
        sim.core.add_topic("NS1%T", 4);
        sim.core.add_topic("T", 4);
        let p = sim.start(NS1).await;
        for broker in 0..2 {
            sim.core.fault(broker, Rule::once(Fault::respond(2)).sends());
        }
        let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!((result.attempts, sim.core.attempts("NS1%T").len()), (3, 3));
        let queues = p.fetch_queues("T", None).await.unwrap();
        assert_eq!(queues.len(), 8);
        let fixed = (queues.broker(5).unwrap().clone(), queues.queue_id(5).unwrap());
        let options = SendOptions { queue: Some(fixed.clone()), ..SendOptions::default() };
        let result = send(&p, &message("T"), &options).await.unwrap();
        assert_eq!((result.broker, result.queue_id), fixed);
        p.prepare_topic("T", None).await.unwrap();
        assert_eq!((sim.core.message_count("NS1%T"), sim.core.message_count("T")), (2, 0));
    });
}

#[test]
fn errors_show_the_topic_without_the_namespace() {
    simulate(Options { auto_create: false, ..Options::default() }, |sim| async move {
        sim.core.add_topic("NS1%Refused", 4);
        sim.core.fault(0, Rule::always(Fault::respond(13)).sends());
        let p = sim.start(NS1).await;
        for (topic, kind) in [("Missing", ErrorKind::TopicNotFound), ("Refused", ErrorKind::Broker)] {
            let error = send(&p, &message(topic), &SendOptions::default()).await.unwrap_err();
            let text = error.to_string();
            assert_eq!(error.kind(), kind);
            assert!(text.contains(topic) && !text.contains("NS1"), "{text}");
        }
        let error = p.fetch_queues("Missing", None).await.unwrap_err().to_string();
        assert!(error.contains("Missing") && !error.contains("NS1"), "{error}");
        let elsewhere = SendOptions { queue: Some((Text::new("broker-x"), 0)), ..SendOptions::default() };
        let error = send(&p, &message("Refused"), &elsewhere).await.unwrap_err().to_string();
        assert!(error.contains("Refused") && !error.contains("NS1"), "{error}");
    });
}

#[test]
fn lengths_count_with_the_namespace() {
    simulate_one(|sim| async move {
        let p = sim.start(NS1).await;
        send(&p, &message(&"t".repeat(123)), &SendOptions::default()).await.unwrap();
        let error = send(&p, &message(&"t".repeat(124)), &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidTopic);
        assert!(error.to_string().contains("namespace"), "{error}");
        let mut full = message("T");
        full.set_property("p", Some(&"x".repeat(31_648 - 3))).unwrap();
        let without = sim.start(&[]).await;
        send(&without, &full, &SendOptions::default()).await.unwrap();
        assert_eq!(
            send(&p, &full, &SendOptions::default()).await.unwrap_err().kind(),
            ErrorKind::MessageTooLarge
        );
        assert!(sim.create(&[("namespace", "NS1"), ("producer.group", &"g".repeat(251))]).is_ok());
        let error = sim.create(&[("namespace", "NS1"), ("producer.group", &"g".repeat(252))]).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains("producer.group"), "{error}");
        // RocketMQ's own topics have no namespace and are no one's to send to.
        let mut own = Message::new("TBW102").unwrap();
        own.set_body(b"x").unwrap();
        let error = send(&p, &own, &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidTopic);
    });
}

#[test]
fn the_second_form_is_said_in_every_request_and_changes_no_name() {
    for format in ["json", "rocketmq"] {
        simulate_one(|sim| async move {
            let record = Record::of(&sim);
            let p = sim
                .start(&[("namespace.v2", "NS2"), ("header.format", format), ("heartbeat.ms", "10")])
                .await;
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            assert_eq!((result.topic.as_str(), sim.core.message_count("T")), ("T", 1));
            p.send_oneway(&message("T"), &SendOptions::default(), None).await.unwrap();
            p.fetch_queues("T", None).await.unwrap();
            p.prepare_topic("T", None).await.unwrap();
            let beat = |what: &What| matches!(what, What::HeartBeat(_));
            sim.core.reach_events(|events| events.iter().filter(|event| beat(&event.what)).count() > 3).await;
            p.shutdown(None).await.unwrap();
            let requests = record.requests();
            for (_, request) in &requests {
                assert_eq!(
                    (request.ext("nsd"), request.ext("ns")),
                    (Some("true"), Some("NS2")),
                    "{request:?}"
                );
            }
            for code in [
                request::SEND_MESSAGE_V2,
                request::HEART_BEAT,
                request::UNREGISTER_CLIENT,
                request::GET_ROUTEINFO_BY_TOPIC,
            ] {
                assert!(!record.with_code(code).is_empty(), "{code}");
            }
            let sent = &record.with_code(request::SEND_MESSAGE_V2)[0];
            assert_eq!((sent.ext("a"), sent.ext("b")), (Some("G"), Some("T")));
            assert_eq!(properties::get(sent.ext("i").unwrap(), "INSTANCE_ID"), None);
        });
    }
}

#[test]
fn producers_of_different_second_namespaces_share_nothing() {
    simulate_one(|sim| async move {
        let record = Record::of(&sim);
        for namespace in ["A", "B"] {
            let p = sim.start(&[("instance.name", "shared"), ("namespace.v2", namespace)]).await;
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        let said: Vec<_> = record
            .with_code(request::SEND_MESSAGE_V2)
            .iter()
            .map(|s| s.ext("ns").map(str::to_owned))
            .collect();
        assert_eq!(said, [Some("A".to_owned()), Some("B".to_owned())]);
    });
}

#[test]
fn one_producer_has_one_namespace_of_one_form() {
    simulate_one(|sim| async move {
        let error = sim.create(&[("namespace", "A"), ("namespace.v2", "B")]).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert!(error.to_string().contains("namespace.v2"), "{error}");
        for key in ["namespace", "namespace.v2"] {
            for bad in ["", " ", "a%b", "a b", "a\u{1}b", "杭州", &"n".repeat(126)] {
                let error = Config::new().set(key, Some(bad)).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidValue, "{bad:?}");
                assert!(error.to_string().starts_with(key), "{error}");
            }
            Config::new().set(key, Some(&"n".repeat(125))).unwrap();
        }
    });
}
