//! A labelled record beside what the engine made of it, and the counts and figures over all of them.

use serde::Serialize;

use super::statistics::{Figure, Share};
use crate::domain::{Flag, ScreenedRecord};
use crate::labels::{Label, LabelledRecord};

/// One measured record.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub record: &'a LabelledRecord,
    pub screened: &'a ScreenedRecord,
}

impl Row<'_> {
    /// Whether a reviewer would want it flagged.
    pub fn positive(&self) -> bool {
        self.record.is_positive()
    }

    /// Whether the engine flags it.
    pub fn flagged(&self) -> bool {
        self.screened.flag != Flag::None
    }

    /// Log-odds to 4 places, by which records are ranked: finer than the probability near 0 and 1.
    pub fn score(&self) -> f64 {
        to_four_places(self.screened.explanation.value)
    }

    /// The calibrated probability to 4 places.
    pub fn probability(&self) -> f64 {
        self.screened.probability.value()
    }

    /// Whether the slice's name begins so.
    pub fn is_of(&self, slice: &str) -> bool {
        self.record.slice.as_deref().is_some_and(|name| name == slice || name.strip_prefix(slice).is_some_and(|rest| rest.starts_with(':')))
    }
}

/// The precision at which two runs must agree.
pub(super) fn to_four_places(value: f64) -> f64 {
    // Adding 0 turns -0 into 0: they rank the same.
    (value * 1e4).round() / 1e4 + 0.0
}

/// Records by label (row) and flag (column), both in the order no or none, possible, likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Confusion {
    pub counts: [[u64; 3]; 3],
}

impl Confusion {
    /// Counts rows.
    pub fn of(rows: &[Row<'_>]) -> Self {
        let mut confusion = Self::default();
        for row in rows {
            confusion.counts[row.record.label.index()][row.screened.flag as usize] += 1;
        }
        confusion
    }

    /// Records with the label.
    pub fn labelled(&self, label: Label) -> u64 {
        self.counts[label.index()].iter().sum()
    }

    /// Of the records with the label, those flagged possible or likely.
    pub fn flagged(&self, label: Label) -> Share {
        Share::new(self.labelled(label) - self.counts[label.index()][0], self.labelled(label))
    }

    /// Flagged records, of those that a reviewer wants flagged.
    pub fn recall(&self) -> Share {
        let (likely, possible) = (self.flagged(Label::Likely), self.flagged(Label::Possible));
        Share::new(likely.count + possible.count, likely.of + possible.of)
    }

    /// Unflagged records, of those that a reviewer does not want flagged.
    pub fn specificity(&self) -> Share {
        let wrong = self.flagged(Label::No);
        Share::new(wrong.of - wrong.count, wrong.of)
    }

    /// Records that a reviewer wants flagged, of those flagged.
    pub fn precision(&self) -> Share {
        let right = self.recall().count;
        Share::new(right, right + self.flagged(Label::No).count)
    }

    /// Records that a reviewer wants flagged, of all.
    pub fn prevalence(&self) -> Share {
        let wanted = self.recall().of;
        Share::new(wanted, wanted + self.labelled(Label::No))
    }
}

/// Shares of records, each with its Wilson interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shares {
    /// At this set's own prevalence.
    pub precision: Share,
    pub recall: Share,
    pub specificity: Share,
    pub recall_likely: Share,
    pub recall_possible: Share,
    pub recall_overt: Share,
    pub recall_disguised: Share,
    pub specificity_hardneg: Share,
    pub specificity_ordinary: Share,
}

impl Shares {
    /// Counts rows.
    pub fn of(rows: &[Row<'_>]) -> Self {
        let confusion = Confusion::of(rows);
        let flagged = |slice: &str| Share::counting(rows.iter().filter(|row| row.positive() && row.is_of(slice)).map(Row::flagged));
        let passed = |slice: &str| Share::counting(rows.iter().filter(|row| !row.positive() && row.is_of(slice)).map(|row| !row.flagged()));
        Self {
            precision: confusion.precision(),
            recall: confusion.recall(),
            specificity: confusion.specificity(),
            recall_likely: confusion.flagged(Label::Likely),
            recall_possible: confusion.flagged(Label::Possible),
            recall_overt: flagged("positive:overt"),
            recall_disguised: flagged("positive:disguised"),
            specificity_hardneg: passed("hardneg"),
            specificity_ordinary: passed("ordinary"),
        }
    }

    /// Each share with its stable name, what it is in words, and what there is none of where it is not defined.
    pub fn named(&self) -> [(&'static str, &'static str, Share, &'static str); 9] {
        [
            ("recall_likely", "recall of likely", self.recall_likely, "records labelled likely"),
            ("recall_possible", "recall of possible", self.recall_possible, "records labelled possible"),
            ("recall", "recall of both", self.recall, "positives"),
            ("recall_overt", "recall of overt", self.recall_overt, "positives in the slice positive:overt"),
            ("recall_disguised", "recall of disguised", self.recall_disguised, "positives in the slice positive:disguised"),
            ("specificity", "specificity", self.specificity, "negatives"),
            ("specificity_hardneg", "specificity on hard negatives", self.specificity_hardneg, "negatives in the slice hardneg"),
            ("specificity_ordinary", "specificity on ordinary records", self.specificity_ordinary, "negatives in the slice ordinary"),
            ("precision", "precision at this set's prevalence", self.precision, "flagged records"),
        ]
    }

    /// One of them as a figure.
    pub fn figure(&self, name: &str) -> Option<Figure> {
        self.named().into_iter().find(|(known, ..)| *known == name).map(|(_, _, share, nothing)| share.figure(nothing))
    }
}
