//! Runs a model.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::model::Builder;

/// Steps of one run beyond which it is taken for one that never ends.
const STEPS_MAX: usize = 5_000;

/// Runs `model` in every order in which at most `preemptions` threads lose their turn without waiting for
/// something. `LOOM_MAX_PREEMPTIONS` sets another bound.
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let orders = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&orders);
    let mut builder = Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.max_branches = STEPS_MAX;
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let orders = orders.load(Ordering::Relaxed);
    println!("{orders} orders");
    assert!(orders > 1, "a model whose threads never meet shows nothing");
}
