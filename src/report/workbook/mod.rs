//! `review.xlsx`: what a reviewer opens. Sheets: a page to read first, courses, the queue of records, rejected rows.
//!
//! Whatever comes from a record is written as text, so that no cell can be a formula, and with control characters shown as signs.

mod course_sheet;
mod queue_sheet;
mod read_me;
mod rejected_sheet;
mod review_sheet;

use std::path::Path;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::queue::RankedQueue;
use super::text::{cut_utf16, visible};
use super::{DECIDES_NOTHING, MARKING, Run};
use crate::error::{Error, Result};

/// Most UTF-16 units in a cell.
const CELL_UNITS: usize = 32_767;
/// Most records in the queue, the worst ones. A sheet could hold ten times as many, but a workbook is built in memory, some 5 KB a record.
const MAX_RECORDS: usize = 100_000;
/// Lines of text that a row is high at most; what is longer is read in the cell.
const MAX_LINES: usize = 16;
/// Points.
const LINE_HEIGHT: f64 = 15.0;
/// A4.
const PAPER_A4: u8 = 9;
/// A3, for the many columns of the queue.
const PAPER_A3: u8 = 8;

/// Writes the workbook.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written or a record cannot be read back.
pub(super) fn write(path: &Path, run: &Run<'_>, queue: &mut RankedQueue) -> Result<()> {
    let fault = |error| fault(path, error);
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties().map_err(fault)?);
    read_me::write(workbook.add_worksheet(), run, queue.len()).map_err(fault)?;
    course_sheet::write(workbook.add_worksheet(), run, path)?;
    queue_sheet::write(workbook.add_worksheet(), run, queue, path)?;
    rejected_sheet::write(workbook.add_worksheet(), run).map_err(fault)?;
    workbook.save(path).map_err(fault)
}

/// Equal results make equal bytes, so the document does not say when it was made; the manifest does.
fn properties() -> Result<DocProperties, XlsxError> {
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    Ok(DocProperties::new().set_title("Queue for review").set_subject(MARKING).set_comment(DECIDES_NOTHING).set_creation_datetime(&made))
}

fn fault(path: &Path, error: XlsxError) -> Error {
    let source = match error {
        XlsxError::IoError(source) => source,
        other => std::io::Error::other(other.to_string()),
    };
    Error::io(path, "cannot write", source)
}

/// Text of a record as a cell can hold it: visible, and cut where it is longer than a cell.
fn cell(text: &str) -> String {
    cut_utf16(&visible(text), CELL_UNITS, "\n[cut here: a cell holds no more]")
}

fn header_format() -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::Top)
        .set_background_color("E7EAEE")
        .set_border_bottom(FormatBorder::Thin)
}

fn text_format() -> Format {
    Format::new().set_text_wrap().set_align(FormatAlign::Top)
}

/// The height in points of a row in which `text` stands in a column of `width` characters: roughly its lines, at least `least`.
/// It is set because not every program fits rows to their text when it opens a workbook.
fn row_height(text: &str, width: usize, least: usize) -> f64 {
    // Counting stops where the row stops growing.
    let lines = text.lines().take(MAX_LINES).map(|line| line.chars().take(width * MAX_LINES).count().div_ceil(width).max(1)).sum::<usize>();
    f64::from(u8::try_from(lines.clamp(least, MAX_LINES)).unwrap_or(u8::MAX)) * LINE_HEIGHT
}

/// Landscape, as wide as the paper, header on every page, marking and purpose in the footer.
fn set_up_print(sheet: &mut Worksheet, paper: u8) {
    sheet.set_landscape().set_paper_size(paper).set_print_fit_to_pages(1, 0).set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3);
    sheet.set_header(format!("&C{MARKING}"));
    sheet.set_footer(format!("&L{DECIDES_NOTHING}&C{MARKING}&RPage &P of &N"));
}
