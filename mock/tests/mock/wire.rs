//! What the nodes answer and keep, over streams in memory.
#![expect(clippy::disallowed_methods, reason = "tokio::test blocks on the test's own runtime")]

use crate::support::{Client, TOPIC, core, encode, route, send, send_frame, soon, take};
use mock_cluster::{Core, HeartBeat, Node, Options, Unregistration, What};
use protocol::codes::request;
use protocol::command::Command;
use protocol::frame::HeaderFormat;
use protocol::header::send::SendMessage;
use protocol::header::{heartbeat, unregister};
use protocol::message::properties;
use protocol::route::RouteData;
use tokio::io::AsyncReadExt;

#[tokio::test(start_paused = true)]
async fn keeps_a_message_with_all_it_came_with() {
    let core = core(Options::default());
    let mut client = Client::connect(&core, 0);
    let answer = client.exchange(&send(7)).await;
    assert_eq!((answer.code, answer.opaque, answer.flag, answer.version), (0, 7, 1, 353));
    assert_eq!(answer.ext("queueId"), Some("1"));
    assert_eq!(answer.ext("queueOffset"), Some("0"));
    assert_eq!(answer.ext("MSG_REGION"), Some("DefaultRegion"));
    assert_eq!(answer.ext("TRACE_ON"), Some("true"));
    let second = client.exchange(&send(8)).await;
    assert_eq!(second.ext("queueOffset"), Some("1"));
    assert_ne!(second.ext("msgId"), answer.ext("msgId"));

    let messages = core.messages(TOPIC);
    assert_eq!(messages.len(), 2);
    let message = &messages[0];
    assert_eq!(message.offset_id, answer.ext("msgId").unwrap());
    assert!(message.offset_id.starts_with("7F00000100002A9F"), "{}", message.offset_id);
    assert_eq!((message.broker, message.broker_name.as_str()), (0, "broker-a"));
    assert_eq!((message.queue_id, message.queue_offset), (1, 0));
    assert_eq!((message.unique_id.as_str(), message.tags.as_str()), ("ID", "TagA"));
    assert_eq!((message.keys.as_str(), message.property("city")), ("k1 k2", Some("杭州")));
    assert_eq!(message.property("none"), None);
    assert_eq!((&message.body[..], message.unpacked_body()), (&b"hello"[..], Some(&b"hello"[..])));
    assert_eq!((message.flag, message.sys_flag, message.born_ms), (7, 0, 1_583_000_000_123));
    assert_eq!((message.group.as_str(), message.code, message.opaque), ("PG", 310, 7));
    assert_eq!((message.format, message.oneway, message.connection), (HeaderFormat::Json, false, 1));
}

#[tokio::test(start_paused = true)]
async fn answers_binary_requests_in_json_unless_told_to_mirror() {
    for (mirror_format, format) in [(false, HeaderFormat::Json), (true, HeaderFormat::RocketMq)] {
        let core = core(Options { mirror_format, ..Options::default() });
        let mut client = Client::connect(&core, 0);
        client.write(&send_frame(9, false, HeaderFormat::RocketMq, |_| {})).await;
        let (answered, command) = loop {
            if let Some(answer) = take(&mut client.input) {
                break answer;
            }
            soon(client.stream.read_buf(&mut client.input)).await.unwrap();
        };
        assert_eq!((answered, command.code, command.opaque), (format, 0, 9));
        assert_eq!(core.messages(TOPIC)[0].format, HeaderFormat::RocketMq);
    }
}

#[tokio::test(start_paused = true)]
async fn understands_the_long_names_of_code_10() {
    let core = core(Options::default());
    let fields = [
        ("producerGroup", "PG"),
        ("topic", TOPIC),
        ("defaultTopic", "TBW102"),
        ("defaultTopicQueueNums", "4"),
        ("queueId", "3"),
        ("sysFlag", "0"),
        ("bornTimestamp", "5"),
        ("flag", "0"),
        ("properties", "TAGS\x01T"),
    ];
    let request = Command::request(request::SEND_MESSAGE).with_body("x");
    let request = fields.iter().fold(request, |request, (name, value)| request.with(name, value));
    let answer = Client::connect(&core, 0).exchange(&encode(&request)).await;
    assert_eq!((answer.code, answer.ext("queueId")), (0, Some("3")));
    let message = core.message(TOPIC, 0).unwrap();
    assert_eq!((message.tags.as_str(), message.code, message.born_ms), ("T", 10, 5));
}

#[tokio::test(start_paused = true)]
async fn frames_may_be_split_at_every_byte() {
    let core = core(Options::default());
    let mut client = Client::connect(&core, 0);
    let frame = send(3);
    for at in 1..frame.len() {
        client.write(&frame[..at]).await;
        tokio::task::yield_now().await;
        assert_eq!(client.exchange(&frame[at..]).await.code, 0, "split at {at}");
    }
    assert_eq!(core.message_count(TOPIC), frame.len() - 1);
}

#[tokio::test(start_paused = true)]
async fn many_frames_in_one_write_are_answered_in_order() {
    for keep in [true, false] {
        let core = core(Options { keep, ..Options::default() });
        let mut client = Client::connect(&core, 0);
        let frames: Vec<u8> = (0..1000).flat_map(send).collect();
        client.write(&frames).await;
        for opaque in 0..1000 {
            let answer = client.next().await.unwrap();
            assert_eq!((answer.code, answer.opaque), (0, opaque));
            assert_eq!(answer.ext("queueOffset"), Some(opaque.to_string().as_str()));
        }
        assert_eq!(core.message_count(TOPIC), 1000);
        assert_eq!(core.requests(0, request::SEND_MESSAGE_V2), 1000);
        assert_eq!((core.messages(TOPIC).len(), core.total_count()), (if keep { 1000 } else { 0 }, 1000));
    }
}

#[tokio::test(start_paused = true)]
async fn counting_alone_still_refuses_what_is_wrong() {
    let core = core(Options { keep: false, ..Options::default() });
    let mut client = Client::connect(&core, 0);
    let wrong = send_frame(1, false, HeaderFormat::Json, |send| send.queue_id = 4);
    assert_eq!(client.exchange(&wrong).await.code, 1);
    let created = send_frame(2, false, HeaderFormat::Json, |send| send.topic = "New");
    assert_eq!(client.exchange(&created).await.code, 0);
    assert_eq!((core.message_count(TOPIC), core.message_count("New")), (0, 1));
    assert!(core.events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_oneway_send_is_kept_and_not_answered() {
    for keep in [true, false] {
        let core = core(Options { keep, ..Options::default() });
        let mut client = Client::connect(&core, 0);
        client.write(&send_frame(1, true, HeaderFormat::Json, |_| {})).await;
        assert_eq!(client.exchange(&send(2)).await.opaque, 2);
        assert_eq!(core.message_count(TOPIC), 2);
        assert!(core.messages(TOPIC).first().is_none_or(|message| message.oneway));
    }
}

#[tokio::test(start_paused = true)]
async fn refuses_as_4_7_0_does() {
    const LONG_NAME: &str = match std::str::from_utf8(&[b't'; 128]) {
        Ok(name) => name,
        Err(_) => "",
    };
    // Without a separator it is no property, but as many bytes.
    const LONG_PROPERTY: &str = match std::str::from_utf8(&[b'p'; properties::PROPERTIES_BYTES_MAX + 1]) {
        Ok(property) => property,
        Err(_) => "",
    };
    let core = core(Options::default());
    let mut client = Client::connect(&core, 0);
    type Change<'a> = Box<dyn FnOnce(&mut SendMessage<'_>) + 'a>;
    let cases: Vec<(i32, Change<'_>)> = vec![
        (1, Box::new(|send| send.queue_id = 4)),
        (1, Box::new(|send| send.topic = "no/slash")),
        (1, Box::new(|send| send.topic = " ")),
        (1, Box::new(|send| send.topic = LONG_NAME)),
        (1, Box::new(|send| send.topic = "TBW102")),
        (17, Box::new(|send| (send.topic, send.default_topic) = ("Unknown", "NoSuchModel"))),
        (17, Box::new(|send| (send.topic, send.default_topic) = ("Unknown", TOPIC))),
        (13, Box::new(|send| send.properties = &[LONG_PROPERTY])),
        // No batch, and no record of one either.
        (1, Box::new(|send| send.batch = true)),
    ];
    for (opaque, (code, change)) in (0..).zip(cases) {
        let answer = client.exchange(&send_frame(opaque, false, HeaderFormat::Json, change)).await;
        assert_eq!((answer.code, answer.opaque), (code, opaque), "{:?}", answer.remark);
        assert!(answer.remark.is_some());
    }
    // The codec itself writes no negative queue id.
    let (_, negative) = take(&mut send(20)).unwrap();
    assert_eq!(client.exchange(&encode(&negative.with("e", -1))).await.code, 1);
    assert_eq!(core.total_count(), 0);
    let attempts = core.events().into_iter().filter(|event| matches!(event.what, What::Send(_)));
    assert_eq!(attempts.count(), 10);
}

#[tokio::test(start_paused = true)]
async fn refuses_records_that_are_too_large() {
    let properties = send_frame(0, false, HeaderFormat::Json, |_| {});
    for (spare, code) in [(0, 0), (-1, 13)] {
        for keep in [true, false] {
            let largest = 91 + TOPIC.len() + 5 + if keep { 45 } else { 0 };
            let message_bytes_max = largest.checked_add_signed(spare).unwrap();
            let core = core(Options { message_bytes_max, keep, ..Options::default() });
            assert_eq!(Client::connect(&core, 0).exchange(&properties).await.code, code, "{keep}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn topics_appear_when_they_may() {
    let core = Core::new(Options { default_queues: 8, ..Options::default() });
    let mut client = Client::connect(&core, 0);
    for (topic, asked, made) in [("Few", 4, 4), ("Many", 16, 8)] {
        let frame = send_frame(1, false, HeaderFormat::Json, |send| {
            (send.topic, send.default_queues) = (topic, asked);
        });
        assert_eq!(client.exchange(&frame).await.code, 0);
        assert_eq!(core.queue_count(0, topic), made);
    }
    let core = Core::new(Options { auto_create: false, ..Options::default() });
    assert_eq!(Client::connect(&core, 0).exchange(&send(1)).await.code, 17);
    let answer = Client::connect(&core, Node::NameServer).exchange(&route("TBW102")).await;
    assert_eq!(answer.code, 17);
}

#[tokio::test(start_paused = true)]
async fn routes_tell_what_the_brokers_have() {
    let core = core(Options { brokers: 2, ..Options::default() });
    core.add_topic_on(1, "OnB", 2);
    core.set_perm(0, TOPIC, 4);
    let mut client = Client::connect(&core, Node::NameServer);
    let answer = client.exchange(&route(TOPIC)).await;
    assert_eq!(answer.code, 0);
    // The exact form of 4.7.0 leaves the integer keys without quotes.
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.contains(r#""brokerAddrs":{0:"127.0.0.1:10911"}"#), "{text}");
    let parsed = RouteData::parse(&answer.body).unwrap();
    assert_eq!(
        parsed.queues.iter().map(|queue| (queue.write_queues, queue.perm)).collect::<Vec<_>>(),
        [(4, 4), (4, 6)]
    );
    assert_eq!(parsed.brokers[1].addresses[&0], core.broker_address(1));
    assert_eq!(parsed.brokers[1].broker_name, core.broker_name(1));

    let only_b = RouteData::parse(&client.exchange(&route("OnB")).await.body).unwrap();
    assert_eq!((only_b.queues.len(), only_b.queues[0].broker_name.as_str()), (1, "broker-b"));
    let key_topic = RouteData::parse(&client.exchange(&route("TBW102")).await.body).unwrap();
    assert_eq!((key_topic.queues[0].perm, key_topic.queues[0].write_queues), (7, 8));
    let missing = client.exchange(&route("Nowhere")).await;
    assert_eq!((missing.code, missing.body.len()), (17, 0));

    core.set_master(1, false);
    core.set_order_conf(TOPIC, Some("broker-a:3"));
    let changed = RouteData::parse(&client.exchange(&route(TOPIC)).await.body).unwrap();
    assert_eq!(changed.brokers[1].addresses.keys().collect::<Vec<_>>(), [&1]);
    assert_eq!(changed.order_conf.as_deref(), Some("broker-a:3"));
    core.set_up(0, false);
    core.remove_topic(1, TOPIC);
    assert_eq!(client.exchange(&route(TOPIC)).await.code, 17);
    core.set_registered(0, true);
    assert_eq!(client.exchange(&route(TOPIC)).await.code, 0);
    assert_eq!((core.look_ups(TOPIC), core.look_ups("Nowhere")), (4, 1));
}

#[tokio::test(start_paused = true)]
async fn standard_json_comes_when_asked_for_and_known() {
    let request = Command::request(request::GET_ROUTEINFO_BY_TOPIC).with("topic", TOPIC);
    let plain = Command { version: 399, ..request };
    let asking = plain.clone().with("acceptStandardJsonOnly", "true");
    let newer = Command { version: 401, ..plain.clone() };
    for (standard_json, request, quoted) in
        [(false, &asking, false), (true, &plain, false), (true, &asking, true), (true, &newer, true)]
    {
        let core = core(Options { standard_json, ..Options::default() });
        let answer = Client::connect(&core, Node::NameServer).exchange(&encode(request)).await;
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok(), quoted);
    }
}

#[tokio::test(start_paused = true)]
async fn events_keep_the_order_of_things() {
    let core = core(Options::default());
    let mut client = Client::connect(&core, 0);
    let beat = heartbeat::request("client@1", ["PG_A", "PG_B"].into_iter());
    assert_eq!(client.exchange(&encode(&beat)).await.code, 0);
    client.write(&send_frame(2, true, HeaderFormat::RocketMq, |_| {})).await;
    assert_eq!(client.exchange(&encode(&unregister::request("client@1", "PG_A"))).await.code, 0);
    drop(client);
    soon(core.reach_events(|events| events.iter().any(|event| matches!(event.what, What::Closed)))).await;

    let events = core.events();
    let names = events.iter().map(|event| match &event.what {
        What::Connected => "connected",
        What::HeartBeat(_) => "heartbeat",
        What::Send(attempt) if attempt.oneway => "oneway",
        What::Unregister(_) => "unregister",
        What::Closed => "closed",
        _ => "other",
    });
    assert_eq!(names.collect::<Vec<_>>(), ["connected", "heartbeat", "oneway", "unregister", "closed"]);
    assert!(events.iter().zip(0..).all(|(event, number)| event.number == number && event.connection == 1));
    let groups = vec!["PG_A".into(), "PG_B".into()];
    assert_eq!(core.heart_beats(0), [HeartBeat { client_id: "client@1".into(), groups }]);
    let left = Unregistration { client_id: "client@1".into(), group: "PG_A".into() };
    assert_eq!(core.unregistrations(0), [left]);
    assert_eq!((core.accepted(0), core.open_connections(0)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn remembers_no_more_events_than_allowed() {
    let core = core(Options { events_max: 3, ..Options::default() });
    let mut client = Client::connect(&core, 0);
    for opaque in 0..10 {
        client.exchange(&send(opaque)).await;
    }
    let numbers: Vec<u64> = core.events().iter().map(|event| event.number).collect();
    assert_eq!(numbers, [8, 9, 10]);
    assert_eq!(core.message_count(TOPIC), 10);
}

#[tokio::test(start_paused = true)]
async fn pushes_commands_to_the_connections_of_one_client() {
    let core = core(Options::default());
    let mut first = Client::connect(&core, 0);
    let mut second = Client::connect(&core, 0);
    for (client, id) in [(&mut first, "one"), (&mut second, "two")] {
        client.exchange(&encode(&heartbeat::request(id, ["PG"].into_iter()))).await;
    }
    let check = Command { opaque: 77, ..Command::request(request::GET_CONSUMER_RUNNING_INFO) };
    assert_eq!(core.push(0, "two", &check), 1);
    let pushed = second.next().await.unwrap();
    assert_eq!((pushed.code, pushed.opaque, pushed.is_response()), (307, 77, false));
    second.write(&encode(&Command::response(1, 77))).await;
    soon(core.reach_events(|events| {
        events.iter().any(|event| matches!(&event.what, What::Answer(answer) if answer.opaque == 77))
    }))
    .await;
    assert!(first.hears_nothing_for(1000).await);
    assert_eq!(core.push(0, "three", &check), 0);
}

#[tokio::test(start_paused = true)]
async fn unknown_codes_are_met_with_silence_or_code_3() {
    let recall = encode(&Command::request(request::RECALL_MESSAGE));
    for node in [Node::NameServer, Node::Broker(0)] {
        let silent = core(Options::default());
        assert!(Client::connect(&silent, node).hears_nothing_after(&recall).await);
        assert_eq!(silent.requests(node, request::RECALL_MESSAGE), 1);
        let newer = core(Options { answer_unsupported: true, ..Options::default() });
        assert_eq!(Client::connect(&newer, node).exchange(&recall).await.code, 3);
    }
    let core = core(Options::default());
    let (_, command) = take(&mut send(1)).unwrap();
    let reply = encode(&Command { code: request::SEND_REPLY_MESSAGE_V2, ..command });
    assert_eq!(Client::connect(&core, 0).exchange(&reply).await.code, 3);
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_frame_end_the_connection() {
    let core = core(Options::default());
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0, 0, 0, 6, 0, 0, 0, 2, b'{', b'x']] {
        let mut client = Client::connect(&core, 0);
        client.write(nonsense).await;
        assert!(client.next().await.is_none());
    }
    let broken = core.events().into_iter().filter(|event| matches!(event.what, What::Broken(_)));
    assert_eq!(broken.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn nodes_are_found_by_address() {
    let core = core(Options { brokers: 2, host: "broker.test".into(), ..Options::default() });
    assert_eq!(core.node_at(&core.namesrv()), Some(Node::NameServer));
    assert_eq!(core.broker_address(1), "broker.test:10921");
    assert_eq!(core.node_at("broker.test:10921"), Some(Node::Broker(1)));
    assert_eq!(core.node_at("broker.test:1"), None);
    assert_eq!(
        (core.broker_count(), core.broker_name(2), core.broker_address(2)),
        (2, String::new(), String::new())
    );
    let followed = core.follow();
    Client::connect(&core, 1).exchange(&send(1)).await;
    assert_eq!(followed.try_recv().unwrap().broker_name, "broker-b");
    core.end_following();
    assert!(followed.recv().is_err());
}
