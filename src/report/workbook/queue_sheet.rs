use std::path::Path;

use rust_xlsxwriter::{DataValidation, Format, FormatAlign, Worksheet, XlsxError};

use super::{LINE_HEIGHT, MAX_RECORDS, PAPER_A3, cell, fault, header_format, row_height, set_up_print, text_format};
use crate::error::Result;
use crate::report::Run;
use crate::report::queue::{Entry, RankedQueue};
use crate::report::text::{cut_utf16, moment, one_line, visible};

/// Bytes of narrative that stand in full, the worst records first; after them a narrative is an excerpt, or the file could not be opened.
const FULL_TEXT_BYTES: usize = 64 << 20;
/// UTF-16 units of an excerpt.
const EXCERPT_UNITS: usize = 1_000;
/// Quotes in a cell.
const MAX_QUOTES: usize = 12;

/// Name and width in characters.
const COLUMNS: [(&str, u8); 20] = [
    ("Rank", 6),
    ("Incident id", 17),
    ("Flag", 9),
    ("Risk", 9),
    ("Reasons", 52),
    ("Quotes", 34),
    ("Recorded as", 22),
    ("Recorded otherwise", 10),
    ("Reported at", 12),
    ("Area", 13),
    ("Narrative", 70),
    ("Source file", 18),
    ("Source row", 8),
    ("Duplicate of", 14),
    ("Probability", 11),
    ("Decision", 15),
    ("Own risk tier", 11),
    ("Reviewer", 14),
    ("Date", 12),
    ("Note", 30),
];
const REASONS_WIDTH: usize = 52;
const QUOTES_WIDTH: usize = 34;
const NARRATIVE_WIDTH: usize = 70;
/// The first of the columns that are for the reviewer.
const DECISION: u16 = 15;
const DATE: u16 = 18;
const LAST: u16 = 19;

struct Formats {
    text: Format,
    number: Format,
    probability: Format,
    strong: Format,
    high: Format,
    medium: Format,
}

impl Formats {
    fn new() -> Self {
        Self {
            text: text_format(),
            number: text_format().set_align(FormatAlign::Left),
            probability: text_format().set_align(FormatAlign::Left).set_num_format("0.0000"),
            strong: text_format().set_bold(),
            high: text_format().set_bold().set_background_color("F6D5D2"),
            medium: text_format().set_background_color("FBEBCB"),
        }
    }
}

/// The queue, worst first, with the columns that a reviewer fills in.
pub(super) fn write(sheet: &mut Worksheet, run: &Run<'_>, queue: &mut RankedQueue, path: &Path) -> Result<()> {
    let rows = queue.len().min(MAX_RECORDS);
    lay_out(sheet, rows).map_err(|error| fault(path, error))?;
    let formats = Formats::new();
    let mut full_text_left = FULL_TEXT_BYTES;
    for index in 0..rows {
        let entry = queue.entry(index)?;
        let narrative = narrative(&entry, &mut full_text_left);
        write_row(sheet, index, &entry, &run.input(entry.file), &narrative, &formats).map_err(|error| fault(path, error))?;
    }
    Ok(())
}

fn lay_out(sheet: &mut Worksheet, rows: usize) -> Result<(), XlsxError> {
    sheet.set_name("Queue")?.set_freeze_panes(1, 2)?.set_repeat_rows(0, 0)?;
    set_up_print(sheet, PAPER_A3);
    sheet.set_print_gridlines(true);
    let header = header_format();
    for (column, (name, width)) in (0u16..).zip(COLUMNS) {
        sheet.set_column_width(column, width)?.write_string_with_format(0, column, name, &header)?;
    }
    // Formats of whole columns: a blank cell of its own for each record would cost as much as one with text.
    let own = text_format().set_background_color("FBFBF3");
    for column in DECISION..=LAST {
        sheet.set_column_format(column, &if column == DATE { own.clone().set_num_format("dd/mm/yyyy") } else { own.clone() })?;
    }
    sheet.set_row_height(0, 2.0 * LINE_HEIGHT)?;
    let last = row_number(rows);
    sheet.autofilter(0, 0, last, LAST)?;
    if rows > 0 {
        let decisions = DataValidation::new().allow_list_strings(&["stalking", "needs history", "not stalking", "cannot tell"])?;
        let decisions = decisions.set_error_title("Decision")?.set_error_message("Choose one of the list, or leave the cell empty.")?;
        sheet.add_data_validation(1, DECISION, last, DECISION, &decisions)?;
        let tiers = DataValidation::new().allow_list_strings(&["high", "medium", "standard", "none"])?;
        let tiers = tiers.set_error_title("Own risk tier")?.set_error_message("Choose one of the list, or leave the cell empty.")?;
        sheet.add_data_validation(1, DECISION + 1, last, DECISION + 1, &tiers)?;
    }
    Ok(())
}

fn write_row(sheet: &mut Worksheet, index: usize, entry: &Entry, file: &str, narrative: &str, formats: &Formats) -> Result<(), XlsxError> {
    let row = row_number(index + 1);
    let reasons = cell(&entry.reasons.join("\n"));
    let quotes = cell(&quotes(entry));
    let risk = match entry.risk.as_str() {
        "high" => &formats.high,
        "medium" => &formats.medium,
        _ => &formats.text,
    };
    sheet.write_number_with_format(row, 0, f64::from(row), &formats.number)?;
    sheet.write_string_with_format(row, 1, cell(&entry.id), &formats.text)?;
    sheet.write_string_with_format(row, 2, &entry.flag, if entry.flag == "likely" { &formats.strong } else { &formats.text })?;
    sheet.write_string_with_format(row, 3, &entry.risk, risk)?;
    let texts: [(u16, &str); 9] = [
        (4, reasons.as_str()),
        (5, quotes.as_str()),
        (6, &cell(entry.recorded_as.as_deref().unwrap_or_default())),
        (7, if entry.recorded_otherwise { "yes" } else { "" }),
        (8, &cell(&moment(entry.reported_at.as_deref().unwrap_or_default()))),
        (9, &cell(entry.area.as_deref().unwrap_or_default())),
        (10, narrative),
        (11, &cell(file)),
        (13, &cell(entry.duplicate_of.as_deref().unwrap_or_default())),
    ];
    for (column, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        sheet.write_string_with_format(row, column, text, &formats.text)?;
    }
    #[expect(clippy::cast_precision_loss, reason = "a row number")]
    sheet.write_number_with_format(row, 12, entry.row as f64, &formats.number)?;
    sheet.write_number_with_format(row, 14, entry.probability, &formats.probability)?;
    let heights = [(&*reasons, REASONS_WIDTH), (&*quotes, QUOTES_WIDTH), (narrative, NARRATIVE_WIDTH)];
    let height = heights.iter().map(|(text, width)| row_height(text, *width, 2)).fold(0.0, f64::max);
    sheet.set_row_height(row, height)?;
    Ok(())
}

fn narrative(entry: &Entry, full_text_left: &mut usize) -> String {
    let text = visible(&entry.narrative);
    let full = entry.narrative.len() <= *full_text_left;
    *full_text_left = full_text_left.saturating_sub(entry.narrative.len().min(super::CELL_UNITS));
    let units = if full { super::CELL_UNITS } else { EXCERPT_UNITS };
    cut_utf16(&text, units, "\n[cut here: the narrative goes on in your own system]")
}

/// Counted words with their indicator, one quote a line.
fn quotes(entry: &Entry) -> String {
    let mut lines: Vec<String> = Vec::new();
    for mark in entry.marks.iter().filter(|mark| mark.set_aside.is_none()) {
        let line = format!("{} \u{201c}{}\u{201d}", mark.indicator, one_line(&entry.narrative[mark.start..mark.end], 120));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.len() > MAX_QUOTES {
        let more = lines.len() - MAX_QUOTES;
        lines.truncate(MAX_QUOTES);
        lines.push(format!("and {more} more, in the findings table"));
    }
    lines.join("\n")
}

/// A row of the sheet, which never has more than a header and `MAX_RECORDS`.
fn row_number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
