//! Messages that are to be delivered later, and those that are taken back before (`HookUtils`, `RecallMessageProcessor`).
//!
//! Real brokers keep such messages in topics of their own and move them when it is time. Here they are in their queue at
//! once and carry the time at which they are due, counted from the sender's clock: there is no other.

use std::sync::atomic::Ordering;

use protocol::codes::response;
use protocol::command::Command;
use protocol::header::recall::{self, RecallHandle};
use protocol::message::properties::{self, names};

use crate::answer::Answer;
use crate::state::State;
use crate::store::Refusal;

/// From 5.0.0 on there are timer messages; before, their properties mean nothing.
const TIMER_VERSION: i32 = 413;
/// From 5.3.2 on they can be taken back.
const RECALL_VERSION: i32 = 477;
/// How far ahead a timer may be (`timerMaxDelaySec`).
const TIMER_MS_MAX: i64 = 3 * 24 * 3600 * 1000;
/// Seconds of each delay level (`messageDelayLevel`).
const LEVEL_SECONDS: [i64; 18] =
    [1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200];

/// When a message is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// In milliseconds since 1970.
    pub(crate) ms: i64,
    by_timer: bool,
}

impl Due {
    /// What takes the message back, if this version knows that and the message has an id.
    pub(crate) fn handle(self, topic: &str, broker_name: &str, wire: &str, version: i32) -> Option<String> {
        if !self.by_timer || version < RECALL_VERSION {
            return None;
        }
        let handle = RecallHandle {
            topic: topic.into(),
            broker_name: broker_name.into(),
            deliver_ms: self.ms,
            unique_id: properties::get(wire, names::UNIQ_KEY)?.into(),
        };
        Some(handle.to_string())
    }
}

/// The delay level among these properties, 0 if there is none that counts.
pub(crate) fn delay_level(wire: &str) -> usize {
    properties::get(wire, names::DELAY).and_then(|level| level.parse().ok()).unwrap_or(0)
}

/// When a message with these properties is due that comes in at `now_ms`; `None` at once. A delay level counts before
/// timers, and of these seconds before milliseconds before a time of day.
pub(crate) fn due(wire: &str, now_ms: i64, version: i32) -> Result<Option<Due>, Refusal> {
    if let Some(level) = delay_level(wire).checked_sub(1) {
        let seconds = LEVEL_SECONDS.get(level).or(LEVEL_SECONDS.last()).copied().unwrap_or_default();
        return Ok(Some(Due { ms: now_ms.saturating_add(seconds * 1000), by_timer: false }));
    }
    if version < TIMER_VERSION {
        return Ok(None);
    }
    let named = [
        (names::TIMER_DELAY_SEC, 1000, now_ms),
        (names::TIMER_DELAY_MS, 1, now_ms),
        (names::TIMER_DELIVER_MS, 1, 0),
    ];
    let mut named =
        named.iter().filter_map(|(name, unit, from)| Some((properties::get(wire, name)?, unit, from)));
    let Some((text, unit, from)) = named.next() else { return Ok(None) };
    let ms = text.parse::<i64>().ok().and_then(|number| number.checked_mul(*unit)?.checked_add(*from));
    match ms {
        Some(ms) if ms <= now_ms => Ok(None),
        Some(ms) if ms - now_ms <= TIMER_MS_MAX => Ok(Some(Due { ms, by_timer: true })),
        _ => {
            let remark = format!(
                "timer message illegal, the delay time should not be bigger than the max delay {TIMER_MS_MAX}ms; or if \
                 set del msg, the delay time should be bigger than the current time"
            );
            Err(Refusal::new(response::MESSAGE_ILLEGAL, remark))
        }
    }
}

impl State {
    /// Takes a message back. Unlike a real broker, which cannot know, this one refuses a handle of no message that it
    /// has; whether the time is over it cannot tell.
    pub(crate) fn answer_recall(&self, broker: usize, command: &Command) -> Answer {
        if self.options.version < RECALL_VERSION {
            return self.unsupported(command);
        }
        match self.recall(broker, command) {
            Ok(id) => Answer::Plain(recall::answer(self.response(response::SUCCESS), &id)),
            Err(refusal) => Answer::Plain(self.response(refusal.code).with_remark(refusal.remark)),
        }
    }

    fn recall(&self, broker: usize, command: &Command) -> Result<String, Refusal> {
        let wanted = recall::decode(command);
        let wanted = wanted.map_err(|error| Refusal::new(response::SYSTEM_ERROR, error.to_string()))?;
        let illegal = |remark: &str| Refusal::new(response::ILLEGAL_OPERATION, remark);
        if !self.options.recall {
            return Err(Refusal::new(response::NO_PERMISSION, "recall failed, operation is forbidden"));
        }
        let node = self.brokers.get(broker).filter(|node| node.topics.0.contains_key(&wanted.topic));
        let Some(node) = node else {
            let remark = format!("recall failed, the topic[{}] not exist", wanted.topic);
            return Err(Refusal::new(response::TOPIC_NOT_EXIST, remark));
        };
        let handle: RecallHandle = wanted.handle.parse().map_err(|_| illegal("recall handle is invalid"))?;
        if handle.topic != wanted.topic {
            return Err(illegal("recall failed, topic not match"));
        }
        if handle.broker_name != node.name {
            return Err(illegal("recall failed, broker service not available"));
        }
        let mut messages = self.by_topic.get(&handle.topic).into_iter().flatten();
        let message = messages.find(|message| {
            message.broker == broker
                && message.unique_id == handle.unique_id
                && message.due_ms == Some(handle.deliver_ms)
        });
        message
            .ok_or_else(|| illegal("recall failed, no such message"))?
            .recalled
            .store(true, Ordering::Release);
        Ok(handle.unique_id)
    }
}
