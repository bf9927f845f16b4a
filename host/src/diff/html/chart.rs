//! The chart of differing events over the log. It counts in a fixed number of buckets, however long the log is.

use std::fmt::Write;

use crate::diff::words::{counted, grouped};
use crate::diff::{Cause, Split};
use crate::model::Seq;

/// Bars that are counted, and at most drawn.
const BUCKETS_MAX: usize = 128;

/// Differing events by position. When they do not fit, two neighbours become one.
pub struct Buckets {
    /// Positions of one bucket; bucket `n` holds `n × width` and what follows.
    width: u64,
    counts: Vec<Split>,
}

impl Buckets {
    pub fn new() -> Self {
        Buckets {
            width: 1,
            counts: Vec::new(),
        }
    }

    pub fn add(&mut self, seq: Seq, cause: Cause) {
        while seq.0 / self.width >= BUCKETS_MAX as u64 {
            self.widen();
        }
        let at = (seq.0 / self.width) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, Split::default());
        }
        self.counts[at].add(cause);
    }

    fn widen(&mut self) {
        self.width *= 2;
        self.counts = self
            .counts
            .chunks(2)
            .map(|pair| Split {
                direct: pair.iter().map(|split| split.direct).sum(),
                inherited: pair.iter().map(|split| split.inherited).sum(),
            })
            .collect();
    }

    /// A picture of the range; empty where nothing differs.
    pub fn svg(&mut self, from: Seq, to: Seq) -> String {
        while to.0 / self.width - from.0.min(to.0) / self.width >= BUCKETS_MAX as u64 {
            self.widen();
        }
        let most = self.counts.iter().map(Split::total).max().unwrap_or(0);
        if most == 0 {
            return String::new();
        }
        let top = round_above(most);
        let mut svg = String::new();
        let _ = write!(
            svg,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Differing events over the log, \
             events {} to {}, at most {} in one bar of {}\">",
            grouped(from.0),
            grouped(to.0),
            grouped(most),
            counted(self.width, "event"),
        );
        for tick in 0..=2 {
            let (count, y) = (top * tick / 2, BOTTOM - PLOT_HEIGHT * tick as f64 / 2.0);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                y + 4.0,
                grouped(count),
            );
        }
        for (at, split) in self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, split)| split.total() > 0)
        {
            let first = (at as u64 * self.width).max(from.0);
            let last = ((at as u64 + 1) * self.width - 1).min(to.0).max(first);
            svg.push_str(&bar(from, to, first, last, *split, top));
        }
        let y = BOTTOM + 18.0;
        let _ = write!(
            svg,
            "<text x=\"{LEFT}\" y=\"{y}\">{}</text>\
             <text x=\"{:.1}\" y=\"{y}\" text-anchor=\"middle\">position in the log</text>\
             <text x=\"{RIGHT}\" y=\"{y}\" text-anchor=\"end\">{}</text></svg>",
            grouped(from.0),
            (LEFT + RIGHT) / 2.0,
            grouped(to.0),
        );
        svg
    }
}

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 996.0;
const BOTTOM: f64 = 190.0;
const PLOT_HEIGHT: f64 = 176.0;

/// One stacked bar, its hint first: direct below, inherited on it.
fn bar(from: Seq, to: Seq, first: u64, last: u64, split: Split, top: u64) -> String {
    let scale = (RIGHT - LEFT) / (to.0.saturating_sub(from.0) + 1) as f64;
    let x = LEFT + (first - from.0) as f64 * scale;
    let width = ((last - first + 1) as f64 * scale - 1.0).max(0.8);
    let height = |count: u64| PLOT_HEIGHT * count as f64 / top as f64;
    let direct = height(split.direct);
    let inherited = height(split.inherited);
    format!(
        "<g><title>events {} to {}: {} direct, {} inherited</title>\
         <rect class=\"direct-fill\" x=\"{x:.2}\" width=\"{width:.2}\" y=\"{:.2}\" height=\"{direct:.2}\"/>\
         <rect class=\"inherited-fill\" x=\"{x:.2}\" width=\"{width:.2}\" y=\"{:.2}\" height=\"{inherited:.2}\"/></g>",
        grouped(first),
        grouped(last),
        grouped(split.direct),
        grouped(split.inherited),
        BOTTOM - direct,
        BOTTOM - direct - inherited,
    )
}

/// The least of 2, 4, 10, 20, 40, 100 … that is not below: its half is a round number too.
fn round_above(count: u64) -> u64 {
    let mut power = 1;
    loop {
        for step in [2, 4, 10] {
            let round = step * power;
            if round >= count {
                return round;
            }
        }
        power *= 10;
    }
}

/// A bar for a row of a table: its part of the most frequent row, split by cause.
pub fn share(split: Split, most: u64) -> String {
    let percent = |count: u64| 100.0 * count as f64 / most.max(1) as f64;
    let (direct, inherited) = (percent(split.direct), percent(split.inherited));
    format!(
        "<svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"direct-fill\" width=\"{direct:.2}\" height=\"8\"/>\
         <rect class=\"inherited-fill\" x=\"{direct:.2}\" width=\"{inherited:.2}\" height=\"8\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_stay_few_and_lose_no_event() {
        let mut buckets = Buckets::new();
        for seq in 1..=100_000 {
            let cause = if seq % 4 == 0 {
                Cause::Direct
            } else {
                Cause::Inherited
            };
            buckets.add(Seq(seq), cause);
        }
        assert_eq!((buckets.width, buckets.counts.len()), (1_024, 98));
        let direct: u64 = buckets.counts.iter().map(|split| split.direct).sum();
        let inherited: u64 = buckets.counts.iter().map(|split| split.inherited).sum();
        assert_eq!((direct, inherited), (25_000, 75_000));
        assert_eq!(buckets.svg(Seq(1), Seq(100_000)).matches("<g>").count(), 98);
    }

    #[test]
    fn a_bar_lies_where_its_events_lie() {
        let mut buckets = Buckets::new();
        buckets.add(Seq(11), Cause::Direct);
        let svg = buckets.svg(Seq(11), Seq(20));
        assert!(
            svg.contains("<title>events 11 to 11: 1 direct, 0 inherited</title>"),
            "{svg}"
        );
        assert!(
            svg.contains("x=\"64.00\" width=\"92.20\" y=\"102.00\" height=\"88.00\""),
            "{svg}"
        );
    }

    #[test]
    fn a_long_range_with_few_differences_gets_no_more_bars() {
        let mut buckets = Buckets::new();
        buckets.add(Seq(5), Cause::Direct);
        buckets.svg(Seq(1), Seq(u64::MAX >> 8));
        assert!(buckets.width > 1 << 48, "{}", buckets.width);
        assert_eq!(Buckets::new().svg(Seq(1), Seq(9)), "");
    }

    #[test]
    fn the_axis_ends_at_a_round_number() {
        let ends = [1, 2, 3, 5, 11, 40, 41, 999].map(round_above);
        assert_eq!(ends, [2, 2, 4, 10, 20, 40, 100, 1_000]);
    }
}
