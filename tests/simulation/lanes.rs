//! The callback threads of a simulation: lanes that run one callback after another, each taking its time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rocketmq_producer::client::world::Dispatcher;
use rocketmq_producer::producer::Instant;
use rocketmq_producer::runtime::{Job, Jobs};

use crate::dice::Dice;
use crate::world::lock;

pub(crate) struct Lanes {
    lanes: Vec<Arc<Mutex<Lane>>>,
    dice: Dice,
    /// Of a hundred callbacks so many take time, and at most how long.
    slow: u32,
    slow_ms_max: u64,
    /// When the callback that runs now was handed over.
    handed: Arc<Mutex<Option<Instant>>>,
}

#[derive(Default)]
struct Lane {
    jobs: VecDeque<(Instant, Box<dyn Job>)>,
    runs: bool,
}

impl Lanes {
    pub(crate) fn new(dice: Dice) -> Arc<Self> {
        let lanes = (0..dice.pick(&[1, 1, 3])).map(|_| Arc::default()).collect();
        let slow = dice.pick(&[0, 0, 5, 50]);
        let slow_ms_max = dice.pick(&[2, 20, 200]);
        Arc::new(Self { lanes, dice, slow, slow_ms_max, handed: Arc::default() })
    }

    /// For a callback: when it was handed over.
    pub(crate) fn handed(&self) -> Arc<Mutex<Option<Instant>>> {
        Arc::clone(&self.handed)
    }
}

impl Dispatcher for Lanes {
    fn hand_over(&self, lane: usize, jobs: &mut Jobs) {
        let lane = &self.lanes[lane % self.lanes.len()];
        let mut state = lock(lane);
        let now = Instant::now();
        state.jobs.extend(jobs.drain(..).map(|job| (now, job)));
        if !std::mem::replace(&mut state.runs, true) {
            let (lane, dice, handed) = (Arc::clone(lane), self.dice.clone(), self.handed());
            let (slow, slow_ms_max) = (self.slow, self.slow_ms_max);
            tokio::spawn(async move {
                loop {
                    let Some((at, job)) = ({
                        let mut state = lock(&lane);
                        let next = state.jobs.pop_front();
                        state.runs = next.is_some();
                        next
                    }) else {
                        return;
                    };
                    if dice.percent(slow) {
                        tokio::time::sleep(dice.ms(1, slow_ms_max)).await;
                    }
                    *lock(&handed) = Some(at);
                    job.run();
                    *lock(&handed) = None;
                }
            });
        }
    }
}
