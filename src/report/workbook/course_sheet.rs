use std::path::Path;

use rust_xlsxwriter::{DataValidation, Format, FormatAlign, Worksheet, XlsxError};

use super::{LINE_HEIGHT, PAPER_A3, cell, fault, header_format, row_height, set_up_print, text_format};
use crate::error::Result;
use crate::linkage::local_time;
use crate::pipeline::GradedCourse;
use crate::report::Run;
use crate::report::text::{moment, visible};

/// Courses in the sheet, the worst ones.
const MAX_COURSES: usize = 50_000;
/// Ids in a cell.
const MAX_IDS: usize = 200;

/// Name and width in characters.
const COLUMNS: [(&str, u8); 17] = [
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
    ("Decision", 15),
    ("Own risk tier", 11),
    ("Reviewer", 14),
    ("Date", 12),
    ("Note", 30),
];
const REASONS_WIDTH: usize = 70;
const MISSING_WIDTH: usize = 34;
/// The first of the columns that are for the reviewer.
const DECISION: u16 = 12;
const DATE: u16 = 15;
const LAST: u16 = 16;

/// The flagged courses, worst first, with the columns that a reviewer fills in.
pub(super) fn write(sheet: &mut Worksheet, run: &Run<'_>, path: &Path) -> Result<()> {
    let queue = run.courses.queue();
    let shown = queue.len().min(MAX_COURSES);
    lay_out(sheet, shown).map_err(|error| fault(path, error))?;
    let (text, number) = (text_format(), text_format().set_align(FormatAlign::Left));
    for (row, graded) in (1u32..).zip(queue.into_iter().take(MAX_COURSES)) {
        write_row(sheet, row, graded, run, &text, &number).map_err(|error| fault(path, error))?;
    }
    Ok(())
}

fn lay_out(sheet: &mut Worksheet, rows: usize) -> Result<(), XlsxError> {
    sheet.set_name("Courses")?.set_freeze_panes(1, 2)?.set_active(true).set_repeat_rows(0, 0)?;
    set_up_print(sheet, PAPER_A3);
    sheet.set_print_gridlines(true);
    let header = header_format();
    for (column, (name, width)) in (0u16..).zip(COLUMNS) {
        sheet.set_column_width(column, width)?.write_string_with_format(0, column, name, &header)?;
    }
    let own = text_format().set_background_color("FBFBF3");
    for column in DECISION..=LAST {
        sheet.set_column_format(column, &if column == DATE { own.clone().set_num_format("dd/mm/yyyy") } else { own.clone() })?;
    }
    sheet.set_row_height(0, 2.0 * LINE_HEIGHT)?;
    let last = u32::try_from(rows).unwrap_or(u32::MAX);
    sheet.autofilter(0, 0, last, LAST)?;
    if rows > 0 {
        let decisions = DataValidation::new().allow_list_strings(&["stalking", "split it", "not stalking", "cannot tell"])?;
        let decisions = decisions.set_error_title("Decision")?.set_error_message("Choose one of the list, or leave the cell empty.")?;
        sheet.add_data_validation(1, DECISION, last, DECISION, &decisions)?;
        let tiers = DataValidation::new().allow_list_strings(&["high", "medium", "standard", "none"])?;
        let tiers = tiers.set_error_title("Own risk tier")?.set_error_message("Choose one of the list, or leave the cell empty.")?;
        sheet.add_data_validation(1, DECISION + 1, last, DECISION + 1, &tiers)?;
    }
    Ok(())
}

fn write_row(
    sheet: &mut Worksheet,
    row: u32,
    graded: &GradedCourse,
    run: &Run<'_>,
    text: &Format,
    number: &Format,
) -> Result<(), XlsxError> {
    let GradedCourse { course, assessment } = graded;
    let time = |minutes: Option<i64>| minutes.map(|at| moment(&local_time(at))).unwrap_or_default();
    let reasons = cell(&assessment.reasons.join("\n"));
    let missing = cell(&assessment.missing.join("\n"));
    let mut ids: Vec<&str> = course.members.iter().take(MAX_IDS).map(|at| run.courses.facts[*at].id.as_str()).collect();
    if course.members.len() > MAX_IDS {
        ids.push("and more, in the courses table");
    }
    let risk = match assessment.risk.name() {
        "high" => text.clone().set_bold().set_background_color("F6D5D2"),
        "medium" => text.clone().set_background_color("FBEBCB"),
        _ => text.clone(),
    };
    sheet.write_number_with_format(row, 0, f64::from(row), number)?;
    sheet.write_string_with_format(row, 3, assessment.risk.name(), &risk)?;
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
        sheet.write_string_with_format(row, *column, value, text)?;
    }
    sheet.write_number_with_format(row, 10, f64::from(u32::try_from(course.members.len()).unwrap_or(u32::MAX)), number)?;
    let heights = [(reasons.as_str(), REASONS_WIDTH), (missing.as_str(), MISSING_WIDTH)];
    sheet.set_row_height(row, heights.iter().map(|(text, width)| row_height(text, *width, 2)).fold(0.0, f64::max))?;
    Ok(())
}
