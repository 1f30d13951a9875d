//! What each key of the configuration changes, one test for every key: [`TABLE`] is compared with the library's own, and
//! each test sets the key that it stands beside, and no other but those that both its producers have.

mod bad;
mod client;
mod fault;
mod limits;
mod message;
mod retry;

use std::collections::BTreeSet;

use rocketmq_producer::producer::keys;

use crate::discovery;

macro_rules! table {
    ($($key:literal => $module:ident::$shows:ident,)*) => {
        /// Keys and the functions that show what they change.
        const TABLE: &[(&str, fn(&'static str))] = &[$(($key, $module::$shows)),*];

        $(#[test]
        fn $shows() {
            $module::$shows($key);
        })*
    };
}

table! {
    "namesrv.addr" => client::name_servers_are_where_the_key_says,
    "namesrv.domain" => discovery::the_web_server_is_where_the_key_says,
    "namesrv.subgroup" => discovery::this_list_is_asked_for,
    "producer.group" => client::the_group_is_in_headers_and_heartbeats,
    "instance.name" => client::producers_of_one_instance_name_share_connections,
    "client.ip" => client::the_client_id_begins_with_the_address,
    "unit.name" => client::the_client_id_ends_with_the_unit,
    "unit.mode" => message::sends_are_marked_as_of_a_unit,
    "namespace" => message::names_have_the_namespace_in_front,
    "namespace.v2" => message::requests_say_the_namespace,
    "send.timeout.ms" => limits::a_send_ends_in_time,
    "send.attempt.timeout.ms" => limits::an_attempt_ends_in_time,
    "send.retries" => retry::so_many_further_attempts_are_made,
    "send.retry.codes" => retry::these_codes_are_tried_again,
    "send.retry.unknown" => retry::an_unknown_outcome_is_tried_again_or_not,
    "send.retry.not.stored.ok" => retry::a_message_not_stored_well_is_sent_again_or_not,
    "compress.min.bytes" => message::bodies_from_this_size_on_are_compressed,
    "compress.type" => message::bodies_are_compressed_in_this_way,
    "compress.level" => message::bodies_are_compressed_so_hard,
    "message.max.bytes" => limits::no_larger_body_is_sent,
    "batch.auto" => limits::sends_go_out_together_or_not,
    "batch.linger.ms" => limits::sends_wait_so_long_for_others,
    "batch.max.bytes" => limits::batches_are_so_large,
    "batch.total.max.bytes" => limits::so_many_bytes_wait,
    "topic.auto.create.key" => message::new_topics_follow_this_pattern,
    "topic.auto.create.queues" => message::new_topics_have_so_many_queues,
    "inflight.max.messages" => limits::so_many_sends_are_in_flight,
    "inflight.max.bytes" => limits::so_many_bytes_are_in_flight,
    "completion.max" => limits::so_many_callbacks_are_due,
    "route.poll.ms" => client::routes_are_asked_for_so_often,
    "heartbeat.ms" => client::brokers_hear_of_the_producer_so_often,
    "connect.timeout.ms" => client::connecting_is_given_up_in_time,
    "connection.idle.ms" => client::idle_connections_are_closed_in_time,
    "vip.channel" => client::sends_go_to_the_port_two_below,
    "fault.avoidance" => fault::slow_brokers_are_left_alone_or_not,
    "fault.latency.ms" => fault::brokers_are_slow_from_this_latency_on,
    "fault.isolation.ms" => fault::slow_brokers_are_left_alone_for_so_long,
    "fault.detector" => fault::silent_brokers_are_probed_or_not,
    "fault.detector.interval.ms" => fault::silent_brokers_are_probed_so_often,
    "fault.detector.timeout.ms" => fault::a_probe_is_answered_in_time_or_not,
    "header.format" => message::headers_are_written_in_this_form,
}

#[test]
fn every_key_has_a_test_and_every_test_a_key() {
    let known: BTreeSet<_> = keys().iter().map(|key| key.name.to_str().unwrap()).collect();
    let tested: BTreeSet<_> = TABLE.iter().map(|(key, _)| *key).collect();
    assert_eq!(known, tested);
    assert_eq!(tested.len(), TABLE.len(), "a key stands there twice");
    let functions: BTreeSet<_> = TABLE.iter().map(|(_, test)| *test as usize).collect();
    assert_eq!(functions.len(), TABLE.len(), "a function shows two keys");
}

/// Settings that a producer with the key and one without have in common, and the key.
fn settings<'a>(
    common: &[(&'a str, &'a str)],
    key: &'a str,
    value: Option<&'a str>,
) -> Vec<(&'a str, &'a str)> {
    common.iter().copied().chain(value.map(|value| (key, value))).collect()
}
