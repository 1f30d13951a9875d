//! Properties in wire form: `name \x01 value \x02`, repeated (`MessageDecoder.messageProperties2String`).
//!
//! Writers up to 4.9.0 and from 5.2.0 on end with the separator, those between do not; brokers that append a property
//! of their own count on it. So it is written, and not asked for.

/// Between a property's name and its value.
pub const NAME_VALUE: char = '\x01';

/// Behind each property.
pub const ITEM: char = '\x02';

/// The most that a broker takes, in bytes: the length is a signed 16-bit number.
pub const PROPERTIES_BYTES_MAX: usize = 32_767;

/// The most that a client should send: brokers append properties of their own.
pub const PROPERTIES_BYTES_RECOMMENDED: usize = 31 * 1024;

/// Appends one property. Neither text may be empty or contain a separator: readers would drop or misread it.
pub fn append(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push(NAME_VALUE);
    out.push_str(value);
    out.push(ITEM);
}

/// The properties in the order of the wire. Items without a name or a value are dropped, as readers from 4.9.1 on do.
pub fn iter(wire: &str) -> impl Iterator<Item = (&str, &str)> {
    let items = wire.split(ITEM).filter_map(|item| item.split_once(NAME_VALUE));
    items.filter(|(name, value)| !name.is_empty() && !value.is_empty())
}

/// The value of a property, the last one when there are several.
#[must_use]
pub fn get<'a>(wire: &'a str, name: &str) -> Option<&'a str> {
    iter(wire).filter(|(known, _)| *known == name).last().map(|(_, value)| value)
}

/// Whether users may not set this property: RocketMQ gives it a meaning of its own. These are the names that
/// `MessageConst` lists as refused, from 4.7.0 or 5.x, and two that it forgets, `TRAN_PREPARED_QUEUE_OFFSET` in 4.7.0
/// and `TRANSACTION_CHECK_TIMES`, with which a user could upset the transaction checks. Names with a meaning that are
/// the user's to set (`__SHARDINGKEY`, `INNER_MULTI_DISPATCH`, `CHECK_IMMUNITY_TIME_IN_SECONDS`, …) are not reserved.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    names::RESERVED.contains(&name) || name.starts_with(names::TRANSIENT_PREFIX)
}

/// Names with a meaning (`MessageConst`).
pub mod names {
    /// Keys to look the message up by, joined by spaces.
    pub const KEYS: &str = "KEYS";
    /// The tag consumers filter by.
    pub const TAGS: &str = "TAGS";
    /// Whether the broker answers only when the message is stored as configured.
    pub const WAIT: &str = "WAIT";
    /// The delay level, 1 to 18.
    pub const DELAY: &str = "DELAY";
    /// Where a message that is consumed again came from.
    pub const RETRY_TOPIC: &str = "RETRY_TOPIC";
    /// The topic of a message that waits in a system topic.
    pub const REAL_TOPIC: &str = "REAL_TOPIC";
    /// The queue of a message that waits in a system topic.
    pub const REAL_QUEUE_ID: &str = "REAL_QID";
    /// `true` on a half message.
    pub const TRANSACTION_PREPARED: &str = "TRAN_MSG";
    /// The group that a transaction check goes to.
    pub const PRODUCER_GROUP: &str = "PGROUP";
    /// The queue's first offset when the message was pulled.
    pub const MIN_OFFSET: &str = "MIN_OFFSET";
    /// The queue's next offset when the message was pulled.
    pub const MAX_OFFSET: &str = "MAX_OFFSET";
    /// Not used any more.
    pub const BUYER_ID: &str = "BUYER_ID";
    /// The id before the message was consumed again.
    pub const ORIGIN_MESSAGE_ID: &str = "ORIGIN_MESSAGE_ID";
    /// Not used any more.
    pub const TRANSFER_FLAG: &str = "TRANSFER_FLAG";
    /// Not used any more.
    pub const CORRECTION_FLAG: &str = "CORRECTION_FLAG";
    /// Not used any more.
    pub const MQ2_FLAG: &str = "MQ2_FLAG";
    /// How often the message was consumed.
    pub const RECONSUME_TIME: &str = "RECONSUME_TIME";
    /// How often the message may be consumed.
    pub const MAX_RECONSUME_TIMES: &str = "MAX_RECONSUME_TIMES";
    /// When a consumer took the message up.
    pub const CONSUME_START_TIME: &str = "CONSUME_START_TIME";
    /// The broker's region.
    pub const MSG_REGION: &str = "MSG_REGION";
    /// Whether the broker wants the message traced.
    pub const TRACE_ON: &str = "TRACE_ON";
    /// The client's id of the message, see [`crate::message::id`].
    pub const UNIQ_KEY: &str = "UNIQ_KEY";
    /// Set by brokers.
    pub const EXTEND_UNIQ_INFO: &str = "EXTEND_UNIQ_INFO";
    /// Set by brokers.
    pub const DUP_INFO: &str = "DUP_INFO";
    /// The namespace.
    pub const INSTANCE_ID: &str = "INSTANCE_ID";
    /// Joins a request message and its reply.
    pub const CORRELATION_ID: &str = "CORRELATION_ID";
    /// The client that waits for the reply.
    pub const REPLY_TO_CLIENT: &str = "REPLY_TO_CLIENT";
    /// How long a request message waits for its reply, in milliseconds.
    pub const TTL: &str = "TTL";
    /// When a reply reached the client.
    pub const ARRIVE_TIME: &str = "ARRIVE_TIME";
    /// When the broker passed a reply on.
    pub const PUSH_REPLY_TIME: &str = "PUSH_REPLY_TIME";
    /// The broker's cluster.
    pub const CLUSTER: &str = "CLUSTER";
    /// `reply` on a reply message.
    pub const MSG_TYPE: &str = "MSG_TYPE";
    /// Set by brokers.
    pub const POP_CK: &str = "POP_CK";
    /// Set by brokers.
    pub const POP_CK_OFFSET: &str = "POP_CK_OFFSET";
    /// Set by brokers.
    pub const FIRST_POP_TIME: &str = "1ST_POP_TIME";
    /// Set by brokers.
    pub const INNER_MULTI_QUEUE_OFFSET: &str = "INNER_MULTI_QUEUE_OFFSET";
    /// Seconds until delivery; brokers from 5.0.0.
    pub const TIMER_DELAY_SEC: &str = "TIMER_DELAY_SEC";
    /// Milliseconds until delivery; brokers from 5.0.0.
    pub const TIMER_DELAY_MS: &str = "TIMER_DELAY_MS";
    /// Milliseconds since 1970 at delivery; brokers from 5.0.0.
    pub const TIMER_DELIVER_MS: &str = "TIMER_DELIVER_MS";
    /// Set by brokers.
    pub const TIMER_ENQUEUE_MS: &str = "TIMER_ENQUEUE_MS";
    /// Set by brokers.
    pub const TIMER_DEQUEUE_MS: &str = "TIMER_DEQUEUE_MS";
    /// Set by brokers.
    pub const TIMER_ROLL_TIMES: &str = "TIMER_ROLL_TIMES";
    /// Set by brokers.
    pub const TIMER_OUT_MS: &str = "TIMER_OUT_MS";
    /// Set by brokers.
    pub const TIMER_DEL_UNIQKEY: &str = "TIMER_DEL_UNIQKEY";
    /// Set by brokers.
    pub const TIMER_DELAY_LEVEL: &str = "TIMER_DELAY_LEVEL";
    /// Set by brokers and proxies.
    pub const BORN_HOST: &str = "__BORNHOST";
    /// Set by proxies.
    pub const BORN_TIMESTAMP: &str = "BORN_TIMESTAMP";
    /// Set by brokers.
    pub const DLQ_ORIGIN_TOPIC: &str = "DLQ_ORIGIN_TOPIC";
    /// Set by brokers.
    pub const DLQ_ORIGIN_MESSAGE_ID: &str = "DLQ_ORIGIN_MESSAGE_ID";
    /// Set by brokers.
    pub const CRC32: &str = "__CRC32#";
    /// Set by brokers.
    pub const TRANSACTION_PREPARED_QUEUE_OFFSET: &str = "TRAN_PREPARED_QUEUE_OFFSET";
    /// How often a half message was asked about.
    pub const TRANSACTION_CHECK_TIMES: &str = "TRANSACTION_CHECK_TIMES";
    /// How long a half message is not asked about; the user's to set.
    pub const CHECK_IMMUNITY_TIME_IN_SECONDS: &str = "CHECK_IMMUNITY_TIME_IN_SECONDS";
    /// Marks a message of an ordered sequence; the user's to set.
    pub const SHARDING_KEY: &str = "__SHARDINGKEY";
    /// Light queues that get the message too; the user's to set.
    pub const INNER_MULTI_DISPATCH: &str = "INNER_MULTI_DISPATCH";
    /// What begins with this is dropped by the broker.
    pub const TRANSIENT_PREFIX: &str = "__RMQ.TRANSIENT.";

    pub(super) const RESERVED: [&str; 52] = [
        KEYS,
        TAGS,
        WAIT,
        DELAY,
        RETRY_TOPIC,
        REAL_TOPIC,
        REAL_QUEUE_ID,
        TRANSACTION_PREPARED,
        PRODUCER_GROUP,
        MIN_OFFSET,
        MAX_OFFSET,
        BUYER_ID,
        ORIGIN_MESSAGE_ID,
        TRANSFER_FLAG,
        CORRECTION_FLAG,
        MQ2_FLAG,
        RECONSUME_TIME,
        MAX_RECONSUME_TIMES,
        CONSUME_START_TIME,
        MSG_REGION,
        TRACE_ON,
        UNIQ_KEY,
        EXTEND_UNIQ_INFO,
        DUP_INFO,
        INSTANCE_ID,
        CORRELATION_ID,
        REPLY_TO_CLIENT,
        TTL,
        ARRIVE_TIME,
        PUSH_REPLY_TIME,
        CLUSTER,
        MSG_TYPE,
        POP_CK,
        POP_CK_OFFSET,
        FIRST_POP_TIME,
        INNER_MULTI_QUEUE_OFFSET,
        TIMER_DELAY_SEC,
        TIMER_DELAY_MS,
        TIMER_DELIVER_MS,
        TIMER_ENQUEUE_MS,
        TIMER_DEQUEUE_MS,
        TIMER_ROLL_TIMES,
        TIMER_OUT_MS,
        TIMER_DEL_UNIQKEY,
        TIMER_DELAY_LEVEL,
        BORN_HOST,
        BORN_TIMESTAMP,
        DLQ_ORIGIN_TOPIC,
        DLQ_ORIGIN_MESSAGE_ID,
        CRC32,
        TRANSACTION_PREPARED_QUEUE_OFFSET,
        TRANSACTION_CHECK_TIMES,
    ];
}

#[cfg(test)]
mod tests;
