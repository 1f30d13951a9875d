//! A panic in the library, in a task of its own or on a caller's thread: everything accepted still ends, once, and only
//! that producer is broken.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rocketmq_mock::{Fault, Rule};
use rocketmq_producer::client::world::ByteStream;
use rocketmq_producer::error::{ErrorKind, Outcome};
use rocketmq_producer::producer::{SendOptions, State};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::world::{Sim, Told, begin, message, send, simulate_two, within};

/// A stream that panics once it is told to.
struct Bomb {
    stream: Box<dyn ByteStream>,
    on_read: bool,
    armed: Arc<AtomicBool>,
}

impl Bomb {
    fn tick(&self, read: bool) {
        assert!(
            !(read == self.on_read && self.armed.load(Ordering::Relaxed)),
            "the stream panics, as planned"
        );
    }
}

impl AsyncRead for Bomb {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        b: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut *self.stream).poll_read(cx, b);
        if result.is_ready() {
            self.tick(true);
        }
        result
    }
}

impl AsyncWrite for Bomb {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, b: &[u8]) -> Poll<io::Result<usize>> {
        self.tick(false);
        Pin::new(&mut *self.stream).poll_write(cx, b)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(cx)
    }
}

/// Puts a bomb into every stream to `address` from now on.
fn arm(sim: &Sim, address: &str, on_read: bool) -> Arc<AtomicBool> {
    let armed = Arc::new(AtomicBool::new(false));
    let (address, bomb) = (address.to_owned(), armed.clone());
    sim.connector.wrap(move |stream, to| {
        if to.to_string() == address {
            Box::new(Bomb { stream, on_read, armed: bomb.clone() })
        } else {
            stream
        }
    });
    armed
}

#[test]
fn every_accepted_send_ends_once_and_only_that_producer_is_broken() {
    for on_read in [true, false] {
        simulate_two(|sim| async move {
            sim.core.add_topic("T", 4);
            let other = sim.start(&[]).await;
            send(&other, &message("T"), &SendOptions::default()).await.unwrap();
            let armed = arm(&sim, &sim.core.broker_address(0), on_read);
            let p = sim.start(&[]).await;
            p.prepare_topic("T", None).await.unwrap();
            sim.core.set_latency(0, Duration::from_millis(20));
            let told = Told::default();
            let mut accepted = 0;
            for index in 0..100 {
                if index == 50 {
                    armed.store(true, Ordering::Relaxed);
                }
                let deadline = p.deadline(within(3000).timeout);
                match p.send_async(&message("T"), &within(3000), deadline, told.callback()).await {
                    Ok(()) => accepted += 1,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Internal),
                }
                if index % 10 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            tokio::time::sleep(Duration::from_secs(4)).await;
            let kinds = told.kinds();
            assert_eq!(kinds.len(), accepted, "each once");
            assert!(kinds.contains(&Some(ErrorKind::Internal)));
            let lost = told.all().into_iter().filter_map(Result::err).filter(|error| error.attempts() > 0);
            assert!(lost.map(|error| error.outcome()).any(|outcome| outcome == Outcome::Unknown));
            assert!(kinds.iter().flatten().all(|kind| *kind == ErrorKind::Internal), "{kinds:?}");
            assert_eq!((p.state(), p.in_flight()), (State::Failed, 0));
            assert_eq!(send(&p, &message("T"), &within(50)).await.unwrap_err().kind(), ErrorKind::Internal);
            send(&other, &message("T"), &SendOptions::default()).await.unwrap();
            assert_eq!(other.state(), State::Running);
            p.shutdown(None).await.unwrap();
            assert_eq!(p.state(), State::Closed);
        });
    }
}

#[test]
fn a_start_without_a_limit_does_not_wait_for_a_client_that_broke() {
    simulate_two(|sim| async move {
        let armed = arm(&sim, &sim.core.namesrv(), true);
        armed.store(true, Ordering::Relaxed);
        let p = sim.create(&[]).unwrap();
        let started = tokio::time::timeout(Duration::from_secs(60), p.start(None, true)).await;
        let error = started.expect("it waits for ever").unwrap_err();
        assert_eq!((error.kind(), p.state()), (ErrorKind::Internal, State::Created));
        armed.store(false, Ordering::Relaxed);
        p.start(None, true).await.unwrap();
    });
}

#[test]
fn a_panic_while_name_servers_are_discovered_breaks_the_producer() {
    simulate_two(|sim| async move {
        // Whatever is there: the first byte written to it is the last.
        arm(&sim, &sim.core.namesrv(), false).store(true, Ordering::Relaxed);
        let p = sim.create_bare(&[("namesrv.domain", &sim.core.namesrv())]).unwrap();
        p.start(None, false).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(p.state(), State::Failed);
        assert_eq!(send(&p, &message("T"), &within(50)).await.unwrap_err().kind(), ErrorKind::Internal);
        p.shutdown(None).await.unwrap();
    });
}

#[test]
fn a_panic_on_the_way_to_a_name_server_frees_those_who_wait_for_a_route() {
    simulate_two(|sim| async move {
        let armed = arm(&sim, &sim.core.namesrv(), true);
        let p = sim.start(&[]).await;
        armed.store(true, Ordering::Relaxed);
        let told = Told::default();
        p.send_async(&message("T"), &within(3000), p.deadline(within(3000).timeout), told.callback())
            .await
            .unwrap();
        let error = send(&p, &message("T"), &SendOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!((told.kinds(), p.state()), (vec![Some(ErrorKind::Internal)], State::Failed));
        assert_eq!(told.all().pop().unwrap().unwrap_err().outcome(), Outcome::NotSent);
    });
}

/// How a send was told of, of a library that panics at such a look at the clock from its beginning on; `None` when it
/// does not look as often.
fn told_by(looks: usize, route_known: bool) -> Option<&'static str> {
    let way = Arc::new(Mutex::new(None));
    let found = Arc::clone(&way);
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[("fault.avoidance", "true")]).await;
        if route_known {
            p.prepare_topic("T", None).await.unwrap();
        }
        let (message, options, told) = (message("T"), within(3000), Told::default());
        let deadline = p.deadline(options.timeout);
        let mut send = pin!(p.send_async(&message, &options, deadline, told.callback()));
        sim.break_clock(looks);
        let poll = || send.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        // As the C function keeps a panic in.
        let sent = catch_unwind(AssertUnwindSafe(poll));
        tokio::time::sleep(Duration::from_secs(4)).await;
        let panicked = sim.mend_clock();
        let accepted = matches!(sent, Ok(Poll::Ready(Ok(()))));
        let told = told.all();
        assert_eq!((told.len(), p.in_flight()), (usize::from(accepted), 0), "look {looks}: {told:?}");
        let by = match told.first() {
            None => "error",
            Some(Ok(_)) => "stored before",
            Some(Err(error)) => {
                let (by, fate) = match error.attempts() {
                    0 => ("callback, before an attempt", Outcome::NotSent),
                    _ => ("callback", Outcome::Unknown),
                };
                let told = (error.kind(), error.outcome());
                assert_eq!(told, (ErrorKind::Internal, fate), "look {looks}: {error}");
                assert_eq!(p.state(), State::Failed);
                by
            }
        };
        *found.lock().unwrap() = panicked.then_some(by);
    });
    way.lock().unwrap().take()
}

#[test]
fn a_send_is_told_once_wherever_the_library_panics() {
    // With the route at hand an accepted send looks at no clock before its first attempt.
    let (known, unknown) = (["error", "callback"], ["error", "callback, before an attempt", "callback"]);
    for (route_known, expected) in [(true, &known[..]), (false, &unknown)] {
        let ways: Vec<_> = (0..200).map_while(|looks| told_by(looks, route_known)).collect();
        for by in expected {
            assert!(ways.contains(by) && ways.len() < 200, "{ways:?}");
        }
    }
}

#[test]
fn a_panic_while_busy_brokers_are_left_alone_ends_those_who_wait() {
    simulate_two(|sim| async move {
        sim.core.add_topic("T", 4);
        let p = sim.start(&[]).await;
        p.prepare_topic("T", None).await.unwrap();
        for broker in 0..2 {
            sim.core.fault(broker, Rule::always(Fault::respond(2)).sends());
        }
        let (options, told) = (within(60_000), Told::default());
        begin(&p, &message("T"), &options, &told).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(told.len(), 0);
        // Whose time has come looks at the clock first.
        sim.break_clock(0);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(sim.mend_clock());
        assert_eq!((told.kinds(), p.in_flight()), (vec![Some(ErrorKind::Internal)], 0));
        assert_eq!(p.state(), State::Failed);
    });
}
