//! The same figures for parts of the sample: kinds of case, writers, lengths, what was recorded, and groups of people.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use super::rows::Row;
use super::statistics::{Figure, Ranking, Share};
use crate::domain::Column;

/// Offences shown apart.
const MAX_OFFENCES: usize = 12;
/// Fewest positives for a group's recall, and negatives for its specificity.
pub(super) const MIN_CELL: u64 = 20;
/// Fewest of each class for a precision-recall area.
const MIN_AREA: u64 = 10;
/// Words (least, most) and the name of each band.
const BANDS: [(usize, usize, &str); 5] = [
    (0, 4, "under 5 words"),
    (5, 25, "5-25 words"),
    (26, 80, "26-80 words"),
    (81, 250, "81-250 words"),
    (251, usize::MAX, "over 250 words"),
];
const PREFIXES: [&str; 5] = ["positive:overt", "positive:disguised", "possible", "hardneg", "ordinary"];

static DISABILITY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:disab\w*|wheelchair|autis\w*|deaf|blind|partially sighted|learning diff\w*|dementia|mobility (?:scooter|aid)|cerebral palsy|down'?s syndrome|multiple sclerosis)\b",
    )
    .ok()
});

/// One way of parting the sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parting {
    pub by: &'static str,
    pub parts: Vec<Part>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    pub name: String,
    pub records: u64,
    /// Flagged, of those that a reviewer wants flagged.
    pub recall: Share,
    /// Unflagged, of the others.
    pub specificity: Share,
    /// `None` where it holds fewer than ten of a class.
    pub pr_auc: Option<f64>,
}

/// A group of people, with figures only where the cell is large enough.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    pub by: &'static str,
    pub name: String,
    pub records: u64,
    pub positives: u64,
    pub negatives: u64,
    pub recall: Figure,
    pub specificity: Figure,
}

impl Part {
    fn of(name: String, rows: &[&Row<'_>]) -> Self {
        let class = |class: bool| rows.iter().filter(move |row| row.positive() == class);
        let (recall, specificity) =
            (Share::counting(class(true).map(|row| row.flagged())), Share::counting(class(false).map(|row| !row.flagged())));
        let ranking = || Ranking::new(&rows.iter().map(|row| (row.positive(), row.score())).collect::<Vec<_>>());
        let pr_auc = (recall.of >= MIN_AREA && specificity.of >= MIN_AREA).then(|| ranking().average_precision()).flatten();
        Self { name, records: rows.len() as u64, recall, specificity, pr_auc }
    }

    /// Records treated as a reviewer would, of all.
    pub fn right(&self) -> Share {
        Share::new(self.recall.count + self.specificity.count, self.recall.of + self.specificity.of)
    }
}

/// The parts by slice, kind, writer, length and offence; a parting with nothing to part is left out.
pub(super) fn partings(rows: &[Row<'_>]) -> Vec<Parting> {
    let mut partings = vec![
        Parting {
            by: "slice",
            parts: PREFIXES
                .iter()
                .map(|prefix| Part::of((*prefix).to_owned(), &rows.iter().filter(|row| row.is_of(prefix)).collect::<Vec<_>>()))
                .collect(),
        },
        Parting { by: "kind", parts: named(rows, |row| row.record.slice.clone()) },
        Parting { by: "writer", parts: named(rows, |row| Some(row.record.writer.clone())) },
        Parting {
            by: "length",
            parts: BANDS
                .iter()
                .map(|(least, most, name)| {
                    let inside = |row: &&Row<'_>| (*least..=*most).contains(&row.screened.words);
                    Part::of((*name).to_owned(), &rows.iter().filter(inside).collect::<Vec<_>>())
                })
                .collect(),
        },
        Parting { by: "recorded as", parts: offences(rows) },
    ];
    for parting in &mut partings {
        parting.parts.retain(|part| part.records > 0);
    }
    // Each kind beside its own slice's others, the worst first; writers and the like by name.
    if let Some(kinds) = partings.iter_mut().find(|parting| parting.by == "kind") {
        kinds.parts.sort_by_key(|part| (std::cmp::Reverse(part.right().of - part.right().count), part.name.clone()));
    }
    partings.retain(|parting| !parting.parts.is_empty());
    partings
}

fn named(rows: &[Row<'_>], name: impl Fn(&Row<'_>) -> Option<String>) -> Vec<Part> {
    let mut parts: BTreeMap<String, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        if let Some(name) = name(row) {
            parts.entry(name).or_default().push(row);
        }
    }
    parts.into_iter().map(|(name, rows)| Part::of(name, &rows)).collect()
}

/// The offences, or codes of closing or opening, that occur most, whatever their capitals.
fn offences(rows: &[Row<'_>]) -> Vec<Part> {
    let recorded = |row: &Row<'_>| {
        let found = [Column::OffenceTitle, Column::ClosingCode, Column::OpeningCode].into_iter().find_map(|column| field(row, column));
        found.map(|name| name.to_lowercase())
    };
    let mut parts = named(rows, recorded);
    parts.sort_by_key(|part| (std::cmp::Reverse(part.records), part.name.clone()));
    parts.truncate(MAX_OFFENCES);
    parts
}

fn field<'a>(row: &Row<'a>, column: Column) -> Option<&'a str> {
    row.record.fields.iter().find(|(known, _)| *known == column).map(|(_, value)| value.as_str())
}

/// Sex of the victim and relationship where they are recorded, and whether the text mentions a disability.
pub(super) fn groups(rows: &[Row<'_>]) -> Vec<Group> {
    let sex = |row: &Row<'_>| {
        field(row, Column::VictimSex).map(|sex| match sex.to_lowercase().as_str() {
            "f" | "female" | "woman" => "female".to_owned(),
            "m" | "male" | "man" => "male".to_owned(),
            _ => "other or not known".to_owned(),
        })
    };
    let relationship = |row: &Row<'_>| {
        field(row, Column::Relationship).map(|relationship| {
            let relationship = relationship.to_lowercase();
            let former = relationship.starts_with("ex-")
                || relationship.starts_with("ex ")
                || relationship.starts_with("former")
                || relationship.starts_with("previous");
            if former { "former partner" } else { "anybody else" }.to_owned()
        })
    };
    let disability = |row: &Row<'_>| {
        let mentioned = DISABILITY.as_ref().is_some_and(|pattern| pattern.is_match(&row.record.narrative));
        Some(if mentioned { "mentioned" } else { "not mentioned" }.to_owned())
    };
    let mut groups = Vec::new();
    for (by, parts) in [
        ("sex of victim, where recorded", named(rows, sex)),
        ("relationship, where recorded", named(rows, relationship)),
        ("disability in the text", named(rows, disability)),
    ] {
        groups.extend(parts.into_iter().map(|part| group(by, part)));
    }
    groups
}

fn group(by: &'static str, part: Part) -> Group {
    let figure = |share: Share, what: &str| {
        if share.of < MIN_CELL { Figure::undefined(format!("fewer than {MIN_CELL} {what}")) } else { share.figure(what) }
    };
    Group {
        by,
        records: part.records,
        positives: part.recall.of,
        negatives: part.specificity.of,
        recall: figure(part.recall, "positives"),
        specificity: figure(part.specificity, "negatives"),
        name: part.name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_cell_has_no_figure() {
        let part = |of| Part { name: "x".to_owned(), records: of, recall: Share::new(of, of), specificity: Share::new(0, 0), pr_auc: None };
        assert_eq!(group("by", part(19)).recall.note.as_deref(), Some("not defined, fewer than 20 positives"));
        assert_eq!(group("by", part(20)).recall.value, Some(1.0));
    }

    #[test]
    fn every_length_has_one_band() {
        for words in [0, 4, 5, 25, 26, 80, 81, 250, 251, 9000] {
            assert_eq!(BANDS.iter().filter(|(least, most, _)| (*least..=*most).contains(&words)).count(), 1);
        }
    }
}
