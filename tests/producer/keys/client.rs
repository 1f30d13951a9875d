//! Keys of the client below the producer: who it is, whom it asks, how often.

use std::time::Duration;

use protocol::codes::request;
use rocketmq_mock::Options;
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Instant, SendOptions, Timeout};
use tokio::time::sleep;

use crate::record::Record;
use crate::world::{message, send, simulate, simulate_one, within};

pub(super) fn name_servers_are_where_the_key_says(key: &'static str) {
    simulate_one(|sim| async move {
        let nobody = sim.start(&[(key, "127.0.0.1:1")]).await;
        let error = send(&nobody, &message("T"), &within(500)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoNamesrv, "{error}");
        let both = format!("127.0.0.1:1; {}", sim.core.namesrv());
        let found = sim.start(&[(key, &both)]).await;
        send(&found, &message("T"), &SendOptions::default()).await.unwrap();
    });
}

pub(super) fn the_group_is_in_headers_and_heartbeats(key: &'static str) {
    simulate_one(|sim| async move {
        for group in ["A", "B"] {
            let p = sim.start(&[(key, group)]).await;
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            assert_eq!(sim.core.attempts("T").last().unwrap().group, group);
            assert_eq!(sim.core.heart_beats(0).last().unwrap().groups, [group]);
        }
    });
}

pub(super) fn producers_of_one_instance_name_share_connections(key: &'static str) {
    for (second, connections) in [("same", 1), ("other", 2)] {
        simulate_one(|sim| async move {
            let one = sim.start(&[(key, "same")]).await;
            let two = sim.start(&[(key, second)]).await;
            for p in [&one, &two] {
                send(p, &message("T"), &SendOptions::default()).await.unwrap();
            }
            assert_eq!(sim.core.accepted(0), connections);
            assert_eq!(one.client_id().as_str(), "10.0.0.9@same");
            assert_eq!(two.client_id().as_str(), format!("10.0.0.9@{second}"));
        });
    }
}

pub(super) fn the_client_id_begins_with_the_address(key: &'static str) {
    simulate_one(|sim| async move {
        let (own, set) = (sim.start(&[]).await, sim.start(&[(key, "192.0.2.7")]).await);
        assert!(own.client_id().as_str().starts_with("10.0.0.9@"), "the host's own");
        assert!(set.client_id().as_str().starts_with("192.0.2.7@"));
        send(&set, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!(sim.core.heart_beats(0)[0].client_id, set.client_id().as_str());
    });
}

pub(super) fn the_client_id_ends_with_the_unit(key: &'static str) {
    simulate_one(|sim| async move {
        let (none, set) = (sim.start(&[]).await, sim.start(&[(key, "u1")]).await);
        assert_eq!(none.client_id().as_str().matches('@').count(), 1);
        assert!(set.client_id().as_str().ends_with("@u1"));
    });
}

/// How often it happens in a simulated minute with the key and without.
fn in_a_minute(key: &'static str, value: &'static str, count: fn(&crate::world::Sim) -> usize) -> [usize; 2] {
    [None, Some(value)].map(|value| {
        let mut counted = 0;
        let counter = &mut counted;
        simulate_one(|sim| async move {
            sim.core.add_topic("T", 4);
            let p = sim.start(&super::settings(&[], key, value)).await;
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            let before = count(&sim);
            sleep(Duration::from_secs(61)).await;
            *counter = count(&sim) - before;
        });
        counted
    })
}

pub(super) fn routes_are_asked_for_so_often(key: &'static str) {
    assert_eq!(in_a_minute(key, "2000", |sim| sim.core.look_ups("T")), [2, 30]);
}

pub(super) fn brokers_hear_of_the_producer_so_often(key: &'static str) {
    assert_eq!(in_a_minute(key, "2000", |sim| sim.core.heart_beats(0).len()), [2, 30]);
}

pub(super) fn connecting_is_given_up_in_time(key: &'static str) {
    for (value, ms) in [(None, 3000), (Some("150"), 150)] {
        // The name of the broker's host is never resolved, so that connecting takes as long as it may.
        let options = Options { host: "silent.example".into(), ..Options::default() };
        simulate(options, |sim| async move {
            let p = sim.start(&super::settings(&[("send.retries", "0")], key, value)).await;
            let begun = Instant::now();
            let options =
                SendOptions { timeout: Timeout::After(Duration::from_secs(60)), ..SendOptions::default() };
            let error = send(&p, &message("T"), &options).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Resolve, "{error}");
            assert_eq!(begun.elapsed().as_millis(), ms);
        });
    }
}

pub(super) fn idle_connections_are_closed_in_time(key: &'static str) {
    for (value, open) in [(None, 1), (Some("1000"), 0)] {
        simulate_one(|sim| async move {
            let p = sim.start(&super::settings(&[], key, value)).await;
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            sleep(Duration::from_secs(10)).await;
            assert_eq!(sim.core.open_connections(0), open);
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        });
    }
}

pub(super) fn sends_go_to_the_port_two_below(key: &'static str) {
    for (value, below) in [(None, 0), (Some("true"), 2)] {
        simulate_one(|sim| async move {
            let record = Record::of(&sim);
            let port = sim.core.broker_address(0).rsplit(':').next().unwrap().parse::<u16>().unwrap();
            let p = sim.start(&super::settings(&[("send.retries", "0")], key, value)).await;
            let sent = send(&p, &message("T"), &within(500)).await;
            let beats = record.requests().into_iter().filter(|(_, sent)| sent.code == request::HEART_BEAT);
            assert!(
                beats.clone().count() > 0 && beats.clone().all(|(to, _)| to.port() == port),
                "not heartbeats"
            );
            // Nobody is there.
            let error = sent.err().map(|error| error.to_string());
            assert_eq!(error.is_some(), below > 0, "{error:?}");
            assert!(error.is_none_or(|text| text.contains(&(port - below).to_string())));
        });
    }
}
