//! The hand-over of completions to a callback thread.

use std::sync::{Arc, Mutex};

use loom::thread;

use super::dispatch::Lanes;
use super::threads::Threads;
use super::{Job, Jobs, lock};
use crate::explore::explore;
use crate::sync;

/// What ran, in order. No lock of loom's: that the callback thread writes it is no step of its own.
type Ran = Arc<Mutex<Vec<u32>>>;

struct Note {
    number: u32,
    ran: Ran,
}

impl Job for Note {
    fn run(self: Box<Self>) {
        self.ran.lock().unwrap().push(self.number);
    }
}

fn notes(ran: &Ran, numbers: &[u32]) -> Jobs {
    numbers.iter().map(|&number| Box::new(Note { number, ran: Arc::clone(ran) }) as Box<dyn Job>).collect()
}

/// Two threads hand over, one of them twice and once more before it stops the callback thread.
pub fn two_hand_over_and_one_stops() {
    explore(3, || {
        let ran = Ran::default();
        let threads = Threads::default();
        let lanes = Arc::new(Lanes::start(1, &threads).unwrap());
        let other = thread::spawn({
            let (lanes, ran) = (Arc::clone(&lanes), Arc::clone(&ran));
            move || {
                lanes.hand_over(0, &mut notes(&ran, &[10, 11]));
                lanes.hand_over(0, &mut notes(&ran, &[12]));
            }
        });
        lanes.hand_over(0, &mut notes(&ran, &[20]));
        other.join().unwrap();
        lanes.hand_over(0, &mut notes(&ran, &[21]));
        lanes.stop();
        threads.join();
        let ran = ran.lock().unwrap();
        let of = |from: u32| ran.iter().copied().filter(|number| number / 10 == from).collect::<Vec<_>>();
        assert_eq!((of(1), of(2)), (vec![10, 11, 12], vec![20, 21]), "{ran:?}");
    });
}

/// Hands over another job when it runs, as a callback does that sends.
struct Again {
    lanes: Arc<sync::Mutex<Option<Arc<Lanes>>>>,
    ran: Ran,
}

impl Job for Again {
    fn run(self: Box<Self>) {
        let lanes = lock(&self.lanes).take();
        if let Some(lanes) = lanes {
            lanes.hand_over(0, &mut notes(&self.ran, &[2]));
        }
        self.ran.lock().unwrap().push(1);
    }
}

/// A callback hands over to its own thread while another thread stops it.
pub fn a_callback_hands_over_while_another_thread_stops() {
    explore(5, || {
        let ran = Ran::default();
        let threads = Threads::default();
        let lanes = Arc::new(Lanes::start(1, &threads).unwrap());
        let own = Arc::new(sync::Mutex::new(Some(Arc::clone(&lanes))));
        let mut jobs: Jobs = vec![Box::new(Again { lanes: own, ran: Arc::clone(&ran) })];
        lanes.hand_over(0, &mut jobs);
        lanes.stop();
        threads.join();
        assert_eq!(*ran.lock().unwrap(), [1, 2]);
    });
}
