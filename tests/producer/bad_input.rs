//! Messages that no broker takes: a status of its own, a sentence with the value and the reason, nothing sent.

use rocketmq_producer::error::{Error, ErrorKind, Outcome};
use rocketmq_producer::producer::{Message, SendOptions};

use crate::world::{message, send, simulate_one};

#[test]
fn what_no_broker_takes_is_refused_before_anything_is_sent() {
    simulate_one(|sim| async move {
        let p = sim.start(&[("message.max.bytes", "1000")]).await;
        let mut large = message("T");
        large.set_body(&[0; 1001]).unwrap();
        let mut properties = message("T");
        properties.set_property("p", Some(&"x".repeat(32_000))).unwrap();
        let mut reserved = message("T");
        reserved.set_topic("SCHEDULE_TOPIC_XXXX").unwrap();
        let long = "t".repeat(128);
        let cases = [
            (Message::new("T").unwrap(), ErrorKind::EmptyBody, "T"),
            (large, ErrorKind::MessageTooLarge, "1001"),
            (properties, ErrorKind::MessageTooLarge, "properties"),
            (reserved, ErrorKind::InvalidTopic, "SCHEDULE_TOPIC_XXXX"),
            (message(&long), ErrorKind::InvalidTopic, "127"),
        ];
        for (m, kind, text) in cases {
            let error: Error = send(&p, &m, &SendOptions::default()).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (kind, Outcome::NotSent), "{error}");
            let sentence = error.to_string();
            assert!(sentence.contains(text) && !sentence.contains("namespace"), "{error}");
        }
        // On the wire `p`, two separators and the value; 31 KiB less what every send adds.
        let mut fits = message(&"t".repeat(127));
        fits.set_body(&[1; 1000]).unwrap();
        fits.set_property("p", Some(&"x".repeat(31 * 1024 - 96 - 3 + 1))).unwrap();
        let error = send(&p, &fits, &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MessageTooLarge, "{error}");
        fits.set_property("p", Some(&"x".repeat(31 * 1024 - 96 - 3))).unwrap();
        send(&p, &fits, &SendOptions::default()).await.unwrap();
        assert_eq!((sim.core.total_count(), p.in_flight()), (1, 0));
    });
}

#[test]
fn a_body_larger_than_the_budget_is_refused_at_once() {
    simulate_one(|sim| async move {
        let p = sim.start(&[("inflight.max.bytes", "100")]).await;
        let mut m = message("T");
        m.set_body(&[0; 101]).unwrap();
        let error = send(&p, &m, &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MessageTooLarge);
        assert!(error.to_string().contains("inflight.max.bytes"), "{error}");
    });
}
