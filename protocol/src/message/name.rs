//! What topics and groups may be called (`Validators`, `TopicValidator`).

use thiserror::Error;

/// Bytes of a topic's name, namespace included: brokers store the length in one signed byte.
pub const TOPIC_BYTES_MAX: usize = 127;

/// Bytes of a group's name, namespace included.
pub const GROUP_BYTES_MAX: usize = 255;

/// The topic whose settings new topics take over. 4.7.0 brokers refuse to store in it.
pub const TOPIC_AUTO_CREATE: &str = "TBW102";

/// What the topic of messages begins with that a consumer group takes again.
pub const RETRY_PREFIX: &str = "%RETRY%";

/// Topics that only brokers write to. 4.7.0 brokers would store what a client sends there.
const TOPICS_REFUSED: [&str; 7] = [
    TOPIC_AUTO_CREATE,
    "SCHEDULE_TOPIC_XXXX",
    "RMQ_SYS_TRANS_HALF_TOPIC",
    "RMQ_SYS_TRANS_OP_HALF_TOPIC",
    "TRANS_CHECK_MAX_TIME_TOPIC",
    "SELF_TEST_TOPIC",
    "OFFSET_MOVED_EVENT",
];

/// What an unconfigured Java client would be called.
const GROUP_REFUSED: &str = "DEFAULT_PRODUCER";

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// Empty, or nothing but white space.
    #[error("name is blank")]
    Blank,
    /// Longer than brokers take.
    #[error("name is longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// Not a letter, a digit, or one of `%`, `|`, `-`, `_`.
    #[error("character {character:?} at byte {at} is not allowed in a name")]
    IllegalCharacter {
        /// The first such character.
        character: char,
        /// Where it is.
        at: usize,
    },
    /// Kept for RocketMQ itself.
    #[error("name is reserved")]
    Reserved,
}

/// Whether one may send to this topic.
pub fn check_topic(topic: &str) -> Result<(), NameError> {
    check(topic, TOPIC_BYTES_MAX)?;
    if TOPICS_REFUSED.contains(&topic) { Err(NameError::Reserved) } else { Ok(()) }
}

/// Whether a producer may be of this group.
pub fn check_group(group: &str) -> Result<(), NameError> {
    check(group, GROUP_BYTES_MAX)?;
    if group == GROUP_REFUSED { Err(NameError::Reserved) } else { Ok(()) }
}

fn check(name: &str, bytes_max: usize) -> Result<(), NameError> {
    if name.trim().is_empty() {
        return Err(NameError::Blank);
    }
    let allowed = |character: char| character.is_ascii_alphanumeric() || "%|-_".contains(character);
    if let Some((at, character)) = name.char_indices().find(|(_, character)| !allowed(*character)) {
        return Err(NameError::IllegalCharacter { character, at });
    }
    if name.len() > bytes_max { Err(NameError::TooLong { bytes_max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{GROUP_BYTES_MAX, NameError, TOPIC_BYTES_MAX, check_group, check_topic};

    #[test]
    fn takes_what_brokers_take() {
        for name in
            ["T", "%RETRY%PG-1_x", "MQ_INST_1%T", "a|b", "rmq_sys_x", "RMQ_SYS_TRACE_TOPIC", "BenchmarkTest"]
        {
            assert_eq!((check_topic(name), check_group(name)), (Ok(()), Ok(())), "{name}");
        }
        assert_eq!(check_topic(&"t".repeat(TOPIC_BYTES_MAX)), Ok(()));
        assert_eq!(check_group(&"g".repeat(GROUP_BYTES_MAX)), Ok(()));
    }

    #[test]
    fn refuses_what_brokers_refuse() {
        for blank in ["", " ", "\t\n", "\u{3000}"] {
            assert_eq!(check_topic(blank), Err(NameError::Blank));
        }
        for (name, character, at) in
            [("a b", ' ', 1), ("杭州", '杭', 0), ("a\u{1}", '\u{1}', 1), ("a.b", '.', 1)]
        {
            assert_eq!(check_topic(name), Err(NameError::IllegalCharacter { character, at }));
            assert_eq!(check_group(name), Err(NameError::IllegalCharacter { character, at }));
        }
        assert_eq!(check_topic(&"t".repeat(128)), Err(NameError::TooLong { bytes_max: 127 }));
        assert_eq!(check_group(&"g".repeat(256)), Err(NameError::TooLong { bytes_max: 255 }));
    }

    #[test]
    fn refuses_what_belongs_to_rocketmq() {
        for topic in ["TBW102", "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRANS_HALF_TOPIC", "OFFSET_MOVED_EVENT"] {
            assert_eq!(check_topic(topic), Err(NameError::Reserved));
        }
        assert_eq!(check_group("DEFAULT_PRODUCER"), Err(NameError::Reserved));
        assert_eq!(check_group("TBW102"), Ok(()));
    }
}
