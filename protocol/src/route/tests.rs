//! Tests of routes; the reference's bodies are in `tests/vectors.rs`.

use super::{BrokerData, PERM_READ, PERM_WRITE, PublishRoute, QueueData, RouteData};
use crate::DecodeError;

fn queue(broker: &str, read_queues: i32, write_queues: i32, perm: i32) -> QueueData {
    QueueData { broker_name: broker.to_owned(), read_queues, write_queues, perm }
}

fn broker(name: &str, addresses: &[(i64, &str)]) -> BrokerData {
    let addresses = addresses.iter().map(|(id, address)| (*id, (*address).to_owned())).collect();
    BrokerData { cluster: "c".to_owned(), broker_name: name.to_owned(), addresses }
}

fn queues(publish: &PublishRoute) -> Vec<(&str, i32)> {
    publish.queues.iter().map(|queue| (&*publish.brokers[queue.broker].name, queue.id)).collect()
}

#[test]
fn writable_queues_of_brokers_with_a_master_in_javas_order() {
    let route = RouteData {
        order_conf: None,
        queues: vec![
            queue("b", 8, 2, PERM_READ | PERM_WRITE),
            queue("read-only", 4, 4, PERM_READ),
            queue("a", 1, 3, PERM_WRITE),
            queue("slave-only", 4, 4, PERM_READ | PERM_WRITE),
            queue("unknown", 4, 4, PERM_READ | PERM_WRITE),
            queue("none", 4, -4, PERM_READ | PERM_WRITE),
        ],
        brokers: vec![
            broker("none", &[(0, "n:1")]),
            broker("read-only", &[(0, "r:1")]),
            broker("b", &[(0, "b:1"), (1, "b:2")]),
            broker("slave-only", &[(1, "s:2")]),
            broker("a", &[(0, "a:1")]),
        ],
    };
    let publish = route.publish();
    let brokers: Vec<_> = publish.brokers.iter().map(|broker| (&*broker.name, &*broker.address)).collect();
    assert_eq!(brokers, [("a", "a:1"), ("b", "b:1"), ("none", "n:1"), ("read-only", "r:1")]);
    assert_eq!(queues(&publish), [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1)]);
}

#[test]
fn a_broker_without_any_queue_of_the_topic_is_not_there() {
    let mut route = RouteData {
        order_conf: None,
        queues: vec![queue("a", 4, 4, PERM_READ | PERM_WRITE)],
        brokers: vec![broker("a", &[(0, "a:1")]), broker("leaving", &[(0, "l:1")])],
    };
    let names = |route: &RouteData| -> Vec<String> {
        route.publish().brokers.iter().map(|broker| broker.name.to_string()).collect()
    };
    assert_eq!(names(&route), ["a"]);
    // Where the name server gives an order it alone counts.
    route.order_conf = Some("leaving:2".to_owned());
    assert_eq!(names(&route), ["a", "leaving"]);
}

#[test]
fn names_are_ordered_by_utf16_units() {
    // U+FF21 is one unit above the surrogates of U+1F600, though its code point is lower.
    let names = ["\u{FF21}", "\u{1F600}", "Z", "a"];
    let route = RouteData {
        order_conf: None,
        queues: names.iter().map(|name| queue(name, 1, 1, PERM_WRITE)).collect(),
        brokers: names.iter().map(|name| broker(name, &[(0, "x:1")])).collect(),
    };
    let publish = route.publish();
    assert_eq!(queues(&publish), [("Z", 0), ("a", 0), ("\u{1F600}", 0), ("\u{FF21}", 0)]);
    assert!(publish.queues.iter().map(|queue| queue.broker).eq(0..4));
}

#[test]
fn an_order_given_by_the_name_server_is_kept() {
    let mut route = RouteData {
        order_conf: Some("b:2;;x;y:;z:q;a:1;gone:3;b:-1".to_owned()),
        queues: vec![queue("a", 4, 4, PERM_READ)],
        brokers: vec![broker("a", &[(0, "a:1")]), broker("b", &[(0, "b:1")]), broker("gone", &[(1, "g:1")])],
    };
    assert_eq!(queues(&route.publish()), [("b", 0), ("b", 1), ("a", 0)]);
    route.order_conf = Some(String::new());
    assert_eq!(queues(&route.publish()), []);
}

#[test]
fn a_broker_listed_twice_is_there_once() {
    let brokers = vec![broker("a", &[(0, "a:1")]), broker("a", &[(0, "a:2")])];
    let route = RouteData { brokers, queues: vec![queue("a", 1, 1, PERM_WRITE)], order_conf: None };
    let publish = route.publish();
    assert_eq!((publish.brokers.len(), &*publish.brokers[0].address), (1, "a:2"));
}

#[test]
fn a_new_topic_gets_as_many_queues_as_both_sides_allow() {
    let queues = vec![queue("a", 8, 8, 7), queue("b", 2, 8, 7), queue("c", 0, 8, 7), queue("d", -1, 8, 7)];
    let route = RouteData { queues, ..RouteData::default() }.for_default_topic(4);
    let counts: Vec<_> = route.queues.iter().map(|queue| (queue.read_queues, queue.write_queues)).collect();
    assert_eq!(counts, [(4, 4), (2, 2), (0, 0), (-1, -1)]);
}

fn with_queues(count: &str) -> Result<RouteData, DecodeError> {
    let body = format!(r#"{{"queueDatas":[{{"brokerName":"a","perm":6,"writeQueueNums":{count}}}]}}"#);
    RouteData::parse(body.as_bytes())
}

#[test]
fn more_queues_than_any_cluster_has_are_refused() {
    assert!(with_queues("65536").is_ok());
    assert_eq!(with_queues("65537"), Err(DecodeError::TooManyQueues));
    assert_eq!(with_queues("2147483647"), Err(DecodeError::TooManyQueues));
    assert_eq!(with_queues("2147483648"), Err(DecodeError::Number("writeQueueNums")));
    assert_eq!(with_queues("-2147483648").unwrap().publish().queues, []);
    let order = r#"{"orderTopicConf":"a:2147483647"}"#;
    assert_eq!(RouteData::parse(order.as_bytes()), Err(DecodeError::TooManyQueues));
    let entry = r#"{"brokerName":"a","writeQueueNums":65536}"#;
    let many = |count: usize| format!(r#"{{"queueDatas":[{}]}}"#, vec![entry; count].join(","));
    assert!(RouteData::parse(many(16).as_bytes()).is_ok());
    assert_eq!(RouteData::parse(many(17).as_bytes()), Err(DecodeError::TooManyQueues));
    let many = format!(r#"{{"orderTopicConf":"{}"}}"#, vec!["a:65536"; 17].join(";"));
    assert_eq!(RouteData::parse(many.as_bytes()), Err(DecodeError::TooManyQueues));
}

#[test]
#[cfg_attr(miri, ignore = "a million queues are slow there")]
fn a_route_made_by_hand_is_cut_at_the_limit() {
    let route = RouteData {
        order_conf: None,
        queues: vec![queue("a", 1, i32::MAX, PERM_WRITE)],
        brokers: vec![broker("a", &[(0, "a:1")])],
    };
    assert_eq!(route.publish().queues.len(), super::ROUTE_QUEUES_MAX);
}

#[test]
fn nulls_and_unknown_members_are_tolerated() {
    let body = r#"{"orderTopicConf":null,"filterServerTable":{"x":["y",null]},"brokerDatas":[null,
        {"brokerName":"a","cluster":null,"brokerAddrs":null,"zoneName":"z"},
        {"brokerName":"b","brokerAddrs":{0:null,-1:"b:1"}}],"queueDatas":null,"topicQueueMappingByBroker":{}}"#;
    let route = RouteData::parse(body.as_bytes()).unwrap();
    let expected = vec![
        BrokerData { cluster: String::new(), ..broker("a", &[]) },
        BrokerData { cluster: String::new(), ..broker("b", &[(-1, "b:1")]) },
    ];
    assert_eq!((route.order_conf, route.queues, route.brokers), (None, vec![], expected));
    assert_eq!(RouteData::parse(b"{}"), Ok(RouteData::default()));
}

#[test]
fn what_is_no_route_is_refused() {
    for body in
        ["", "[]", "null", "{", r#"{"queueDatas":{}}"#, r#"{"brokerDatas":[1]}"#, r#"{"queueDatas":[]}x"#]
    {
        assert!(matches!(RouteData::parse(body.as_bytes()), Err(DecodeError::Json)), "{body}");
    }
    for body in [r#"{"queueDatas":[{}]}"#, r#"{"brokerDatas":[{"brokerName":null}]}"#] {
        assert_eq!(RouteData::parse(body.as_bytes()), Err(DecodeError::Missing("brokerName")), "{body}");
    }
    let body = r#"{"brokerDatas":[{"brokerName":"a","brokerAddrs":{"master":"a:1"}}]}"#;
    assert_eq!(RouteData::parse(body.as_bytes()), Err(DecodeError::Number("brokerAddrs")));
    let deep = format!(r#"{{"topicQueueMappingByBroker":{}"#, r#"{"a":"#.repeat(1 << 16));
    assert_eq!(RouteData::parse(deep.as_bytes()), Err(DecodeError::TooDeep));
}
