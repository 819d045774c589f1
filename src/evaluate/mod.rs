//! How the engine does on labelled records: figures with intervals beside three baselines, by slice and by group, with every miss and
//! false alarm.
//!
//! Reads what the pipeline produced plus labels; nothing in the screening path imports this module.

mod baselines;
mod by_rule;
mod counterfactual;
mod courses;
mod faults;
mod findings;
mod limits;
mod output;
mod page;
mod pictures;
mod prevalence;
mod resampling;
mod rows;
mod sample;
mod slices;
pub mod statistics;
mod swaps;
mod systems;
mod tables;
mod words;

use rayon::prelude::*;
use serde::Serialize;

pub use by_rule::{RuleFigures, RuleReport, by_rule};
pub use counterfactual::{Change, ChangeFigures, Counterfactual, Flipped};
pub use courses::{CourseFigures, KindFigures, LevelFigures};
pub use faults::{Fault, FaultFinding};
pub use findings::{FindingFigures, IndicatorFigures};
pub use limits::{Checked, Limits, all_hold};
pub use output::{Folder, json};
pub use prevalence::Prevalence;
pub use resampling::{BandPoint, ReadShare, ReadingLoad};
pub use rows::{Confusion, Shares};
pub use sample::{FileUsed, Sample};
pub use slices::{Group, Part, Parting};
pub(crate) use swaps::{NOT_HERS, SEXES};
pub use systems::{Comparison, Operating, SystemFigures};
pub use tables::as_text;

use crate::domain::ScreenedRecord;
use crate::error::Result;
use crate::labels::Label;
use crate::linkage::{Facts, ModelSource};
use crate::pipeline::{Engine, SeenNarratives};
use rows::Row;
use statistics::{Bin, Figure, Line, Ranking, Share, calibration_line, reliability};

/// What may be chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// For the hours of reading.
    pub minutes_per_record: f64,
    /// Of all records, those that a reviewer would want flagged, in percent, beside the four that are always given.
    pub prevalence_percent: Option<f64>,
    pub seed: u64,
    /// What records are linked with.
    #[serde(skip)]
    pub link_model: ModelSource,
    /// Rounds of the bootstrap.
    pub rounds: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { minutes_per_record: 5.0, prevalence_percent: None, seed: 24, link_model: ModelSource::default(), rounds: 2000 }
    }
}

/// Everything that was measured. Holds ids, scores and places, no word of a narrative.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    pub about: About,
    pub limits: Vec<Checked>,
    pub shares: Shares,
    pub confusion: Confusion,
    /// The engine first.
    pub systems: Vec<SystemFigures>,
    pub comparisons: Vec<Comparison>,
    pub calibration: Calibration,
    /// For the set as it is, then by prevalence.
    pub reading_load: Vec<ReadingLoad>,
    pub prevalence: Vec<Prevalence>,
    pub findings: FindingFigures,
    pub partings: Vec<Parting>,
    pub groups: Vec<Group>,
    pub counterfactual: Counterfactual,
    /// `None` where no record has a labelled course.
    pub courses: Option<CourseFigures>,
    pub misses: Vec<Fault>,
    pub false_alarms: Vec<Fault>,
    /// The 95 % band of the engine's precision-recall curve.
    pub precision_recall_band: Vec<BandPoint>,
    /// What is drawn; figures of it are elsewhere.
    #[serde(skip)]
    curves: Vec<Curve>,
}

/// What was measured, with what.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    pub program: &'static str,
    pub version: &'static str,
    pub model: String,
    pub model_version: String,
    pub model_sha256: String,
    pub rules_sha256: String,
    pub policy_sha256: String,
    pub threshold_likely: f64,
    pub threshold_possible: f64,
    pub files: Vec<FileUsed>,
    pub records: usize,
    pub likely: u64,
    pub possible: u64,
    pub no: u64,
    /// Likely and possible of all.
    pub prevalence: Share,
    pub settings: Settings,
    pub notes: Vec<String>,
}

/// Whether the probabilities mean what they say.
#[derive(Debug, Clone, Serialize)]
pub struct Calibration {
    pub brier: Figure,
    pub ece: Figure,
    #[serde(flatten)]
    pub line: Line,
    pub bins: Vec<Bin>,
}

/// A system's order of reading, for the pictures.
#[derive(Debug, Clone)]
struct Curve {
    id: &'static str,
    ranking: Ranking,
}

/// An evaluation with the records it is of, for the page.
#[derive(Debug)]
pub struct Evaluated {
    pub evaluation: Evaluation,
    sample: Sample,
    screened: Vec<ScreenedRecord>,
}

/// Screens the sample, and the sample told of other people, and measures. The answer depends on sample, engine and settings alone.
///
/// # Errors
/// [`crate::error::Error::Encoder`] if candle fails.
pub fn evaluate(engine: &Engine, sample: Sample, settings: &Settings, progress: &(dyn Fn(f64) + Sync)) -> Result<Evaluated> {
    let variants = counterfactual::variants(&sample.records);
    let of_variants: Vec<(usize, Change)> = variants.iter().map(|variant| (variant.record, variant.change)).collect();
    let mut seen = SeenNarratives::default();
    #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
    let first = sample.records.len() as f64 / (sample.records.len() + variants.len()) as f64;
    let incidents = sample.records.iter().map(crate::labels::LabelledRecord::incident).collect();
    let screened = engine.screen(incidents, &mut seen, &|share| progress(share * first))?;
    let incidents = variants.into_iter().map(|variant| variant.incident).collect();
    let changed = engine.screen(incidents, &mut seen, &|share| progress(first + share * (1.0 - first)))?;
    let rows: Vec<Row<'_>> = sample.records.iter().zip(&screened).map(|(record, screened)| Row { record, screened }).collect();
    let courses = course_figures(engine, &sample, settings, &screened)?;
    let counterfactual = counterfactual::compare(&rows, &of_variants, &changed);
    let evaluation = Evaluation { courses, ..measured(engine, &sample, settings, &rows, counterfactual) };
    Ok(Evaluated { evaluation, sample, screened })
}

/// Links and grades the sample where it has labelled courses.
fn course_figures(engine: &Engine, sample: &Sample, settings: &Settings, screened: &[ScreenedRecord]) -> Result<Option<CourseFigures>> {
    if sample.records.iter().all(|record| record.course_label.is_none()) {
        return Ok(None);
    }
    let run = engine.courses(screened.par_iter().map(Facts::of).collect(), &settings.link_model)?;
    Ok(courses::courses(&sample.records, screened, &run))
}

fn measured(engine: &Engine, sample: &Sample, settings: &Settings, rows: &[Row<'_>], counterfactual: Counterfactual) -> Evaluation {
    let mut notes = sample.notes.clone();
    let systems = systems::systems(rows, &sample.train, &mut notes);
    let percents = percents(settings.prevalence_percent);
    let at: Vec<Option<f64>> = std::iter::once(None).chain(percents.iter().copied().map(Some)).collect();
    let resampled = resampling::resample(rows, &systems, &at, settings.rounds, settings.seed);
    notes.extend(resampled.why_none.iter().map(|why| format!("areas, calibration and reading load have no interval: {why}")));
    let confusion = Confusion::of(rows);
    notes.extend(absent(&confusion));
    let probabilities: Vec<(bool, f64)> = rows.iter().map(|row| (row.positive(), row.probability())).collect();
    if probabilities.iter().all(|(_, probability)| *probability == probabilities[0].1) {
        notes.push("every record has the same probability: the order of reading is no order, and areas are those of chance".to_owned());
    }
    let (recall, specificity) = (confusion.recall(), confusion.specificity());
    let (misses, false_alarms) = faults::faults(rows);
    let positive = |system: &systems::System| rows.iter().map(Row::positive).zip(system.scores.iter().copied()).collect::<Vec<_>>();
    Evaluation {
        about: about(engine, sample, settings, &confusion, notes),
        limits: Vec::new(),
        shares: Shares::of(rows),
        confusion,
        comparisons: systems::comparisons(rows, &systems, &resampled.rounds),
        curves: systems.iter().map(|system| Curve { id: system.id, ranking: Ranking::new(&positive(system)) }).collect(),
        systems: systems::figures(rows, &systems, &resampled.pr_auc, &resampled.roc_auc),
        calibration: Calibration {
            brier: resampled.brier,
            ece: resampled.ece,
            line: calibration_line(&probabilities),
            bins: reliability(&probabilities),
        },
        reading_load: resampled.loads,
        prevalence: percents
            .into_iter()
            .filter_map(|percent| Prevalence::at(percent, recall, specificity, settings.minutes_per_record))
            .collect(),
        findings: findings::findings(rows),
        partings: slices::partings(rows),
        groups: slices::groups(rows),
        counterfactual,
        courses: None,
        misses,
        false_alarms,
        precision_recall_band: resampled.band,
    }
}

/// The prevalences always given, and the one asked for, in order.
fn percents(asked: Option<f64>) -> Vec<f64> {
    let mut percents: Vec<f64> = limits::NAMED_PERCENT.into_iter().chain(asked).collect();
    percents.sort_by(f64::total_cmp);
    percents.dedup();
    percents
}

fn absent(confusion: &Confusion) -> Vec<String> {
    let absent = Label::ALL.into_iter().filter(|label| confusion.labelled(*label) == 0);
    absent.map(|label| format!("no record is labelled {}: figures that want one are not defined", label.name())).collect()
}

fn about(engine: &Engine, sample: &Sample, settings: &Settings, confusion: &Confusion, notes: Vec<String>) -> About {
    let card = engine.card();
    About {
        program: "foursight",
        version: env!("CARGO_PKG_VERSION"),
        model: card.name.clone(),
        model_version: card.version.clone(),
        model_sha256: engine.bundle_sha256().to_owned(),
        rules_sha256: engine.rules().sha256().to_owned(),
        policy_sha256: engine.policy().sha256().to_owned(),
        threshold_likely: engine.thresholds().likely,
        threshold_possible: engine.thresholds().possible,
        files: sample.files.clone(),
        records: sample.records.len(),
        likely: confusion.labelled(Label::Likely),
        possible: confusion.labelled(Label::Possible),
        no: confusion.labelled(Label::No),
        prevalence: confusion.prevalence(),
        settings: settings.clone(),
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prevalence_asked_for_is_among_those_given() {
        assert_eq!(percents(None), [0.5, 1.0, 2.0, 5.0]);
        assert_eq!(percents(Some(1.5)), [0.5, 1.0, 1.5, 2.0, 5.0]);
        assert_eq!(percents(Some(2.0)), [0.5, 1.0, 2.0, 5.0]);
    }
}
