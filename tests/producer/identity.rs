//! Who a producer is towards brokers: its client id.

use std::collections::HashSet;

use crate::world::simulate_one;

/// Containers have one address and process id 1; chance alone tells them apart.
#[test]
fn ten_thousand_processes_of_equal_address_and_process_id_have_client_ids_of_their_own() {
    simulate_one(|sim| async move {
        let mut seen = HashSet::new();
        for seed in 0..10_000 {
            let p = sim.with_seed(seed).start(&[]).await;
            let id = p.client_id().as_str().to_owned();
            let start = format!("10.0.0.9@{}#", std::process::id());
            assert!(id.starts_with(&start), "{id}");
            assert!(seen.insert(id));
        }
    });
}

#[test]
fn producers_of_one_process_have_client_ids_of_their_own_unless_they_name_their_instance() {
    simulate_one(|sim| async move {
        let (a, b) = (sim.start(&[]).await, sim.start(&[]).await);
        assert_ne!(a.client_id(), b.client_id());
        let named = [("instance.name", "i"), ("client.ip", "192.0.2.7"), ("unit.name", "u1")];
        let (a, b) = (sim.start(&named).await, sim.start(&named).await);
        assert_eq!(a.client_id().as_str(), "192.0.2.7@i@u1");
        assert_eq!(a.client_id(), b.client_id());
    });
}
