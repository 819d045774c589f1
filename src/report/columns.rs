//! The columns of `screened` and `findings`: names, kinds and values, stated once for every file format.

use crate::domain::{Finding, ScreenedRecord};
use crate::linkage::{Link, local_time};
use crate::pipeline::{GradedCourse, GradedCourses};

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
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
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

const COURSES: &[(&str, Kind)] = &[
    ("course_id", Kind::Text),
    ("level", Kind::Text),
    ("incident_ids", Kind::List),
    ("victim", Kind::Text),
    ("suspect", Kind::Text),
    ("first_at", Kind::Text),
    ("last_at", Kind::Text),
    ("incidents", Kind::Count),
    ("occasions", Kind::Count),
    ("flag", Kind::Text),
    ("risk", Kind::Text),
    ("reasons", Kind::List),
    ("missing", Kind::List),
    ("weakest_link", Kind::Text),
];

const LINKS: &[(&str, Kind)] = &[
    ("incident_a", Kind::Text),
    ("incident_b", Kind::Text),
    ("level", Kind::Text),
    ("weight", Kind::Real),
    ("evidence_for", Kind::List),
    ("evidence_against", Kind::List),
];

/// Where the columns of the course stand in a row of `screened`.
const COURSE_CELLS: std::ops::Range<usize> = 8..11;

/// The columns of `screened`, those kept from the input last. A kept name that is already taken is the caller's fault to report.
pub(super) fn screened_fields(kept: &[String]) -> Vec<Field> {
    let kept = kept.iter().map(|name| Field { name: name.clone(), kind: Kind::Text });
    fields(SCREENED).chain(kept).collect()
}

/// The columns of `findings`.
pub(super) fn findings_fields() -> Vec<Field> {
    fields(FINDINGS).collect()
}

/// The columns of `courses`.
pub(super) fn courses_fields() -> Vec<Field> {
    fields(COURSES).collect()
}

/// The columns of `links`.
pub(super) fn links_fields() -> Vec<Field> {
    fields(LINKS).collect()
}

fn fields(columns: &'static [(&str, Kind)]) -> impl Iterator<Item = Field> {
    columns.iter().map(|(name, kind)| Field { name: (*name).to_owned(), kind: *kind })
}

/// The row of `screened`. `source_file` is the path as given; the columns of the course are missing values until [`fill_course`].
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

/// The record's id in a row of `screened`.
pub(super) fn row_id(row: &[Cell]) -> Option<&str> {
    match row.first() {
        Some(Cell::Text(id)) => Some(id),
        _ => None,
    }
}

/// Puts the course that a record belongs to, if it belongs to one, into its row of `screened`.
pub(super) fn fill_course(row: &mut [Cell], course: Option<&GradedCourse>) {
    if let Some(GradedCourse { course, assessment }) = course {
        let cells = [text(&course.id), text(assessment.flag.name()), text(assessment.risk.name())];
        row[COURSE_CELLS].clone_from_slice(&cells);
    }
}

/// The row of `courses`.
pub(super) fn courses_row(graded: &GradedCourse, run: &GradedCourses) -> Vec<Cell> {
    let GradedCourse { course, assessment } = graded;
    let time = |minutes: Option<i64>| minutes.map(local_time).map_or(Cell::Missing, Cell::Text);
    let of = |value: &Option<String>| value.as_deref().map_or(Cell::Missing, text);
    let weakest = course.weakest.map(|at| {
        let link = &run.linked.links[at];
        format!(
            "{} - {}: {} ({:.1} bits)",
            run.facts[link.records.0].id,
            run.facts[link.records.1].id,
            link.evidence_for.join("; "),
            link.bits
        )
    });
    vec![
        text(&course.id),
        text(course.level.name()),
        Cell::List(course.members.iter().map(|at| run.facts[*at].id.clone()).collect()),
        of(&course.victim),
        of(&course.suspect),
        time(course.pattern.first_at),
        time(course.pattern.last_at),
        count(course.members.len()),
        count(course.pattern.occasions),
        text(assessment.flag.name()),
        text(assessment.risk.name()),
        Cell::List(assessment.reasons.clone()),
        Cell::List(assessment.missing.clone()),
        of(&weakest),
    ]
}

/// The row of `links`.
pub(super) fn links_row(link: &Link, run: &GradedCourses) -> Vec<Cell> {
    vec![
        text(&run.facts[link.records.0].id),
        text(&run.facts[link.records.1].id),
        text(link.level.name()),
        Cell::Real(link.bits),
        Cell::List(link.evidence_for.clone()),
        Cell::List(link.evidence_against.clone()),
    ]
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
