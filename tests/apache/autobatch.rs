//! Automatic batches on real brokers: each message is where its own sender was told, whatever it went out with.

use std::collections::BTreeMap;

use crate::apache::{Filter, Listener, Stored, Version};
use crate::check::{Mode, all_ended_well, by_index, no_gaps, place_stored, place_told};
use crate::{filters, full, sender, shared, tell, turn};

const TOPICS: usize = 3;
const AUTO: &str = "set=batch.auto=true";

#[test]
fn each_message_of_an_automatic_batch_is_read_back_where_its_sender_was_told() {
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        for (mode, count, header) in [(Mode::Async, 12_000, "json"), (Mode::Sync, 900, "rocketmq")] {
            let topic = format!("auto-{}", mode.name());
            let count = if full() { 5 * count } else { count };
            (0..TOPICS).for_each(|number| apache.create_topic(&format!("{topic}-{number}"), 4));
            let arguments = format!(
                "mode={} topics={TOPICS} threads=8 count={count} outstanding=2000 header={header} timeout=30000 {AUTO}",
                mode.name()
            );
            let run = sender::run(apache, &topic, &arguments);
            all_ended_well(mode, &run);
            let mut all = Vec::new();
            for number in 0..TOPICS {
                let topic = format!("{topic}-{number}");
                let stored = apache.read(&topic, count / TOPICS, filters::WAIT);
                assert_eq!(stored.len(), count / TOPICS, "{topic}");
                for (index, copies) in by_index(&topic, &stored) {
                    let told = &run.messages[index];
                    assert_eq!((copies.len(), index % TOPICS), (1, number), "message {index}");
                    assert_eq!((told.attempts, told.stored), (1, 0), "message {index}: {told:?}");
                    assert_eq!(place_told(told), place_stored(copies[0]), "message {index}");
                }
                no_gaps(&stored);
                all.extend(stored);
            }
            let followed = followed(&all);
            assert!(
                followed * 2 > count,
                "{followed} of {count} lie behind another of their queue: no batches?"
            );
            tell(
                version,
                &topic,
                &format!(
                    "{count} messages to {TOPICS} topics in {} ms, {followed} of them stored right behind another of \
                     their queue",
                    run.sending_ms
                ),
            );
        }
    }
}

/// How many messages lie in the broker's log right behind one of their own queue. Sent one by one they would go to all
/// queues in turn.
fn followed(stored: &[Stored]) -> usize {
    // The second half of an id is where the message lies.
    let place = |message: &Stored| message.offset_msg_id[16..].to_owned();
    let log: BTreeMap<_, _> =
        stored.iter().map(|message| (place(message), (&message.topic, message.queue_id))).collect();
    let queues: Vec<_> = log.into_values().collect();
    queues.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

/// Brokers look at the tags of each record, so that messages of different tags may share a batch.
#[test]
fn the_messages_of_an_automatic_batch_are_filtered_by_their_own_tags() {
    for version in Version::ALL {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("auto-tags", 4);
        let two = apache.subscribe("auto-tags", Listener::Concurrent, Filter::Tag("標籤-3 || tag-1"));
        let all = apache.subscribe("auto-tags", Listener::Concurrent, Filter::Tag("*"));
        let arguments = format!("mode=async count={} timeout=30000 {AUTO}", filters::COUNT);
        let run = sender::run(apache, "auto-tags", &arguments);
        filters::filtered(&all.collect(filters::COUNT, filters::WAIT), &run, |_| true);
        let wanted = |index: usize| index % 11 != 10 && matches!(index % 7, 1 | 3);
        let count = (0..filters::COUNT).filter(|index| wanted(*index)).count();
        filters::filtered(&filters::no_more(&two, count), &run, wanted);
        tell(version, "tags of automatic batches", &format!("{count} of {}", filters::COUNT));
    }
}
