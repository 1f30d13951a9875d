//! Messages of the library as Apache's push consumers get them: by tag, by SQL92, in order, in whatever script.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::apache::{Apache, Arrived, Consumer, Filter, Listener};
use crate::content::Content;
use crate::sender::Run;
use crate::{sender, shared, tell, turn, versions};

pub(crate) const COUNT: usize = 100;
pub(crate) const WAIT: Duration = Duration::from_secs(30);
/// How long what must not come is waited for.
const QUIET: Duration = Duration::from_millis(500);

#[test]
fn consumers_get_what_their_tag_expression_names() {
    for &version in versions() {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("tags", 4);
        let two = apache.subscribe("tags", Listener::Concurrent, Filter::Tag("標籤-3 || tag-1"));
        let all = apache.subscribe("tags", Listener::Concurrent, Filter::Tag("*"));
        let run = send(apache, "tags");
        filtered(&all.collect(COUNT, WAIT), &run, |_| true);
        let wanted = |index: usize| index % 11 != 10 && matches!(index % 7, 1 | 3);
        let count = (0..COUNT).filter(|index| wanted(*index)).count();
        filtered(&no_more(&two, count), &run, wanted);
        tell(version, "tags", &format!("{count} of {COUNT}"));
    }
}

#[test]
fn consumers_get_what_their_sql_expression_names() {
    for &version in versions() {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("sql", 4);
        let expression = "index BETWEEN 10 AND 59 AND (TAGS = '標籤-3' OR TAGS IS NULL)";
        let some = apache.subscribe("sql", Listener::Concurrent, Filter::Sql(expression));
        let all = apache.subscribe("sql", Listener::Concurrent, Filter::Tag("*"));
        let run = send(apache, "sql");
        filtered(&all.collect(COUNT, WAIT), &run, |_| true);
        let wanted = |index: usize| (10..60).contains(&index) && (index % 11 == 10 || index % 7 == 3);
        let count = (0..COUNT).filter(|index| wanted(*index)).count();
        filtered(&no_more(&some, count), &run, wanted);
        tell(version, "sql", &format!("{count} of {COUNT}"));
    }
}

#[test]
fn an_orderly_consumer_gets_a_queue_in_the_order_of_the_sends() {
    for &version in versions() {
        let apache = shared(version);
        let _turn = turn();
        apache.create_topic("orderly", 4);
        let consumer = apache.subscribe("orderly", Listener::Orderly, Filter::Tag("*"));
        let run = sender::run(apache, "orderly", &format!("count={COUNT} queue=broker-a:2 timeout=30000"));
        let arrived = consumer.collect(COUNT, WAIT);
        filtered(&arrived, &run, |_| true);
        assert!(arrived.iter().map(index_of).eq(0..COUNT), "{version:?}");
        assert!(arrived.iter().map(|message| message.queue_offset).eq(0..COUNT as i64), "{version:?}");
        assert!(arrived.iter().all(|message| message.queue_id == 2), "{version:?}");
    }
}

fn send(apache: &Apache, topic: &str) -> Run {
    sender::run(apache, topic, &format!("mode=async count={COUNT} outstanding=20 timeout=30000"))
}

/// What arrived when there are so many, and a moment later.
pub(crate) fn no_more(consumer: &Consumer, count: usize) -> Vec<Arrived> {
    consumer.collect(count, WAIT);
    consumer.collect(count + 1, QUIET)
}

/// Exactly the wanted ones arrived, once each, as they were sent.
pub(crate) fn filtered(arrived: &[Arrived], run: &Run, wanted: impl Fn(usize) -> bool) {
    let indices: BTreeSet<_> = arrived.iter().map(index_of).collect();
    assert_eq!(indices.len(), arrived.len(), "once each");
    assert_eq!(indices, (0..COUNT).filter(|index| wanted(*index)).collect());
    for message in arrived {
        let index = index_of(message);
        let told = &run.messages[index];
        assert_eq!(Content::arrived(message), Content::of(index), "message {index}");
        let place = (told.id.as_str(), told.broker.as_str(), told.queue_id, told.queue_offset);
        let arrived =
            (message.msg_id.as_str(), message.broker.as_str(), message.queue_id, message.queue_offset);
        assert_eq!(arrived, place, "message {index}: {told:?}");
        assert_eq!(message.reconsume_times, 0);
    }
}

fn index_of(message: &Arrived) -> usize {
    message.properties["index"].parse().expect("the index is a number")
}
