//! A panic inside a task: everything accepted still ends, once, and only that producer is broken.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rocketmq_producer::client::world::ByteStream;
use rocketmq_producer::error::ErrorKind;
use rocketmq_producer::producer::{SendOptions, State};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::world::{Sim, Told, message, send, simulate_two, within};

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
    });
}
