//! Fits what the bundle adds to the published encoder: the classification head, the fusion weights, their calibration and the
//! thresholds. The encoder itself stays as it is.
//!
//! Nothing in the screening path imports this module.

mod dataset;
mod linear;

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde::Serialize;

pub use dataset::{Label, LabelledRecord, load};

use crate::classifier::{Bundle, ClassLogits, Classifier, LABELS, Windows, hex};
use crate::domain::{Finding, Indicator, IndicatorGroup};
use crate::error::{Error, Result};
use crate::fusion::{Calibration, Features, Fusion, Thresholds};
use crate::indicators::RuleSet;
use crate::narrative::PreparedNarrative;
use linear::{Fit, LinearModel};

/// Fewest records of each label that a fit is worth anything with.
const MIN_PER_LABEL: usize = 50;
/// Fewest writers (files): calibration and thresholds come from records of writers that the fit has not seen.
const MIN_WRITERS: usize = 2;
/// Times the head is refitted on the strongest window of each record.
const ROUNDS: usize = 3;
/// Weight decay of the head on 384 inputs of unit length, and of the fusion weights; chosen by writer-wise cross-validation.
const HEAD_DECAY: f64 = 0.003;
const FUSION_DECAY: f64 = 0.01;
/// The threshold for `possible` keeps at least this share of the negatives unflagged.
const SPECIFICITY: f64 = 0.95;

/// What a fit brought, on writers held out in turn.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub records: usize,
    pub writers: usize,
    pub labels: BTreeMap<&'static str, usize>,
    /// Area under the precision-recall curve (average precision), likely or possible against no: classifier alone, and fused.
    pub pr_auc_classifier: f64,
    pub pr_auc_fused: f64,
    pub thresholds: Thresholds,
    /// Share flagged at the thresholds.
    pub recall_likely: f64,
    pub recall_possible: f64,
    pub specificity: f64,
}

/// A record with everything that the fit needs to see of it.
struct Example {
    label: Label,
    fold: usize,
    findings: Vec<Finding>,
    /// One vector a window.
    vectors: Vec<Vec<f32>>,
}

/// Fits head, fusion, calibration and thresholds on `records` and writes them, with an updated card, into the bundle folder `out`, which
/// must hold the encoder's files.
///
/// # Errors
/// [`Error::Usage`] where there is too little to learn from; the errors of reading and writing the bundle.
pub fn fit(records: &[LabelledRecord], rules: &RuleSet, out: &Path, made_by: &str, progress: &(dyn Fn(f64) + Sync)) -> Result<Outcome> {
    let labels = counted(records)?;
    let bundle = Bundle::load(out)?;
    let classifier = Classifier::new(&bundle, 0)?;
    let examples = examples(records, rules, &classifier, progress)?;
    let folds = records.iter().map(|record| record.fold).max().unwrap_or(0) + 1;

    let head = fit_head(&examples, |_| true)?;
    // What each record gets from a head and a fusion that have not seen its writer.
    let mut held_out: Vec<(f64, f64)> = vec![(0.0, 0.0); examples.len()];
    let mut concern = vec![0.0; examples.len()];
    for fold in 0..folds {
        let head = fit_head(&examples, |example| example.fold != fold)?;
        for (i, example) in examples.iter().enumerate().filter(|(_, example)| example.fold == fold) {
            concern[i] = strongest(&head, example).1;
        }
    }
    let fusion = fit_fusion(&examples, &concern, |_| true)?;
    for fold in 0..folds {
        let fusion = fit_fusion(&examples, &concern, |example| example.fold != fold)?;
        for (i, example) in examples.iter().enumerate().filter(|(_, example)| example.fold == fold) {
            held_out[i] = (concern[i], raw_score(&fusion, example, concern[i]));
        }
    }
    let calibration = calibrate(&examples, &held_out)?;
    let probability = |raw: f64| 1.0 / (1.0 + (-(calibration.slope * raw + calibration.intercept)).exp());
    let scored: Vec<(Label, f64)> = examples.iter().zip(&held_out).map(|(example, (_, raw))| (example.label, probability(*raw))).collect();
    let thresholds = thresholds(&scored);
    let fusion = Fusion { calibration, thresholds, ..fusion };
    write(&bundle, out, &head, &fusion, made_by)?;

    let share = |label: Label, flagged: bool| {
        let of: Vec<_> = scored.iter().filter(|(l, _)| *l == label).collect();
        #[expect(clippy::cast_precision_loss, reason = "counts of records")]
        let share = of.iter().filter(|(_, p)| (*p >= thresholds.possible) == flagged).count() as f64 / of.len() as f64;
        share
    };
    Ok(Outcome {
        records: records.len(),
        writers: records.iter().map(|record| &record.writer).collect::<std::collections::BTreeSet<_>>().len(),
        labels,
        pr_auc_classifier: average_precision(examples.iter().zip(&concern).map(|(e, c)| (e.label != Label::No, *c)).collect()),
        pr_auc_fused: average_precision(scored.iter().map(|(label, p)| (*label != Label::No, *p)).collect()),
        thresholds,
        recall_likely: share(Label::Likely, true),
        recall_possible: share(Label::Possible, true),
        specificity: share(Label::No, false),
    })
}

fn counted(records: &[LabelledRecord]) -> Result<BTreeMap<&'static str, usize>> {
    let mut labels = BTreeMap::new();
    for label in [Label::No, Label::Possible, Label::Likely] {
        let count = records.iter().filter(|record| record.label == label).count();
        if count < MIN_PER_LABEL {
            return Err(Error::Usage(format!("{count} records are labelled {}; a fit wants at least {MIN_PER_LABEL}", label.name())));
        }
        labels.insert(label.name(), count);
    }
    let writers: std::collections::BTreeSet<_> = records.iter().map(|record| &record.writer).collect();
    if writers.len() < MIN_WRITERS {
        return Err(Error::Usage(format!("{} writer (file); calibration wants at least {MIN_WRITERS}, so that it is done on writers unseen", writers.len())));
    }
    Ok(labels)
}

fn examples(records: &[LabelledRecord], rules: &RuleSet, classifier: &Classifier, progress: &(dyn Fn(f64) + Sync)) -> Result<Vec<Example>> {
    use rayon::prelude::*;
    let read: Vec<(Windows, Vec<Finding>)> = records
        .par_iter()
        .map(|record| {
            let narrative = PreparedNarrative::new(&record.narrative);
            (classifier.windows(&narrative), rules.findings(&narrative))
        })
        .collect();
    let windows: Vec<_> = read.iter().flat_map(|(cut, _)| &cut.windows).collect();
    let total: usize = windows.iter().map(|window| window.ids.len()).sum();
    let done = std::sync::atomic::AtomicUsize::new(0);
    let vectors = classifier.vectors(&windows, &|tokens| {
        let done = done.fetch_add(tokens, std::sync::atomic::Ordering::Relaxed) + tokens;
        #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        progress(done as f64 / total.max(1) as f64);
    })?;
    let mut vectors = vectors.into_iter();
    let examples = records.iter().zip(read).map(|(record, (cut, findings))| Example {
        label: record.label,
        fold: record.fold,
        findings,
        vectors: vectors.by_ref().take(cut.windows.len()).collect(),
    });
    Ok(examples.filter(|example| !example.vectors.is_empty()).collect())
}

/// A head with the first class as reference: fitted on the strongest window of each record, which is chosen anew each round.
fn fit_head(examples: &[Example], wanted: impl Fn(&Example) -> bool) -> Result<LinearModel> {
    let chosen: Vec<&Example> = examples.iter().filter(|example| wanted(example)).collect();
    let mut windows: Vec<usize> = vec![0; chosen.len()];
    let mut head = None;
    for _ in 0..ROUNDS {
        let rows = chosen.iter().zip(&windows).map(|(example, &window)| example.vectors[window].iter().map(|x| f64::from(*x)).collect()).collect();
        let classes = chosen.iter().map(|example| example.label.index()).collect();
        let fitted = linear::fit(&Fit { rows, classes, outputs: LABELS.len() - 1, decay: HEAD_DECAY, non_negative: Vec::new() })?;
        for (window, example) in windows.iter_mut().zip(&chosen) {
            *window = strongest(&fitted, example).0;
        }
        head = Some(fitted);
    }
    head.ok_or_else(|| Error::Usage("no rounds".to_owned()))
}

/// The strongest window of a record and its log-odds of concern.
fn strongest(head: &LinearModel, example: &Example) -> (usize, f64) {
    let logits = example.vectors.iter().map(|vector| {
        let outputs = head.outputs(&vector.iter().map(|x| f64::from(*x)).collect::<Vec<_>>());
        ClassLogits([0.0, outputs[0], outputs[1]]).concern().0
    });
    logits.enumerate().fold((0, f64::NEG_INFINITY), |best, (i, logit)| if logit > best.1 { (i, logit) } else { best })
}

/// The fusion's inputs as a row: classifier, variety, behaviour with pattern, then the indicators.
fn row(features: &Features) -> Vec<f64> {
    let mut row = vec![features.classifier, features.variety, features.behaviour_with_pattern];
    row.extend(Indicator::ALL.map(|indicator| f64::from(u8::from(features.indicators.contains(&indicator)))));
    row
}

fn fit_fusion(examples: &[Example], concern: &[f64], wanted: impl Fn(&Example) -> bool) -> Result<Fusion> {
    let chosen: Vec<(&Example, f64)> = examples.iter().zip(concern.iter().copied()).filter(|(example, _)| wanted(example)).collect();
    let rows = chosen.iter().map(|(example, concern)| row(&Features::new(crate::domain::Logit(*concern), &example.findings))).collect();
    let classes = chosen.iter().map(|(example, _)| usize::from(example.label != Label::No)).collect();
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
    })
}

fn raw_score(fusion: &Fusion, example: &Example, concern: f64) -> f64 {
    let identity = Fusion { calibration: Calibration { slope: 1.0, intercept: 0.0 }, ..fusion.clone() };
    identity.explain(&Features::new(crate::domain::Logit(concern), &example.findings)).value
}

/// Platt scaling on held-out scores.
fn calibrate(examples: &[Example], held_out: &[(f64, f64)]) -> Result<Calibration> {
    let rows = held_out.iter().map(|(_, raw)| vec![*raw]).collect();
    let classes = examples.iter().map(|example| usize::from(example.label != Label::No)).collect();
    let fitted = linear::fit(&Fit { rows, classes, outputs: 1, decay: 0.0, non_negative: vec![true] })?;
    Ok(Calibration { slope: fitted.weights[0][0], intercept: fitted.bias[0] })
}

/// `possible`: the least probability that leaves [`SPECIFICITY`] of the negatives unflagged. `likely`: the one above it that best tells
/// likely from the rest (F1).
fn thresholds(scored: &[(Label, f64)]) -> Thresholds {
    let mut negatives: Vec<f64> = scored.iter().filter(|(label, _)| *label == Label::No).map(|(_, p)| *p).collect();
    negatives.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into a list of records")]
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

/// Average precision: the mean of the precision at each positive, in the order of falling score; ties count as the worse order.
fn average_precision(mut scored: Vec<(bool, f64)>) -> f64 {
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let (mut hits, mut sum) = (0.0, 0.0);
    for (rank, (positive, _)) in scored.iter().enumerate() {
        if *positive {
            hits += 1.0;
            #[expect(clippy::cast_precision_loss, reason = "a rank among records")]
            let rank = (rank + 1) as f64;
            sum += hits / rank;
        }
    }
    if hits == 0.0 { 0.0 } else { sum / hits }
}

fn write(bundle: &Bundle, out: &Path, head: &LinearModel, fusion: &Fusion, made_by: &str) -> Result<()> {
    // The first class is the reference: its row is zero.
    let inputs = head.weights.len();
    #[expect(clippy::cast_possible_truncation, reason = "a head is used in single precision")]
    let mut weight = vec![0.0f32; inputs];
    let mut bias = vec![0.0f32];
    for output in 0..LABELS.len() - 1 {
        #[expect(clippy::cast_possible_truncation, reason = "a head is used in single precision")]
        weight.extend(head.weights.iter().map(|weights| weights[output] as f32));
        #[expect(clippy::cast_possible_truncation, reason = "a head is used in single precision")]
        bias.push(head.bias[output] as f32);
    }
    let weight = Tensor::from_vec(weight, (LABELS.len(), inputs), &Device::Cpu)?;
    let bias = Tensor::from_vec(bias, LABELS.len(), &Device::Cpu)?;
    let tensors = std::collections::HashMap::from([("weight".to_owned(), weight), ("bias".to_owned(), bias)]);
    candle_core::safetensors::save(&tensors, out.join("head.safetensors"))?;

    let rounded = |x: f64| (x * 1e4).round() / 1e4;
    let fusion = Fusion {
        bias: rounded(fusion.bias),
        classifier: rounded(fusion.classifier),
        variety: rounded(fusion.variety),
        behaviour_with_pattern: rounded(fusion.behaviour_with_pattern),
        calibration: Calibration { slope: rounded(fusion.calibration.slope), intercept: rounded(fusion.calibration.intercept) },
        thresholds: fusion.thresholds,
        indicators: fusion.indicators.iter().map(|(indicator, weight)| (*indicator, rounded(*weight))).collect(),
    };
    let text = toml::to_string(&fusion).map_err(|error| Error::Usage(format!("fusion.toml cannot be written: {error}")))?;
    let head_note = "# Fusion weights in log-odds, calibration and thresholds; written by `foursight train`, see card.toml.\n\n";
    save(&out.join("fusion.toml"), &format!("{head_note}{text}"))?;

    let mut card = bundle.card().clone();
    card.made_by = made_by.to_owned();
    for name in ["head.safetensors", "fusion.toml"] {
        let path = out.join(name);
        let bytes = std::fs::read(&path).map_err(|source| Error::io(&path, "cannot read", source))?;
        card.files.insert(name.to_owned(), hex(&<sha2::Sha256 as sha2::Digest>::digest(&bytes)));
    }
    let text = toml::to_string(&card).map_err(|error| Error::Usage(format!("card.toml cannot be written: {error}")))?;
    save(&out.join("card.toml"), &text)
}

fn save(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|source| Error::io(path, "cannot write", source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_precision_by_hand() {
        assert_eq!(average_precision(vec![(true, 0.9), (false, 0.8), (true, 0.7)]), (1.0 + 2.0 / 3.0) / 2.0);
        assert_eq!(average_precision(vec![(false, 0.9), (true, 0.9)]), 0.5);
        assert_eq!(average_precision(vec![(false, 0.9)]), 0.0);
    }

    #[test]
    fn thresholds_keep_the_negatives_out_and_split_likely_from_possible() {
        let mut scored: Vec<(Label, f64)> = (0..100).map(|i| (Label::No, f64::from(i) / 250.0)).collect();
        scored.extend((0..20).map(|i| (Label::Possible, 0.5 + f64::from(i) / 200.0)));
        scored.extend((0..20).map(|i| (Label::Likely, 0.8 + f64::from(i) / 200.0)));
        let thresholds = thresholds(&scored);
        assert!(thresholds.possible > 0.37 && thresholds.possible < 0.4, "{thresholds:?}");
        assert!(thresholds.likely > 0.59 && thresholds.likely <= 0.8, "{thresholds:?}");
    }
}
