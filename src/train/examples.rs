//! From labelled records to windows of word pieces with the indicators that stand in them, and from these to steps.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::settings::Settings;
use crate::classifier::WindowTokeniser;
use crate::domain::{Indicator, RiskTier, Span};
use crate::labels::{Label, LabelledRecord};
use crate::narrative::PreparedNarrative;

/// A record ready for the encoder.
pub(super) struct Example {
    pub(super) label: Label,
    /// The risk head's class, where the record has one.
    pub(super) risk: Option<usize>,
    pub(super) windows: Vec<TrainingWindow>,
}

/// A window with what stands in it; bit i is the i-th indicator.
pub(super) struct TrainingWindow {
    pub(super) ids: Vec<u32>,
    /// Indicators quoted in the window; `None` where the record carries no evidence.
    pub(super) indicators: Option<u64>,
    /// Indicators of each id.
    pub(super) tokens: Vec<u64>,
}

impl Example {
    fn tokens(&self) -> usize {
        self.windows.iter().map(|window| window.ids.len()).sum()
    }
}

/// The examples of records that hold at least a word, with the records' places.
pub(super) fn examples(records: &[&LabelledRecord], tokeniser: &WindowTokeniser) -> Vec<Example> {
    records.par_iter().map(|record| example(record, tokeniser)).collect()
}

fn example(record: &LabelledRecord, tokeniser: &WindowTokeniser) -> Example {
    let narrative = PreparedNarrative::new(&record.narrative);
    let windows = tokeniser
        .windows(&narrative)
        .windows
        .into_iter()
        .map(|window| {
            let tokens: Vec<u64> = window
                .places
                .into_iter()
                .map(|place| if place.is_empty() { 0 } else { indicators_at(record, narrative.received_span(place)) })
                .collect();
            let indicators = record.evidence.as_ref().map(|_| tokens.iter().fold(0, |all, mask| all | mask));
            TrainingWindow { ids: window.ids, indicators, tokens }
        })
        .collect();
    let risk = record.risk.map(|risk| match risk {
        RiskTier::None => 0,
        RiskTier::Standard => 1,
        RiskTier::Medium => 2,
        RiskTier::High => 3,
    });
    Example { label: record.label, risk, windows }
}

fn indicators_at(record: &LabelledRecord, place: Span) -> u64 {
    let quotes = record.evidence.as_deref().unwrap_or(&[]);
    quotes.iter().filter(|(_, span)| span.overlaps(place)).fold(0, |mask, (indicator, _)| mask | 1 << position(*indicator))
}

fn position(indicator: Indicator) -> usize {
    Indicator::ALL.iter().position(|known| *known == indicator).unwrap_or(0)
}

/// What each head's outputs should say of a text they know nothing of, from how often each is wanted among `examples`: log-odds for
/// indicators in a window and at a word piece, logs of shares for the labels. Counts start at one half, so that nothing is infinite.
#[expect(clippy::cast_precision_loss, reason = "counts of records and word pieces")]
pub(super) fn priors(examples: &[Example]) -> HashMap<&'static str, Vec<f32>> {
    let windows: Vec<&TrainingWindow> =
        examples.iter().flat_map(|example| &example.windows).filter(|window| window.indicators.is_some()).collect();
    let log_odds = |masks: &[u64]| {
        let odds = |i: usize| {
            let wanted = 0.5 + masks.iter().filter(|mask| *mask >> i & 1 == 1).count() as f32;
            (wanted / (masks.len() as f32 + 1.0 - wanted)).ln()
        };
        (0..Indicator::ALL.len()).map(odds).collect::<Vec<_>>()
    };
    let of_windows: Vec<u64> = windows.iter().filter_map(|window| window.indicators).collect();
    let of_tokens: Vec<u64> = windows.iter().flat_map(|window| window.tokens.iter().copied()).collect();
    let share = |label: Label| {
        let count = 0.5 + examples.iter().filter(|example| example.label == label).count() as f32;
        (count / (examples.len() as f32 + 1.5)).ln()
    };
    HashMap::from([("stalking", Label::ALL.map(share).to_vec()), ("indicators", log_odds(&of_windows)), ("tokens", log_odds(&of_tokens))])
}

/// One pass over the examples: steps of `batch` records, each step in parts of at most `part_tokens` padded word pieces (one record at
/// least). Steps hold records of like length, so that little is padding; their order is random.
pub(super) fn steps(examples: &[Example], settings: &Settings, epoch: usize) -> Vec<Vec<Vec<usize>>> {
    let mut random = Pcg64Mcg::seed_from_u64(settings.seed.wrapping_mul(1_000_003).wrapping_add(epoch as u64));
    let mut order: Vec<usize> = (0..examples.len()).filter(|&i| !examples[i].windows.is_empty()).collect();
    order.shuffle(&mut random);
    // Sorted by length within stretches of many steps: like lengths meet, and yet others in every pass.
    for stretch in order.chunks_mut(settings.batch * 16) {
        stretch.sort_by_key(|&i| (examples[i].tokens(), i));
    }
    let mut steps: Vec<Vec<Vec<usize>>> = order.chunks(settings.batch).map(|records| parts(examples, records, settings)).collect();
    steps.shuffle(&mut random);
    steps
}

/// Cuts records into parts of at most `part_tokens` padded word pieces and `part_records` records.
pub(super) fn parts(examples: &[Example], records: &[usize], settings: &Settings) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let (mut windows, mut longest) = (0, 0);
    for &record in records {
        let example = &examples[record];
        let length = example.windows.iter().map(|window| window.ids.len()).max().unwrap_or(0).max(longest);
        let count = windows + example.windows.len();
        match parts.last_mut() {
            Some(part) if length * count <= settings.part_tokens && part.len() < settings.part_records => {
                part.push(record);
                (windows, longest) = (count, length);
            }
            _ => {
                parts.push(vec![record]);
                windows = example.windows.len();
                longest = example.windows.iter().map(|window| window.ids.len()).max().unwrap_or(0);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(lengths: &[usize]) -> Example {
        let windows =
            lengths.iter().map(|&length| TrainingWindow { ids: vec![1; length], indicators: None, tokens: vec![0; length] }).collect();
        Example { label: Label::No, risk: None, windows }
    }

    #[test]
    fn a_pass_sees_every_record_once_in_an_order_of_its_own() {
        let examples: Vec<Example> = (0..100).map(|i| example(&[10 + i % 37])).collect();
        let settings = Settings { batch: 8, part_tokens: 100, part_records: 3, ..Settings::default() };
        let seen = |epoch| {
            let steps = steps(&examples, &settings, epoch);
            for part in steps.iter().flatten() {
                let longest = part.iter().map(|&i| examples[i].tokens()).max().unwrap();
                assert!(part.len() == 1 || longest * part.len() <= 100 && part.len() <= 3);
            }
            steps.concat().concat()
        };
        let mut sorted = seen(0);
        assert_ne!(sorted, seen(1));
        assert_eq!(sorted, seen(0));
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_record_of_several_windows_stays_in_one_part() {
        let examples = [example(&[50, 50, 20]), example(&[10]), example(&[10])];
        let settings = Settings { part_tokens: 60, ..Settings::default() };
        assert_eq!(parts(&examples, &[0, 1, 2], &settings), [vec![0], vec![1, 2]]);
    }
}
