//! Host names that move, and IPv6 numbers, from end to end.

use std::net::IpAddr;
use std::time::Duration;

use rocketmq_mock::{Core, Node, Options};
use rocketmq_producer::producer::SendOptions;

use crate::world::{Sim, message, send, simulate, simulate_one};

fn point(sim: &Sim, name: &str, addresses: &[&str]) {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    sim.resolver.0.lock().unwrap().insert(name.into(), Ok(addresses));
}

#[test]
fn a_record_that_changes_is_followed_without_a_restart() {
    simulate(Options { host: "broker.example".into(), ..Options::default() }, |sim| async move {
        sim.core.add_topic("T", 1);
        let servers = |host: &str| (format!("{host}:9876"), format!("{host}:10911"));
        let move_to = |old: Option<&str>, new: &str| {
            if let Some(old) = old {
                let (name_server, broker) = servers(old);
                sim.connector.refuse(&name_server);
                sim.connector.refuse(&broker);
                sim.core.cut_connections(Node::NameServer);
                sim.core.cut_connections(0);
            }
            let (name_server, broker) = servers(new);
            sim.connector.serve(&name_server, &sim.core, Node::NameServer);
            sim.connector.serve(&broker, &sim.core, 0);
        };
        move_to(None, "10.0.0.1");
        for name in ["ns.example", "broker.example"] {
            point(&sim, name, &["10.0.0.1"]);
        }
        let p = sim.start(&[("namesrv.addr", "ns.example:9876"), ("route.poll.ms", "1000")]).await;
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        move_to(Some("10.0.0.1"), "10.0.0.2");
        for name in ["ns.example", "broker.example"] {
            // The pod's first address does not listen.
            point(&sim, name, &["fd00::2", "10.0.0.2"]);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        sim.connector.take_dialled();
        send(&p, &message("T"), &SendOptions::default()).await.unwrap();
        let queues = p.fetch_queues("T", None).await.unwrap();
        assert_eq!((queues.len(), sim.core.message_count("T")), (1, 2));
        let dialled = sim.connector.take_dialled();
        for address in ["[fd00::2]:10911", "10.0.0.2:10911", "[fd00::2]:9876", "10.0.0.2:9876"] {
            assert!(dialled.iter().any(|dialled| dialled == address), "{address} in {dialled:?}");
        }
    });
}

#[test]
fn ipv6_numbers_name_servers_and_brokers() {
    for (host, listed) in [("[fd00::1]", "[fd00::2]:9876"), ("fd00::1", "fd00::2:9876")] {
        simulate_one(|sim| async move {
            let core = Core::new(Options { host: host.into(), ..Options::default() });
            sim.connector.serve("[fd00::2]:9876", &core, Node::NameServer);
            sim.connector.serve("[fd00::1]:10911", &core, 0);
            let p = sim.start(&[("namesrv.addr", listed)]).await;
            let result = send(&p, &message("T"), &SendOptions::default()).await.unwrap();
            assert_eq!((result.attempts, core.message_count("T")), (1, 1));
        });
    }
}
