//! From which probability on the classifier's own words for an indicator are shown, fitted on records it has not learned from.

use rayon::prelude::*;

use super::model::WindowLogits;
use crate::classifier::{ProposalThresholds, WindowTokeniser, merged_proposals, proposals_in_window};
use crate::domain::{Indicator, Span};
use crate::labels::LabelledRecord;
use crate::narrative::PreparedNarrative;

/// Of an indicator's proposals at its threshold at least this share hits a quote of the indicator...
const PRECISION: f64 = 0.8;
/// ...where this many hits and misses are supposed before any is seen, so that two lucky hits are no reason.
const SUPPOSED: (f64, f64) = (1.0, 1.0);
/// Thresholds that are tried.
const TRIED: std::ops::RangeInclusive<u32> = 20..=98;

/// The least threshold of each indicator that is precise enough; those of which none is are left out.
pub(super) fn fit(records: &[&LabelledRecord], said: &[Vec<WindowLogits>], tokeniser: &WindowTokeniser) -> ProposalThresholds {
    let lowest = f64::from(*TRIED.start()) / 100.0;
    // Each proposal at the lowest threshold; higher ones may split it, which changes no count by much.
    let proposed: Vec<Vec<(Indicator, f64, bool)>> = records
        .par_iter()
        .zip(said)
        .filter_map(|(record, said)| record.evidence.as_ref().map(|evidence| (record, said, evidence)))
        .map(|(record, said, evidence)| {
            let narrative = PreparedNarrative::new(&record.narrative);
            let all = Indicator::ALL.into_iter().map(|indicator| (indicator, lowest)).collect();
            let in_windows = tokeniser
                .windows(&narrative)
                .windows
                .into_iter()
                .zip(said)
                .flat_map(|(window, said)| proposals_in_window(&said.tokens, &window.places, &narrative.text, &all));
            merged_proposals(in_windows.collect())
                .into_iter()
                .map(|proposal| {
                    let span: Span = narrative.received_span(proposal.range);
                    let hit = evidence.iter().any(|(indicator, quote)| *indicator == proposal.indicator && quote.overlaps(span));
                    (proposal.indicator, proposal.probability, hit)
                })
                .collect()
        })
        .collect();
    Indicator::ALL
        .into_iter()
        .filter_map(|indicator| {
            let of: Vec<(f64, bool)> = proposed
                .iter()
                .flatten()
                .filter(|(other, ..)| *other == indicator)
                .map(|(_, probability, hit)| (*probability, *hit))
                .collect();
            least_precise_enough(&of).map(|threshold| (indicator, threshold))
        })
        .collect()
}

fn least_precise_enough(proposals: &[(f64, bool)]) -> Option<f64> {
    TRIED.map(|percent| f64::from(percent) / 100.0).find(|threshold| {
        let (mut hits, mut all) = (SUPPOSED.0, SUPPOSED.0 + SUPPOSED.1);
        for (_, hit) in proposals.iter().filter(|(probability, _)| probability >= threshold) {
            hits += f64::from(u8::from(*hit));
            all += 1.0;
        }
        hits / all >= PRECISION
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_threshold_that_is_precise_enough() {
        let mut proposals: Vec<(f64, bool)> = (0..10).map(|_| (0.7, true)).collect();
        assert_eq!(least_precise_enough(&proposals), Some(0.2));
        proposals.extend((0..10).map(|_| (0.5, false)));
        assert_eq!(least_precise_enough(&proposals), Some(0.51));
        assert_eq!(least_precise_enough(&[(0.9, true), (0.9, true)]), None);
    }
}
