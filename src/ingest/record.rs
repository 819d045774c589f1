//! From a row's texts to an incident, or to the reason why it is rejected.

use super::dates::{self, Kind, Reading};
use super::layout::Layout;
use super::{Fault, RawRow, codes};
use crate::domain::{Column, Incident, RejectedRow};

/// Where Excel cuts a cell, in UTF-16 units.
const EXCEL_CELL: usize = 32_767;

/// An incident with what its row looked like.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) incident: Incident,
    /// A narrative cell has just the length at which Excel cuts.
    pub(super) truncated: bool,
    pub(super) repaired: bool,
}

/// Reads one row; `repeat` says where an id was met before, if it was.
pub(super) fn read(
    mut raw: RawRow,
    layout: &Layout,
    file: usize,
    repeat: impl FnOnce(&str) -> Option<String>,
) -> Result<Accepted, RejectedRow> {
    let id = first_value(&raw.cells, layout.of(Column::IncidentId)).trim().to_owned();
    let place = (raw.row, raw.line);
    let reject = |id: &str, fault: Fault| RejectedRow {
        file,
        row: place.0,
        line: place.1,
        incident_id: (!id.is_empty()).then(|| id.to_owned()),
        column: fault.column,
        cause: fault.cause,
    };
    if let Some(fault) = raw.fault.take() {
        return Err(reject(&id, fault));
    }
    let at = |column: Column| layout.of(column).first().map(|&i| layout.headers[i].clone());
    if id.is_empty() {
        let cause = "the id is empty; every row needs one that is unique in the run".to_owned();
        return Err(reject(&id, Fault { column: at(Column::IncidentId), cause }));
    }
    let fields = fields(&raw.cells, layout).map_err(|fault| reject(&id, fault))?;
    // Texts are taken out of the row last: a narrative can be long, and is moved, not copied.
    let kept = layout.kept.iter().map(|i| i.map_or_else(String::new, |i| raw.cells[i].clone())).collect();
    let (narrative, truncated) = narrative(&mut raw.cells, layout);
    if narrative.trim().is_empty() {
        let cause = "narrative is empty; there is nothing to screen".to_owned();
        return Err(reject(&id, Fault { column: at(Column::Narrative), cause }));
    }
    if let Some(cause) = repeat(&id) {
        return Err(reject(&id, Fault { column: at(Column::IncidentId), cause }));
    }
    let incident = Incident { id, narrative, file, row: raw.row, fields, kept };
    Ok(Accepted { incident, truncated, repaired: raw.repaired })
}

/// The first text that is not blank.
fn first_value<'a>(cells: &'a [String], headers: &[usize]) -> &'a str {
    headers.iter().filter_map(|&i| cells.get(i)).map(String::as_str).find(|text| !text.trim().is_empty()).unwrap_or_default()
}

/// The narrative: one cell as it stands, or several that are not blank, each under its header.
fn narrative(cells: &mut [String], layout: &Layout) -> (String, bool) {
    let present: Vec<usize> = layout.of(Column::Narrative).iter().copied().filter(|&i| !cells[i].trim().is_empty()).collect();
    // A character is one UTF-16 unit or two, and up to four bytes.
    let is_full = |text: &str| (EXCEL_CELL..=EXCEL_CELL * 4).contains(&text.len()) && text.encode_utf16().count() == EXCEL_CELL;
    let truncated = present.iter().any(|&i| is_full(&cells[i]));
    if let [only] = present[..] {
        return (std::mem::take(&mut cells[only]), truncated);
    }
    let sections: Vec<String> = present.iter().map(|&i| format!("{}:\n{}", layout.headers[i], cells[i].trim_end())).collect();
    (sections.join("\n\n"), truncated)
}

/// The known columns that hold a value, except id and narrative.
fn fields(cells: &[String], layout: &Layout) -> Result<Vec<(Column, String)>, Fault> {
    let mut fields = Vec::new();
    for (column, headers) in &layout.columns {
        if let Some(value) = value(*column, cells, layout, headers)? {
            fields.push((*column, value));
        }
    }
    Ok(fields)
}

fn value(column: Column, cells: &[String], layout: &Layout, headers: &[usize]) -> Result<Option<String>, Fault> {
    let text = first_value(cells, headers).trim();
    if text.is_empty() {
        return Ok(None);
    }
    Ok(match column {
        Column::IncidentId | Column::Narrative => None,
        Column::ReportedAt | Column::OccurredFrom | Column::OccurredTo => match dates::read(text, Kind::Event) {
            Reading::Date(date) => Some(date),
            Reading::Missing => None,
            Reading::Bad(cause) => {
                let column = headers.iter().find(|&&i| cells[i].trim() == text).map(|&i| layout.headers[i].clone());
                return Err(Fault { column, cause });
            }
        },
        Column::VictimDob | Column::SuspectDob => match dates::read(text, Kind::Birth) {
            Reading::Date(date) => Some(date),
            Reading::Missing => None,
            // A birth date is a clue among others and no reason to lose the record.
            Reading::Bad(_) => Some(text.to_owned()),
        },
        Column::RecordType => Some(codes::record_type(text)),
        Column::OffenceCode => Some(codes::offence_code(text)),
        Column::LinkedRefs => {
            let refs = headers.iter().flat_map(|&i| cells[i].split(';')).map(str::trim).filter(|reference| !reference.is_empty());
            let mut unique: Vec<&str> = Vec::new();
            refs.for_each(|reference| {
                if !unique.contains(&reference) {
                    unique.push(reference);
                }
            });
            Some(unique.join(";"))
        }
        _ => Some(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::mapping::Mapping;

    fn read_row(headers: &[&str], cells: &[&str]) -> Result<Accepted, RejectedRow> {
        let layout = Layout::new(headers.iter().map(|header| (*header).to_owned()).collect(), &Mapping::default(), &[]);
        let raw = RawRow { row: 1, cells: cells.iter().map(|cell| (*cell).to_owned()).collect(), ..RawRow::default() };
        read(raw, &layout, 0, |_| None)
    }

    #[test]
    fn narratives_are_joined_under_their_headers() {
        let cases = [
            (["He waits.", "", " "], "He waits."),
            (["", "Seen. ", ""], "Seen. "),
            (["He waits.\n", "Seen.", ""], "MO:\nHe waits.\n\nSummary:\nSeen."),
            (["a", "b", "c"], "MO:\na\n\nSummary:\nb\n\nOEL:\nc"),
        ];
        for (texts, wanted) in cases {
            let accepted = read_row(&["id", "MO", "Summary", "OEL"], &["1", texts[0], texts[1], texts[2]]).unwrap();
            assert_eq!(accepted.incident.narrative, wanted);
        }
    }

    #[test]
    fn values_are_read_by_column() {
        let headers = ["id", "text", "Reported", "Victim DOB", "HO code", "Linked refs", "Related crime no", "Status"];
        let accepted = read_row(&headers, &[" 7 ", "He waits.", "12/03/2025", "summer 1990", "00865", "A1; B2;", "B2", " "]).unwrap();
        assert_eq!(accepted.incident.id, "7");
        let wanted = [
            (Column::ReportedAt, "2025-03-12"),
            (Column::OffenceCode, "8/65"),
            (Column::VictimDob, "summer 1990"),
            (Column::LinkedRefs, "A1;B2"),
        ];
        assert_eq!(accepted.incident.fields, wanted.map(|(column, value)| (column, value.to_owned())));
    }

    #[test]
    fn a_rejected_row_names_the_column_and_not_the_text() {
        let cases = [
            (["", "He waits.", ""], Some("id"), "the id is empty"),
            (["7", " \n", ""], Some("text"), "narrative is empty"),
            (["7", "He waits.", "31/02/2025"], Some("Reported"), "day 31 does not exist in month 2"),
        ];
        for (cells, column, cause) in cases {
            let rejected = read_row(&["id", "text", "Reported"], &cells).unwrap_err();
            assert_eq!(rejected.column.as_deref(), column);
            assert!(rejected.cause.contains(cause), "{}", rejected.cause);
        }
    }

    #[test]
    fn a_cell_that_excel_cut_is_seen() {
        for (length, wanted) in [(32_766, false), (32_767, true), (32_768, false)] {
            assert_eq!(read_row(&["id", "text"], &["1", &"x".repeat(length)]).unwrap().truncated, wanted, "{length}");
        }
    }
}
