//! What a bundle says of how it was fitted: a table in `card.toml` for programs, and `card.md` for people.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Settings;
use super::fusing::Scored;
use crate::classifier::Card;
use crate::evaluate::statistics::{Bootstrap, Figure, Ranking, Share, interval};
use crate::fusion::Thresholds;
use crate::labels::Label;

/// Rounds of the bootstrap behind the intervals of the precision-recall areas.
const ROUNDS: usize = 1_000;

/// A file that a fit read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileUsed {
    /// Without its folder.
    pub name: String,
    pub records: usize,
    /// `train`, `dev`, `test` (left out), or `mixed` where the split is not by file.
    pub split: &'static str,
    pub sha256: String,
}

/// What a fit was made from and what it brought.
#[derive(Debug, Clone, Serialize)]
pub struct FitRecord {
    pub program: String,
    /// Of the bundle that the fit began with.
    pub base_sha256: String,
    pub rules_sha256: String,
    /// Wall-clock time of the last sitting.
    pub seconds: u64,
    /// Average precision on dev after every pass, classifier alone.
    pub passes: Vec<f64>,
    /// Records by label.
    pub train: BTreeMap<&'static str, usize>,
    pub dev: BTreeMap<&'static str, usize>,
    pub thresholds: Thresholds,
    /// On the dev records, by which the pass, the calibration and the thresholds were chosen: flattering.
    pub dev_figures: DevFigures,
    pub settings: Settings,
    pub files: Vec<FileUsed>,
}

/// How a fit does on its dev records; fused scores are of weights that have not seen the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DevFigures {
    /// Area under the precision-recall curve (average precision), likely or possible against no: classifier alone, and fused with the
    /// rules.
    pub pr_auc_classifier: Figure,
    pub pr_auc_fused: Figure,
    /// Share flagged at the threshold for `possible`, of each label.
    pub recall_likely: Share,
    pub recall_possible: Share,
    /// Share of the others that is not flagged.
    pub specificity: Share,
}

impl DevFigures {
    pub(super) fn new(scored: &[Scored], probabilities: &[f64], thresholds: Thresholds, seed: u64) -> Self {
        let flagged = |label: Label| {
            let of = scored.iter().zip(probabilities).filter(move |(record, _)| record.label == label);
            Share::counting(of.map(|(_, probability)| *probability >= thresholds.possible))
        };
        let missed = flagged(Label::No);
        let concern: Vec<f64> = scored.iter().map(|record| record.concern).collect();
        Self {
            pr_auc_classifier: pr_auc(scored, &concern, seed),
            pr_auc_fused: pr_auc(scored, probabilities, seed),
            recall_likely: flagged(Label::Likely),
            recall_possible: flagged(Label::Possible),
            specificity: Share::new(missed.of - missed.count, missed.of),
        }
    }
}

fn pr_auc(scored: &[Scored], scores: &[f64], seed: u64) -> Figure {
    let positive: Vec<bool> = scored.iter().map(|record| record.label != Label::No).collect();
    let ranked = |times: &dyn Fn(usize) -> u32| {
        let drawn = (0..scores.len()).flat_map(|i| std::iter::repeat_n((positive[i], scores[i]), times(i) as usize));
        Ranking::new(&drawn.collect::<Vec<_>>()).average_precision()
    };
    let Some(value) = ranked(&|_| 1) else { return Figure::undefined("one class is missing") };
    let names: Vec<String> = (0..scores.len()).map(|i| i.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match Bootstrap::new(&names, &positive, ROUNDS, seed) {
        Ok(bootstrap) => match interval(&bootstrap.each(|times| ranked(&|i| times[i]))) {
            Some(ends) => Figure::with_interval(value, ends),
            None => Figure::alone(value, "no interval"),
        },
        Err(why) => Figure::alone(value, why),
    }
}

/// The card for people. `card` is the bundle's own, with this fit as its last.
pub(super) fn markdown(card: &Card, fit: &FitRecord) -> String {
    let figures = &fit.dev_figures;
    let number = |value: Option<f64>| value.map_or_else(|| "not defined".to_owned(), |value| format!("{value:.3}"));
    let ends = |lower: Option<f64>, upper: Option<f64>| match (lower, upper) {
        (Some(lower), Some(upper)) => format!("{lower:.3} to {upper:.3}"),
        _ => String::new(),
    };
    let row = |name: &str, figure: &Figure| format!("| {name} | {} | {} |\n", number(figure.value), ends(figure.lower, figure.upper));
    let share = |name: &str, share: Share| row(&format!("{name} ({} of {})", share.count, share.of), &share.figure("records"));
    let labels = |of: &BTreeMap<&str, usize>| of.iter().map(|(label, count)| format!("{count} {label}")).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "# {} {}\n\n{}\n\n**Not for:** {}\n\n- Licence: {}\n- Made from: {}\n- Fitted by: {}, seed {}, {} passes, {} s\n- Train: {}\n- Dev: {}\n\n",
        card.name,
        card.version,
        card.intended_use,
        card.not_for,
        card.licence,
        card.source,
        fit.program,
        fit.settings.seed,
        fit.passes.len(),
        fit.seconds,
        labels(&fit.train),
        labels(&fit.dev),
    );
    text.push_str("On the dev records, by which the pass, the calibration and the thresholds were chosen, so that these figures flatter (intervals 95 %):\n\n");
    text.push_str("| figure | value | interval |\n|---|---|---|\n");
    text.push_str(&row("precision-recall area, classifier alone", &figures.pr_auc_classifier));
    text.push_str(&row("precision-recall area, fused with the rules", &figures.pr_auc_fused));
    text.push_str(&share("recall of likely", figures.recall_likely));
    text.push_str(&share("recall of possible", figures.recall_possible));
    text.push_str(&share("specificity", figures.specificity));
    text.push_str(&format!(
        "\nThresholds: likely from {}, possible from {}. `card.toml` has every setting and the sha256 of every file that was read.\n\n\
         A flag says that a trained reviewer would probably want to read the record. It decides nothing and says nothing about a person. \
         Measure the bundle on your own labelled records (`foursight evaluate`) before you rely on it.\n",
        fit.thresholds.likely, fit.thresholds.possible
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dev_figures_by_hand() {
        let scored: Vec<Scored> = [(Label::Likely, 3.0), (Label::Possible, 1.0), (Label::No, 2.0), (Label::No, -1.0)]
            .map(|(label, concern)| Scored { label, concern, findings: Vec::new() })
            .into();
        let figures = DevFigures::new(&scored, &[0.9, 0.4, 0.6, 0.1], Thresholds { likely: 0.8, possible: 0.5 }, 1);
        assert_eq!(
            (figures.recall_likely, figures.recall_possible, figures.specificity),
            (Share::new(1, 1), Share::new(0, 1), Share::new(1, 2))
        );
        assert_eq!(figures.pr_auc_classifier.value, Some((1.0 + 2.0 / 3.0) / 2.0));
        assert!(figures.pr_auc_fused.lower.is_none() && figures.pr_auc_fused.note.is_some());
    }
}
