//! Each scripted failure, over streams in memory and on a paused clock.
#![expect(clippy::disallowed_methods, reason = "tokio::test blocks on the test's own runtime")]

use std::time::Duration;

use crate::support::{Client, TOPIC, core, encode, route, send, send_frame, soon};
use bytes::Bytes;
use mock_cluster::{Arrival, Fault, Node, Options, Place, Rule, What};
use protocol::codes::request;
use protocol::command::Command;
use protocol::frame::HeaderFormat;
use protocol::header::heartbeat;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_code_is_answered_so_often_and_nothing_stored() {
    let core = core(Options::default());
    core.fault(0, Rule::always(Fault::respond(2)).code(request::SEND_MESSAGE_V2).times(2));
    let mut client = Client::connect(&core, 0);
    for code in [2, 2, 0] {
        let answer = client.exchange(&send(1)).await;
        assert_eq!((answer.code, answer.remark.is_some()), (code, code != 0));
    }
    assert_eq!(core.message_count(TOPIC), 1);
    // The attempts that failed are on record with what they carried.
    let attempts = core.attempts(TOPIC);
    let outcomes: Vec<_> = attempts.iter().map(|attempt| (attempt.answer, attempt.queue_offset)).collect();
    assert_eq!(outcomes, [(Some(2), None), (Some(2), None), (Some(0), Some(0))]);
    assert!(attempts.iter().all(|attempt| attempt.unique_id == "ID" && attempt.queue_id == 1));
}

#[tokio::test(start_paused = true)]
async fn codes_10_11_and_12_are_stored_and_answered_in_full() {
    let core = core(Options::default());
    let mut client = Client::connect(&core, 0);
    for (offset, code) in (0..).zip([10, 11, 12]) {
        core.fault(0, Rule::once(Fault::respond(code)).sends());
        let answer = client.exchange(&send(code)).await;
        assert_eq!((answer.code, answer.opaque), (code, code));
        assert_eq!(answer.ext("queueOffset"), Some(offset.to_string().as_str()));
        assert_eq!(answer.ext("msgId"), Some(core.messages(TOPIC)[offset].offset_id.as_str()));
    }
    // What the broker refuses by itself is not reported as stored.
    core.fault(0, Rule::once(Fault::respond(10)));
    let wrong = send_frame(4, false, HeaderFormat::Json, |send| send.queue_id = 9);
    assert_eq!(client.exchange(&wrong).await.code, 1);
    assert_eq!(core.message_count(TOPIC), 3);
}

#[tokio::test(start_paused = true)]
async fn delays_and_latency_hold_back_answers_alone() {
    let core = core(Options::default());
    core.fault(0, Rule::once(Fault::Delay(2 * SECOND)));
    let mut client = Client::connect(&core, 0);
    let start = Instant::now();
    client.write(&[send(1), send(2)].concat()).await;
    assert_eq!(client.next().await.unwrap().opaque, 2);
    assert_eq!((start.elapsed(), core.message_count(TOPIC)), (Duration::ZERO, 2));
    assert_eq!(client.next().await.unwrap().opaque, 1);
    assert!((2 * SECOND..3 * SECOND).contains(&start.elapsed()));

    core.set_latency(0, SECOND);
    let respond = Fault::Respond { code: 14, remark: None, delay: SECOND };
    core.fault(0, Rule::once(respond).after(1));
    let start = Instant::now();
    client.write(&[send(3), send(4), send(5)].concat()).await;
    for (opaque, seconds) in [(3, 1), (5, 1), (4, 2)] {
        assert_eq!(client.next().await.unwrap().opaque, opaque);
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_frozen_request_blocks_neither_its_connection_nor_others() {
    for store in [true, false] {
        let core = core(Options::default());
        core.fault(0, Rule::once(Fault::Freeze { store }));
        let mut client = Client::connect(&core, 0);
        client.write(&[send(1), send(2)].concat()).await;
        assert_eq!(client.next().await.unwrap().opaque, 2);
        assert_eq!(Client::connect(&core, 0).exchange(&send(3)).await.code, 0);
        assert!(client.hears_nothing_for(3_600_000).await);
        assert_eq!(core.message_count(TOPIC), 2 + usize::from(store));
        assert_eq!(core.attempts(TOPIC)[0].answer, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_comes_before_or_after_storing() {
    for store in [true, false] {
        let core = core(Options::default());
        core.fault(0, Rule::once(Fault::Cut { store }).after(1));
        let mut client = Client::connect(&core, 0);
        client.write(&[send(1), send(2), send(3)].concat()).await;
        // What was answered before the cut arrives, what came after it is lost.
        assert_eq!(client.next().await.unwrap().opaque, 1);
        assert!(client.next().await.is_none());
        assert_eq!(core.message_count(TOPIC), 1 + usize::from(store));
        soon(core.reach_events(|events| events.iter().any(|event| matches!(event.what, What::Closed)))).await;
        assert_eq!(core.open_connections(0), 0);
        assert_eq!(Client::connect(&core, 0).exchange(&send(4)).await.code, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_may_come_in_the_middle_of_an_answer() {
    let core = core(Options::default());
    core.fault(0, Rule::once(Fault::CutInAnswer { bytes: 11 }));
    let mut client = Client::connect(&core, 0);
    client.write(&send(1)).await;
    soon(client.stream.read_to_end(&mut client.input)).await.unwrap();
    assert_eq!((client.input.len(), core.message_count(TOPIC)), (11, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stalled_connection_reads_no_more_and_still_writes() {
    let core = core(Options::default());
    core.fault(0, Rule::once(Fault::Delay(SECOND)));
    core.fault(0, Rule::once(Fault::Stall));
    let mut client = Client::connect(&core, 0);
    client.write(&[send(1), send(2), send(3)].concat()).await;
    assert_eq!(client.next().await.unwrap().opaque, 1);
    assert!(client.hears_nothing_for(60_000).await);
    assert_eq!((core.message_count(TOPIC), core.attempts(TOPIC).len()), (1, 2));
    // The client's bytes pile up until its stream is full.
    let endless = timeout(SECOND, async {
        loop {
            client.write(&send(4)).await;
        }
    });
    assert!(endless.await.is_err());
    assert_eq!(Client::connect(&core, 0).exchange(&send(5)).await.code, 0);
}

#[tokio::test(start_paused = true)]
async fn garbage_comes_instead_of_the_answer() {
    let core = core(Options::default());
    core.fault(0, Rule::once(Fault::Garbage(Bytes::from_static(b"\xff\xff\xff\xffnonsense"))));
    let mut client = Client::connect(&core, 0);
    client.write(&send(1)).await;
    client.input.resize(12, 0);
    soon(client.stream.read_exact(&mut client.input)).await.unwrap();
    assert_eq!(client.input, b"\xff\xff\xff\xffnonsense");
    assert_eq!(core.message_count(TOPIC), 1);
}

#[tokio::test(start_paused = true)]
async fn answers_come_twice_or_after_one_that_nobody_waits_for() {
    let core = core(Options::default());
    core.fault(0, Rule::once(Fault::AnswerTwice));
    core.fault(0, Rule::once(Fault::UnknownOpaqueFirst));
    let mut client = Client::connect(&core, 0);
    client.write(&[send(1), send(2), send(3)].concat()).await;
    let mut opaques = Vec::new();
    for _ in 0..5 {
        opaques.push(client.next().await.unwrap().opaque);
    }
    assert_eq!([opaques[0], opaques[1], opaques[3], opaques[4]], [1, 1, 2, 3]);
    assert!(![1, 2, 3].contains(&opaques[2]));
    assert_eq!(core.message_count(TOPIC), 3);
}

#[tokio::test(start_paused = true)]
async fn any_command_can_be_the_answer() {
    let core = core(Options::default());
    let command = Command::response(0, 0).with("queueId", "not a number");
    core.fault(0, Rule::once(Fault::Answer { command: command.clone(), store: true }));
    let answer = Client::connect(&core, 0).exchange(&send(6)).await;
    assert_eq!(answer, Command { opaque: 6, ..command });
    // Success without a body, where a route was asked for.
    core.fault(
        Node::NameServer,
        Rule::once(Fault::Answer { command: Command::response(0, 0), store: false }),
    );
    let answer = Client::connect(&core, Node::NameServer).exchange(&route(TOPIC)).await;
    assert_eq!((answer.code, answer.body.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn oneway_sends_fail_without_a_word() {
    let core = core(Options::default());
    core.fault(0, Rule::once(Fault::respond(2)));
    let mut client = Client::connect(&core, 0);
    client.write(&send_frame(1, true, HeaderFormat::Json, |_| {})).await;
    assert_eq!(client.exchange(&send(2)).await.opaque, 2);
    assert_eq!(core.message_count(TOPIC), 1);
    core.fault(0, Rule::once(Fault::Cut { store: false }));
    client.write(&send_frame(3, true, HeaderFormat::Json, |_| {})).await;
    assert!(client.next().await.is_none());
    assert_eq!((core.message_count(TOPIC), core.attempts(TOPIC).len()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn rules_choose_by_node_code_topic_and_turn() {
    let core = core(Options { brokers: 2, ..Options::default() });
    core.fault(0, Rule::always(Fault::respond(14)).sends());
    core.fault(1, Rule::always(Fault::respond(16)).topic("Other"));
    core.fault(
        Node::NameServer,
        Rule::once(Fault::respond(1)).code(request::GET_ROUTEINFO_BY_TOPIC).after(1),
    );
    let mut first = Client::connect(&core, 0);
    assert_eq!(first.exchange(&send(1)).await.code, 14);
    let beat = encode(&heartbeat::request("c", ["PG"].into_iter()));
    assert_eq!(first.exchange(&beat).await.code, 0);
    let mut second = Client::connect(&core, 1);
    assert_eq!(second.exchange(&send(2)).await.code, 0);
    let other = send_frame(3, false, HeaderFormat::Json, |send| send.topic = "Other");
    assert_eq!(second.exchange(&other).await.code, 16);
    let mut namesrv = Client::connect(&core, Node::NameServer);
    for code in [0, 1, 0] {
        assert_eq!(namesrv.exchange(&route(TOPIC)).await.code, code);
    }
    core.clear_faults(0);
    assert_eq!(first.exchange(&send(4)).await.code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_rule_for_any_broker_happens_so_often_at_all_of_them_together() {
    let core = core(Options { brokers: 2, ..Options::default() });
    core.fault(Place::AnyBroker, Rule::once(Fault::respond(2)).sends());
    core.fault(1, Rule::once(Fault::respond(14)).sends());
    core.fault(Place::AnyBroker, Rule::once(Fault::respond(16)));
    let mut namesrv = Client::connect(&core, Node::NameServer);
    assert_eq!(namesrv.exchange(&route(TOPIC)).await.code, 0);
    let (mut first, mut second) = (Client::connect(&core, 0), Client::connect(&core, 1));
    // The oldest rule that holds there.
    assert_eq!(second.exchange(&send(1)).await.code, 2);
    assert_eq!(first.exchange(&send(2)).await.code, 16);
    assert_eq!(first.exchange(&send(3)).await.code, 0);
    assert_eq!(second.exchange(&send(4)).await.code, 14);

    core.fault(Place::AnyBroker, Rule::always(Fault::respond(2)));
    core.clear_faults(0);
    assert_eq!(first.exchange(&send(5)).await.code, 2);
    core.clear_faults(Place::AnyBroker);
    assert_eq!(first.exchange(&send(6)).await.code, 0);
    core.fault(0, Rule::always(Fault::respond(2)));
    core.fault(Node::NameServer, Rule::always(Fault::respond(2)));
    core.clear_all_faults();
    assert_eq!(first.exchange(&send(7)).await.code, 0);
    assert_eq!(namesrv.exchange(&route(TOPIC)).await.code, 0);
}

#[tokio::test(start_paused = true)]
async fn a_director_decides_where_no_rule_does() {
    let core = core(Options { keep: false, ..Options::default() });
    core.fault(0, Rule::once(Fault::respond(2)));
    core.on_request(|arrival: &Arrival<'_>| {
        assert_eq!((arrival.node, arrival.topic), (Node::Broker(0), Some(TOPIC)));
        (arrival.opaque % 2 == 0).then(|| Fault::respond(14))
    });
    let mut client = Client::connect(&core, 0);
    for (opaque, code) in [(0, 2), (1, 0), (2, 14), (3, 0)] {
        assert_eq!(client.exchange(&send(opaque)).await.code, code);
    }
    assert_eq!(core.message_count(TOPIC), 2);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_node_serves_what_was_sent_when_it_thaws() {
    let core = core(Options::default());
    let mut client = Client::connect(&core, 0);
    core.set_frozen(0, true);
    let mut late = Client::connect(&core, 0);
    for client in [&mut client, &mut late] {
        assert!(client.hears_nothing_after(&send(1)).await);
    }
    assert_eq!(core.message_count(TOPIC), 0);
    core.set_frozen(0, false);
    for client in [&mut client, &mut late] {
        assert_eq!(client.next().await.unwrap().code, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_down_cuts_and_takes_no_connections() {
    let core = core(Options { brokers: 2, ..Options::default() });
    let mut on_a = Client::connect(&core, 0);
    let mut on_b = Client::connect(&core, 1);
    on_a.exchange(&send(1)).await;
    core.set_up(0, false);
    assert!(on_a.next().await.is_none());
    assert!(Client::connect(&core, 0).next().await.is_none());
    assert_eq!((core.is_up(0), core.accepted(0)), (false, 1));
    assert_eq!(on_b.exchange(&send(2)).await.code, 0);
    core.set_up(0, true);
    let mut again = Client::connect(&core, 0);
    assert_eq!(again.exchange(&send(3)).await.code, 0);
    assert_eq!(core.cut_connections(0), 1);
    assert!(again.next().await.is_none());
    assert_eq!(core.message_count(TOPIC), 3);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_task_takes_its_connection_off_the_books() {
    let core = core(Options::default());
    let (mut stream, other) = tokio::io::duplex(64);
    let served = core.clone();
    let task = tokio::spawn(async move { served.serve(Node::Broker(0), other).await });
    soon(core.reach_events(|events| events.iter().any(|event| matches!(event.what, What::Connected)))).await;
    task.abort();
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap(), 0);
    soon(core.reach_events(|events| events.iter().any(|event| matches!(event.what, What::Closed)))).await;
    assert_eq!(core.open_connections(0), 0);
}

#[tokio::test(start_paused = true)]
async fn reading_goes_on_while_answers_wait_for_a_slow_reader() {
    let core = core(Options::default());
    // Room for less than one answer in the stream.
    let (mut stream, other) = tokio::io::duplex(64);
    let served = core.clone();
    tokio::spawn(async move { served.serve(Node::Broker(0), other).await });
    for opaque in 0..200 {
        soon(stream.write_all(&send(opaque))).await.unwrap();
    }
    soon(core.reach_messages(TOPIC, 200)).await;
    let mut client = Client { stream, input: Vec::new() };
    for opaque in 0..200 {
        assert_eq!(client.next().await.unwrap().opaque, opaque);
    }
}
