//! Those whom a broker asked to slow down: each goes on to its route when its time has come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::client::broker::{Cut, Done};
use crate::client::instance::Instance;
use crate::client::routes::{RouteError, RouteWaiter};
use crate::runtime::lock;
use crate::text::Text;

/// Waiters of an instance, by when they go on. Bounded by the producers' in-flight permits.
#[derive(Default)]
pub struct Pauses {
    state: Mutex<State>,
    /// Notified when one comes that goes on before all others.
    sooner: Arc<Notify>,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<(Instant, u64), (Text, Box<dyn RouteWaiter>)>,
    /// Tells those apart that go on at the same time.
    next: u64,
    closed: bool,
}

impl Pauses {
    /// Gives `waiter` the route of `topic` at `when`.
    pub fn add(&self, topic: Text, when: Instant, waiter: Box<dyn RouteWaiter>, done: &mut Done<'_>) {
        let mut state = lock(&self.state);
        if state.closed {
            drop(state);
            return waiter.ready(Err(RouteError::Closed), done);
        }
        let number = state.next;
        state.next += 1;
        state.waiting.insert((when, number), (topic, waiter));
        let first = state.waiting.first_key_value().is_some_and(|(key, _)| *key == (when, number));
        drop(state);
        if first {
            self.sooner.notify_one();
        }
    }

    /// Ends the waiters that are to be cut off.
    pub(crate) fn cut(&self, cut: Cut, done: &mut Done<'_>) {
        let ended: Vec<_> =
            lock(&self.state).waiting.extract_if(.., |_, (_, waiter)| cut.means(waiter.owner())).collect();
        for (_, (_, waiter)) in ended {
            waiter.ready(Err(RouteError::of(cut)), done);
        }
    }

    fn next(&self) -> Option<Instant> {
        lock(&self.state).waiting.first_key_value().map(|((when, _), _)| *when)
    }

    fn take_due(&self, now: Instant) -> Vec<(Text, Box<dyn RouteWaiter>)> {
        let mut state = lock(&self.state);
        let later = state.waiting.split_off(&(now, u64::MAX));
        std::mem::replace(&mut state.waiting, later).into_values().collect()
    }

    fn close(&self) -> Vec<(Text, Box<dyn RouteWaiter>)> {
        let mut state = lock(&self.state);
        state.closed = true;
        std::mem::take(&mut state.waiting).into_values().collect()
    }
}

/// Lets those go on whose time has come, until the instance ends.
pub(crate) async fn run(instance: Weak<Instance>) {
    let Some((sooner, stopped, clock)) = instance.upgrade().map(|instance| {
        let sooner = Arc::clone(&instance.pauses().sooner);
        (sooner, instance.routes().stopped(), Arc::clone(&instance.world().clock))
    }) else {
        return;
    };
    let _last = Last(&instance);
    loop {
        // Made before the check, so that a stop in between is not missed.
        let over = stopped.notified();
        let next = match instance.upgrade() {
            Some(instance) if !instance.routes().is_stopped() => instance.pauses().next(),
            _ => break,
        };
        tokio::select! {
            biased;
            () = over => {}
            () = sooner.notified() => {}
            () = sleep_until(next.unwrap_or_else(|| clock.now())), if next.is_some() => {}
        }
        let Some(instance) = instance.upgrade() else { break };
        let mut done = instance.done();
        for (topic, waiter) in instance.pauses().take_due(clock.now()) {
            instance.routes().join(&instance, topic.as_str(), waiter, &mut done);
        }
    }
}

/// Ends those who wait when the task does, also by a panic.
struct Last<'a>(&'a Weak<Instance>);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        let Some(instance) = self.0.upgrade() else { return };
        let mut done = instance.done();
        for (_, waiter) in instance.pauses().close() {
            waiter.ready(Err(RouteError::Closed), &mut done);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::broker::Owner;
    use crate::client::routes::TopicRoute;
    use crate::client::world::Dispatcher;
    use crate::runtime::Jobs;

    /// Nobody has callbacks here.
    struct Nowhere;

    impl Dispatcher for Nowhere {
        fn hand_over(&self, _: usize, _: &mut Jobs) {}
    }

    /// Writes down that it was refused.
    struct Waiter(u64, Arc<Mutex<Vec<(u64, String)>>>);

    impl RouteWaiter for Waiter {
        fn owner(&self) -> Owner {
            Owner { number: self.0, cuts: 0 }
        }

        fn deadline(&self) -> Option<Instant> {
            None
        }

        fn ready(self: Box<Self>, route: Result<Arc<TopicRoute>, RouteError>, _: &mut Done<'_>) {
            lock(&self.1).push((self.0, route.err().map(|error| error.to_string()).unwrap_or_default()));
        }
    }

    #[test]
    fn those_who_pause_go_on_in_the_order_of_their_times_and_are_told_when_it_ends() {
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        let (pauses, told) = (Pauses::default(), Arc::new(Mutex::new(Vec::new())));
        let mut done = Done::new(&Nowhere, 0);
        let waiter = |number| Box::new(Waiter(number, Arc::clone(&told)));
        for (number, ms) in [(1, 20), (2, 20), (3, 10), (4, 30), (5, 20), (6, 40)] {
            pauses.add("T".into(), at(ms), waiter(number), &mut done);
        }
        let numbers = |due: Vec<(Text, Box<dyn RouteWaiter>)>| -> Vec<u64> {
            due.iter().map(|(_, waiter)| waiter.owner().number).collect()
        };
        assert_eq!(pauses.next(), Some(at(10)));
        assert!(pauses.take_due(at(9)).is_empty());
        assert_eq!(numbers(pauses.take_due(at(20))), [3, 1, 2, 5]);
        assert_eq!(pauses.next(), Some(at(30)));

        pauses.cut(Cut { cancelled: true, ..Cut::all(4) }, &mut done);
        assert_eq!(numbers(pauses.close()), [6]);
        assert_eq!(pauses.next(), None);
        pauses.add("T".into(), at(50), waiter(7), &mut done);
        assert_eq!(*lock(&told), [(4, "cancelled".to_owned()), (7, "shut down".to_owned())]);
    }
}
