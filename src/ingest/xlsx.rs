//! Rows of XLSX workbooks, cell by cell.
//!
//! Cells are streamed and rows kept as they are filled, so what a sheet claims about its size costs nothing. The workbook borrows from
//! itself while it is read, which a thread of its own solves: it sends rows through a channel that holds a few. What does stay in memory is
//! the workbook's table of texts, which comes before the cells that refer to it: half a million narratives of 200 words are some 0.6 GB.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};

use super::layout::{Layout, known, normalise, position};
use super::mapping::Mapping;
use super::{RawRow, Rows, dates, number_text};
use crate::error::{Error, Result};

/// Rows among which the header is looked for: exports put titles and filters above it.
const HEADER_ROWS: usize = 20;
/// The last column that a workbook can have.
const MAX_COLUMNS: u32 = 16_384;
/// Rows sent at a time, and how many such batches may wait.
const BATCH: usize = 64;
const WAITING: usize = 4;

type Workbook = Xlsx<BufReader<File>>;

/// Where a workbook's table is.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) sheet: String,
    pub(super) headers: Vec<String>,
    /// Sheet row of the header, from 0.
    header_row: u32,
    /// Last sheet row by the sheet's own account; for progress only.
    claimed_rows: u32,
}

/// One row as the sheet has it: cells by column, from 0.
type Cells = Vec<(u32, String)>;

/// A cell as text. `is_date` tells that a plain number is a date.
fn text(value: &DataRef<'_>, is_date: bool, is_1904: bool) -> String {
    match value {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::Int(value) => value.to_string(),
        DataRef::Float(value) if is_date && is_1904 => dates::excel_text(*value, true).unwrap_or_else(|| number_text(*value)),
        DataRef::Float(value) => number_text(*value),
        DataRef::DateTime(value) if value.is_duration() => number_text(value.as_f64()),
        DataRef::DateTime(value) => dates::excel_text(value.as_f64(), is_1904).unwrap_or_else(|| number_text(value.as_f64())),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
    }
}

fn open(path: &Path) -> Result<Workbook> {
    let file = File::open(path).map_err(|error| Error::io(path, "cannot be opened", error))?;
    Xlsx::new(BufReader::new(file)).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &XlsxError) -> Error {
    Error::input(path, format!("cannot be read as an XLSX workbook ({error}); is it complete? Export it again, or save it as CSV"))
}

/// Gives the sheet's rows that hold anything to `each`, with their number from 0, until it says stop.
fn for_rows(workbook: &mut Workbook, sheet: &str, is_date: &[bool], mut each: impl FnMut(u32, Cells) -> bool) -> Result<u32, XlsxError> {
    let is_1904 = workbook.has_1904_epoch();
    let mut reader = workbook.worksheet_cells_reader(sheet)?;
    let claimed = reader.dimensions().end.0;
    let (mut row, mut cells): (u32, Cells) = (0, Vec::new());
    while let Some(cell) = reader.next_cell()? {
        let (at, column) = cell.get_position();
        if at != row {
            if !cells.is_empty() && !each(row, std::mem::take(&mut cells)) {
                return Ok(claimed);
            }
            row = at;
        }
        let is_date = is_date.get(column as usize).copied().unwrap_or(false);
        let text = text(cell.get_value(), is_date, is_1904);
        if column < MAX_COLUMNS && !text.trim().is_empty() {
            cells.push((column, text));
        }
    }
    if !cells.is_empty() {
        each(row, cells);
    }
    Ok(claimed)
}

/// Finds the table: the first sheet with a header, or the one that the mapping names.
fn find_table(workbook: &mut Workbook, path: &Path, mapping: &Mapping) -> Result<Table> {
    let sheets = sheets(workbook);
    let looked_at = match mapping.sheet() {
        Some(sheet) if sheets.iter().any(|name| name == sheet) => vec![sheet.to_owned()],
        Some(_) => return Err(mapping.no_such_sheet(path, &sheets)),
        None => sheets,
    };
    let mut best: Option<(usize, Table, bool)> = None;
    for sheet in looked_at {
        let Some((score, table, has_rows)) = sheet_table(workbook, path, &sheet, mapping)? else { continue };
        if best.as_ref().is_none_or(|(known, ..)| *known < score) {
            best = Some((score, table, has_rows));
        }
        // Two known headers are a table; a single one may be a word in a title.
        if score >= 2 {
            break;
        }
    }
    match best {
        None => Err(Error::input(path, "is empty; check the export")),
        Some((1.., table, false)) => {
            Err(Error::input(path, format!("sheet `{}` holds a header and no rows; check the export", table.sheet)))
        }
        Some((_, table, _)) => Ok(table),
    }
}

/// Sheets with cells, those that are hidden last.
fn sheets(workbook: &Workbook) -> Vec<String> {
    let mut sheets: Vec<_> = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).collect();
    sheets.sort_by_key(|sheet| sheet.visible != SheetVisible::Visible);
    sheets.into_iter().map(|sheet| sheet.name.clone()).collect()
}

/// The sheet's likeliest header, with the number of headers that are known, and whether rows follow; `None` for an empty sheet.
fn sheet_table(workbook: &mut Workbook, path: &Path, sheet: &str, mapping: &Mapping) -> Result<Option<(usize, Table, bool)>> {
    let mut rows: Vec<(u32, Cells)> = Vec::new();
    let claimed_rows = for_rows(workbook, sheet, &[], |row, cells| {
        rows.push((row, cells));
        rows.len() <= HEADER_ROWS
    })
    .map_err(|error| unreadable(path, &error))?;
    let score = |cells: &Cells| {
        let names: Vec<String> = cells.iter().map(|(_, text)| text.trim().to_owned()).collect();
        let normalised: Vec<String> = names.iter().map(|name| normalise(name)).collect();
        let mapped = mapping.columns().iter().flat_map(|(_, wanted)| wanted);
        let mapped = mapped.filter(|wanted| position(&names, &normalised, wanted).is_some()).count();
        normalised.iter().filter(|name| known(name).is_some()).count().max(mapped)
    };
    // Of equals the first is the header.
    let Some((at, best)) = rows.iter().map(|(_, cells)| score(cells)).enumerate().rev().max_by_key(|(_, score)| *score) else {
        return Ok(None);
    };
    let (header_row, cells) = rows.swap_remove(at);
    let width = cells.iter().map(|(column, _)| *column as usize + 1).max().unwrap_or(0);
    let mut headers = vec![String::new(); width];
    for (column, text) in cells {
        text.trim().clone_into(&mut headers[column as usize]);
    }
    let has_rows = rows.iter().any(|(row, _)| *row > header_row);
    Ok(Some((best, Table { sheet: sheet.to_owned(), headers, header_row, claimed_rows }, has_rows)))
}

/// A thread that has opened a workbook, found its table, and waits for the order to send its rows. Dropping it ends the thread.
pub(super) struct Worker {
    path: PathBuf,
    table: Table,
    order: SyncSender<Vec<bool>>,
    rows: Receiver<Sent>,
}

enum Sent {
    Table(Table),
    Rows(Vec<(u32, Cells)>),
    End,
    Failed(Error),
}

impl Worker {
    /// Opens a workbook and finds its table.
    pub(super) fn open(path: &Path, mapping: &Mapping) -> Result<Self> {
        let (sender, rows) = sync_channel(WAITING);
        let (order, orders) = sync_channel(1);
        let (file, its_mapping) = (path.to_owned(), mapping.clone());
        std::thread::spawn(move || {
            // Nobody listens any more where sending fails: there is nothing left to do.
            let _ = sender.send(work(&file, &its_mapping, &orders, &sender).map_or_else(Sent::Failed, |()| Sent::End));
        });
        match receive(path, &rows)? {
            Sent::Table(table) => Ok(Self { path: path.to_owned(), table, order, rows }),
            Sent::Failed(error) => Err(error),
            Sent::Rows(_) | Sent::End => Err(stopped(path)),
        }
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }
}

fn receive(path: &Path, rows: &Receiver<Sent>) -> Result<Sent> {
    rows.recv().map_err(|_| stopped(path))
}

/// The thread is gone without a word: it panicked over what it read.
fn stopped(path: &Path) -> Error {
    Error::input(path, "cannot be read as an XLSX workbook: its content does not fit its own description; save it as CSV")
}

fn work(path: &Path, mapping: &Mapping, orders: &Receiver<Vec<bool>>, sender: &SyncSender<Sent>) -> Result<()> {
    let mut workbook = open(path)?;
    let table = find_table(&mut workbook, path, mapping)?;
    if sender.send(Sent::Table(table.clone())).is_err() {
        return Ok(());
    }
    let Ok(is_date) = orders.recv() else { return Ok(()) };
    let mut batch = Vec::with_capacity(BATCH);
    let each = |row, cells| {
        if row > table.header_row {
            batch.push((row, cells));
        }
        batch.len() < BATCH || sender.send(Sent::Rows(std::mem::take(&mut batch))).is_ok()
    };
    for_rows(&mut workbook, &table.sheet, &is_date, each).map_err(|error| unreadable(path, &error))?;
    let _ = sender.send(Sent::Rows(batch));
    Ok(())
}

/// The rows of one sheet.
pub(super) struct XlsxRows {
    worker: Worker,
    layout: Layout,
    waiting: std::vec::IntoIter<(u32, Cells)>,
    row: u64,
    sheet_row: u32,
    ended: bool,
}

impl XlsxRows {
    pub(super) fn new(worker: Worker, layout: Layout) -> Self {
        // A thread that has stopped is noticed when its rows are asked for.
        let _ = worker.order.send(layout.dates());
        Self { worker, layout, waiting: Vec::new().into_iter(), row: 0, sheet_row: 0, ended: false }
    }

    fn fill(&self, cells: Cells) -> Vec<String> {
        let mut texts = vec![String::new(); self.layout.headers.len()];
        for (column, text) in cells {
            let column = column as usize;
            if self.layout.needed.get(column) == Some(&true) {
                texts[column] = text;
            }
        }
        texts
    }
}

impl Rows for XlsxRows {
    fn next_row(&mut self) -> Result<Option<RawRow>> {
        loop {
            if let Some((sheet_row, cells)) = self.waiting.next() {
                self.sheet_row = sheet_row;
                self.row += 1;
                let line = Some(u64::from(sheet_row) + 1);
                return Ok(Some(RawRow { row: self.row, line, cells: self.fill(cells), ..RawRow::default() }));
            }
            if self.ended {
                return Ok(None);
            }
            match receive(&self.worker.path, &self.worker.rows)? {
                Sent::Rows(rows) => self.waiting = rows.into_iter(),
                Sent::Table(_) | Sent::End => self.ended = true,
                Sent::Failed(error) => return Err(error),
            }
        }
    }

    fn share(&self) -> f64 {
        f64::from(self.sheet_row) / f64::from(self.worker.table.claimed_rows.max(self.sheet_row).max(1))
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_become_texts() {
        let cases = [
            (DataRef::Float(4_211_873.0), "4211873"),
            (DataRef::Float(123_456_789_012.0), "123456789012"),
            (DataRef::Float(1e15), "1000000000000000"),
            (DataRef::Float(8.65), "8.65"),
            (DataRef::Int(7), "7"),
            (DataRef::Bool(true), "true"),
            (DataRef::Error(calamine::CellErrorType::NA), ""),
            (DataRef::SharedString(" a "), " a "),
        ];
        for (value, wanted) in cases {
            assert_eq!(text(&value, false, false), wanted, "{value:?}");
        }
        assert_eq!(text(&DataRef::Float(44266.0), true, true), "2025-03-12");
    }
}
