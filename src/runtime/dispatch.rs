//! The callback threads: plain threads, since what runs on them may block and may call the library.

use std::sync::{Arc, PoisonError};

use super::threads::Threads;
use super::{catch, lock};
use crate::error::Error;
use crate::sync::{Condvar, Mutex};

/// Something to run on a callback thread, once.
pub trait Job: Send {
    /// Runs it.
    fn run(self: Box<Self>);
}

/// Jobs in order. Bounded by the completion permits of the producers that made them.
pub type Jobs = Vec<Box<dyn Job>>;

/// The callback threads of a process.
pub(super) struct Lanes(Vec<Arc<Lane>>);

impl Lanes {
    pub(super) fn start(count: usize, threads: &Threads) -> Result<Self, Error> {
        let mut lanes = Self(Vec::with_capacity(count));
        for index in 0..count {
            let lane = Arc::new(Lane::default());
            lanes.0.push(Arc::clone(&lane));
            threads.spawn(&format!("cb-{index}"), move || lane.run()).inspect_err(|_| lanes.stop())?;
        }
        Ok(lanes)
    }

    pub(super) fn hand_over(&self, lane: usize, jobs: &mut Jobs) {
        if let Some(lane) = lane.checked_rem(self.0.len()).and_then(|index| self.0.get(index)) {
            lane.hand_over(jobs);
        }
    }

    /// Lets the threads end when they have run what they were given.
    pub(super) fn stop(&self) {
        for lane in &self.0 {
            lock(&lane.queue).stop = true;
            lane.ready.notify_one();
        }
    }
}

#[derive(Default)]
struct Lane {
    queue: Mutex<Queue>,
    ready: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: Jobs,
    /// The thread waits: only then it is notified.
    sleeping: bool,
    stop: bool,
}

impl Lane {
    fn hand_over(&self, jobs: &mut Jobs) {
        let mut queue = lock(&self.queue);
        if queue.jobs.is_empty() {
            std::mem::swap(&mut queue.jobs, jobs);
        } else {
            queue.jobs.append(jobs);
        }
        let wake = std::mem::take(&mut queue.sleeping);
        drop(queue);
        if wake {
            self.ready.notify_one();
        }
    }

    fn run(&self) {
        let mut batch = Jobs::new();
        loop {
            let mut queue = lock(&self.queue);
            while queue.jobs.is_empty() {
                if queue.stop {
                    return;
                }
                queue.sleeping = true;
                queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            queue.sleeping = false;
            std::mem::swap(&mut queue.jobs, &mut batch);
            drop(queue);
            for job in batch.drain(..) {
                if let Err(text) = catch(|| job.run()) {
                    log::error!("a callback panicked: {text}");
                }
            }
        }
    }
}
