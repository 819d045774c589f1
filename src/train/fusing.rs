//! Fusion weights, calibration and thresholds, fitted on records that the encoder has not learned from.

use std::collections::BTreeMap;

use super::linear::{self, Fit};
use crate::domain::{Finding, Indicator, IndicatorGroup, Logit};
use crate::error::Result;
use crate::fusion::{Calibration, Features, Fusion, Thresholds};
use crate::labels::Label;

/// Weight decay of the fusion weights.
const FUSION_DECAY: f64 = 0.05;
/// The threshold for `possible` keeps at least this share of the negatives unflagged.
const SPECIFICITY: f64 = 0.92;

/// A record as fusion sees it.
pub(super) struct Scored {
    pub(super) label: Label,
    /// The classifier's log-odds.
    pub(super) concern: f64,
    pub(super) findings: Vec<Finding>,
}

/// Fits weights, calibration and thresholds in `folds` parts: every record is calibrated by weights that have not seen it.
///
/// # Errors
/// If candle fails.
pub(super) fn fit(scored: &[Scored], folds: usize) -> Result<(Fusion, Vec<f64>)> {
    let mut raw = vec![0.0; scored.len()];
    for fold in 0..folds {
        let fusion = weights(scored.iter().enumerate().filter(|(i, _)| i % folds != fold).map(|(_, record)| record))?;
        for (record, raw) in scored.iter().zip(&mut raw).skip(fold).step_by(folds) {
            *raw = fusion.explain(&features(record)).value;
        }
    }
    let calibration = calibrate(scored, &raw)?;
    let probabilities: Vec<f64> =
        raw.iter().map(|raw| Logit(calibration.slope * raw + calibration.intercept).probability().value()).collect();
    let thresholds = thresholds(&scored.iter().map(|record| record.label).zip(probabilities.iter().copied()).collect::<Vec<_>>());
    Ok((Fusion { calibration, thresholds, ..weights(scored.iter())? }, probabilities))
}

fn features(record: &Scored) -> Features {
    Features::new(Logit(record.concern), &record.findings)
}

/// The fusion's inputs as a row: classifier, variety, behaviour with pattern, then the indicators.
fn row(features: &Features) -> Vec<f64> {
    let mut row = vec![features.classifier, features.variety, features.behaviour_with_pattern];
    row.extend(Indicator::ALL.map(|indicator| f64::from(u8::from(features.indicators.contains(&indicator)))));
    row
}

fn weights<'a>(scored: impl Iterator<Item = &'a Scored>) -> Result<Fusion> {
    let (rows, classes) = scored.map(|record| (row(&features(record)), usize::from(record.label != Label::No))).unzip();
    // What a reviewer reads as a reason for a flag must not count against it; risk and drink occur in every kind of record and may.
    let mut non_negative = vec![true; 3];
    non_negative.extend(Indicator::ALL.map(|indicator| indicator.group() != IndicatorGroup::Risk));
    let fitted = linear::fit(&Fit { rows, classes, outputs: 1, decay: FUSION_DECAY, non_negative })?;
    let weights: Vec<f64> = fitted.weights.iter().map(|weights| weights[0]).collect();
    Ok(Fusion {
        bias: fitted.bias[0],
        classifier: weights[0],
        variety: weights[1],
        behaviour_with_pattern: weights[2],
        calibration: Calibration { slope: 1.0, intercept: 0.0 },
        thresholds: Thresholds { likely: 0.5, possible: 0.5 },
        indicators: Indicator::ALL.into_iter().zip(weights[3..].iter().copied()).collect(),
        proposals: BTreeMap::new(),
    })
}

/// Platt scaling (Platt 1999) of raw scores.
fn calibrate(scored: &[Scored], raw: &[f64]) -> Result<Calibration> {
    let rows = raw.iter().map(|raw| vec![*raw]).collect();
    let classes = scored.iter().map(|record| usize::from(record.label != Label::No)).collect();
    let fitted = linear::fit(&Fit { rows, classes, outputs: 1, decay: 0.0, non_negative: vec![true] })?;
    Ok(Calibration { slope: fitted.weights[0][0], intercept: fitted.bias[0] })
}

/// `possible`: the least probability that leaves [`SPECIFICITY`] of the negatives unflagged. `likely`: the one above it that best tells
/// likely from the rest (F1).
fn thresholds(scored: &[(Label, f64)]) -> Thresholds {
    let mut negatives: Vec<f64> = scored.iter().filter(|(label, _)| *label == Label::No).map(|(_, p)| *p).collect();
    negatives.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a list of records"
    )]
    let index = ((negatives.len() as f64 * SPECIFICITY).ceil() as usize).min(negatives.len() - 1);
    let places = |p: f64| (p * 1e4).ceil() / 1e4;
    let possible = places(negatives[index]).clamp(0.01, 0.98);
    let f1 = |threshold: f64| {
        let (mut hits, mut flagged, mut wanted) = (0.0, 0.0, 0.0);
        for (label, p) in scored {
            let is_flagged = f64::from(u8::from(*p >= threshold));
            let is_wanted = f64::from(u8::from(*label == Label::Likely));
            hits += is_flagged * is_wanted;
            flagged += is_flagged;
            wanted += is_wanted;
        }
        if hits == 0.0 { 0.0 } else { 2.0 * hits / (flagged + wanted) }
    };
    let candidates = (1..100).map(|percent| f64::from(percent) / 100.0).filter(|p| *p >= possible);
    let likely = candidates.fold(possible, |best, p| if f1(p) > f1(best) { p } else { best });
    Thresholds { likely, possible }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_keep_the_negatives_out_and_split_likely_from_possible() {
        let mut scored: Vec<(Label, f64)> = (0..100).map(|i| (Label::No, f64::from(i) / 250.0)).collect();
        scored.extend((0..20).map(|i| (Label::Possible, 0.5 + f64::from(i) / 200.0)));
        scored.extend((0..20).map(|i| (Label::Likely, 0.8 + f64::from(i) / 200.0)));
        let thresholds = thresholds(&scored);
        assert!(thresholds.possible > 0.36 && thresholds.possible < 0.37, "{thresholds:?}");
        assert!(thresholds.likely > 0.59 && thresholds.likely <= 0.8, "{thresholds:?}");
    }
}
