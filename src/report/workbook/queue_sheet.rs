use std::path::Path;

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::review_sheet::{Formats, lay_out};
use super::{MAX_RECORDS, cell, fault, row_height};
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

/// Name and width in characters; those for the reviewer stand behind them.
const COLUMNS: [(&str, u8); 15] = [
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
];
const REASONS_WIDTH: usize = 52;
const QUOTES_WIDTH: usize = 34;
const NARRATIVE_WIDTH: usize = 70;
const DECISIONS: [&str; 4] = ["stalking", "needs history", "not stalking", "cannot tell"];

/// The queue, worst first, with the columns that a reviewer fills in.
pub(super) fn write(sheet: &mut Worksheet, run: &Run<'_>, queue: &mut RankedQueue, path: &Path) -> Result<()> {
    let rows = queue.len().min(MAX_RECORDS);
    lay_out(sheet, "Queue", &COLUMNS, &DECISIONS, row_number(rows)).map_err(|error| fault(path, error))?;
    let formats = Formats::new();
    let mut full_text_left = FULL_TEXT_BYTES;
    for index in 0..rows {
        let entry = queue.entry(index)?;
        let narrative = narrative(&entry, &mut full_text_left);
        write_row(sheet, index, &entry, &run.input(entry.file), &narrative, &formats).map_err(|error| fault(path, error))?;
    }
    Ok(())
}

fn write_row(sheet: &mut Worksheet, index: usize, entry: &Entry, file: &str, narrative: &str, formats: &Formats) -> Result<(), XlsxError> {
    let row = row_number(index + 1);
    let reasons = cell(&entry.reasons.join("\n"));
    let quotes = cell(&quotes(entry));
    sheet.write_number_with_format(row, 0, f64::from(row), &formats.number)?;
    sheet.write_string_with_format(row, 1, cell(&entry.id), &formats.text)?;
    sheet.write_string_with_format(row, 2, &entry.flag, if entry.flag == "likely" { &formats.strong } else { &formats.text })?;
    sheet.write_string_with_format(row, 3, &entry.risk, formats.tier(&entry.risk))?;
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
