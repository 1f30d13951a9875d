//! Waiting for sends to end, and ending them early.

use std::time::Duration;

use rocketmq_mock::{Fault, Node, Rule};
use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::{Instant, SendOptions, Timeout};

use crate::world::{Sim, Told, begin, message, ms, send, simulate_one, within};

#[test]
fn a_flush_waits_for_what_was_accepted_before_it_and_for_nothing_else() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        sim.core.set_latency(0, ms(100));
        let p = sim.start(&[]).await;
        let told = Told::default();
        let options = SendOptions::default();
        for _ in 0..10 {
            begin(&p, &message("T"), &options, &told).await;
        }
        p.send_oneway(&message("T"), &options, None).await.unwrap();
        let stream = async {
            // A steady stream of later sends, never idle.
            for _ in 0..100 {
                begin(&p, &message("T"), &options, &told).await;
                tokio::time::sleep(ms(10)).await;
            }
        };
        let begun = Instant::now();
        let flush = async {
            p.flush(None).await.unwrap();
            (begun.elapsed(), told.len())
        };
        let ((waited, ended), ()) = tokio::join!(biased; flush, stream);
        assert!(waited >= ms(100) && waited < ms(150), "{waited:?}");
        assert!(ended >= 10, "their callbacks have returned: {ended}");
        p.flush(None).await.unwrap();
        assert_eq!((told.len(), p.in_flight(), sim.core.message_count("T")), (110, 0, 111));
        p.flush(p.deadline(Timeout::After(Duration::ZERO))).await.unwrap();
    });
}

#[test]
fn many_flushes_at_once_each_wait_for_their_own() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        sim.core.set_latency(0, ms(100));
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        let told = Told::default();
        let mut flushes = Vec::new();
        for number in 0..50 {
            begin(&p, &message("T"), &SendOptions::default(), &told).await;
            let (p, told) = (p.clone(), told.clone());
            flushes.push(tokio::spawn(async move {
                p.flush(None).await.unwrap();
                assert!(told.len() > number, "flush {number} came back after {} ends", told.len());
                Instant::now()
            }));
            tokio::time::sleep(ms(1)).await;
        }
        let mut last = None;
        for flush in flushes {
            let ended = Some(flush.await.unwrap());
            assert!(ended >= last);
            last = ended;
        }
    });
}

#[test]
fn a_flush_ends_at_its_limit_and_counts_callbacks_that_run() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.core.fault(0, Rule::always(Fault::Freeze { store: false }).sends());
        let told = Told::default();
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        for limit in [0, 70] {
            let begun = Instant::now();
            let error = p.flush(p.deadline(Timeout::After(ms(limit)))).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert!(begun.elapsed() <= ms(limit + 1));
        }
        p.flush(None).await.unwrap();
        assert_eq!(told.kinds(), [Some(ErrorKind::Timeout)]);
    });
}

/// One send in each place where a send may be, begun with a limit of a minute.
async fn everywhere(sim: &Sim, told: &Told) -> std::sync::Arc<rocketmq_producer::producer::Producer> {
    sim.core.add_topic("Written", 1);
    sim.core.add_topic("Busy", 1);
    let p = sim.start(&[("send.retry.codes", "2"), ("send.retries", "30")]).await;
    p.prepare_topic("Written", None).await.unwrap();
    p.prepare_topic("Busy", None).await.unwrap();
    sim.core.fault(0, Rule::always(Fault::Freeze { store: false }).topic("Written"));
    sim.core.fault(0, Rule::always(Fault::respond(2)).topic("Busy"));
    sim.core.fault(Node::NameServer, Rule::always(Fault::Freeze { store: false }).topic("Unknown"));
    for topic in ["Written", "Busy", "Unknown"] {
        let limit = within(60_000);
        begin(&p, &message(topic), &limit, told).await;
    }
    // Until the pauses of the busy one are longer than this test.
    tokio::time::sleep(ms(2500)).await;
    // Now it waits for a connection as well.
    p
}

#[test]
fn a_purge_ends_what_waits_and_leaves_what_is_written() {
    simulate_one(|sim| async move {
        let told = Told::default();
        let p = everywhere(&sim, &told).await;
        let begun = Instant::now();
        p.purge(true, false).unwrap();
        tokio::time::sleep(ms(1)).await;
        let errors: Vec<_> = told.all().into_iter().map(Result::unwrap_err).collect();
        assert_eq!(told.kinds(), [Some(ErrorKind::Cancelled); 2], "the route's and the busy one's");
        assert!(errors.iter().any(|error| error.outcome() == Outcome::NotSent));
        assert!(errors.iter().any(|error| error.outcome() == Outcome::Rejected), "it was answered before");
        assert_eq!((p.in_flight(), begun.elapsed()), (1, ms(1)));
        p.purge(true, true).unwrap();
        tokio::time::sleep(ms(1)).await;
        let last = told.all().pop().unwrap().unwrap_err();
        assert_eq!((last.kind(), last.outcome()), (ErrorKind::Cancelled, Outcome::Unknown));
        assert_eq!((told.len(), p.in_flight()), (3, 0));
        sim.core.clear_faults(0);
        send(&p, &message("Written"), &SendOptions::default()).await.unwrap();
    });
}

#[test]
fn a_purge_of_what_is_in_flight_leaves_what_waits() {
    simulate_one(|sim| async move {
        let told = Told::default();
        let p = everywhere(&sim, &told).await;
        p.purge(false, true).unwrap();
        tokio::time::sleep(ms(1)).await;
        assert_eq!((told.kinds(), p.in_flight()), (vec![Some(ErrorKind::Cancelled)], 2));
        sim.core.clear_faults(0);
        tokio::time::sleep(Duration::from_secs(61)).await;
        let kinds = told.kinds();
        assert_eq!((kinds.len(), sim.core.message_count("Busy")), (3, 1), "{kinds:?}");
    });
}

#[test]
fn what_waits_for_a_connection_is_purged_too() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.connector.hang(&sim.core.broker_address(0));
        sim.core.cut_connections(0);
        tokio::time::sleep(ms(1)).await;
        let told = Told::default();
        begin(&p, &message("T"), &within(60_000), &told).await;
        tokio::time::sleep(ms(10)).await;
        p.purge(true, false).unwrap();
        tokio::time::sleep(ms(1)).await;
        let error = told.all().pop().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Cancelled, Outcome::NotSent));
        p.shutdown(None).await.unwrap();
    });
}

#[test]
fn a_purge_does_not_mean_what_is_sent_after_it() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        let told = Told::default();
        for _ in 0..10 {
            // No task gets a turn in between.
            p.purge(true, true).unwrap();
            begin(&p, &message("T"), &SendOptions::default(), &told).await;
        }
        p.flush(None).await.unwrap();
        let sent = told.kinds().iter().filter(|kind| kind.is_none()).count();
        assert_eq!((told.len(), sent), (10, 1), "each purge means those before it: {:?}", told.kinds());
        assert_eq!(told.kinds().last(), Some(&None));
    });
}

#[test]
fn a_send_that_fails_in_the_moment_of_a_purge_is_not_tried_again() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        let late = Fault::Respond { code: 1, remark: None, delay: ms(100) };
        sim.core.fault(0, Rule::always(late).sends());
        let told = Told::default();
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        // The answer is on its way when the purge begins, and read before the order to end what is open.
        tokio::time::sleep(ms(100)).await;
        p.purge(true, true).unwrap();
        tokio::time::sleep(ms(1)).await;
        let error = told.all().pop().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Broker, Outcome::Rejected), "{error}");
        assert_eq!(sim.core.attempts("T").len(), 1);

        sim.core.clear_faults(0);
        sim.core.set_latency(0, ms(1000));
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        tokio::time::sleep(ms(100)).await;
        sim.core.cut_connections(0);
        p.purge(true, true).unwrap();
        tokio::time::sleep(ms(1)).await;
        let error = told.all().pop().unwrap().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Cancelled, Outcome::Unknown), "{error}");
        assert!(error.to_string().contains("was lost"), "{error}");
    });
}

#[test]
fn what_a_purge_left_and_a_shutdown_cut_off_is_closed() {
    simulate_one(|sim| async move {
        sim.core.add_topic("T", 1);
        sim.core.fault(0, Rule::always(Fault::Freeze { store: false }).sends());
        let p = sim.start(&[]).await;
        let told = Told::default();
        begin(&p, &message("T"), &SendOptions::default(), &told).await;
        tokio::time::sleep(ms(10)).await;
        p.purge(true, false).unwrap();
        let error = p.shutdown(p.deadline(Timeout::After(ms(100)))).await.unwrap_err();
        assert_eq!((error.kind(), told.kinds()), (ErrorKind::Closed, vec![Some(ErrorKind::Closed)]));
    });
}
