//! What the sheets that a reviewer fills in have in common: layout, the five columns for the reviewer, the colours of tiers.

use rust_xlsxwriter::{DataValidation, Format, FormatAlign, Worksheet, XlsxError};

use super::{LINE_HEIGHT, PAPER_A3, header_format, set_up_print, text_format};

/// The last columns of a sheet, name and width in characters.
pub(super) const OWN: [(&str, u8); 5] = [("Decision", 15), ("Own risk tier", 11), ("Reviewer", 14), ("Date", 12), ("Note", 30)];
/// The date among them.
const DATE: u16 = 3;

/// Formats of cells.
pub(super) struct Formats {
    pub(super) text: Format,
    pub(super) number: Format,
    pub(super) probability: Format,
    pub(super) strong: Format,
    high: Format,
    medium: Format,
}

impl Formats {
    pub(super) fn new() -> Self {
        Self {
            text: text_format(),
            number: text_format().set_align(FormatAlign::Left),
            probability: text_format().set_align(FormatAlign::Left).set_num_format("0.0000"),
            strong: text_format().set_bold(),
            high: text_format().set_bold().set_background_color("F6D5D2"),
            medium: text_format().set_background_color("FBEBCB"),
        }
    }

    /// The format of a risk tier's cell.
    pub(super) fn tier(&self, tier: &str) -> &Format {
        match tier {
            "high" => &self.high,
            "medium" => &self.medium,
            _ => &self.text,
        }
    }
}

/// Header, widths, print and filter of a sheet of `rows` rows, with [`OWN`] behind `columns` and a list of decisions to choose from.
pub(super) fn lay_out(sheet: &mut Worksheet, name: &str, columns: &[(&str, u8)], decisions: &[&str], rows: u32) -> Result<(), XlsxError> {
    sheet.set_name(name)?.set_freeze_panes(1, 2)?.set_repeat_rows(0, 0)?;
    set_up_print(sheet, PAPER_A3);
    sheet.set_print_gridlines(true);
    let header = header_format();
    let mut own = 0;
    let mut last = 0;
    for (column, (name, width)) in (0u16..).zip(columns.iter().chain(&OWN)) {
        sheet.set_column_width(column, *width)?.write_string_with_format(0, column, *name, &header)?;
        own += u16::from(usize::from(column) < columns.len());
        last = column;
    }
    // Formats of whole columns: a blank cell of its own for each record would cost as much as one with text.
    let format = text_format().set_background_color("FBFBF3");
    for column in own..=last {
        sheet
            .set_column_format(column, &if column == own + DATE { format.clone().set_num_format("dd/mm/yyyy") } else { format.clone() })?;
    }
    sheet.set_row_height(0, 2.0 * LINE_HEIGHT)?;
    sheet.autofilter(0, 0, rows, last)?;
    if rows > 0 {
        let tiers = ["high", "medium", "standard", "none"];
        for (column, title, list) in [(own, OWN[0].0, decisions), (own + 1, OWN[1].0, &tiers)] {
            let choice = DataValidation::new().allow_list_strings(list)?;
            let choice = choice.set_error_title(title)?.set_error_message("Choose one of the list, or leave the cell empty.")?;
            sheet.add_data_validation(1, column, rows, column, &choice)?;
        }
    }
    Ok(())
}
