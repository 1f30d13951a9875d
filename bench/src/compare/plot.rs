//! Pictures of the report: horizontal bars on a logarithmic scale, as SVG. Colours and letters are legible on white and
//! on black; each bar has its value beside it.

use std::fmt::Write;

use super::tables::{exact, rounded};

const WIDTH: f64 = 760.0;
/// Where the bars begin, and how much room their values have behind the longest.
const LEFT: f64 = 150.0;
const RIGHT: f64 = 90.0;
const TOP: f64 = 64.0;
const BAR: f64 = 16.0;
const GAP: f64 = 10.0;

/// Neutral by day and by night; the first is for what stands out.
const STYLE: &str = "\
text { font: 12px sans-serif; fill: #57606a; }
.title { font-size: 15px; font-weight: bold; }
.value { font-size: 11px; }
.grid { stroke: #8c959f; stroke-opacity: 0.35; }
.bar0 { fill: #3d7ebf; }
.bar1 { fill: #8c959f; }
.bar2 { fill: #c2853d; }
@media (prefers-color-scheme: dark) { text { fill: #a9b4bf; } }
";
/// As many as there are classes of bars.
const COLOURS: usize = 3;

/// A chart: each group has a label and one bar for each series.
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) unit: &'static str,
    pub(crate) series: Vec<&'static str>,
    /// A series that has no value here has no bar.
    pub(crate) groups: Vec<(String, Vec<Option<f64>>)>,
}

/// From the power of ten below the least value to the greatest value.
struct Scale {
    least: f64,
    greatest: f64,
}

impl Scale {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let positive = values.filter(|value| *value > 0.0 && value.is_finite());
        let least = positive.clone().min_by(f64::total_cmp)?;
        let greatest = positive.max_by(f64::total_cmp)?;
        // A bar of the least value is still a bar.
        let least = 10f64.powf((least * 0.8).log10().floor());
        Some(Self { least, greatest: greatest.max(least * 10.0) })
    }

    fn x(&self, value: f64) -> f64 {
        let share = (value / self.least).log10() / (self.greatest / self.least).log10();
        LEFT + share.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }

    fn powers(&self) -> impl Iterator<Item = f64> {
        std::iter::successors(Some(self.least), |power| Some(power * 10.0))
            .take_while(|power| *power <= self.greatest * 1.0001)
    }
}

impl Chart {
    /// Nothing if there is no value.
    pub(crate) fn svg(&self) -> Option<String> {
        let scale = Scale::of(self.groups.iter().flat_map(|(_, values)| values.iter().flatten().copied()))?;
        let bars = |values: &Vec<Option<f64>>| values.iter().flatten().count();
        let height: f64 = self.groups.iter().map(|(_, values)| bars(values) as f64 * BAR + GAP).sum();
        let bottom = TOP + height;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{0}\" viewBox=\"0 0 {WIDTH} {0}\" \
             role=\"img\">\n<title>{1}</title>\n<style>{STYLE}</style>\n\
             <text class=\"title\" x=\"8\" y=\"20\">{1}</text>\n",
            bottom + 26.0,
            escaped(&self.title)
        );
        self.legend(&mut svg);
        for power in scale.powers() {
            let x = scale.x(power);
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\n\
                 <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                bottom + 16.0,
                tick(power)
            );
        }
        let mut y = TOP;
        for (label, values) in self.groups.iter().filter(|(_, values)| bars(values) > 0) {
            let middle = y + bars(values) as f64 * BAR / 2.0 + 4.0;
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                escaped(label)
            );
            for (series, value) in values.iter().enumerate().filter_map(|(at, value)| Some((at, (*value)?))) {
                bar(&mut svg, &scale, (series, value), y);
                y += BAR;
            }
            y += GAP;
        }
        svg.push_str("</svg>\n");
        Some(svg)
    }

    /// The unit, and which bar is which if there are several.
    fn legend(&self, svg: &mut String) {
        let _ = writeln!(svg, "<text x=\"8\" y=\"42\">{}, logarithmic</text>", escaped(self.unit));
        let several = self.series.len() > 1;
        for (at, series) in self.series.iter().enumerate().filter(|_| several) {
            let x = 330.0 + at as f64 * 130.0;
            let _ = writeln!(
                svg,
                "<rect class=\"bar{}\" x=\"{x}\" y=\"32\" width=\"12\" height=\"12\"/>\
                 <text x=\"{}\" y=\"42\">{}</text>",
                at % COLOURS,
                x + 18.0,
                escaped(series)
            );
        }
    }
}

fn bar(svg: &mut String, scale: &Scale, (series, value): (usize, f64), y: f64) {
    let end = scale.x(value);
    let _ = writeln!(
        svg,
        "<rect class=\"bar{}\" x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"{}\"/>\
         <text class=\"value\" x=\"{:.1}\" y=\"{}\">{}</text>",
        series % COLOURS,
        y + 1.0,
        (end - LEFT).max(1.0),
        BAR - 2.0,
        end + 5.0,
        y + BAR - 4.0,
        rounded(value)
    );
}

fn tick(power: f64) -> String {
    if power >= 1.0 { exact(&rounded(power)) } else { power.to_string() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[Option<f64>]) -> Chart {
        Chart {
            title: "CPU & more <now>".to_owned(),
            unit: "µs",
            series: vec!["p50", "p99"],
            groups: vec![("ours".to_owned(), values.to_vec()), ("nobody".to_owned(), vec![None, None])],
        }
    }

    /// The names of the open elements after each tag; fails where one is closed that is not open.
    fn check_well_formed(svg: &str) {
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, text) = tag.split_once('>').expect("a tag is closed");
            assert!(!text.contains('>'), "{text}");
            assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
            let name = tag.split_whitespace().next().unwrap();
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert_eq!(open, Vec::<&str>::new());
        let mut entities = svg.split('&').skip(1);
        assert!(entities.all(|rest| ["amp;", "lt;", "gt;"].iter().any(|entity| rest.starts_with(entity))));
    }

    #[test]
    fn a_chart_is_well_formed_and_has_its_values() {
        let svg = chart(&[Some(0.32), Some(122.0)]).svg().unwrap();
        check_well_formed(&svg);
        for part in [">0.32</text>", ">122</text>", ">ours</text>", "µs, logarithmic", ">p99</text>"] {
            assert!(svg.contains(part), "{part}");
        }
        assert!(!svg.contains("nobody") && !svg.contains("NaN"));
    }

    #[test]
    fn bars_are_as_long_as_their_logarithms() {
        let scale = Scale::of([1.25, 125.0].into_iter()).unwrap();
        assert_eq!(scale.least, 1.0);
        assert_eq!(scale.x(1.0), LEFT);
        assert_eq!(scale.x(125.0), WIDTH - RIGHT);
        let steps: Vec<f64> = scale.powers().map(|power| scale.x(power)).collect();
        assert!(steps.windows(3).all(|x| (x[2] - x[1] - (x[1] - x[0])).abs() < 1e-9), "{steps:?}");
    }

    #[test]
    fn ticks_are_powers_of_ten_in_full() {
        let ticks = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0].map(tick);
        assert_eq!(ticks, ["0.01", "0.1", "1", "10", "100", "1000", "10,000"]);
    }

    #[test]
    fn a_chart_without_values_is_none() {
        assert_eq!(chart(&[None, None]).svg(), None);
        assert_eq!(chart(&[Some(0.0)]).svg(), None);
        check_well_formed(&chart(&[Some(5.0)]).svg().unwrap());
    }
}
