use rust_xlsxwriter::{Worksheet, XlsxError};

use super::{PAPER_A4, cell, header_format, set_up_print, text_format};
use crate::report::Run;
use crate::report::text::thousands;

const COLUMNS: [(&str, u8); 6] = [("File", 40), ("Row", 10), ("Line", 10), ("Column", 22), ("Incident id", 20), ("Cause", 80)];

/// The first rejected rows, and where the others are.
pub(super) fn write(sheet: &mut Worksheet, run: &Run<'_>) -> Result<(), XlsxError> {
    sheet.set_name("Rejected")?.set_freeze_panes(1, 0)?.set_repeat_rows(0, 0)?;
    set_up_print(sheet, PAPER_A4);
    sheet.set_print_gridlines(true);
    let (header, text) = (header_format(), text_format());
    for (column, (name, width)) in (0u16..).zip(COLUMNS) {
        sheet.set_column_width(column, width)?.write_string_with_format(0, column, name, &header)?;
    }
    let mut row = 0;
    for rejected in run.rejects.kept() {
        row += 1;
        let line = rejected.line.map(|line| line.to_string()).unwrap_or_default();
        let column = rejected.column.as_deref().unwrap_or_default();
        let id = rejected.incident_id.as_deref().unwrap_or_default();
        let cells: [&str; 6] = [&run.input(rejected.file), &rejected.row.to_string(), &line, column, id, &rejected.cause];
        for (column, value) in (0u16..).zip(cells) {
            sheet.write_string_with_format(row, column, cell(value), &text)?;
        }
    }
    let more = run.tally.counts.rejected - run.rejects.kept().len() as u64;
    if more > 0 {
        sheet.write_string_with_format(row + 1, 0, format!("and {} more, in rejected.csv", thousands(more)), &text)?;
    }
    if row == 0 {
        sheet.write_string_with_format(1, 0, "No row was rejected.", &text)?;
    }
    Ok(())
}
