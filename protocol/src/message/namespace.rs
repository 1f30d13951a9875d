//! Namespaces: names of one cluster that belong to one tenant.
//!
//! The first form puts the namespace before the names of topics and groups (`NamespaceUtil`), the second, since 5.2.0,
//! leaves names alone and says it in every request (`NamespaceRpcHook`).

use super::name::RETRY_PREFIX;
use crate::command::Command;
use std::borrow::Cow;

/// Field of the second form: whether there is a namespace.
pub const NAMESPACED: &str = "nsd";

/// Field of the second form: the namespace.
pub const NAMESPACE: &str = "ns";

const SEPARATOR: char = '%';
/// They stay in front of the namespace.
const KEPT_IN_FRONT: [&str; 2] = [RETRY_PREFIX, "%DLQ%"];
/// What these begin is RocketMQ's own.
const SYSTEM_PREFIXES: [&str; 2] = ["rmq_sys_", "CID_RMQ_SYS_"];
/// RocketMQ's own topics since 4.7.1 (`TopicValidator`).
const SYSTEM_TOPICS: [&str; 9] = [
    "TBW102",
    "SCHEDULE_TOPIC_XXXX",
    "BenchmarkTest",
    "RMQ_SYS_TRANS_HALF_TOPIC",
    "RMQ_SYS_TRACE_TOPIC",
    "RMQ_SYS_TRANS_OP_HALF_TOPIC",
    "TRANS_CHECK_MAX_TIME_TOPIC",
    "SELF_TEST_TOPIC",
    "OFFSET_MOVED_EVENT",
];

/// A topic's or group's name as brokers know it. What is RocketMQ's own, and what has the namespace already, stays as
/// it is.
#[must_use]
pub fn wrap<'a>(namespace: &str, name: &'a str) -> Cow<'a, str> {
    let is_system = SYSTEM_TOPICS.contains(&name) || SYSTEM_PREFIXES.iter().any(|own| name.starts_with(own));
    let (front, rest) = split(name);
    if namespace.is_empty() || name.is_empty() || is_system || without(namespace, rest).is_some() {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("{front}{namespace}{SEPARATOR}{rest}"))
}

/// A name as users know it: without this namespace.
#[must_use]
pub fn unwrap<'a>(namespace: &str, name: &'a str) -> Cow<'a, str> {
    let (front, rest) = split(name);
    match without(namespace, rest) {
        Some(rest) if front.is_empty() => Cow::Borrowed(rest),
        Some(rest) => Cow::Owned(format!("{front}{rest}")),
        None => Cow::Borrowed(name),
    }
}

/// `request` in the second form.
#[must_use]
pub fn mark(request: Command, namespace: &str) -> Command {
    request.with(NAMESPACED, true).with(NAMESPACE, namespace)
}

/// What stays in front of the namespace, and the rest.
fn split(name: &str) -> (&str, &str) {
    let kept = |front: &'static str| name.strip_prefix(front).map(|rest| (front, rest));
    KEPT_IN_FRONT.into_iter().find_map(kept).unwrap_or(("", name))
}

fn without<'a>(namespace: &str, rest: &'a str) -> Option<&'a str> {
    if namespace.is_empty() { None } else { rest.strip_prefix(namespace)?.strip_prefix(SEPARATOR) }
}

#[cfg(test)]
mod tests {
    use super::{mark, unwrap, wrap};
    use crate::command::Command;
    use std::borrow::Cow;

    #[test]
    fn names_are_wrapped_once_and_behind_what_stays_in_front() {
        for (name, wrapped) in [
            ("T", "NS1%T"),
            ("NS1%T", "NS1%T"),
            ("NS1", "NS1%NS1"),
            ("NS12%T", "NS1%NS12%T"),
            ("%RETRY%G", "%RETRY%NS1%G"),
            ("%DLQ%G", "%DLQ%NS1%G"),
            ("%RETRY%NS1%G", "%RETRY%NS1%G"),
            ("rmq_sys", "NS1%rmq_sys"),
            ("TBW1021", "NS1%TBW1021"),
        ] {
            assert_eq!(wrap("NS1", name), wrapped);
            assert_eq!(wrap("NS1", &wrap("NS1", name)), wrapped, "twice");
            assert_eq!(unwrap("NS1", wrapped), name.replacen("NS1%", "", 1));
        }
    }

    #[test]
    fn what_is_rocketmq_s_own_stays_as_it_is() {
        for name in ["TBW102", "RMQ_SYS_TRACE_TOPIC", "SCHEDULE_TOPIC_XXXX", "rmq_sys_x", "CID_RMQ_SYS_TRANS"]
        {
            assert_eq!((wrap("NS1", name), unwrap("NS1", name)), (Cow::Borrowed(name), Cow::Borrowed(name)));
        }
    }

    #[test]
    fn without_a_namespace_nothing_is_copied() {
        for name in ["T", "%RETRY%G", "A%T", "%T", ""] {
            assert!(
                matches!((wrap("", name), unwrap("", name)), (Cow::Borrowed(a), Cow::Borrowed(b)) if (a, b) == (name, name))
            );
        }
        assert_eq!(unwrap("NS1", "NS2%T"), "NS2%T");
    }

    #[test]
    fn a_marked_request_says_it_once() {
        let marked = mark(mark(Command::request(105).with("topic", "T"), "A"), "B");
        assert_eq!((marked.ext("nsd"), marked.ext("ns"), marked.ext.len()), (Some("true"), Some("B"), 3));
    }
}
