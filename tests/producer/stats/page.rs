//! `docs/STATISTICS.md`: its JSON Schema is that of the snapshots, and it explains every member.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::producer::{Producer, SendOptions};
use serde_json::Value;

use super::{schema, snapshot};
use crate::world::{Sim, Told, begin, message, ms, send, simulate_two, within};

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/STATISTICS.md")).unwrap()
}

fn schema_of(page: &str) -> Value {
    let (_, rest) = page.split_once("```json\n{\n  \"$schema\"").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    serde_json::from_str(&format!("{{\"$schema\"{text}")).unwrap()
}

fn valid(p: &Arc<Producer>, when: &str) {
    let stats = snapshot(p);
    // Names in C are `ffi`'s, and tested there.
    let text = stats.to_string().replace("\"status\":\"", "\"status\":\"ROCKETMQ_ERR_");
    let wrong = schema::check(&schema_of(&page()), &serde_json::from_str(&text).unwrap());
    assert!(wrong.is_empty(), "{when}: {}\n{stats}", wrong.join("\n"));
}

/// Failures of several kinds, so that no list is empty.
async fn trouble(sim: &Sim, p: &Arc<Producer>) {
    (0..2).for_each(|broker| sim.core.fault(broker, Rule::once(Fault::respond(14)).sends()));
    for _ in 0..4 {
        let _ = send(p, &message("T"), &within(300)).await;
    }
    sim.kill(1);
    for _ in 0..20 {
        let _ = send(p, &message("T"), &SendOptions { no_retry: true, ..within(300) }).await;
        begin(p, &message("T"), &SendOptions::default(), &Told::default()).await;
    }
}

#[test]
fn every_snapshot_is_valid_by_the_schema_of_the_page() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.create(&[("send.retries", "0")]).unwrap();
        valid(&p, "before the start");
        let _ = send(&p, &message("T"), &SendOptions::default()).await;
        valid(&p, "after a refused call");
        p.start(None, true).await.unwrap();
        valid(&p, "just started");
        begin(&p, &message("T"), &SendOptions::default(), &Told::default()).await;
        valid(&p, "with a send under way");
        trouble(&sim, &p).await;
        valid(&p, "with a broker down");
        let stats = snapshot(&p);
        for list in ["brokers", "name_servers", "routes"] {
            assert!(!stats[list].as_array().unwrap().is_empty(), "{list}");
        }
        let failed = &stats["sends"]["failed"];
        assert!(!failed["by_status"].as_array().unwrap().is_empty(), "{failed}");
        assert!(!failed["by_broker_code"].as_array().unwrap().is_empty(), "{failed}");
        tokio::time::sleep(ms(4000)).await;
        p.shutdown(None).await.unwrap();
        valid(&p, "after the shutdown");
    });
}

#[test]
fn the_schema_lets_no_member_be_missing_or_unknown_or_of_another_type() {
    let schema = schema_of(&page());
    let objects = schema::objects(&schema);
    assert!(objects.len() > 10);
    for object in objects {
        let names: BTreeSet<_> =
            object["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let required: BTreeSet<_> =
            object["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names, required);
        // Members may be added: a reader must not refuse them.
        assert!(!object.contains_key("additionalProperties"));
    }
    let stats = Arc::new(std::sync::Mutex::new(Value::Null));
    let taken = Arc::clone(&stats);
    simulate_two(|sim| async move {
        let p = sim.start(&[]).await;
        *taken.lock().unwrap() = snapshot(&p);
    });
    let stats = stats.lock().unwrap().clone();
    let wrong = schema::check(&schema, &stats);
    assert!(wrong.is_empty(), "{wrong:?}");
    for (name, value) in stats.as_object().unwrap() {
        let mut less = stats.clone();
        less.as_object_mut().unwrap().remove(name);
        assert!(!schema::check(&schema, &less).is_empty(), "without {name}");
        let mut other = stats.clone();
        other[name] = if value.is_string() { 1.into() } else { "text".into() };
        assert!(!schema::check(&schema, &other).is_empty(), "{name} as another type");
    }
    let mut more = stats.clone();
    more["sends"]["stored"]["surprise"] = 1.into();
    assert!(!schema::check(&schema, &more).is_empty(), "the page leaves a member out");
}

#[test]
fn the_page_explains_every_member() {
    let page = page();
    let schema = schema_of(&page);
    let (prose, _) = page.split_once("## Schema").unwrap();
    let named: BTreeSet<&str> =
        prose.split('`').skip(1).step_by(2).flat_map(|name| name.split(['.', ' ', ','])).collect();
    for object in schema::objects(&schema) {
        for name in object["properties"].as_object().unwrap().keys() {
            assert!(named.contains(name.as_str()), "{name} is not explained");
        }
    }
}
