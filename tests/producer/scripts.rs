//! The same fault scripts through every form of a send: one policy, so the same number of attempts and the same end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::error::{Error, ErrorKind, Outcome};
use rocketmq_producer::producer::{Producer, SendOptions, SendResult, SendStatus};

use crate::world::{Sim, Told, begin, message, send, simulate_two, within};

/// What a script does to a cluster of two, what an answered send makes of it, and whether a one-way send gets through.
struct Script {
    name: &'static str,
    values: &'static [(&'static str, &'static str)],
    play: fn(&Sim),
    attempts: u32,
    end: Result<SendStatus, (ErrorKind, Outcome)>,
    oneway_arrives: bool,
}

fn both(sim: &Sim, rule: fn() -> Rule) {
    for broker in 0..2 {
        sim.core.fault(broker, rule().sends());
    }
}

fn down(sim: &Sim) {
    for broker in 0..2 {
        sim.kill(broker);
    }
}

const DEFAULT: Script = Script {
    name: "calm",
    values: &[],
    play: |_| {},
    attempts: 1,
    end: Ok(SendStatus::Ok),
    oneway_arrives: true,
};

const SCRIPTS: &[Script] = &[
    DEFAULT,
    Script {
        name: "each broker refuses once",
        play: |sim| both(sim, || Rule::once(Fault::respond(1))),
        attempts: 3,
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "each broker is busy once",
        play: |sim| both(sim, || Rule::once(Fault::respond(2))),
        attempts: 3,
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "both refuse for good",
        play: |sim| both(sim, || Rule::always(Fault::respond(14))),
        attempts: 3,
        end: Err((ErrorKind::Broker, Outcome::Rejected)),
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "a code that is not retried",
        play: |sim| both(sim, || Rule::always(Fault::respond(13))),
        end: Err((ErrorKind::Broker, Outcome::Rejected)),
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "stored, replica late",
        play: |sim| both(sim, || Rule::always(Fault::respond(12))),
        end: Ok(SendStatus::FlushSlaveTimeout),
        ..DEFAULT
    },
    Script {
        name: "stored, replica late, sent again when asked",
        values: &[("send.retry.not.stored.ok", "true")],
        play: |sim| both(sim, || Rule::once(Fault::respond(12))),
        attempts: 3,
        ..DEFAULT
    },
    Script {
        name: "each connection is cut once before storing",
        play: |sim| both(sim, || Rule::once(Fault::Cut { store: false })),
        attempts: 3,
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "cut, at most once",
        values: &[("send.retry.unknown", "false")],
        play: |sim| both(sim, || Rule::always(Fault::Cut { store: false })),
        end: Err((ErrorKind::ConnectionLost, Outcome::Unknown)),
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "silence",
        play: |sim| both(sim, || Rule::always(Fault::Freeze { store: false })),
        attempts: 3,
        end: Err((ErrorKind::Timeout, Outcome::Unknown)),
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "silence, at most once",
        values: &[("send.retry.unknown", "false")],
        play: |sim| both(sim, || Rule::always(Fault::Freeze { store: false })),
        end: Err((ErrorKind::Timeout, Outcome::Unknown)),
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "garbage",
        play: |sim| both(sim, || Rule::once(Fault::Garbage(Bytes::from_static(b"not a frame at all")))),
        attempts: 3,
        ..DEFAULT
    },
    Script {
        name: "sent away once by each",
        play: |sim| both(sim, || Rule::once(Fault::respond(1500))),
        attempts: 1,
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "nobody listens",
        play: down,
        attempts: 3,
        end: Err((ErrorKind::Connect, Outcome::NotSent)),
        oneway_arrives: false,
        ..DEFAULT
    },
    Script {
        name: "nobody listens, no retries",
        values: &[("send.retries", "0")],
        play: down,
        end: Err((ErrorKind::Connect, Outcome::NotSent)),
        oneway_arrives: false,
        ..DEFAULT
    },
];

async fn started(sim: &Sim, script: &Script) -> Arc<Producer> {
    sim.core.add_topic("T", 4);
    let p = sim.start(script.values).await;
    p.prepare_topic("T", None).await.unwrap();
    (script.play)(sim);
    tokio::time::sleep(Duration::from_millis(1)).await;
    p
}

fn judge(script: &Script, form: &str, sim: &Sim, end: Result<SendResult, Error>) {
    let (attempts, found) = match &end {
        Ok(result) => (result.attempts, Ok(result.status)),
        Err(error) => (error.attempts(), Err((error.kind(), error.outcome()))),
    };
    let name = script.name;
    assert_eq!((attempts, found), (script.attempts, script.end), "{name}, {form}: {end:?}");
    let seen = sim.core.attempts("T");
    assert!(seen.windows(2).all(|pair| pair[0].unique_id == pair[1].unique_id), "{name}, {form}: one id");
    assert!(seen.iter().all(|attempt| attempt.body_bytes == 4), "{name}, {form}: one body");
}

#[test]
fn every_form_of_a_send_meets_the_same_end() {
    for script in SCRIPTS {
        simulate_two(|sim| async move {
            let p = started(&sim, script).await;
            let end = send(&p, &message("T"), &SendOptions::default()).await;
            judge(script, "sync", &sim, end);
        });
        simulate_two(|sim| async move {
            let p = started(&sim, script).await;
            let told = Told::default();
            let options = SendOptions::default();
            begin(&p, &message("T"), &options, &told).await;
            p.flush(None).await.unwrap();
            assert_eq!(told.len(), 1, "{}", script.name);
            judge(script, "async", &sim, told.all().pop().unwrap());
        });
        simulate_two(|sim| async move {
            let p = started(&sim, script).await;
            p.send_oneway(&message("T"), &SendOptions::default(), p.deadline(within(3000).timeout))
                .await
                .unwrap();
            p.flush(None).await.unwrap();
            p.shutdown(None).await.unwrap();
            let (name, arrived) = (script.name, sim.core.message_count("T"));
            assert_eq!(arrived, usize::from(script.oneway_arrives), "{name}, one-way");
            assert!(
                sim.core.attempts("T").len() <= 1,
                "{name}, one-way: nobody answers, so it is written once"
            );
            assert_eq!(p.in_flight(), 0);
        });
    }
}

#[test]
fn a_one_way_send_is_tried_elsewhere_as_long_as_it_was_not_written() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("route.poll.ms", "3600000")]).await;
        p.prepare_topic("T", None).await.unwrap();
        sim.kill(0);
        for _ in 0..8 {
            p.send_oneway(&message("T"), &SendOptions::default(), p.deadline(within(3000).timeout))
                .await
                .unwrap();
        }
        p.shutdown(None).await.unwrap();
        assert_eq!(sim.core.message_count("T"), 8, "all by the broker that is there");
    });
}
