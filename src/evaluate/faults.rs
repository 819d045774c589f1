//! Every miss and every false alarm, so that a person can read why.

use std::cmp::Reverse;

use serde::Serialize;

use super::rows::Row;
use crate::domain::Explanation;
use crate::labels::Label;

/// A record that the engine did not treat as a reviewer would. Holds no words of the narrative.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    pub id: String,
    pub writer: String,
    pub slice: Option<String>,
    pub label: &'static str,
    pub flag: &'static str,
    pub probability: f64,
    /// Log-odds.
    pub score: f64,
    pub findings: Vec<FaultFinding>,
    /// How the score came about.
    pub explanation: Explanation,
    /// Place of the record in the sample.
    #[serde(skip)]
    pub row: usize,
}

/// A finding in such a record; places are bytes of the narrative.
#[derive(Debug, Clone, Serialize)]
pub struct FaultFinding {
    pub indicator: &'static str,
    pub rule: String,
    pub start: usize,
    pub end: usize,
    pub status: &'static str,
    pub context: Option<&'static str>,
}

/// Misses (labelled likely before possible, lowest score first) and false alarms (highest score first).
pub(super) fn faults(rows: &[Row<'_>]) -> (Vec<Fault>, Vec<Fault>) {
    let of = |wrong: fn(&Row<'_>) -> bool| {
        let wrong = move |(_, row): &(usize, &Row<'_>)| wrong(row);
        rows.iter().enumerate().filter(wrong).map(|(place, row)| fault(place, row)).collect::<Vec<_>>()
    };
    let mut misses = of(|row| row.positive() && !row.flagged());
    misses.sort_by(|a, b| {
        let order = |fault: &Fault| (Reverse(rows[fault.row].record.label == Label::Likely), fault.id.clone());
        order(a).0.cmp(&order(b).0).then(a.score.total_cmp(&b.score)).then(order(a).1.cmp(&order(b).1))
    });
    let mut alarms = of(|row| !row.positive() && row.flagged());
    alarms.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
    (misses, alarms)
}

fn fault(place: usize, row: &Row<'_>) -> Fault {
    let findings = row.screened.findings.iter().map(|finding| FaultFinding {
        indicator: finding.indicator.id(),
        rule: finding.rule.to_string(),
        start: finding.span.start,
        end: finding.span.end,
        status: finding.status_name(),
        context: finding.context().map(|context| context.name()),
    });
    Fault {
        id: row.record.id.clone(),
        writer: row.record.writer.clone(),
        slice: row.record.slice.clone(),
        label: row.record.label.name(),
        flag: row.screened.flag.name(),
        probability: row.probability(),
        score: row.score(),
        findings: findings.collect(),
        explanation: row.screened.explanation.clone(),
        row: place,
    }
}
