//! Messages that are to be delivered later, and brokers that would deliver them at once.

use protocol::codes::request;
use rocketmq_mock::{Core, Fault, Node, Options, Rule};
use rocketmq_producer::error::{Error, ErrorKind, Outcome};
use rocketmq_producer::producer::{Message, SendOptions};

use crate::record::Record;
use crate::world::{Told, begin, message, ms, send, simulate, within};

fn timed() -> [Message; 2] {
    let [mut after, mut at] = [message("T"), message("T")];
    after.set_delay_ms(60_000).unwrap();
    at.set_deliver_at_ms(crate::world::WALL_MS + 60_000).unwrap();
    [after, at]
}

fn of_version(version: i32) -> Options {
    Options { version, ..Options::default() }
}

fn is_refused(error: &Error, version: &str) {
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::NotSupported, Outcome::NotSent), "{error}");
    let text = error.to_string();
    assert!(text.contains("broker-a@") && text.contains(version), "{text}");
}

#[test]
fn a_timer_never_comes_to_a_broker_that_would_deliver_at_once() {
    for (version, shown) in [(353, "4.7.0 (353)"), (412, "(412)"), (0, "version 0")] {
        for vip in ["false", "true"] {
            simulate(of_version(version), |sim| async move {
                if vip == "true" {
                    sim.connector.alias("127.0.0.1:10909", &sim.core.broker_address(0));
                }
                let p = sim.start(&[("vip.channel", vip)]).await;
                let told = Told::default();
                // The first of all meets a connection over which nothing was answered.
                for m in timed() {
                    begin(&p, &m, &SendOptions::default(), &told).await;
                    p.send_oneway(&m, &SendOptions::default(), None).await.unwrap();
                }
                p.flush(None).await.unwrap();
                for outcome in told.all() {
                    is_refused(&outcome.unwrap_err(), shown);
                }
                for m in timed() {
                    is_refused(&send(&p, &m, &SendOptions::default()).await.unwrap_err(), shown);
                }
                assert_eq!(sim.core.attempts("T").len(), 0, "{version}");
                // Others go, also those with a level.
                send(&p, &message("T"), &SendOptions::default()).await.unwrap();
                let mut level = message("T");
                level.set_delay_level(1).unwrap();
                send(&p, &level, &SendOptions::default()).await.unwrap();
                assert_eq!((told.len(), p.in_flight()), (2, 0));
            });
        }
    }
}

#[test]
fn a_timer_goes_to_brokers_that_know_it_in_every_form() {
    for version in [413, 513] {
        simulate(of_version(version), |sim| async move {
            let p = sim.start(&[]).await;
            let told = Told::default();
            let [after, at] = timed();
            begin(&p, &after, &SendOptions::default(), &told).await;
            p.send_oneway(&at, &SendOptions::default(), None).await.unwrap();
            p.flush(None).await.unwrap();
            send(&p, &at, &SendOptions::default()).await.unwrap();
            assert_eq!(told.kinds(), [None]);
            assert_eq!(sim.core.attempts("T").len(), 3);
        });
    }
}

#[test]
fn a_broker_that_came_back_older_is_asked_again() {
    simulate(of_version(513), |sim| async move {
        let old = Core::new(of_version(407));
        let p = sim.start(&[("send.retries", "0")]).await;
        let [m, _] = timed();
        send(&p, &m, &SendOptions::default()).await.unwrap();
        let record = Record::of(&sim);
        let address = sim.core.broker_address(0);
        sim.connector.serve(&address, &old, Node::Broker(0));
        sim.core.cut_connections(Node::Broker(0));
        tokio::time::sleep(ms(1)).await;
        is_refused(&send(&p, &m, &SendOptions::default()).await.unwrap_err(), "4.9.7 (407)");
        assert_eq!(record.with_code(request::SEND_MESSAGE_V2).len(), 0);
    });
}

#[test]
fn a_send_that_waits_for_the_version_ends_in_time_and_was_not_sent() {
    simulate(of_version(513), |sim| async move {
        sim.core.fault(0, Rule::always(Fault::Freeze { store: false }));
        let p = sim.start(&[]).await;
        let [m, _] = timed();
        let error = send(&p, &m, &within(500)).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotSent), "{error}");
        sim.core.clear_faults(0);
        send(&p, &m, &SendOptions::default()).await.unwrap();
    });
}
