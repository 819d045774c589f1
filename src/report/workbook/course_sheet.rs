use std::path::Path;

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::review_sheet::{Formats, lay_out};
use super::{cell, fault, row_height};
use crate::error::Result;
use crate::linkage::local_time;
use crate::pipeline::GradedCourse;
use crate::report::Run;
use crate::report::text::{moment, visible};

/// Courses in the sheet, the worst ones.
const MAX_COURSES: usize = 50_000;
/// Ids in a cell.
const MAX_IDS: usize = 200;

/// Name and width in characters; those for the reviewer stand behind them.
const COLUMNS: [(&str, u8); 12] = [
    ("Rank", 6),
    ("Course id", 17),
    ("Flag", 9),
    ("Risk", 9),
    ("Reasons", 70),
    ("To look for", 34),
    ("Victim", 20),
    ("Suspect", 20),
    ("First", 12),
    ("Last", 12),
    ("Records", 8),
    ("Incident ids", 26),
];
const REASONS_WIDTH: usize = 70;
const MISSING_WIDTH: usize = 34;
const DECISIONS: [&str; 4] = ["stalking", "split it", "not stalking", "cannot tell"];

/// The flagged courses, worst first, with the columns that a reviewer fills in.
pub(super) fn write(sheet: &mut Worksheet, run: &Run<'_>, path: &Path) -> Result<()> {
    let queue = run.courses.queue();
    let shown = queue.len().min(MAX_COURSES);
    let rows = u32::try_from(shown).unwrap_or(u32::MAX);
    lay_out(sheet, "Courses", &COLUMNS, &DECISIONS, rows).map_err(|error| fault(path, error))?;
    // The sheet that is in front when the workbook is opened.
    sheet.set_active(true);
    let formats = Formats::new();
    for (row, graded) in (1u32..).zip(queue.into_iter().take(MAX_COURSES)) {
        write_row(sheet, row, graded, run, &formats).map_err(|error| fault(path, error))?;
    }
    Ok(())
}

fn write_row(sheet: &mut Worksheet, row: u32, graded: &GradedCourse, run: &Run<'_>, formats: &Formats) -> Result<(), XlsxError> {
    let GradedCourse { course, assessment } = graded;
    let time = |minutes: Option<i64>| minutes.map(|at| moment(&local_time(at))).unwrap_or_default();
    let reasons = cell(&assessment.reasons.join("\n"));
    let missing = cell(&assessment.missing.join("\n"));
    let mut ids: Vec<&str> = course.members.iter().take(MAX_IDS).map(|at| run.courses.facts[*at].id.as_str()).collect();
    if course.members.len() > MAX_IDS {
        ids.push("and more, in the courses table");
    }
    sheet.write_number_with_format(row, 0, f64::from(row), &formats.number)?;
    sheet.write_string_with_format(row, 3, assessment.risk.name(), formats.tier(assessment.risk.name()))?;
    let texts: [(u16, String); 9] = [
        (1, course.id.clone()),
        (2, assessment.flag.name().to_owned()),
        (4, reasons.clone()),
        (5, missing.clone()),
        (6, cell(&visible(course.victim.as_deref().unwrap_or_default()))),
        (7, cell(&visible(course.suspect.as_deref().unwrap_or_default()))),
        (8, time(course.pattern.first_at)),
        (9, time(course.pattern.last_at)),
        (11, cell(&ids.join("\n"))),
    ];
    for (column, value) in texts.iter().filter(|(_, value)| !value.is_empty()) {
        sheet.write_string_with_format(row, *column, value, &formats.text)?;
    }
    sheet.write_number_with_format(row, 10, f64::from(u32::try_from(course.members.len()).unwrap_or(u32::MAX)), &formats.number)?;
    let heights = [(reasons.as_str(), REASONS_WIDTH), (missing.as_str(), MISSING_WIDTH)];
    sheet.set_row_height(row, heights.iter().map(|(text, width)| row_height(text, *width, 2)).fold(0.0, f64::max))?;
    Ok(())
}
