//! Byte vectors of the reference implementation, both ways.
//!
//! [`TABLE`] says for every vector what runs it, or which subject it waits for.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "vectors/messages.rs"]
mod messages;
mod support;

use protocol::codes::{Language, SendStatus};
use protocol::command::{Command, Head};
use protocol::frame::{self, FRAME_BYTES_MAX};
use protocol::header::send::{OwnedSend, SendAnswer, SendMessage};
use protocol::header::{heartbeat, route as route_header, unregister};
use protocol::message::id::{IdGenerator, UniqueId, offset_id};
use protocol::message::{namespace, properties};
use protocol::route::RouteData;
use protocol::{HeaderFormat, json};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use support::{Vector, frames, unhex, vectors};

enum Run {
    /// Run by this function.
    By(fn(&Vector)),
    /// Run as a frame like any other; what is special about it waits for this subject.
    FrameOf(&'static str),
    /// Waits for this subject.
    NotYet(&'static str),
}

use Run::{By, FrameOf, NotYet};

/// A name, or the beginning of names when it ends with `*`. Every vector must match exactly one row, every row one.
const TABLE: &[(&str, Run)] = &[
    ("properties_string_*", By(properties_string)),
    ("send_message_v2_json_*", By(send)),
    ("send_message_v2_rocketmq_*", By(send)),
    ("send_message_v2_oneway_json_4_7_0", By(send)),
    ("send_message_v1_json_4_7_0", By(send_long_names)),
    ("send_batch_message_json_4_7_0", By(messages::send_batch)),
    ("batch_body_two_messages", By(messages::batch_body)),
    ("send_response_success_*", By(answer)),
    ("error_response_*", By(frame_as_decoded)),
    ("binary_header_empty_value_negative_opaque", By(frame_as_input)),
    ("offset_msg_id_*", By(offset_message_id)),
    ("uniq_key_compose*", By(unique_id_composed)),
    ("uniq_key_fields*", By(unique_id_taken_apart)),
    ("route_body_*", By(route_body)),
    ("get_route_standard_json_request", By(route_request)),
    ("heartbeat_body_*", By(heartbeat_body)),
    ("namespace_wrap_*", By(namespaces)),
    ("zlib_level5", By(messages::zlib)),
    ("compress_*", By(messages::compressed)),
    ("cap_get_route_request", By(route_request_captured)),
    ("cap_get_route_topic_not_exist", By(frame_as_input)),
    ("cap_get_route_tbw102", By(route_answer_captured)),
    ("cap_send_v2", By(send)),
    ("cap_send_v2_compressed", By(messages::send_compressed)),
    ("cap_send_v2_delay_level", By(send)),
    ("cap_send_v2_oneway", By(send)),
    ("cap_send_v2_response", By(answer)),
    ("cap_send_batch", By(messages::send_batch)),
    ("cap_send_batch_response", By(messages::batch_answer)),
    ("cap_heartbeat", By(heartbeat_captured)),
    ("cap_unregister", By(unregister_captured)),
    ("cap_half_message", By(send)),
    ("cap_request_message", By(send)),
    ("cap_trace_*", By(send)),
    ("cap_end_transaction_*", FrameOf("transactions")),
    ("cap_check_transaction_state", FrameOf("transactions")),
    ("end_transaction_commit_json_5_x", FrameOf("transactions")),
    ("cap_reply_message", FrameOf("request-reply")),
    ("cap_push_reply", FrameOf("request-reply")),
    ("cap_push_reply_response", FrameOf("request-reply")),
    ("cap_acl_*", FrameOf("access control")),
    ("search_offset_json_5_x", FrameOf("queue queries")),
    ("recall_message_json_5_x", By(messages::recall_request)),
    ("recall_handle_v1", By(messages::recall_handle)),
    ("acl_signature_*", NotYet("access control")),
    ("stored_message_*", NotYet("stored messages")),
    ("body_crc*", NotYet("stored messages")),
    ("trace_*", NotYet("trace")),
    ("heartbeat_v2_fingerprint", NotYet("second form of heartbeat, of no use to a producer")),
];

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[test]
fn every_vector_is_run_or_waits_for_a_subject() {
    let vectors = vectors();
    let mut waiting = BTreeMap::<_, Vec<_>>::new();
    for vector in &vectors {
        let mut rows = TABLE.iter().filter(|(pattern, _)| matches(pattern, &vector.name));
        let (_, run) = rows.next().unwrap_or_else(|| panic!("no row for vector {}", vector.name));
        if let Some((second, _)) = rows.next() {
            panic!("{} matches two rows, one of them {second}", vector.name);
        }
        match run {
            By(run) => run(vector),
            FrameOf(subject) => {
                frame_as_input(vector);
                waiting.entry(*subject).or_default().push(format!("{} (run as a frame)", vector.name));
            }
            NotYet(subject) => waiting.entry(*subject).or_default().push(vector.name.clone()),
        }
    }
    for (pattern, _) in TABLE {
        assert!(vectors.iter().any(|vector| matches(pattern, &vector.name)), "no vector for row {pattern}");
    }
    for (subject, names) in waiting {
        println!("not yet run, {subject}: {}", names.join(", "));
    }
}

#[test]
fn every_frame_is_found_however_the_stream_is_cut() {
    for (name, bytes) in frames() {
        for end in 0..bytes.len() {
            assert_eq!(frame::decode(&bytes[..end], FRAME_BYTES_MAX), Ok(None), "{name} cut at {end}");
        }
        let whole = frame::decode(&bytes, FRAME_BYTES_MAX).unwrap().unwrap();
        assert_eq!(
            (whole.len, whole.header.len() + whole.body.len() + 8),
            (bytes.len(), bytes.len()),
            "{name}"
        );
        let mut longer = bytes.clone();
        longer.extend_from_slice(&[0xFF; 3]);
        assert_eq!(frame::decode(&longer, FRAME_BYTES_MAX), Ok(Some(whole)), "{name}");
        assert_eq!(frame::decode(&bytes, bytes.len()), Ok(Some(whole)), "{name}");
        assert!(frame::decode(&bytes, bytes.len() - 1).is_err(), "{name}");
        round_trip(&name, &bytes);
    }
}

/// Decodes a whole frame and checks that both readers and an independent one agree on it, and that it survives being
/// written again.
fn round_trip(name: &str, bytes: &[u8]) -> Command {
    let frame = frame::decode(bytes, FRAME_BYTES_MAX).unwrap().unwrap();
    let command = Command::decode(&frame).unwrap_or_else(|error| panic!("{name}: {error}"));
    let head = Head::read(&frame).unwrap();
    assert_eq!((head.code, head.opaque, head.flag, head.version), scalars(&command), "{name}");
    assert_eq!(
        (head.language, head.remark.as_deref()),
        (command.language, command.remark.as_deref()),
        "{name}"
    );
    let ext: Vec<_> = head.ext().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    assert_eq!(ext, command.ext, "{name}");
    assert_eq!(&command.body[..], frame.body, "{name}");
    if frame.format == HeaderFormat::Json {
        let mut rewritten = Vec::new();
        command.encode(HeaderFormat::Json, &mut rewritten).unwrap();
        assert_eq!(json_header(&rewritten), json_header(bytes), "{name}");
    } else if command.ext.iter().all(|(_, value)| !value.is_empty()) {
        let mut rewritten = Vec::new();
        command.encode(HeaderFormat::RocketMq, &mut rewritten).unwrap();
        assert_eq!(rewritten, bytes, "{name}");
    }
    for format in [HeaderFormat::Json, HeaderFormat::RocketMq] {
        let mut rewritten = b"before".to_vec();
        command.encode(format, &mut rewritten).unwrap();
        let frame = frame::decode(&rewritten[6..], FRAME_BYTES_MAX).unwrap().unwrap();
        let mut expected = command.clone();
        if format == HeaderFormat::RocketMq {
            expected.ext.retain(|(_, value)| !value.is_empty());
        }
        assert_eq!(Command::decode(&frame).unwrap(), expected, "{name}");
    }
    command
}

fn scalars(command: &Command) -> (i32, i32, i32, i32) {
    (command.code, command.opaque, command.flag, command.version)
}

/// A JSON header as an independent reader sees it. What only informs is left out, and so is an empty map of fields.
fn json_header(bytes: &[u8]) -> Map<String, Value> {
    let frame = frame::decode(bytes, FRAME_BYTES_MAX).unwrap().unwrap();
    let mut header: Map<String, Value> = serde_json::from_slice(frame.header).unwrap();
    header.remove("serializeTypeCurrentRPC");
    header.retain(|_, value| *value != Value::Object(Map::new()));
    header
}

fn language(value: &Value) -> Language {
    match value {
        Value::Null => Language::Java,
        Value::String(name) => Language::from_name(name),
        number => Language::from_byte(number.as_u64().unwrap().try_into().unwrap()),
    }
}

fn ext_of(command: &Command) -> BTreeMap<&str, &str> {
    command.ext.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn check_fields(vector: &Vector, command: &Command, expected: &Value) {
    let name = &vector.name;
    let number = |field: &str| expected[field].as_i64().unwrap_or_default();
    assert_eq!(i64::from(command.code), number("code"), "{name}");
    assert_eq!(i64::from(command.opaque), number("opaque"), "{name}");
    assert_eq!(i64::from(command.flag), number("flag"), "{name}");
    assert_eq!(i64::from(command.version), number("version"), "{name}");
    assert_eq!(command.language, language(&expected["language"]), "{name}");
    assert_eq!(command.remark.as_deref(), expected["remark"].as_str(), "{name}");
    let ext =
        expected["ext"].as_object().map(|ext| ext.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap())));
    assert_eq!(ext_of(command), ext.into_iter().flatten().collect(), "{name}");
    if let Some(body) = expected["bodyHex"].as_str() {
        assert_eq!(&command.body[..], unhex(body), "{name}");
    }
}

fn frame_as_input(vector: &Vector) {
    let command = round_trip(&vector.name, &vector.bytes("hex"));
    if vector.input()["opaque"].is_number() {
        check_fields(vector, &command, vector.input());
    }
}

fn frame_as_decoded(vector: &Vector) {
    let command = round_trip(&vector.name, &vector.bytes("hex"));
    check_fields(vector, &command, &vector.fields["decoded"]);
    assert_eq!(SendStatus::from_code(command.code), None, "{}", vector.name);
}

/// Fields by the names of the reference's header class, following `sameAs`.
fn described(vector: &Vector) -> Option<Map<String, Value>> {
    let input = vector.input().as_object().unwrap();
    let base = input.get("sameAs").or_else(|| input.get("sameHeaderAs"));
    let Some(base) = base else { return input.contains_key("producerGroup").then(|| input.clone()) };
    let base = vectors().into_iter().find(|other| other.name == base.as_str().unwrap()).unwrap();
    let mut described = base.input().as_object().unwrap().clone();
    let own = input.iter().filter(|(name, _)| !name.starts_with("same") && *name != "flag");
    described.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    Some(described)
}

fn check_described(send: &OwnedSend, described: &Map<String, Value>) {
    let text = |field: &str| described[field].as_str().unwrap();
    let number = |field: &str| described[field].as_i64().unwrap();
    assert_eq!(
        (send.group.as_str(), send.topic.as_str(), send.default_topic.as_str()),
        (text("producerGroup"), text("topic"), text("defaultTopic"))
    );
    assert_eq!(
        [send.default_queues, send.queue_id, send.sys_flag, send.flag, send.reconsume_times].map(i64::from),
        ["defaultTopicQueueNums", "queueId", "sysFlag", "flag", "reconsumeTimes"].map(number)
    );
    assert_eq!(send.born_ms, number("bornTimestamp"));
    assert_eq!((send.unit_mode, send.batch), (described["unitMode"] == true, described["batch"] == true));
    let expected: BTreeMap<_, _> = described["properties"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str().unwrap()))
        .collect();
    assert_eq!(properties::iter(&send.properties).collect::<BTreeMap<_, _>>(), expected);
}

fn send_decoded(vector: &Vector) -> (Command, OwnedSend) {
    let command = round_trip(&vector.name, &vector.bytes("hex"));
    if vector.input().get("ext").is_some() {
        check_fields(vector, &command, vector.input());
    }
    let send = SendMessage::decode(&command).unwrap_or_else(|error| panic!("{}: {error}", vector.name));
    if let Some(described) = described(vector) {
        check_described(&send, &described);
    }
    (command, send)
}

fn send_long_names(vector: &Vector) {
    send_decoded(vector);
}

/// Decodes a send and writes the same one again: equal but for language and version, which are ours.
fn send(vector: &Vector) {
    let original = vector.bytes("hex");
    let (command, send) = send_decoded(vector);
    let format = frame::decode(&original, FRAME_BYTES_MAX).unwrap().unwrap().format;
    let message = SendMessage {
        group: &send.group,
        topic: &send.topic,
        default_topic: &send.default_topic,
        default_queues: send.default_queues,
        queue_id: send.queue_id,
        sys_flag: send.sys_flag,
        born_ms: send.born_ms,
        flag: send.flag,
        properties: &[&send.properties],
        reconsume_times: send.reconsume_times,
        unit_mode: send.unit_mode,
        batch: send.batch,
        broker_name: &send.broker_name,
        namespace: &send.namespace,
    };
    let mut written = Vec::new();
    let body = command.body.len();
    message.encode(format, command.opaque, command.is_oneway(), body, &mut written).unwrap();
    written.extend_from_slice(&command.body);
    if format == HeaderFormat::RocketMq {
        assert_eq!((written[10], &written[11..13]), (Language::Rust.byte(), &479_i16.to_be_bytes()[..]));
        written[10..13].copy_from_slice(&original[10..13]);
        assert_eq!(written, original, "{}", vector.name);
    } else {
        let mut header = json_header(&written);
        assert_eq!((header["language"].as_str(), header["version"].as_i64()), (Some("RUST"), Some(479)));
        header["language"] = "JAVA".into();
        header["version"] = command.version.into();
        assert_eq!(header, json_header(&original), "{}", vector.name);
        assert!(written.ends_with(&command.body));
    }
}
fn answer(vector: &Vector) {
    let bytes = vector.bytes("hex");
    let command = round_trip(&vector.name, &bytes);
    let expected = vector.fields.get("decoded").unwrap_or_else(|| vector.input());
    check_fields(vector, &command, expected);
    let head = Head::read(&frame::decode(&bytes, FRAME_BYTES_MAX).unwrap().unwrap()).unwrap();
    assert_eq!(SendStatus::from_code(head.code), Some(SendStatus::Ok));
    let answer = SendAnswer::read(&head).unwrap();
    let ext = &expected["ext"];
    assert_eq!(answer.offset_id(), ext["msgId"].as_str().unwrap());
    assert_eq!(answer.queue_id.to_string(), ext["queueId"].as_str().unwrap());
    assert_eq!(answer.queue_offset.to_string(), ext["queueOffset"].as_str().unwrap());
    assert_eq!((&*answer.region(), answer.trace_on()), ("DefaultRegion", true));
    assert_eq!((&*answer.transaction_id(), &*answer.recall_handle()), ("", ""));
}

fn properties_string(vector: &Vector) {
    let wire = String::from_utf8(vector.bytes("hex")).unwrap();
    let expected = vector.input()["properties"].as_object().unwrap();
    let mut written = String::new();
    for (name, value) in properties::iter(&wire) {
        assert_eq!(expected[name], value);
        assert_eq!(properties::get(&wire, name), Some(value));
        properties::append(&mut written, name, value);
    }
    assert_eq!(properties::iter(&wire).count(), expected.len());
    assert_eq!(written.trim_end_matches(properties::ITEM), wire.trim_end_matches(properties::ITEM));
    if let Some(text) = vector.fields["string"].as_str() {
        assert_eq!(written, text);
    }
}

fn offset_message_id(vector: &Vector) {
    let input = vector.input();
    let ip = input["ip"].as_str().unwrap().parse().unwrap();
    let port = input["port"].as_u64().unwrap().try_into().unwrap();
    let written = offset_id(ip, port, input["commitLogOffset"].as_i64().unwrap());
    assert_eq!(written, vector.text("msgId"));
}

fn generator(ip: &str, pid: &Value, discriminator_hex: &str) -> IdGenerator {
    let discriminator = u32::from_str_radix(discriminator_hex, 16).unwrap();
    IdGenerator::new(ip.parse().unwrap(), pid.as_u64().unwrap().try_into().unwrap(), discriminator)
}

fn unique_id_composed(vector: &Vector) {
    let input = vector.input();
    let generator =
        generator(input["ip"].as_str().unwrap(), &input["pid"], input["discriminatorHex"].as_str().unwrap());
    let ms = input["millisSinceLocalMonthStart"].as_u64().unwrap().try_into().unwrap();
    let counter = input["counter"].as_u64().unwrap();
    // The counter has 16 bits; going once around would also move the time by a millisecond, so that is left out.
    let id = (0..=counter % 65_536).map(|_| generator.next(ms)).last().unwrap();
    assert_eq!(id.as_str(), vector.text("uniqKey"));
}

fn unique_id_taken_apart(vector: &Vector) {
    let text = vector.input()["uniqKey"].as_str().unwrap();
    let tail = &text[text.len() - 20..];
    let ms = u32::from_str_radix(&tail[8..16], 16).unwrap();
    if let Some(expected) = vector.fields["millisSinceMonthStart"].as_u64() {
        assert_eq!(u64::from(ms), expected);
        assert_eq!(&tail[..8], vector.text("loaderHashHex"));
    }
    assert!(tail.ends_with("0000"), "a first id, or the generator would have to run");
    let id = generator(vector.text("ip"), &vector.fields["pid"], &tail[..8]).next(ms);
    assert_eq!(id.as_str(), text);
    assert_eq!(text.parse::<UniqueId>(), Ok(id));
}

fn route_body(vector: &Vector) {
    let body = vector.text("text").as_bytes();
    if let Some(hex) = vector.fields["hex"].as_str() {
        assert_eq!(unhex(hex), body);
    }
    let repaired = json::quote_integer_keys(body);
    assert!(serde_json::from_slice::<Value>(&repaired).is_ok());
    assert_eq!(vector.name.ends_with("_standard"), repaired == body);
    let route = RouteData::parse(body).unwrap();
    check_route(&route, vector.name.contains("order"));
    assert_eq!(RouteData::parse(&repaired), Ok(route.clone()));
    for quote_keys in [false, true] {
        assert_eq!(RouteData::parse(&route.encode(quote_keys)), Ok(route.clone()));
    }
    if vector.name.ends_with("4_7_0") {
        assert_eq!(route.encode(false), body);
    }
    if vector.name == "route_body_5_x_standard" {
        assert_eq!(route.encode(true), body);
    }
}

fn check_route(route: &RouteData, order: bool) {
    let [queue] = &route.queues[..] else { panic!("one broker has queues") };
    assert_eq!((queue.broker_name.as_str(), queue.perm), ("broker-a", 6));
    assert_eq!((queue.read_queues, queue.write_queues), (4, 4));
    let [broker] = &route.brokers[..] else { panic!("there is one broker") };
    assert_eq!((broker.broker_name.as_str(), broker.cluster.as_str()), ("broker-a", "DefaultCluster"));
    let addresses: Vec<_> = broker.addresses.iter().map(|(id, address)| (*id, address.as_str())).collect();
    assert_eq!(addresses, [(0, "10.0.0.1:10911"), (1, "10.0.0.2:10911")]);
    assert_eq!(route.order_conf.as_deref(), order.then_some("broker-a:4"));
    let publish = route.publish();
    assert_eq!((&*publish.brokers[0].name, &*publish.brokers[0].address), ("broker-a", "10.0.0.1:10911"));
    assert_eq!(publish.queues.iter().map(|queue| queue.id).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

fn route_request(vector: &Vector) {
    let original = round_trip(&vector.name, &vector.bytes("hex"));
    let mut written = route_header::request(vector.input()["topic"].as_str().unwrap());
    assert_eq!((written.language, written.version), (Language::Rust, 479));
    written.language = original.language;
    written.version = original.version;
    written.opaque = original.opaque;
    assert_eq!(written, original);
}

fn route_request_captured(vector: &Vector) {
    frame_as_input(vector);
    let original = round_trip(&vector.name, &vector.bytes("hex"));
    let written = route_header::request(original.ext("topic").unwrap());
    assert_eq!(written.code, original.code);
    assert_eq!(written.ext[..1], original.ext[..]);
}

fn route_answer_captured(vector: &Vector) {
    frame_as_input(vector);
    let answer = round_trip(&vector.name, &vector.bytes("hex"));
    assert_eq!(&answer.body[..], vector.text("bodyText").as_bytes());
    let route = RouteData::parse(&answer.body).unwrap();
    assert_eq!(route.encode(false), &answer.body[..]);
    let publish = route.for_default_topic(4).publish();
    assert_eq!((publish.queues.len(), &*publish.brokers[0].address), (4, "127.0.0.1:10911"));
}

fn heartbeat_body(vector: &Vector) {
    let input = vector.input();
    let groups: Vec<&str> =
        input["groups"].as_array().unwrap().iter().map(|group| group.as_str().unwrap()).collect();
    let client_id = input["clientID"].as_str().unwrap();
    let (read_id, read_groups) = heartbeat::parse(vector.text("text").as_bytes()).unwrap();
    assert_eq!(
        (read_id.as_str(), read_groups),
        (client_id, groups.iter().map(ToString::to_string).collect())
    );
    if vector.name.ends_with("5_x") {
        let written = heartbeat::request(client_id, groups.into_iter());
        assert_eq!(&written.body[..], vector.text("text").as_bytes());
    }
}

fn heartbeat_captured(vector: &Vector) {
    frame_as_input(vector);
    let original = round_trip(&vector.name, &vector.bytes("hex"));
    let (client_id, groups) = heartbeat::parse(&original.body).unwrap();
    let written = heartbeat::request(&client_id, groups.iter().map(String::as_str));
    assert_eq!((written.code, &written.ext), (original.code, &original.ext));
    let mut body: Map<String, Value> = serde_json::from_slice(&written.body).unwrap();
    // What 5.x has added.
    assert_eq!(
        (body.remove("heartbeatFingerprint"), body.remove("withoutSub")),
        (Some(0.into()), Some(false.into()))
    );
    assert_eq!(Value::Object(body), serde_json::from_slice::<Value>(&original.body).unwrap());
}

fn unregister_captured(vector: &Vector) {
    frame_as_input(vector);
    let original = round_trip(&vector.name, &vector.bytes("hex"));
    let read = unregister::decode(&original).unwrap();
    let written = unregister::request(&read.client_id, &read.group.unwrap());
    assert_eq!((written.code, ext_of(&written)), (original.code, ext_of(&original)));
}
fn namespaces(vector: &Vector) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let input = vector.input();
    let (space, name) = (text(&input["namespace"]), text(&input["resource"]));
    assert_eq!(namespace::wrap(&space, &name), text(&vector.fields["wrapped"]), "{}", vector.name);
    assert_eq!(namespace::unwrap(&space, &name), text(&vector.fields["unwrapped"]), "{}", vector.name);
}
