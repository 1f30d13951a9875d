//! Which name server is asked, and what a change of the list does.

use std::collections::BTreeMap;
use std::time::Duration;

use rocketmq_mock::{Core, Fault, Node, Options, Rule};
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Instant, SendOptions};

use crate::world::{Sim, message, send, simulate_one, within};

const SERVERS: [&str; 3] = ["10.0.0.1:9876", "10.0.0.2:9876", "10.0.0.3:9876"];

fn dialled_servers(sim: &Sim) -> Vec<String> {
    sim.connector.take_dialled().into_iter().filter(|address| address.ends_with(":9876")).collect()
}

/// A name server of its own with the topic `T`, whose brokers are those of the simulation.
fn name_server(sim: &Sim, address: &str) -> Core {
    let core = Core::new(Options::default());
    core.add_topic("T", 4);
    sim.connector.serve(address, &core, Node::NameServer);
    core
}

#[test]
fn three_hundred_clients_spread_over_three_servers_and_each_stays_with_its_own() {
    simulate_one(|sim| async move {
        SERVERS.iter().for_each(|address| sim.connector.serve(address, &sim.core, Node::NameServer));
        let list = SERVERS.join(";");
        let mut counts = BTreeMap::<_, u32>::new();
        for seed in 0..300 {
            let p = sim.with_seed(seed).start(&[("namesrv.addr", &list)]).await;
            for topic in ["T", "U", "V"] {
                p.prepare_topic(topic, None).await.unwrap();
            }
            let dialled = dialled_servers(&sim);
            assert_eq!(dialled.len(), 1, "one server is asked as long as it answers: {dialled:?}");
            *counts.entry(dialled[0].clone()).or_default() += 1;
            p.shutdown(None).await.unwrap();
        }
        // A third each, give or take 10 % of all.
        assert!(counts.len() == 3 && counts.values().all(|count| (70..=130).contains(count)), "{counts:?}");
    });
}

#[test]
fn a_dead_server_costs_one_refused_dial_and_the_next_one_is_kept() {
    simulate_one(|sim| async move {
        let list = SERVERS.join(";");
        for seed in 0..6 {
            SERVERS.iter().for_each(|address| sim.connector.serve(address, &sim.core, Node::NameServer));
            let p = sim.with_seed(seed).start(&[("namesrv.addr", &list)]).await;
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            let chosen = dialled_servers(&sim).remove(0);
            sim.connector.refuse(&chosen);
            sim.core.cut_connections(Node::NameServer);
            tokio::time::sleep(Duration::from_millis(1)).await;
            let begun = Instant::now();
            send(&p, &message("U"), &SendOptions::default()).await.unwrap();
            assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
            let dialled = dialled_servers(&sim);
            assert_eq!((dialled.len(), &dialled[0]), (2, &chosen), "{dialled:?}");
            // The dead one's back-off is over by then.
            tokio::time::sleep(Duration::from_secs(5)).await;
            send(&p, &message("V"), &SendOptions::default()).await.unwrap();
            assert!(dialled_servers(&sim).is_empty(), "the next one is kept");
            p.shutdown(None).await.unwrap();
        }
    });
}

#[test]
fn servers_in_both_lists_keep_their_connection_and_the_others_are_closed() {
    simulate_one(|sim| async move {
        let (a, b) = (name_server(&sim, SERVERS[0]), name_server(&sim, SERVERS[1]));
        let p = sim.start(&[("namesrv.addr", SERVERS[0])]).await;
        p.prepare_topic("T", None).await.unwrap();
        p.update("namesrv.addr", &SERVERS.join(";")).unwrap();
        p.fetch_queues("T", None).await.unwrap();
        assert_eq!((a.accepted(Node::NameServer), b.accepted(Node::NameServer)), (1, 0));
        p.update("namesrv.addr", SERVERS[1]).unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(a.open_connections(Node::NameServer), 0, "closed at once");
        let before = a.look_ups("T");
        p.fetch_queues("T", None).await.unwrap();
        assert_eq!((a.look_ups("T"), b.accepted(Node::NameServer)), (before, 1));
        p.shutdown(None).await.unwrap();
        assert_eq!(b.open_connections(Node::NameServer), 0);
    });
}

#[test]
fn a_look_up_under_way_goes_on_with_the_new_list() {
    simulate_one(|sim| async move {
        let (silent, good) = (name_server(&sim, SERVERS[0]), name_server(&sim, SERVERS[1]));
        silent.set_frozen(Node::NameServer, true);
        let p = sim.start(&[("namesrv.addr", SERVERS[0])]).await;
        let begun = Instant::now();
        let changing = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            p.update("namesrv.addr", SERVERS[1]).unwrap();
        };
        let m = message("T");
        let options = within(1000);
        let (sent, ()) = tokio::join!(send(&p, &m, &options), changing);
        sent.unwrap();
        assert_eq!((begun.elapsed().as_millis(), good.look_ups("T")), (200, 1));
    });
}

#[test]
fn a_start_that_waits_for_name_servers_takes_other_ones() {
    simulate_one(|sim| async move {
        name_server(&sim, SERVERS[1]);
        let p = sim.create(&[("namesrv.addr", SERVERS[0])]).unwrap();
        let changing = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            p.update("namesrv.addr", SERVERS[1]).unwrap();
        };
        let begun = Instant::now();
        let (started, ()) = tokio::join!(p.start(None, true), changing);
        started.unwrap();
        assert!(begun.elapsed() < Duration::from_millis(60_200), "{:?}", begun.elapsed());
    });
}

#[test]
fn only_a_producer_that_was_started_takes_a_change_and_only_of_a_live_key() {
    simulate_one(|sim| async move {
        let p = sim.create(&[]).unwrap();
        let kind = |key: &str, value: &str| p.update(key, value).err().map(|error| error.kind());
        assert_eq!(kind("namesrv.addr", "a:1"), Some(ErrorKind::InvalidState));
        p.start(None, false).await.unwrap();
        assert_eq!(kind("namesrv.addr", "host"), Some(ErrorKind::InvalidValue));
        assert_eq!(kind("namesrv.addr", ""), Some(ErrorKind::InvalidValue));
        assert_eq!(kind("send.retries", "1"), Some(ErrorKind::InvalidArgument));
        assert_eq!(kind("no.such.key", "1"), Some(ErrorKind::UnknownKey));
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!(kind("namesrv.addr", &sim.core.namesrv()), None);
        assert_eq!(sim.core.accepted(Node::NameServer), 1, "the same list changes nothing");
        p.shutdown(None).await.unwrap();
        assert_eq!(kind("namesrv.addr", "a:1"), Some(ErrorKind::Closed));
    });
}

#[test]
fn a_changed_list_is_everyones_who_shares_it_and_nobodys_who_comes_with_the_old_one() {
    simulate_one(|sim| async move {
        let other = Core::new(Options { host: "10.0.1.1".into(), ..Options::default() });
        sim.connector.serve(SERVERS[0], &other, Node::NameServer);
        sim.connector.serve("10.0.1.1:10911", &other, 0);
        for core in [&sim.core, &other] {
            core.add_topic("T", 1);
        }
        let counts = || (sim.core.message_count("T"), other.message_count("T"));
        let join = |list: String| {
            let sim = &sim;
            async move { sim.start(&[("instance.name", "same"), ("namesrv.addr", &list)]).await }
        };
        let (a, b) = (join(sim.core.namesrv()).await, join(sim.core.namesrv()).await);
        send(&a, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!(counts(), (1, 0));
        a.update("namesrv.addr", SERVERS[0]).unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        for p in [&a, &b] {
            send(p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        assert_eq!(counts(), (1, 2), "the routes in use are looked up at once");
        let (old, new) = (join(sim.core.namesrv()).await, join(SERVERS[0].into()).await);
        let accepted = other.accepted(0);
        for p in [&old, &new] {
            send(p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        assert_eq!(counts(), (2, 3));
        assert_eq!(other.accepted(0), accepted, "with the new list one shares its connections");
    });
}

#[test]
fn a_server_that_goes_away_is_passed_over_and_asked_once_more_on_a_new_connection() {
    simulate_one(|sim| async move {
        let (a, b) = (name_server(&sim, SERVERS[0]), name_server(&sim, SERVERS[1]));
        a.fault(Node::NameServer, Rule::always(Fault::respond(1500)));
        for seed in 0..4 {
            let list = SERVERS[..2].join(";");
            let p = sim.with_seed(seed).start(&[("namesrv.addr", &list)]).await;
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            p.shutdown(None).await.unwrap();
        }
        assert!((1..4).contains(&a.look_ups("T")) && b.look_ups("T") == 4, "both orders are tried");
        // Alone it is asked again, but not for ever.
        let (asked, accepted) = (a.look_ups("T"), a.accepted(Node::NameServer));
        let p = sim.start(&[("namesrv.addr", SERVERS[0])]).await;
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoNamesrv);
        assert_eq!((a.look_ups("T"), a.accepted(Node::NameServer)), (asked + 2, accepted + 2));
        a.clear_faults(Node::NameServer);
        a.fault(Node::NameServer, Rule::once(Fault::respond(1500)));
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        p.shutdown(None).await.unwrap();
        assert_eq!((a.open_connections(Node::NameServer), b.open_connections(Node::NameServer)), (0, 0));
    });
}

#[test]
fn many_look_ups_survive_one_server_that_goes_away() {
    simulate_one(|sim| async move {
        let a = name_server(&sim, SERVERS[0]);
        let topics: Vec<_> = (0..20).map(|number| format!("T{number}")).collect();
        topics.iter().for_each(|topic| a.add_topic(topic, 1));
        let p = sim.start(&[("namesrv.addr", SERVERS[0])]).await;
        p.prepare_topic("T", None).await.unwrap();
        a.fault(Node::NameServer, Rule::always(Fault::respond(1500)).times(20));
        let mut asking = tokio::task::JoinSet::new();
        for topic in topics {
            let p = p.clone();
            asking.spawn(async move { p.prepare_topic(&topic, None).await });
        }
        while let Some(asked) = asking.join_next().await {
            asked.unwrap().unwrap();
        }
        assert_eq!(a.accepted(Node::NameServer), 2, "one new connection for all of them");
    });
}

#[test]
fn while_no_server_can_be_reached_a_look_up_waits_for_the_first_that_comes_back() {
    simulate_one(|sim| async move {
        let p = sim.start(&[("namesrv.addr", &SERVERS.join(";"))]).await;
        let begun = Instant::now();
        // The first finds them down, the second in their back-off.
        for _ in 0..2 {
            let begun = Instant::now();
            let error = send(&p, &message("T"), &within(300)).await.unwrap_err();
            assert_eq!((error.kind(), begun.elapsed().as_millis()), (ErrorKind::NoNamesrv, 300));
            assert!(SERVERS.iter().all(|server| error.to_string().contains(server)), "{error}");
        }
        let healing = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            sim.connector.serve(SERVERS[1], &sim.core, Node::NameServer);
        };
        let (m, options) = (message("T"), within(2500));
        let (sent, ()) = tokio::join!(send(&p, &m, &options), healing);
        sent.unwrap();
        assert!(begun.elapsed() < Duration::from_millis(2600), "{:?}", begun.elapsed());
        sim.connector.take_dialled();
        send(&p, &message("U"), &SendOptions::default()).await.unwrap();
        assert!(dialled_servers(&sim).is_empty(), "the one that came back is kept");
    });
}
