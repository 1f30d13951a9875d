//! Name servers and routes.

use std::time::Duration;

use rocketmq_mock::{Fault, Node, Options, Rule};
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{Instant, QueueList, SendOptions};

use crate::world::{Told, message, send, simulate, simulate_one, simulate_two, within};

#[test]
fn an_unknown_topic_without_auto_creation_is_not_found_after_two_look_ups() {
    simulate(Options { auto_create: false, ..Options::default() }, |sim| async move {
        let p = sim.start(&[]).await;
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TopicNotFound);
        assert!(error.to_string().contains('T'));
        assert_eq!((sim.core.look_ups("T"), sim.core.look_ups("TBW102")), (1, 1));
        assert_eq!(sim.core.accepted(0), 0);
    });
}

#[test]
fn many_first_sends_make_one_look_up_and_one_connection() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        let told = Told::default();
        for _ in 0..1000 {
            p.send_async(&message("T"), &within(3000), p.deadline(within(3000).timeout), told.callback())
                .await
                .unwrap();
        }
        p.shutdown(None).await.unwrap();
        assert!(told.all().iter().all(Result::is_ok));
        assert_eq!((told.len(), sim.core.look_ups("T"), sim.core.accepted(0)), (1000, 1, 1));
    });
}

#[test]
fn a_dead_name_server_is_passed_over_and_a_silent_one_too() {
    simulate_one(|sim| async move {
        let list = format!("127.0.0.1:1;{}", sim.core.namesrv());
        for _ in 0..4 {
            let p = sim.start(&[("namesrv.addr", &list)]).await;
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        // Answers never come from an address that is never resolved.
        let list = format!("silent.example:9876;{}", sim.core.namesrv());
        for _ in 0..4 {
            let p = sim.start(&[("namesrv.addr", &list)]).await;
            let begun = Instant::now();
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            assert!(begun.elapsed() <= Duration::from_millis(1500), "{:?}", begun.elapsed());
        }
    });
}

#[test]
fn host_names_are_resolved_and_every_address_is_tried() {
    simulate_one(|sim| async move {
        let port = sim.core.namesrv().rsplit(':').next().unwrap().to_owned();
        let addresses = vec!["127.0.0.2".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        sim.resolver.0.lock().unwrap().insert("ns.example".into(), Ok(addresses));
        let p = sim.start(&[("namesrv.addr", &format!("ns.example:{port}"))]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
    });
}

#[test]
fn nobody_listening_is_told_with_the_address() {
    simulate_one(|sim| async move {
        let p = sim.create(&[("namesrv.addr", "127.0.0.1:1")]).unwrap();
        let begun = Instant::now();
        let error = p.start(Some(begun + Duration::from_millis(700)), true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoNamesrv);
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
        assert!(begun.elapsed() <= Duration::from_millis(700));
        p.start(None, false).await.unwrap();
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoNamesrv);
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
        sim.resolver.0.lock().unwrap().insert("no.example".into(), Err(std::io::ErrorKind::NotFound));
        let p = sim.start(&[("namesrv.addr", "no.example:9876")]).await;
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert!(error.to_string().contains("no.example:9876"), "{error}");
    });
}

#[test]
fn a_refused_broker_is_told_with_its_address() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.set_registered(0, true);
        sim.core.set_up(0, false);
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Connect | ErrorKind::ConnectionLost), "{error}");
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.to_string().contains("127.0.0.1:10911"), "{error}");
        sim.core.set_up(0, true);
        tokio::time::sleep(Duration::from_secs(2)).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
    });
}

#[test]
fn a_silent_name_server_ends_the_send_at_its_deadline() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        sim.core.set_frozen(Node::NameServer, true);
        let begun = Instant::now();
        let error = send(&p, &message("T"), &within(400)).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_millis()), (ErrorKind::Timeout, 400));
    });
}

#[test]
fn each_send_that_waits_for_one_look_up_ends_at_its_own_deadline() {
    simulate_one(|sim| async move {
        let p = sim.start(&[]).await;
        sim.core.set_frozen(Node::NameServer, true);
        let told = Told::default();
        let begun = Instant::now();
        for ms in [2000, 900, 400] {
            let options = within(ms);
            p.send_async(&message("T"), &options, p.deadline(options.timeout), told.callback())
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for (count, ms) in [(1, 425), (2, 915), (3, 2005)] {
            tokio::time::sleep_until(begun + Duration::from_millis(ms)).await;
            assert_eq!(told.len(), count, "after {ms} ms");
        }
        assert_eq!(told.kinds(), [Some(ErrorKind::Timeout); 3]);
    });
}

#[test]
fn routes_in_use_are_looked_up_again_and_a_missing_one_stays() {
    simulate_two(|sim| async move {
        sim.core.add_topic_on(0, "T", 2);
        let p = sim.start(&[("route.poll.ms", "1000")]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        sim.core.add_topic_on(1, "T", 2);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        for _ in 0..4 {
            send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        assert!(sim.core.messages("T").iter().any(|m| m.broker == 1), "the new broker is used");
        sim.core.fault(Node::NameServer, Rule::always(Fault::respond(17)));
        tokio::time::sleep(Duration::from_millis(2100)).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
    });
}

#[test]
fn only_writable_queues_are_listed_and_used() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 3);
        sim.core.set_perm(0, "T", 4);
        let p = sim.start(&[]).await;
        let queues = p.fetch_queues("T", None).await.unwrap();
        assert_eq!(
            (queues.len(), queues.broker(2).unwrap().as_str(), queues.queue_id(2)),
            (3, "broker-b", Some(2))
        );
        assert!(!queues.is_empty() && QueueList::default().is_empty());
        for _ in 0..4 {
            assert_eq!(
                send(&p, &message("T"), &SendOptions::default()).await.unwrap().broker.as_str(),
                "broker-b"
            );
        }
        assert_eq!(p.fetch_queues("nope", None).await.unwrap_err().kind(), ErrorKind::TopicNotFound);
        sim.core.set_perm(1, "T", 4);
        let q = sim.start(&[]).await;
        let error = send(&q, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoWritableQueue);
    });
}

#[test]
fn two_clusters_in_one_process_never_mix() {
    simulate_one(|one| async move {
        let other = rocketmq_mock::Core::new(Options { host: "127.0.0.1".into(), ..Options::default() });
        // Same group, same instance name, same topic; only the name server's address differs.
        let a = one.start(&[("instance.name", "same")]).await;
        let b = one.start(&[("instance.name", "same"), ("namesrv.addr", "127.0.0.1:1;127.0.0.1:2")]).await;
        send(&a, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!(send(&b, &message("T"), &within(500)).await.unwrap_err().kind(), ErrorKind::NoNamesrv);
        assert_eq!((one.core.message_count("T"), other.message_count("T")), (1, 0));
        assert_eq!(a.client_id(), b.client_id());
    });
}

#[test]
fn producers_with_one_instance_name_share_their_connections() {
    simulate_one(|sim| async move {
        let a = sim.start(&[("instance.name", "same"), ("producer.group", "G1")]).await;
        let b = sim.start(&[("instance.name", "same"), ("producer.group", "G2")]).await;
        for p in [&a, &b, &a] {
            send(p, &message("T"), &SendOptions::default()).await.unwrap();
        }
        assert_eq!(sim.core.accepted(0), 1);
        a.shutdown(None).await.unwrap();
        assert_eq!(sim.core.unregistrations(0).iter().map(|u| u.group.clone()).collect::<Vec<_>>(), ["G1"]);
        send(&b, &message("T"), &SendOptions::default()).await.unwrap();
        assert_eq!((sim.core.accepted(0), sim.core.open_connections(0)), (1, 1));
        b.shutdown(None).await.unwrap();
        assert_eq!(sim.core.open_connections(0), 0);
        assert!(sim.dials() >= 2);
    });
}
