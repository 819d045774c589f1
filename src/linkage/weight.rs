//! Match weights by Fellegi and Sunter: each comparison adds the logarithm (base 2) of how much more often its outcome is seen between
//! records of one course than between any two records; values that many records carry add less.
//!
//! Parameters are a file in the JSON format of Splink's models, so that weights fitted elsewhere can be read: `comparisons` by
//! `output_column_name`, levels by `label_for_charts`, with `m_probability` and `u_probability`. The one in the program was chosen by hand
//! on the training courses; [`Model::fit`] estimates `m` on a run by expectation-maximisation with `u` from random pairs.
//!
//! Two things differ from Splink on purpose. Term frequencies are counts of records and not shares of the run: a record about other people
//! then changes no weight of these. And a comparison may be negative only where both records say something.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::classifier::hex;
use crate::error::{Error, Result};

/// The comparisons, in the order of a [`Pattern`].
pub(super) const COMPARISONS: [(&str, &[&str]); 13] = [
    ("victim_name", NAME),
    ("victim_birth", BIRTH),
    ("victim_contact", CONTACT),
    ("suspect_name", NAME),
    ("suspect_birth", BIRTH),
    ("suspect_contact", CONTACT),
    ("plate", &["same", "near", "part", "differs"]),
    ("place", &["dwelling", "perhaps", "postcode", "street", "other_number", "differs"]),
    ("reference", &["named", "none"]),
    ("words", &["person", "name", "place", "none"]),
    ("time", &["fortnight", "two_months", "half_year", "year", "two_years", "more"]),
    ("area", &["same", "differs"]),
    ("conduct", &["several", "one", "none"]),
];
/// In the order of [`super::names::Agreement`] without `Apart`, which says nothing.
const NAME: &[&str] = &["full", "alike", "initial", "family", "given", "initials", "organisation", "kin", "other_family", "differs"];
const BIRTH: &[&str] = &["same", "near", "differs"];
const CONTACT: &[&str] = &["same", "near", "differs"];

pub(super) const VICTIM: usize = 0;
pub(super) const SUSPECT: usize = 3;
pub(super) const PLATE: usize = 6;
pub(super) const PLACE: usize = 7;
pub(super) const REFERENCE: usize = 8;
pub(super) const WORDS: usize = 9;
pub(super) const TIME: usize = 10;
pub(super) const AREA: usize = 11;
pub(super) const CONDUCT: usize = 12;

/// The outcome of every comparison of a pair: a level, or none where one of the records says nothing.
pub(super) type Pattern = [Option<u8>; COMPARISONS.len()];

/// Rounds of expectation-maximisation at most, and the change of a probability below which it has settled.
const ROUNDS: usize = 50;
const SETTLED: f64 = 1e-5;
/// No probability is fitted to exactly nothing.
const LEAST: f64 = 1e-6;

/// Weights from which a pair is linked at each level, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, serde::Serialize)]
pub struct LinkThresholds {
    pub strict: f64,
    pub standard: f64,
    pub loose: f64,
}

/// Parameters of the comparisons.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// `m` and `u` of each level.
    levels: Vec<Vec<(f64, f64)>>,
    pub(super) thresholds: LinkThresholds,
    /// Share of candidate pairs that are of one course, as a start for fitting.
    prior: f64,
    sha256: String,
}

#[derive(Deserialize)]
struct ModelFile {
    comparisons: Vec<ComparisonFile>,
    #[serde(default)]
    probability_two_random_records_match: Option<f64>,
    #[serde(default)]
    foursight_thresholds: Option<LinkThresholds>,
}

#[derive(Deserialize)]
struct ComparisonFile {
    output_column_name: String,
    comparison_levels: Vec<LevelFile>,
}

#[derive(Deserialize)]
struct LevelFile {
    #[serde(default)]
    label_for_charts: String,
    #[serde(default)]
    m_probability: Option<f64>,
    #[serde(default)]
    u_probability: Option<f64>,
}

impl Model {
    /// The parameters in the program.
    ///
    /// # Errors
    /// [`Error::Usage`] if the program was built with a broken file.
    pub fn embedded() -> Result<Self> {
        let empty = Self {
            levels: COMPARISONS.iter().map(|(_, levels)| vec![(1.0, 1.0); levels.len()]).collect(),
            thresholds: LinkThresholds { strict: 0.0, standard: 0.0, loose: 0.0 },
            prior: 0.0,
            sha256: String::new(),
        };
        empty.with(include_str!("data/model.json"), Path::new("src/linkage/data/model.json"))
    }

    /// Parameters from a file in Splink's format. What it does not name keeps the program's value; a comparison that the program does not
    /// know is left out.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read; [`Error::Usage`] if it is no such model or a probability is none.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::io(path, "cannot read the linkage model", source))?;
        Self::embedded()?.with(&text, path)
    }

    fn with(mut self, text: &str, path: &Path) -> Result<Self> {
        let fault = |what: String| Error::Usage(format!("linkage model {}: {what}", path.display()));
        let file: ModelFile = serde_json::from_str(text).map_err(|error| fault(format!("not a model in Splink's format: {error}")))?;
        for comparison in &file.comparisons {
            let Some(at) = COMPARISONS.iter().position(|(name, _)| *name == comparison.output_column_name) else { continue };
            for level in &comparison.comparison_levels {
                let Some(place) = COMPARISONS[at].1.iter().position(|label| *label == level.label_for_charts) else { continue };
                let (m, u) = &mut self.levels[at][place];
                for (given, value) in [(level.m_probability, m), (level.u_probability, u)] {
                    let Some(given) = given else { continue };
                    // Splink writes weights of levels that are rarer among matches with u above m; either must only be a positive number.
                    if !(given > 0.0 && given.is_finite()) {
                        return Err(fault(format!(
                            "{} {}: a probability is above 0",
                            comparison.output_column_name, level.label_for_charts
                        )));
                    }
                    *value = given;
                }
            }
        }
        self.thresholds = file.foursight_thresholds.unwrap_or(self.thresholds);
        self.prior = file.probability_two_random_records_match.unwrap_or(self.prior);
        if !(self.thresholds.loose <= self.thresholds.standard && self.thresholds.standard <= self.thresholds.strict) {
            return Err(fault("foursight_thresholds: loose is not above standard, and standard not above strict".to_owned()));
        }
        self.sha256 = hex(&Sha256::digest(text.as_bytes()));
        Ok(self)
    }

    /// A hash of the file.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Bits that a level adds, before its values' frequency is counted.
    pub(super) fn bits(&self, comparison: usize, level: u8) -> f64 {
        let (m, u) = self.levels[comparison][usize::from(level)];
        (m / u).log2()
    }

    /// Estimates `m` of every level from the patterns of candidate pairs with how often each was met, and `u` from those of random pairs.
    /// Levels that no pair shows keep their parameters.
    #[expect(clippy::cast_precision_loss, reason = "counts of pairs")]
    pub(super) fn fit(&self, candidates: &BTreeMap<Pattern, u64>, random: &BTreeMap<Pattern, u64>) -> Self {
        let mut fitted = self.clone();
        let tally = |patterns: &BTreeMap<Pattern, u64>, weight: &dyn Fn(&Pattern) -> f64| {
            let mut sums: Vec<Vec<f64>> = COMPARISONS.iter().map(|(_, levels)| vec![0.0; levels.len()]).collect();
            for (pattern, count) in patterns {
                let weight = weight(pattern) * *count as f64;
                for (at, level) in pattern.iter().enumerate() {
                    if let Some(level) = level {
                        sums[at][usize::from(*level)] += weight;
                    }
                }
            }
            sums
        };
        let shares = |sums: Vec<Vec<f64>>| -> Vec<Vec<Option<f64>>> {
            let share = |levels: Vec<f64>| {
                let total: f64 = levels.iter().sum();
                levels.into_iter().map(|sum| (sum > 0.0).then(|| (sum / total).max(LEAST))).collect()
            };
            sums.into_iter().map(share).collect()
        };
        for (levels, found) in fitted.levels.iter_mut().zip(shares(tally(random, &|_| 1.0))) {
            for ((_, u), found) in levels.iter_mut().zip(found) {
                *u = found.unwrap_or(*u);
            }
        }
        let total = candidates.values().sum::<u64>().max(1) as f64;
        let mut prior = self.prior.max(0.05);
        for _ in 0..ROUNDS {
            let odds = |pattern: &Pattern| {
                let bits: f64 = pattern.iter().enumerate().filter_map(|(at, level)| level.map(|level| fitted.bits(at, level))).sum();
                let odds = prior / (1.0 - prior) * bits.exp2();
                odds / (1.0 + odds)
            };
            let sums = tally(candidates, &odds);
            let matches: f64 = candidates.iter().map(|(pattern, count)| odds(pattern) * *count as f64).sum();
            let new_prior = (matches / total).clamp(LEAST, 1.0 - LEAST);
            let mut change = (new_prior - prior).abs();
            prior = new_prior;
            for (levels, found) in fitted.levels.iter_mut().zip(shares(sums)) {
                for ((m, _), found) in levels.iter_mut().zip(found) {
                    let new = found.unwrap_or(*m);
                    change = change.max((new - *m).abs());
                    *m = new;
                }
            }
            if change < SETTLED {
                break;
            }
        }
        fitted.prior = prior;
        fitted
    }
}

/// Bits to take away because `records` records carry the value: none for up to `free` of them.
pub(super) fn frequency_bits(records: u32, free: f64) -> f64 {
    (f64::from(records) / free).log2().max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_splinks_format_and_faults_are_named() {
        let model = Model::embedded().unwrap();
        assert!((model.bits(REFERENCE, 0) - 14.0).abs() < 0.01);
        let own = r#"{"comparisons": [{"output_column_name": "area", "comparison_levels": [
            {"sql_condition": "a", "label_for_charts": "same", "m_probability": 0.8, "u_probability": 0.1}]},
            {"output_column_name": "shoe_size", "comparison_levels": []}]}"#;
        let changed = model.clone().with(own, Path::new("own.json")).unwrap();
        assert!((changed.bits(AREA, 0) - 3.0).abs() < 1e-9);
        assert_eq!(changed.thresholds, model.thresholds);
        let error = model.with(&own.replace("0.8", "0.0"), Path::new("own.json")).unwrap_err();
        assert!(error.to_string().contains("own.json: area same"), "{error}");
    }

    #[test]
    fn expectation_maximisation_finds_the_shares_that_made_the_pairs() {
        // A tenth of pairs are matches; matches agree on name, birth and area in 90, 80 and 70 % of pairs, others in 5, 2 and 20 %.
        let model = Model::embedded().unwrap();
        let (mut candidates, mut random) = (BTreeMap::new(), BTreeMap::new());
        for bits in 0..8u8 {
            let mut pattern: Pattern = [None; COMPARISONS.len()];
            let share = |shares: [f64; 3]| (0..3).map(|i| if bits >> i & 1 == 1 { shares[i] } else { 1.0 - shares[i] }).product::<f64>();
            pattern[0] = Some(if bits & 1 == 1 { 0 } else { 9 });
            pattern[1] = Some(if bits >> 1 & 1 == 1 { 0 } else { 2 });
            pattern[AREA] = Some(if bits >> 2 & 1 == 1 { 0 } else { 1 });
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a million")]
            let count = |share: f64| (share * 1e6).round() as u64;
            candidates.insert(pattern, count(0.1 * share([0.9, 0.8, 0.7]) + 0.9 * share([0.05, 0.02, 0.2])));
            random.insert(pattern, count(share([0.05, 0.02, 0.2])));
        }
        let fitted = model.fit(&candidates, &random);
        for (at, wanted) in [(0, 0.9), (1, 0.8), (AREA, 0.7)] {
            assert!((fitted.levels[at][0].0 - wanted).abs() < 0.02, "{at}: {}", fitted.levels[at][0].0);
        }
        assert!((fitted.prior - 0.1).abs() < 0.01);
    }

    #[test]
    fn values_of_many_records_add_less() {
        assert_eq!(frequency_bits(3, 4.0), 0.0);
        assert_eq!(frequency_bits(32, 4.0), 3.0);
    }
}
