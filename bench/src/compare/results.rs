//! Everything that was measured, in a file: a line for each figure, so that the report can be made again without
//! measuring. Columns: key, round, attempt, figure, value, and why the attempt is void, if it is.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::plan::Section;
use crate::table::Spread;

const TITLES: &str = "key\tround\tattempt\tfigure\tvalue\tvoid";
/// In the place of a figure, for an attempt without any.
const NOTHING: &str = "-";

/// One figure.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    key: String,
    round: u32,
    attempt: u32,
    figure: String,
    value: String,
    void: String,
}

/// Why there are no figures of a row in a round.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Void {
    pub(crate) key: String,
    pub(crate) round: u32,
    pub(crate) attempt: u32,
    pub(crate) why: String,
}

/// What a client printed, in its order.
pub(crate) type Printed = Vec<(String, String)>;

/// All lines, and those that count as a table.
#[derive(Default)]
pub(crate) struct Results {
    lines: Vec<Line>,
    /// By key and figure: round and value.
    valid: BTreeMap<(String, String), BTreeMap<u32, f64>>,
    /// Where new lines go.
    file: Option<File>,
}

impl Results {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut results = Self::default();
        let mut lines = text.lines();
        if lines.next() != Some(TITLES) {
            return Err(format!("the first line is not the titles {TITLES:?}"));
        }
        for line in lines {
            results.take(Line::parse(line).ok_or_else(|| format!("not a line of results: {line:?}"))?);
        }
        Ok(results)
    }

    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Begins a measurement of `sections`: what the file has of others stays.
    pub(crate) fn begin(path: &Path, sections: &[Section]) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut results = if path.exists() { Self::read(path)? } else { Self::default() };
        results.lines.retain(|line| {
            let section = line.key.split('/').next().and_then(Section::parse);
            section.is_some_and(|section| !sections.contains(&section))
        });
        let kept = std::mem::take(&mut results.lines);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(path, format!("{TITLES}\n")).map_err(failed)?;
        let mut results = Self {
            file: Some(OpenOptions::new().append(true).open(path).map_err(failed)?),
            ..Self::default()
        };
        for line in kept {
            results.write(line)?;
        }
        Ok(results)
    }

    /// Figures of an attempt, which is void if there is a reason.
    pub(crate) fn add(
        &mut self,
        (key, round, attempt): (&str, u32, u32),
        figures: &[(String, String)],
        void: Option<&str>,
    ) -> Result<(), String> {
        let nothing = [(NOTHING.to_owned(), String::new())];
        for (figure, value) in if figures.is_empty() { &nothing } else { figures } {
            self.write(Line {
                key: key.to_owned(),
                round,
                attempt,
                figure: in_a_field(figure),
                value: in_a_field(value),
                void: in_a_field(void.unwrap_or_default()),
            })?;
        }
        Ok(())
    }

    fn write(&mut self, line: Line) -> Result<(), String> {
        if let Some(file) = &mut self.file {
            writeln!(file, "{}", line.text()).map_err(|error| format!("the results: {error}"))?;
        }
        self.take(line);
        Ok(())
    }

    fn take(&mut self, line: Line) {
        if line.void.is_empty()
            && let Ok(value) = line.value.parse::<f64>()
        {
            let place = (line.key.clone(), line.figure.clone());
            self.valid.entry(place).or_default().insert(line.round, value);
        }
        self.lines.push(line);
    }

    /// A figure in all rounds that count.
    pub(crate) fn rounds(&self, key: &str, figure: &str) -> Option<&BTreeMap<u32, f64>> {
        self.valid.get(&(key.to_owned(), figure.to_owned()))
    }

    pub(crate) fn spread(&self, key: &str, figure: &str) -> Option<Spread> {
        Spread::of(self.rounds(key, figure)?.values().copied().collect())
    }

    /// What one figure is of another, each time within one round.
    pub(crate) fn ratio(&self, key: &str, other: &str, figure: &str) -> Option<Spread> {
        Spread::of(self.ratios((key, other), figure).into_values().collect())
    }

    /// What one such ratio is of another.
    pub(crate) fn ratio_of_ratios(
        &self,
        pair: (&str, &str),
        others: (&str, &str),
        figure: &str,
    ) -> Option<Spread> {
        let others = self.ratios(others, figure);
        let of = |(round, ratio): (u32, f64)| Some(ratio / others.get(&round)?);
        Spread::of(self.ratios(pair, figure).into_iter().filter_map(of).collect())
    }

    /// By round; without those in which one of the two is missing or nothing.
    fn ratios(&self, (key, other): (&str, &str), figure: &str) -> BTreeMap<u32, f64> {
        let (Some(values), Some(others)) = (self.rounds(key, figure), self.rounds(other, figure)) else {
            return BTreeMap::new();
        };
        let of = |(round, value): (&u32, &f64)| {
            let other = others.get(round).filter(|other| **other > 0.0)?;
            Some((*round, value / other))
        };
        values.iter().filter_map(of).collect()
    }

    /// The last text of this name.
    pub(crate) fn text(&self, key: &str, figure: &str) -> Option<&str> {
        let of_it = |line: &&Line| line.key == key && line.figure == figure && line.void.is_empty();
        self.lines.iter().rev().find(of_it).map(|line| line.value.as_str())
    }

    /// Whether anything was tried.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.lines.iter().any(|line| line.key == key)
    }

    /// Each void attempt once.
    pub(crate) fn voids(&self) -> Vec<Void> {
        let mut voids: Vec<Void> = Vec::new();
        for line in self.lines.iter().filter(|line| !line.void.is_empty()) {
            let void = Void {
                key: line.key.clone(),
                round: line.round,
                attempt: line.attempt,
                why: line.void.clone(),
            };
            if voids.last() != Some(&void) {
                voids.push(void);
            }
        }
        voids
    }

    /// Whether any round of a row ended with figures that count.
    pub(crate) fn has_valid(&self, key: &str) -> bool {
        self.lines.iter().any(|line| line.key == key && line.void.is_empty())
    }

    /// Whether the round of a row ended with figures that count.
    pub(crate) fn is_valid(&self, key: &str, round: u32) -> bool {
        self.lines.iter().any(|line| line.key == key && line.round == round && line.void.is_empty())
    }
}

impl Line {
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('\t');
        let mut field = || fields.next().map(str::to_owned);
        let (key, round, attempt) = (field()?, field()?.parse().ok()?, field()?.parse().ok()?);
        let line = Self { key, round, attempt, figure: field()?, value: field()?, void: field()? };
        fields.next().is_none().then_some(line)
    }

    fn text(&self) -> String {
        let Self { key, round, attempt, figure, value, void } = self;
        format!("{key}\t{round}\t{attempt}\t{figure}\t{value}\t{void}")
    }
}

/// Neither separator may stand in a field.
fn in_a_field(text: &str) -> String {
    text.replace(['\t', '\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(lines: &[(&str, u32, f64, &str)]) -> Results {
        let mut results = Results::default();
        for (attempt, (key, round, value, void)) in (1..).zip(lines) {
            let void = Some(*void).filter(|void| !void.is_empty());
            results.add((key, *round, attempt), &[("cpu_us".to_owned(), value.to_string())], void).unwrap();
        }
        results
    }

    #[test]
    fn a_ratio_is_the_median_of_the_ratios_within_rounds() {
        // The ratio of the medians would be 3/2.
        let results = results(&[
            ("base/x/ours", 1, 3.0, ""),
            ("base/x/floor", 1, 1.0, ""),
            ("base/x/ours", 2, 8.0, ""),
            ("base/x/floor", 2, 2.0, ""),
            ("base/x/ours", 3, 2.0, ""),
            ("base/x/floor", 3, 4.0, ""),
        ]);
        let ratio = results.ratio("base/x/ours", "base/x/floor", "cpu_us").unwrap();
        assert_eq!(ratio, Spread { least: 0.5, median: 3.0, greatest: 4.0 });
    }

    #[test]
    fn growth_is_compared_within_rounds_too() {
        let results = results(&[
            ("axes/corner/ours", 1, 6.0, ""),
            ("axes/base/ours", 1, 2.0, ""),
            ("axes/corner/floor", 1, 2.0, ""),
            ("axes/base/floor", 1, 1.0, ""),
            ("axes/corner/ours", 2, 6.0, ""),
            ("axes/base/ours", 2, 1.0, ""),
        ]);
        let (ours, floor) =
            (("axes/corner/ours", "axes/base/ours"), ("axes/corner/floor", "axes/base/floor"));
        let ratio = results.ratio_of_ratios(ours, floor, "cpu_us").unwrap();
        assert_eq!(ratio, Spread { least: 1.5, median: 1.5, greatest: 1.5 });
    }

    #[test]
    fn a_round_that_one_of_two_lacks_has_no_ratio() {
        let results = results(&[
            ("base/x/ours", 1, 3.0, ""),
            ("base/x/ours", 2, 8.0, ""),
            ("base/x/floor", 2, 2.0, ""),
            ("base/x/floor", 3, 0.0, ""),
            ("base/x/ours", 3, 1.0, ""),
        ]);
        let ratio = results.ratio("base/x/ours", "base/x/floor", "cpu_us").unwrap();
        assert_eq!(ratio, Spread { least: 4.0, median: 4.0, greatest: 4.0 });
    }

    #[test]
    fn a_void_attempt_is_told_and_does_not_count() {
        let results =
            results(&[("base/x/ours", 1, 100.0, "others used 0.4 cores"), ("base/x/ours", 1, 3.0, "")]);
        assert_eq!(results.spread("base/x/ours", "cpu_us").unwrap().greatest, 3.0);
        let [void] = results.voids().try_into().unwrap();
        assert_eq!((void.attempt, void.why.as_str()), (1, "others used 0.4 cores"));
        assert!(results.is_valid("base/x/ours", 1));
    }

    #[test]
    fn what_is_written_is_read_again_and_other_sections_stay() {
        let folder = std::env::temp_dir().join(format!("rocketmq-bench-results-{}", std::process::id()));
        let path = folder.join("results.tsv");
        let figures =
            [("client".to_owned(), "ours\t0.1".to_owned()), ("cpu_us".to_owned(), "1.5".to_owned())];
        let mut results = Results::begin(&path, &Section::ALL).unwrap();
        results.add(("base/x/ours", 1, 1), &figures, None).unwrap();
        results.add(("axes/x/ours", 1, 1), &[], Some("failed")).unwrap();
        let read = Results::read(&path).unwrap();
        assert_eq!(read.lines, results.lines);
        assert_eq!(read.text("base/x/ours", "client"), Some("ours 0.1"));
        drop(Results::begin(&path, &[Section::Axes]).unwrap());
        let read = Results::read(&path).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(read.spread("base/x/ours", "cpu_us").unwrap().median, 1.5);
        assert_eq!(read.voids(), []);
    }

    #[test]
    fn a_median_of_an_even_number_is_the_mean_of_the_middle() {
        let spread = Spread::of(vec![4.0, 1.0, 2.0, 10.0]).unwrap();
        assert_eq!(spread, Spread { least: 1.0, median: 3.0, greatest: 10.0 });
        assert_eq!(Spread::of(Vec::new()), None);
        assert_eq!(Spread::of(vec![7.0]).unwrap().median, 7.0);
    }

    #[test]
    fn a_line_that_is_none_is_refused() {
        for text in
            ["", "key\tround", &format!("{TITLES}\na\t1\t1\tb"), &format!("{TITLES}\na\tx\t1\tb\t1\t")]
        {
            assert!(Results::parse(text).is_err(), "{text:?}");
        }
    }
}
