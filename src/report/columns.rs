//! The columns of `screened` and `findings`: names, kinds and values, stated once for every file format.

use crate::domain::{Finding, ScreenedRecord};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Count,
    Real,
    Truth,
    List,
}

/// A column of an output table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// One value of a row; its kind is the column's, or it is missing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Missing,
    Text(String),
    Count(u64),
    Real(f64),
    Truth(bool),
    List(Vec<String>),
}

/// The columns of `screened` before those kept from the input.
const SCREENED: &[(&str, Kind)] = &[
    ("incident_id", Kind::Text),
    ("source_file", Kind::Text),
    ("source_row", Kind::Count),
    ("flag", Kind::Text),
    ("probability", Kind::Real),
    ("risk", Kind::Text),
    ("reasons", Kind::List),
    ("indicators", Kind::List),
    ("course_id", Kind::Text),
    ("course_flag", Kind::Text),
    ("course_risk", Kind::Text),
    ("recorded_otherwise", Kind::Truth),
    ("read_by", Kind::Text),
    ("words", Kind::Count),
    ("tokens", Kind::Count),
    ("tokens_scored", Kind::Count),
    ("windows", Kind::Count),
    ("duplicate_of", Kind::Text),
];

const FINDINGS: &[(&str, Kind)] = &[
    ("incident_id", Kind::Text),
    ("indicator", Kind::Text),
    ("rule", Kind::Text),
    ("start", Kind::Count),
    ("end", Kind::Count),
    ("quote", Kind::Text),
    ("status", Kind::Text),
    ("context", Kind::Text),
];

/// The columns of `screened`, those kept from the input last. A kept name that is already taken is the caller's fault to report.
pub(super) fn screened_fields(kept: &[String]) -> Vec<Field> {
    let kept = kept.iter().map(|name| Field { name: name.clone(), kind: Kind::Text });
    fields(SCREENED).chain(kept).collect()
}

/// The columns of `findings`.
pub(super) fn findings_fields() -> Vec<Field> {
    fields(FINDINGS).collect()
}

fn fields(columns: &'static [(&str, Kind)]) -> impl Iterator<Item = Field> {
    columns.iter().map(|(name, kind)| Field { name: (*name).to_owned(), kind: *kind })
}

/// The row of `screened`. `source_file` is the path as given; courses are not linked yet, so their columns are missing values.
pub(super) fn screened_row(record: &ScreenedRecord, source_file: &str) -> Vec<Cell> {
    let incident = &record.incident;
    let mut row = vec![
        text(&incident.id),
        text(source_file),
        Cell::Count(incident.row),
        text(record.flag.name()),
        Cell::Real(record.probability.rounded().value()),
        text(record.risk.name()),
        Cell::List(record.reasons.clone()),
        Cell::List(record.indicators().iter().map(|indicator| indicator.id().to_owned()).collect()),
        Cell::Missing,
        Cell::Missing,
        Cell::Missing,
        Cell::Truth(record.recorded_otherwise),
        text(record.read_by.name()),
        count(record.words),
        count(record.tokens),
        count(record.tokens_scored),
        count(record.windows),
        record.duplicate_of.as_deref().map_or(Cell::Missing, text),
    ];
    row.extend(incident.kept.iter().map(|value| if value.is_empty() { Cell::Missing } else { text(value) }));
    row
}

/// The rows of `findings`, in the record's order.
pub(super) fn findings_rows(record: &ScreenedRecord) -> impl Iterator<Item = Vec<Cell>> {
    record.findings.iter().map(|finding| findings_row(&record.incident.id, &record.incident.narrative, finding))
}

fn findings_row(id: &str, narrative: &str, finding: &Finding) -> Vec<Cell> {
    vec![
        text(id),
        text(finding.indicator.id()),
        text(&finding.rule),
        count(finding.span.start),
        count(finding.span.end),
        text(finding.span.slice(narrative)),
        text(finding.status_name()),
        finding.context().map_or(Cell::Missing, |context| text(context.name())),
    ]
}

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

fn count(value: usize) -> Cell {
    Cell::Count(value as u64)
}
