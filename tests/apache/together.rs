//! Batches of the library: all messages are read back as they were sent, one behind the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::command::Command;

use crate::apache::{Apache, Version};
use crate::check::Mode;
use crate::content::{Content, index_of, noise};
use crate::properties::wire_len;
use crate::raw::{self, Raw};
use crate::sender::{self, Run};
use crate::{shared, tell, turn};

const WAIT: Duration = Duration::from_secs(30);
const MOST: usize = 4 << 20;
const UPDATE_AND_CREATE_TOPIC: i32 = 17;

/// What a 4.7.0 broker stores of each message besides topic, body and properties, and what the library adds to these.
const ADDED: usize = 91 + "UNIQ_KEY??".len() + 32 + "WAIT?true?".len();

#[test]
fn the_messages_of_batches_are_read_back_in_one_queue_and_in_order() {
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        for (mode, size, count, header) in [
            (Mode::Sync, 1, 30, "json"),
            (Mode::Sync, 10, 205, "json"),
            (Mode::Async, 10, 2000, "rocketmq"),
            (Mode::Sync, 1000, 3000, "rocketmq"),
            (Mode::Queue, 1000, 3000, "json"),
        ] {
            let topic = format!("batches-{}-{size}", mode.name());
            apache.create_topic(&topic, 4);
            let arguments = format!(
                "mode={} count={count} batch={size} header={header} outstanding=10 timeout=30000",
                mode.name()
            );
            let run = sender::run(apache, &topic, &arguments);
            all_together(apache, &topic, mode, size, &run);
            tell(version, &topic, &format!("{count} messages in {} ms", run.sending_ms));
        }
    }
}

/// The library counts as 4.7.0 does, which takes least.
#[test]
fn the_largest_batch_of_the_library_is_stored_by_every_version_and_one_byte_more_is_refused() {
    const TOPIC: &str = "largest-batch";
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic(TOPIC, 1);
        let mut there = 0;
        for count in [4, 1000] {
            let added = |index: usize| ADDED + TOPIC.len() + wire_len(&Content::of(index));
            let rest = MOST - (0..count).map(added).sum::<usize>();
            let each = rest / count;
            let mut sizes = vec![each; count];
            sizes[count - 1] = rest - each * (count - 1);
            let run = |sizes: &[usize]| {
                let bodies: Vec<_> = sizes.iter().map(usize::to_string).collect();
                let bodies = bodies.join(",");
                let arguments =
                    format!("count={count} batch={count} bodies={bodies} fill=noise timeout=30000");
                sender::run(apache, TOPIC, &arguments)
            };
            let taken = run(&sizes);
            assert!(taken.messages.iter().all(|told| told.is_ok() && told.attempts == 1), "{taken:?}");
            there += count;
            let stored = apache.read(TOPIC, there, WAIT).split_off(there - count);
            for (index, message) in stored.iter().enumerate() {
                assert!(message.body == noise(index, sizes[index]), "{version:?}, message {index}");
            }
            sizes[0] += 1;
            let refused = run(&sizes);
            let all =
                |told: &sender::Told| told.status == "ROCKETMQ_ERR_MESSAGE_TOO_LARGE" && told.attempts == 0;
            assert!(refused.messages.iter().all(all), "{refused:?}");
            let (last, more) = (count - 1, MOST + 1);
            let why = format!("message {last}: with it the batch has {more} bytes as it is stored");
            assert!(refused.errors[0].contains(&why), "{:?}", refused.errors[0]);
            tell(version, "largest batch", &format!("{count} messages in {MOST} bytes as they are stored"));
        }
        assert_eq!(apache.read(TOPIC, there, WAIT).len(), there);
    }
}

/// In a topic that is made for batches 5.5.0 keeps one whose header has an id as one message, which older consumers cannot
/// take apart. The library's has none.
#[test]
fn a_topic_made_for_batches_keeps_the_messages_of_a_batch_apart() {
    const TOPIC: &str = "batch-queues";
    let apache = shared(Version::V5_5_0);
    let _turn = turn();
    apache.create_topic("any", 1);
    let mut broker = Raw::to_broker(apache, "any");
    let create = Command::request(UPDATE_AND_CREATE_TOPIC)
        .with("topic", TOPIC)
        .with("defaultTopic", "TBW102")
        .with("readQueueNums", 1)
        .with("writeQueueNums", 1)
        .with("perm", 6)
        .with("topicFilterType", "SINGLE_TAG")
        .with("topicSysFlag", 0)
        .with("order", false)
        .with("attributes", "+queue.type=BatchCQ");
    assert_eq!(broker.ask(create).code, 0);
    let run = sender::run(apache, TOPIC, "count=30 batch=10 timeout=30000");
    all_together(apache, TOPIC, Mode::Sync, 10, &run);
    let record = raw::record(&raw::wire(&[("UNIQ_KEY", &raw::id(1))]), b"kept with others");
    let header = raw::wire(&[("UNIQ_KEY", &raw::id(2)), ("WAIT", "true")]);
    let answer = broker.ask(raw::batch(TOPIC, &header, &record.repeat(3)));
    assert_eq!((answer.code, answer.ext("batchUniqId")), (0, Some(&*raw::id(2))), "{answer:?}");
    let last = apache.read(TOPIC, 31, WAIT).pop().expect("the batch");
    assert_eq!((last.msg_id, last.body), (raw::id(2), record.repeat(3)));
}

/// Every message is there once, as it was sent, where C was told; those of a call of `size` one behind the other.
pub(crate) fn all_together(apache: &Apache, topic: &str, mode: Mode, size: usize, run: &Run) {
    assert!(run.messages.iter().all(|told| told.is_ok() && told.attempts == 1), "{:?}", run.errors);
    let due = u32::from(mode.ends_later());
    assert!(run.messages.iter().all(|told| told.callbacks == due));
    let stored = apache.read(topic, run.messages.len(), WAIT);
    assert_eq!(stored.len(), run.messages.len(), "messages in {topic}");
    let copies: BTreeMap<_, _> = stored.iter().map(|message| (index_of(message), message)).collect();
    let ids: BTreeSet<_> = stored.iter().map(|message| &message.msg_id).collect();
    assert_eq!((copies.len(), ids.len()), (stored.len(), stored.len()), "each once, with an id of its own");
    for (number, call) in run.messages.chunks(size).enumerate() {
        for (at, told) in call.iter().enumerate() {
            let index = number * size + at;
            let message = copies[&index];
            let mut content = Content::of(index);
            if size > 1 {
                content.sys_flag = 0;
            }
            assert_eq!(Content::read(message), content, "message {index}");
            assert_eq!((message.topic.as_str(), message.flag), (topic, 0));
            assert_eq!(message.properties.get("UNIQ_KEY"), Some(&message.msg_id), "the id is the sender's");
            let place = (&message.msg_id, &message.broker, message.queue_id, message.queue_offset);
            assert_eq!(place, (&told.id, &told.broker, told.queue_id, told.queue_offset), "message {index}");
            let first = &call[0];
            let next = first.queue_offset + i64::try_from(at).expect("a small number");
            assert_eq!((told.queue_id, told.queue_offset), (first.queue_id, next), "message {index}");
            let offset_id = if at == 0 { message.offset_msg_id.as_str() } else { "+" };
            assert_eq!(told.offset_id, offset_id, "message {index}");
        }
    }
}
