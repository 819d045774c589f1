//! Counts of a run, kept as it goes: small whatever the size of the input.

use std::collections::BTreeMap;

use serde::Serialize;

use super::queue::recorded_as;
use crate::domain::{Flag, RiskTier, ScreenedRecord};
use crate::pipeline::{GradedCourse, GradedCourses};

/// Bins of the distribution of scores over 0..=1.
pub(super) const BINS: usize = 20;
/// Kinds of offence counted apart; free text in the offence column must not fill the memory.
const MAX_OFFENCES: usize = 5_000;
const OTHER_OFFENCES: &str = "(further offences)";

/// What a run read, screened and flagged. Numbers only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows in: screened and rejected.
    pub rows: u64,
    pub screened: u64,
    pub rejected: u64,
    pub likely: u64,
    pub possible: u64,
    /// Risk tiers of the flagged records.
    pub risk: RiskCounts,
    /// Flagged records that are recorded as something other than stalking.
    pub recorded_otherwise: u64,
    /// Records whose narrative an earlier record of the run has too.
    pub duplicates: u64,
    /// Records of whose narrative the classifier did not read every token.
    pub text_not_read: u64,
    /// Narratives that look cut off by the system they were exported from.
    pub truncated: u64,
    pub findings_counted: u64,
    pub findings_set_aside: u64,
    pub words: u64,
    pub tokens: u64,
    pub tokens_scored: u64,
    pub windows: u64,
    /// Courses of conduct at the standard level, and how many of them are flagged.
    pub courses: u64,
    pub courses_likely: u64,
    pub courses_possible: u64,
    /// Flagged courses none of whose records is flagged by itself.
    pub courses_unseen: u64,
    /// Risk tiers of the flagged courses.
    pub courses_risk: RiskCounts,
    pub links: u64,
}

impl Counts {
    /// Records flagged `likely` or `possible`.
    pub fn flagged(&self) -> u64 {
        self.likely + self.possible
    }
}

/// Flagged records by risk tier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RiskCounts {
    pub high: u64,
    pub medium: u64,
    pub standard: u64,
    pub none: u64,
}

impl RiskCounts {
    fn add(&mut self, risk: RiskTier) {
        match risk {
            RiskTier::High => self.high += 1,
            RiskTier::Medium => self.medium += 1,
            RiskTier::Standard => self.standard += 1,
            RiskTier::None => self.none += 1,
        }
    }
}

/// Records of one offence or one file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Group {
    pub(super) screened: u64,
    pub(super) likely: u64,
    pub(super) possible: u64,
}

impl Group {
    pub(super) fn flagged(self) -> u64 {
        self.likely + self.possible
    }

    fn add(&mut self, flag: Flag) {
        self.screened += 1;
        match flag {
            Flag::Likely => self.likely += 1,
            Flag::Possible => self.possible += 1,
            Flag::None => {}
        }
    }
}

/// Everything counted for summary, manifest and page.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    pub(super) bins: [u64; BINS],
    by_offence: BTreeMap<String, Group>,
    /// By index of the input file.
    by_file: BTreeMap<usize, Group>,
}

impl Tally {
    /// Counts a screened record.
    pub(super) fn add(&mut self, record: &ScreenedRecord) {
        let counts = &mut self.counts;
        counts.rows += 1;
        counts.screened += 1;
        counts.likely += u64::from(record.flag == Flag::Likely);
        counts.possible += u64::from(record.flag == Flag::Possible);
        counts.recorded_otherwise += u64::from(record.recorded_otherwise);
        counts.duplicates += u64::from(record.duplicate_of.is_some());
        counts.text_not_read += u64::from(record.tokens_scored < record.tokens);
        let counted = record.findings.iter().filter(|finding| finding.is_counted()).count();
        counts.findings_counted += counted as u64;
        counts.findings_set_aside += (record.findings.len() - counted) as u64;
        counts.words += record.words as u64;
        counts.tokens += record.tokens as u64;
        counts.tokens_scored += record.tokens_scored as u64;
        counts.windows += record.windows as u64;
        if record.flag != Flag::None {
            counts.risk.add(record.risk);
        }
        self.bins[bin(record.probability.value())] += 1;
        self.by_file.entry(record.incident.file).or_default().add(record.flag);
        self.offence(record).add(record.flag);
    }

    /// Counts the courses of the run.
    pub(super) fn courses(&mut self, run: &GradedCourses) {
        let counts = &mut self.counts;
        counts.links = run.linked.links.len() as u64;
        counts.courses = run.courses.iter().filter(|graded| graded.course.at_levels[1]).count() as u64;
        for GradedCourse { course, assessment } in run.queue() {
            counts.courses_likely += u64::from(assessment.flag == Flag::Likely);
            counts.courses_possible += u64::from(assessment.flag == Flag::Possible);
            counts.courses_unseen += u64::from(course.pattern.likely + course.pattern.possible == 0);
            counts.courses_risk.add(assessment.risk);
        }
    }

    /// Counts a rejected row.
    pub(super) fn reject(&mut self) {
        self.counts.rows += 1;
        self.counts.rejected += 1;
    }

    fn offence(&mut self, record: &ScreenedRecord) -> &mut Group {
        let mut name = recorded_as(&record.incident).unwrap_or_else(|| "(nothing recorded)".to_owned());
        if self.by_offence.len() >= MAX_OFFENCES && !self.by_offence.contains_key(&name) {
            OTHER_OFFENCES.clone_into(&mut name);
        }
        self.by_offence.entry(name).or_default()
    }

    /// Offences, those with most flags first, then most records, then by name.
    pub(super) fn offences(&self) -> Vec<(&str, Group)> {
        let mut groups: Vec<_> = self.by_offence.iter().map(|(name, group)| (name.as_str(), *group)).collect();
        groups.sort_by_key(|(name, group)| (std::cmp::Reverse((group.flagged(), group.screened)), *name));
        groups
    }

    /// The records of an input file.
    pub(super) fn file(&self, index: usize) -> Group {
        self.by_file.get(&index).copied().unwrap_or_default()
    }
}

/// The bin of a probability; 1 belongs to the last.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "0..=1 times 20")]
fn bin(probability: f64) -> usize {
    // Probabilities have 4 places; the little added keeps 0.15 out of the bin below, which binary fractions would put it in.
    ((probability * BINS as f64 + 1e-9) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_begins_with_its_lower_border() {
        assert_eq!([0.0, 0.0499, 0.05, 0.15, 0.3, 0.9999, 1.0].map(bin), [0, 0, 1, 3, 6, 19, 19]);
    }
}
