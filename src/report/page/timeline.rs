//! A course on a time axis: kinds of conduct as rows, a mark a record, breaches as crosses, the time in which an order is mentioned as a
//! band. Plain SVG without colours that print would lose: full marks are flagged, empty ones are not.

use crate::domain::Flag;
use crate::linkage::{Course, TimelineRecord, local_time};

const WIDTH: f64 = 720.0;
/// Where the rows' names end and time begins, and ends.
const LEFT: f64 = 205.0;
const RIGHT: f64 = 700.0;
const TOP: f64 = 22.0;
const ROW: f64 = 20.0;
/// Records drawn; a longer course is a grey bar at this size.
const MAX_RECORDS: usize = 200;
/// Ticks on the axis at most: six dates do not fit, as those at both ends stand inwards.
const MAX_TICKS: i64 = 5;
const DAY: i64 = 1_440;

/// A picture of a course as SVG, and what it shows in words; empty where fewer than two records have a time.
pub(super) fn picture(course: &Course) -> String {
    let records: Vec<(&TimelineRecord, i64)> =
        course.timeline.iter().filter_map(|record| record.at.map(|at| (record, at))).take(MAX_RECORDS).collect();
    let (Some(first), Some(last)) = (records.first().map(|(_, at)| *at), records.last().map(|(_, at)| *at)) else { return String::new() };
    if records.len() < 2 {
        return String::new();
    }
    let rows = rows(&records);
    let height = TOP + ROW * count(rows.len()) + 26.0;
    let axis = Axis { first, span: (last - first).max(1) };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Time line of {} records from {} to {}; the list below has the dates\">",
        records.len(),
        date(first),
        date(last)
    );
    let bottom = TOP + ROW * count(rows.len());
    band(&mut svg, &records, &axis, bottom);
    for (i, row) in (0..).zip(&rows) {
        let middle = TOP + ROW * f64::from(i) + ROW / 2.0;
        svg.push_str(&format!("<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{row}</text>", LEFT - 12.0, middle + 4.0));
        svg.push_str(&format!("<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\" class=\"row\"/>"));
        for (record, at) in &records {
            if shows(record, row) {
                mark(&mut svg, record, axis.place(*at), middle);
            }
        }
    }
    ticks(&mut svg, &axis, bottom);
    svg.push_str("</svg>");
    svg
}

struct Axis {
    first: i64,
    span: i64,
}

impl Axis {
    #[expect(clippy::cast_precision_loss, reason = "minutes of some years")]
    fn place(&self, at: i64) -> f64 {
        LEFT + 8.0 + (RIGHT - LEFT - 16.0) * (at - self.first) as f64 / self.span as f64
    }
}

/// Kinds in the order in which they first come, those without any under a row of their own.
fn rows(records: &[(&TimelineRecord, i64)]) -> Vec<&'static str> {
    let mut rows: Vec<&'static str> = Vec::new();
    for kind in records.iter().flat_map(|(record, _)| &record.kinds) {
        if !rows.contains(kind) && *kind != ORDER {
            rows.push(kind);
        }
    }
    if records.iter().any(|(record, _)| is_other(record)) {
        rows.push(OTHER);
    }
    rows
}

const OTHER: &str = "other records";
/// Drawn as a band and not as a row.
const ORDER: &str = "an order or conditions in force";

fn is_other(record: &TimelineRecord) -> bool {
    record.kinds.iter().all(|kind| *kind == ORDER)
}

fn shows(record: &TimelineRecord, row: &str) -> bool {
    if row == OTHER { is_other(record) } else { record.kinds.contains(&row) }
}

fn mark(svg: &mut String, record: &TimelineRecord, x: f64, y: f64) {
    if record.is_breach {
        let (left, right, top, bottom) = (x - 5.0, x + 5.0, y - 5.0, y + 5.0);
        svg.push_str(&format!(
            "<path d=\"M{left:.1} {top:.1}L{right:.1} {bottom:.1}M{left:.1} {bottom:.1}L{right:.1} {top:.1}\" class=\"breach\"/>"
        ));
        return;
    }
    let class = match record.flag {
        Flag::Likely => "mark full",
        Flag::Possible => "mark half",
        Flag::None => "mark",
    };
    svg.push_str(&format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" class=\"{class}\"/>"));
}

/// From the first record that mentions an order to the last record of the course.
fn band(svg: &mut String, records: &[(&TimelineRecord, i64)], axis: &Axis, bottom: f64) {
    let Some((_, from)) = records.iter().find(|(record, _)| record.has_order) else { return };
    let (left, right) = (axis.place(*from), RIGHT);
    svg.push_str(&format!(
        "<rect x=\"{left:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\" class=\"order\"/>",
        right - left,
        bottom - TOP
    ));
    svg.push_str(&format!(
        "<text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">an order or conditions mentioned from here on</text>",
        TOP - 7.0
    ));
}

fn ticks(svg: &mut String, axis: &Axis, bottom: f64) {
    svg.push_str(&format!("<line x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{bottom:.1}\" y2=\"{bottom:.1}\" class=\"axis\"/>"));
    let ticks = (axis.span / DAY).clamp(1, MAX_TICKS - 1);
    for tick in 0..=ticks {
        let at = axis.first + axis.span * tick / ticks;
        let anchor = if tick == 0 {
            "start"
        } else if tick == ticks {
            "end"
        } else {
            "middle"
        };
        let x = axis.place(at);
        svg.push_str(&format!("<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{bottom:.1}\" y2=\"{:.1}\" class=\"axis\"/>", bottom + 4.0));
        svg.push_str(&format!("<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>", bottom + 18.0, date(at)));
    }
}

fn date(at: i64) -> String {
    local_time(at).split('T').next().unwrap_or_default().to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "rows of a picture")]
fn count(rows: usize) -> f64 {
    rows as f64
}
