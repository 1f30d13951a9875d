//! How far a measurement is.

use std::time::Instant;

use super::plan::{Length, Row};
use super::wanted::Wanted;
use crate::machine::now;

/// A line for each row, with the time left.
pub(crate) struct Progress {
    begin: Instant,
    length: Length,
    rows: u32,
    done: u32,
    /// By the plan.
    seconds: f64,
    seconds_done: f64,
}

impl Progress {
    pub(crate) fn new<'a>(rows: impl Iterator<Item = &'a Row>, wanted: &Wanted) -> Self {
        let length = wanted.length();
        let mut progress = Self { begin: now(), length, rows: 0, done: 0, seconds: 0.0, seconds_done: 0.0 };
        for row in rows {
            let turns = wanted.turns(row);
            progress.rows += turns;
            progress.seconds += f64::from(turns) * row.seconds(length);
        }
        progress
    }

    pub(crate) fn ended(&mut self, row: &Row, shown: &str) {
        self.done += 1;
        self.seconds_done += row.seconds(self.length);
        let left = self.left(self.begin.elapsed().as_secs_f64());
        println!("[{}/{}, {left} left] {row}: {shown}", self.done, self.rows);
    }

    /// By the plan, stretched as the part that is done was.
    fn left(&self, elapsed: f64) -> String {
        let left =
            (self.seconds - self.seconds_done).max(0.0) * elapsed / self.seconds_done.max(f64::EPSILON);
        if left >= 90.0 { format!("{:.0} min", left / 60.0) } else { format!("{left:.0} s") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_stretched_as_the_time_that_went() {
        let progress = Progress {
            begin: now(),
            length: Length::FULL,
            rows: 4,
            done: 1,
            seconds: 400.0,
            seconds_done: 100.0,
        };
        assert_eq!(progress.left(100.0), "5 min");
        assert_eq!(progress.left(10.0), "30 s");
    }
}
