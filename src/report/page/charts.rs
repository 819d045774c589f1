//! Numbers behind the pictures: what is drawn in the template is measured here.

use crate::report::tally::{BINS, Group};
use crate::report::text::{percent, share, thousands};

/// Width of a bin, height of the tallest bar and left border of the distribution, in units of its drawing.
const BIN_WIDTH: f64 = 34.0;
const BAR_HEIGHT: f64 = 150.0;
const LEFT: f64 = 20.0;
/// Length of a bar that stands for all records.
const BAR_LENGTH: f64 = 160.0;

/// A row of a table with a bar: records of one offence or file.
pub(super) struct Shares {
    pub(super) name: String,
    pub(super) screened: String,
    pub(super) likely: String,
    pub(super) possible: String,
    pub(super) share: String,
    /// Lengths of the two parts of the bar.
    pub(super) likely_length: String,
    pub(super) possible_length: String,
}

impl Shares {
    pub(super) fn new(name: String, group: Group) -> Self {
        let length = |part| format!("{:.1}", share(part, group.screened) * BAR_LENGTH);
        Self {
            name,
            screened: thousands(group.screened),
            likely: thousands(group.likely),
            possible: thousands(group.possible),
            share: percent(group.flagged(), group.screened),
            likely_length: length(group.likely),
            possible_length: length(group.possible),
        }
    }
}

/// A bar of the distribution of scores.
pub(super) struct Bin {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) count: String,
    pub(super) left: String,
    pub(super) top: String,
    pub(super) height: String,
    pub(super) middle: String,
    /// Whether the count is written above the bar: where there is one.
    pub(super) labelled: bool,
}

/// Bars whose heights are as the square roots of the counts, so that a few high scores can be seen beside many low ones.
#[expect(clippy::cast_precision_loss, reason = "counts of rows, drawn to a tenth")]
pub(super) fn bins(counts: &[u64; BINS]) -> Vec<Bin> {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let bin = |(i, &count): (usize, &u64)| {
        let height = (count as f64 / most).sqrt() * BAR_HEIGHT;
        let left = LEFT + i as f64 * BIN_WIDTH;
        Bin {
            from: format!("{:.2}", i as f64 / BINS as f64),
            to: format!("{:.2}", (i + 1) as f64 / BINS as f64),
            count: thousands(count),
            left: format!("{:.1}", left + 2.0),
            top: format!("{:.1}", BAR_HEIGHT - height),
            height: format!("{height:.1}"),
            middle: format!("{:.1}", left + BIN_WIDTH / 2.0),
            labelled: count > 0,
        }
    };
    counts.iter().enumerate().map(bin).collect()
}

/// Where a probability lies on the distribution's axis.
#[expect(clippy::cast_precision_loss, reason = "a constant")]
pub(super) fn place(probability: f64) -> f64 {
    ((LEFT + probability * BIN_WIDTH * BINS as f64) * 10.0).round() / 10.0
}
