//! Figures of several rounds, as a table of medians with least and greatest.

use std::collections::BTreeMap;

/// Figures by name.
pub(crate) type Figures = BTreeMap<String, f64>;

/// The figures of one column, round by round.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) rounds: Vec<Figures>,
}

/// Of several rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) greatest: f64,
}

impl Spread {
    /// None if there are no values. The median of an even number is the mean of the two in the middle.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let (below, above) = (values.get(last / 2)?, values.get(values.len() / 2)?);
        Some(Self {
            least: *values.first()?,
            median: f64::midpoint(*below, *above),
            greatest: *values.last()?,
        })
    }

    /// The same in another unit.
    pub(crate) fn map(self, change: impl Fn(f64) -> f64) -> Self {
        Self { least: change(self.least), median: change(self.median), greatest: change(self.greatest) }
    }
}

impl Column {
    /// The figure `name` over all rounds, if any has it.
    pub(crate) fn spread(&self, name: &str) -> Option<Spread> {
        Spread::of(self.rounds.iter().filter_map(|round| round.get(name).copied()).collect())
    }
}

/// Lines of `figures`, which are names with what the table calls them, over `columns`.
pub(crate) fn print(title: &str, figures: &[(&str, &str)], columns: &[Column]) {
    println!("\n{title}");
    print!("{:42}", "median (least–greatest)");
    columns.iter().for_each(|column| print!("{:>26}", column.name));
    println!();
    for (name, shown) in figures {
        print!("{shown:42}");
        for column in columns {
            let cell = column.spread(name).map_or_else(|| "-".to_owned(), |spread| cell(&spread));
            print!("{cell:>26}");
        }
        println!();
    }
}

fn cell(spread: &Spread) -> String {
    format!("{} ({}–{})", short(spread.median), short(spread.least), short(spread.greatest))
}

/// Three or four digits that matter.
fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}
