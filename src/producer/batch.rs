//! Batches: many messages of one topic in one request, all of them stored or none.

use protocol::EncodeError;
use protocol::message::batch;
use protocol::message::id::UniqueId;

use crate::producer::message::Message;
use crate::producer::namespace::Namespace;

/// What a message of a batch adds to its own properties, in pieces of the wire form: all that a message alone has in its
/// header, in the same order.
fn property_pieces<'a>(message: &'a Message, id: &'a str, namespace: Option<&'a Namespace>) -> [&'a str; 5] {
    [
        "UNIQ_KEY\u{1}",
        id,
        if message.waits_for_store() { "\u{2}WAIT\u{1}true\u{2}" } else { "\u{2}WAIT\u{1}false\u{2}" },
        namespace.map_or("", Namespace::property),
        message.wire_properties().map_or("", |wire| wire),
    ]
}

/// Appends `message` as a record of a batch, with `id` as its unique id. On an error `out` is as before.
pub(crate) fn append_record(
    out: &mut Vec<u8>,
    message: &Message,
    id: &UniqueId,
    namespace: Option<&Namespace>,
) -> Result<(), EncodeError> {
    let properties = property_pieces(message, id.as_str(), namespace);
    batch::append(out, message.flag(), message.body(), &properties)
}

/// Bytes of the properties of such a record, for ids of so many characters.
pub(crate) fn property_bytes(message: &Message, id_bytes: usize, namespace: Option<&Namespace>) -> usize {
    property_pieces(message, "", namespace)
        .iter()
        .fold(id_bytes, |sum, piece| sum.saturating_add(piece.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_what_the_header_of_a_message_alone_has() {
        let id: UniqueId = "0A000009".repeat(4).parse().unwrap();
        let space = Namespace::new("NS".to_owned());
        let mut m = Message::new("T").unwrap();
        m.set_body(b"body").unwrap();
        m.set_flag(-7);
        let mut body = Vec::new();
        append_record(&mut body, &m, &id, None).unwrap();
        assert_eq!(body.len(), batch::record_bytes(4, property_bytes(&m, 32, None)));
        m.set_wait_store(false);
        m.set_tags(Some("TagA")).unwrap();
        append_record(&mut body, &m, &id, Some(&space)).unwrap();
        let records: Vec<_> = batch::records(&body).collect::<Result<_, _>>().unwrap();
        assert!(records.iter().all(|record| (record.flag, record.body) == (-7, &b"body"[..])));
        let properties: Vec<_> = records.iter().map(|record| &*record.properties).collect();
        let rest = "\u{2}WAIT\u{1}false\u{2}INSTANCE_ID\u{1}NS\u{2}TAGS\u{1}TagA\u{2}";
        let expected =
            [format!("UNIQ_KEY\u{1}{id}\u{2}WAIT\u{1}true\u{2}"), format!("UNIQ_KEY\u{1}{id}{rest}")];
        assert_eq!(properties, expected);
        assert_eq!(property_bytes(&m, 32, Some(&space)), properties[1].len());
    }
}
