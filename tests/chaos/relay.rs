//! A relay that stands between the client and a broker and makes trouble.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

use crate::clock::{Micros, SECOND, now};

/// What it does to each connection, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Bytes arrive so many milliseconds later.
    Delay(u32),
    /// So many bytes a second.
    Narrow(u32),
    /// A reset after so many bytes.
    Reset(u32),
}

pub(crate) struct Relay {
    here: SocketAddr,
    ending: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<Weak<Pair>>>>,
    listener: JoinHandle<usize>,
}

/// A connection through the relay. The last of its threads that ends closes it, which resets both sides.
struct Pair {
    client: TcpStream,
    broker: TcpStream,
    trouble: Trouble,
    /// Bytes that came from either side.
    carried: AtomicUsize,
    ended: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
enum Direction {
    ToBroker,
    ToClient,
}

impl Relay {
    pub(crate) fn start(here: SocketAddr, there: SocketAddr, trouble: Trouble) -> Self {
        let sockets = TcpListener::bind(here).expect("the relay has an address");
        let ending = Arc::new(AtomicBool::new(false));
        let open = Arc::new(Mutex::new(Vec::new()));
        let (end, pairs) = (Arc::clone(&ending), Arc::clone(&open));
        let listener = thread::spawn(move || {
            let mut count = 0;
            while let Ok((client, _)) = sockets.accept() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                if let Ok(broker) = TcpStream::connect_timeout(&there, Duration::from_secs(1)) {
                    count += 1;
                    let pair = Pair::join(client, broker, trouble);
                    pairs.lock().expect("nobody failed with the lock").push(pair);
                }
            }
            count
        });
        Self { here, ending, open, listener }
    }

    /// Resets what is open; how many connections there were.
    pub(crate) fn end(self) -> usize {
        self.ending.store(true, Ordering::SeqCst);
        // Wakes the listener.
        drop(TcpStream::connect(self.here));
        let count = self.listener.join().expect("the listener ends");
        let open = self.open.lock().expect("nobody failed with the lock");
        for pair in open.iter().filter_map(Weak::upgrade) {
            pair.end();
        }
        count
    }
}

impl Pair {
    /// Carries bytes both ways from now on.
    fn join(client: TcpStream, broker: TcpStream, trouble: Trouble) -> Weak<Self> {
        for stream in [&client, &broker] {
            SockRef::from(stream).set_linger(Some(Duration::ZERO)).expect("a socket can be reset");
            // A thread that writes to a peer that does not read notices the end of the other side.
            stream.set_write_timeout(Some(Duration::from_secs(2))).expect("a limit");
        }
        let (carried, ended) = (AtomicUsize::new(0), AtomicBool::new(false));
        let pair = Arc::new(Self { client, broker, trouble, carried, ended });
        for direction in [Direction::ToBroker, Direction::ToClient] {
            let (chunk, chunks) = sync_channel(64);
            let (reader, writer) = (Arc::clone(&pair), Arc::clone(&pair));
            thread::spawn(move || reader.read(direction, &chunk));
            thread::spawn(move || writer.write(direction, &chunks));
        }
        Arc::downgrade(&pair)
    }

    /// Lets its threads end.
    fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        for stream in [&self.client, &self.broker] {
            // It may be gone already.
            drop(stream.shutdown(Shutdown::Read));
        }
    }

    fn read(&self, direction: Direction, chunk: &SyncSender<(Micros, Vec<u8>)>) {
        let mut from = match direction {
            Direction::ToBroker => &self.client,
            Direction::ToClient => &self.broker,
        };
        let delay = if let Trouble::Delay(ms) = self.trouble { Micros::from(ms) * 1000 } else { 0 };
        let limit = if let Trouble::Reset(limit) = self.trouble { limit as usize } else { usize::MAX };
        let mut bytes = vec![0; 2048];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let sum = self.carried.fetch_add(count, Ordering::SeqCst) + count;
            if sum > limit || chunk.send((now() + delay, bytes[..count].to_vec())).is_err() {
                break;
            }
        }
        self.end();
    }

    fn write(&self, direction: Direction, chunks: &Receiver<(Micros, Vec<u8>)>) {
        let mut to = match direction {
            Direction::ToBroker => &self.broker,
            Direction::ToClient => &self.client,
        };
        while let Ok((due, bytes)) = chunks.recv() {
            let mut wait = (due - now()).max(0);
            if let Trouble::Narrow(a_second) = self.trouble {
                wait =
                    Micros::try_from(bytes.len()).expect("a small number") * SECOND / Micros::from(a_second);
            }
            thread::sleep(Duration::from_micros(wait.unsigned_abs()));
            if self.ended.load(Ordering::SeqCst) || to.write_all(&bytes).is_err() {
                break;
            }
        }
        self.end();
    }
}
