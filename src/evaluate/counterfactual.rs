//! Whether a flag turns on who the people are: the same narratives with the sexes exchanged, or with names and origins.

use serde::Serialize;

use super::rows::Row;
use super::statistics::Share;
use super::swaps;
use crate::domain::{Flag, Incident, ScreenedRecord};
use crate::labels::LabelledRecord;

/// What is changed in a narrative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Sexes,
    Origins,
}

/// A record told of other people.
#[derive(Debug, Clone)]
pub(super) struct Variant {
    /// Place of the record in the sample.
    pub record: usize,
    pub change: Change,
    pub incident: Incident,
}

/// How often a flag changed with the people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counterfactual {
    /// Flagged became unflagged, or the reverse, of all pairs.
    pub flips: Share,
    pub changes: Vec<ChangeFigures>,
}

/// One kind of change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeFigures {
    pub change: Change,
    pub name: &'static str,
    pub flips: Share,
    /// Likely, possible or none became another of these; flips are among them.
    pub flag_changes: Share,
    /// The flips, in the order of the sample.
    pub flipped: Vec<Flipped>,
}

/// A record whose flag flipped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flipped {
    pub id: String,
    pub label: &'static str,
    pub flag: &'static str,
    pub flag_changed: &'static str,
    pub probability: f64,
    pub probability_changed: f64,
}

/// Every record that can be told of other people, sexes first.
pub(super) fn variants(records: &[LabelledRecord]) -> Vec<Variant> {
    let told = |change: Change, narrative: fn(&LabelledRecord) -> Option<String>| {
        records.iter().enumerate().filter_map(move |(record, labelled)| {
            let incident = Incident { narrative: narrative(labelled)?, ..labelled.incident() };
            Some(Variant { record, change, incident })
        })
    };
    told(Change::Sexes, |record| swaps::sexes(&record.narrative)).chain(told(Change::Origins, swaps::origins)).collect()
}

/// Compares rows with what the engine made of their variants, which are in the order of [`variants`].
pub(super) fn compare(rows: &[Row<'_>], variants: &[(usize, Change)], screened: &[ScreenedRecord]) -> Counterfactual {
    let changes: Vec<ChangeFigures> = [(Change::Sexes, "sexes exchanged"), (Change::Origins, "names and origins exchanged")]
        .into_iter()
        .map(|(change, name)| {
            let pairs: Vec<(&Row<'_>, &ScreenedRecord)> = variants
                .iter()
                .zip(screened)
                .filter(|((_, other), _)| *other == change)
                .map(|((record, _), screened)| (&rows[*record], screened))
                .collect();
            let flips = |(row, changed): &(&Row<'_>, &ScreenedRecord)| row.flagged() != (changed.flag != Flag::None);
            let flipped = pairs.iter().filter(|pair| flips(pair)).map(|(row, changed)| Flipped {
                id: row.record.id.clone(),
                label: row.record.label.name(),
                flag: row.screened.flag.name(),
                flag_changed: changed.flag.name(),
                probability: row.probability(),
                probability_changed: changed.probability.value(),
            });
            ChangeFigures {
                change,
                name,
                flips: Share::counting(pairs.iter().map(flips)),
                flag_changes: Share::counting(pairs.iter().map(|(row, changed)| row.screened.flag != changed.flag)),
                flipped: flipped.collect(),
            }
        })
        .collect();
    let sum = |of: fn(Share) -> u64| changes.iter().map(|change| of(change.flips)).sum();
    Counterfactual { flips: Share::new(sum(|share| share.count), sum(|share| share.of)), changes }
}
