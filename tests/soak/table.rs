//! The table of figures, and whether a promise was broken.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// What was measured, section by section.
pub(crate) struct Table {
    /// Sections that are run; all when there are none.
    only: Vec<String>,
    lines: Vec<String>,
    broken: usize,
}

impl Table {
    /// For these sections, between spaces, or for all.
    pub(crate) fn only(sections: &str) -> Self {
        let only = sections.split_whitespace().map(str::to_owned).collect();
        Self { only, lines: Vec::new(), broken: 0 }
    }

    /// Runs a section. One that panics broke a promise, and the next ones are run all the same.
    pub(crate) fn section(&mut self, name: &str, run: impl FnOnce(&mut Self)) {
        if !self.only.is_empty() && !self.only.iter().any(|only| only == name) {
            return;
        }
        println!("== {name}");
        self.lines.push(format!("-- {name}"));
        let began = Instant::now();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(self))) {
            self.broken += 1;
            self.lines.push(format!("BROKEN  {}", said(&*panic)));
        }
        self.lines.push(format!("        {:.0} s", began.elapsed().as_secs_f64()));
    }

    /// A figure without a promise.
    pub(crate) fn figure(&mut self, name: &str, value: f64) {
        self.lines.push(format!("        {name:78} {}", shown(value)));
    }

    pub(crate) fn at_most(&mut self, name: &str, value: f64, limit: f64) {
        self.promise(name, value, &format!("at most {}", shown(limit)), value <= limit);
    }

    pub(crate) fn exactly(&mut self, name: &str, value: f64, expected: f64) {
        self.promise(name, value, &format!("exactly {}", shown(expected)), (value - expected).abs() < 0.5);
    }

    fn promise(&mut self, name: &str, value: f64, limit: &str, holds: bool) {
        self.broken += usize::from(!holds);
        let mark = if holds { "ok    " } else { "BROKEN" };
        self.lines.push(format!("{mark}  {name:78} {}  {limit}", shown(value)));
    }

    /// Prints everything; fails when a promise was broken.
    pub(crate) fn end(self) {
        println!("\n{}\n", self.lines.join("\n"));
        assert_eq!(self.broken, 0, "promises broken");
    }
}

fn shown(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:>12.0}") } else { format!("{value:>12.3}") }
}

/// The first line of a panic's message.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message");
    text.lines().next().unwrap_or_default().to_owned()
}
