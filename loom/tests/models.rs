//! What the models show, each of two to four threads that take a few steps.

#![cfg(test)]

use rocketmq_loom::client::broker_task;
use rocketmq_loom::ffi::handles;
use rocketmq_loom::producer::permits;
use rocketmq_loom::runtime::{callbacks, polls, waiter};

#[test]
fn an_answer_between_poll_and_sleep_wakes_the_waiter() {
    waiter::answered_at_any_time();
}

#[test]
fn a_late_wake_up_of_the_wait_before_does_no_harm() {
    waiter::woken_late_by_the_wait_before();
}

#[test]
fn completions_run_once_and_in_order_and_a_stop_runs_what_was_given() {
    callbacks::two_hand_over_and_one_stops();
}

#[test]
fn a_completion_handed_over_by_a_callback_runs_also_during_a_stop() {
    callbacks::a_callback_hands_over_while_another_thread_stops();
}

#[test]
fn no_event_is_slept_over() {
    polls::two_poll_for_what_comes_at_once();
}

#[test]
fn an_interrupt_ends_one_poll_and_costs_no_event() {
    polls::an_interrupt_beside_an_event();
}

#[test]
fn a_queue_that_is_closed_ends_polls_and_loses_no_event_unseen() {
    polls::closed_under_a_poll_and_a_push();
}

#[test]
fn a_destroyed_producer_is_freed_once_and_never_under_a_call() {
    handles::destroyed_twice_during_a_call();
}

#[test]
fn no_call_after_a_destroy_finds_the_producer() {
    handles::called_after_a_destroy_elsewhere();
}

#[test]
fn a_waiter_that_gives_up_takes_no_room_from_the_next() {
    permits::a_waiter_gives_up_before_another();
}

#[test]
fn no_waiter_is_forgotten_when_room_comes_back() {
    permits::room_comes_back_for_two();
}

#[test]
fn a_flush_waits_for_earlier_permits_and_for_no_later_one() {
    permits::a_flush_ends_although_a_later_permit_is_out();
}

#[test]
fn flushes_at_once_end_each_when_its_permits_are_back() {
    permits::two_flushes_at_once();
}

#[test]
fn many_permits_that_come_back_at_once_are_all_counted() {
    permits::many_come_back_at_once();
}

#[test]
fn whoever_waits_for_idleness_is_told_when_the_last_permit_is_back() {
    permits::idle_is_told();
}

#[test]
fn no_submit_is_slept_over() {
    broker_task::two_submit();
}

#[test]
fn no_submit_is_slept_over_while_nothing_is_read() {
    broker_task::one_submits_twice();
}

#[test]
fn a_cut_ends_a_request_wherever_it_is() {
    broker_task::cut_off();
}

#[test]
fn a_request_that_its_sender_writes_is_known_before_its_answer() {
    broker_task::one_writes_while_another_submits();
}

#[test]
fn a_request_that_its_sender_writes_is_cut_off() {
    broker_task::one_writes_while_it_is_cut_off();
}

#[test]
fn whoever_listens_hears_his_answer_or_leaves_it_to_the_task() {
    broker_task::one_listens_while_another_submits();
}

#[test]
fn a_request_whose_sender_listens_is_cut_off() {
    broker_task::one_listens_while_it_is_cut_off();
}

#[test]
fn a_stop_is_not_slept_over() {
    broker_task::stopped_while_it_connects();
}

#[test]
fn a_stop_ends_the_task_and_loses_no_request() {
    broker_task::stopped_during_a_submit();
}

#[test]
fn a_retirement_ends_the_task_and_loses_no_request() {
    broker_task::retired_during_a_submit();
}

#[test]
fn requests_end_also_while_the_task_keeps_away_from_its_peer() {
    broker_task::ended_while_the_task_keeps_away();
}
