use super::*;
use protocol::command::Command;
use protocol::header::send::SendMessage;

fn head(code: i32, opaque: i32, flag: i32, queue_id: i32) -> Option<Head> {
    Some(Head { code, opaque, flag, queue_id: Some(queue_id) })
}

fn json(text: &str) -> Option<Head> {
    scan(HeaderFormat::Json, text.as_bytes())
}

/// The header of the first frame in `bytes`.
fn header(bytes: &[u8]) -> &[u8] {
    let len = usize::from(bytes[5]) << 16 | usize::from(bytes[6]) << 8 | usize::from(bytes[7]);
    &bytes[8..8 + len]
}

#[test]
fn members_may_come_in_any_order() {
    let members = [
        r#""code":310"#,
        r#""flag":0"#,
        r#""opaque":77"#,
        r#""extFields":{"a":"g","e":"3","i":"x"}"#,
        r#""language":"GO""#,
    ];
    for turn in 0..members.len() {
        let mut turned = members;
        turned.rotate_left(turn);
        assert_eq!(json(&format!("{{{}}}", turned.join(","))), head(310, 77, 0, 3));
        turned.reverse();
        assert_eq!(json(&format!("{{{}}}\n", turned.join(" ,\t"))), head(310, 77, 0, 3));
    }
}

#[test]
fn escapes_in_texts_hide_nothing_and_show_nothing() {
    let text = r#"{"remark":"\"opaque\":1,\\","code":310,"extFields":{"i":"\"e\":\"9\"\u0001\\","e":"2"},"opaque":5}"#;
    assert_eq!(json(text), head(310, 5, 0, 2));
}

#[test]
fn long_names_are_read_and_so_are_bare_numbers() {
    let text = r#"{"code":10,"extFields":{"flag":"7","queueId":6,"topic":"t"},"flag":2,"opaque":-8}"#;
    let found = json(text);
    assert_eq!(found, head(10, -8, 2, 6));
    assert!(found.is_some_and(|head| head.is_oneway()));
}

#[test]
fn values_of_any_kind_are_gone_over() {
    let text = r#"{"a":{"opaque":[1,{"x":"]"}],"y":{}},"b":[],"c":null,"d":-1.5e3,"code":34,"opaque":1,"extFields":null}"#;
    assert_eq!(json(text), Some(Head { code: 34, opaque: 1, flag: 0, queue_id: None }));
    assert_eq!(json(r#"{"code":34,"opaque":1,"extFields":{}}"#).and_then(|head| head.queue_id), None);
}

#[test]
fn what_is_cut_or_odd_is_left_to_others() {
    let text = r#"{"code":310,"extFields":{"e":"1"},"opaque":5}"#;
    for len in 0..text.len() {
        assert_eq!(json(&text[..len]), None, "{len}");
    }
    for odd in
        [r#"{"code":1.5,"opaque":1}"#, r#"{"code":99999999999,"opaque":1}"#, r#"{"opaque":1}"#, "[]", "{}"]
    {
        assert_eq!(json(odd), None, "{odd}");
    }
}

#[test]
fn what_the_library_writes_is_read_in_both_formats() {
    let send = SendMessage {
        group: "bench",
        topic: "bench-0",
        default_topic: "TBW102",
        default_queues: 4,
        queue_id: 12,
        sys_flag: 0,
        born_ms: 1_700_000_000_000,
        flag: 0,
        properties: &["UNIQ_KEY\u{1}0123456789ABCDEF\u{2}WAIT\u{1}true\u{2}"],
        reconsume_times: 0,
        unit_mode: false,
        batch: false,
        broker_name: "broker-0",
        namespace: "",
    };
    for format in [HeaderFormat::Json, HeaderFormat::RocketMq] {
        for (oneway, flag) in [(false, 0), (true, 2)] {
            let mut bytes = Vec::new();
            send.encode(format, 1_234_567_890, oneway, 0, &mut bytes).unwrap();
            assert_eq!(scan(format, header(&bytes)), head(310, 1_234_567_890, flag, 12));
        }
    }
}

#[test]
fn binary_headers_may_have_remarks_and_no_queue_and_may_be_cut() {
    let command = Command::request(34).with_remark("why").with("clientID", "x");
    let mut bytes = Vec::new();
    command.encode(HeaderFormat::RocketMq, &mut bytes).unwrap();
    let header = header(&bytes);
    let expected = Some(Head { code: 34, opaque: 0, flag: 0, queue_id: None });
    assert_eq!(scan(HeaderFormat::RocketMq, header), expected);
    for len in 0..header.len() {
        assert_eq!(scan(HeaderFormat::RocketMq, &header[..len]), None, "{len}");
    }
}
