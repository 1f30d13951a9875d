//! Polls of an event queue that sleep, and what ends them.

use std::sync::Arc;

use loom::thread::{self, JoinHandle};

use super::event_queue::{Closed, EventQueue, Patience};
use crate::explore::explore;

type Queue = Arc<EventQueue<u32>>;

/// A thread that polls once, for as long as it takes.
fn polling(queue: &Queue, max: usize) -> JoinHandle<Result<Vec<u32>, Closed>> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        let mut taken = Vec::new();
        queue.poll(max, Patience::Endless, &mut taken).map(|_| taken)
    })
}

fn queue() -> Queue {
    Arc::new(EventQueue::default())
}

/// Two events come at once while two threads poll for one each.
pub fn two_poll_for_what_comes_at_once() {
    explore(3, || {
        let queue = queue();
        let threads = [polling(&queue, 1), polling(&queue, 1)];
        queue.push(&mut vec![1, 2]);
        let mut taken: Vec<_> =
            threads.into_iter().flat_map(|thread| thread.join().unwrap().unwrap()).collect();
        taken.sort_unstable();
        assert_eq!(taken, [1, 2]);
    });
}

/// One of two polls ends by an interrupt, the other by an event.
pub fn an_interrupt_beside_an_event() {
    explore(3, || {
        let queue = queue();
        let threads = [polling(&queue, 1), polling(&queue, 1)];
        queue.interrupt();
        queue.push(&mut vec![7]);
        let taken: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap().unwrap()).collect();
        assert_eq!(taken, [7]);
    });
}

/// The queue is closed while somebody pushes and somebody polls.
pub fn closed_under_a_poll_and_a_push() {
    explore(3, || {
        let queue = queue();
        let poll = polling(&queue, 1);
        let push = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                let mut events = vec![1];
                queue.push(&mut events);
                events
            }
        });
        let left = queue.close();
        let refused = push.join().unwrap();
        let taken = poll.join().unwrap().unwrap_or_default();
        assert_eq!([left, refused, taken].concat(), [1], "it is in one place");
    });
}
