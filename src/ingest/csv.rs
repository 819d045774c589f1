//! Rows of CSV and TSV files.

use std::path::Path;

use super::layout::{Layout, normalise};
use super::scan::Encoding;
use super::split::{Cell, Dialect, Split, Splitter, Strict, strict, strict_record};
use super::text::TextInput;
use super::{Fault, Format, RawRow, Rows};
use crate::domain::Column;
use crate::error::{Error, Result};

/// Delimiters that are looked for in a header.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The longest header that is read.
const MAX_HEADER: usize = 4 << 20;

/// The header of a file, with what is needed to read on behind it.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) names: Vec<String>,
    dialect: Dialect,
}

/// Reads the header and checks that a row follows.
pub(super) fn header(path: &Path, format: Format, encoding: Encoding) -> Result<Header> {
    let mut input = TextInput::open(path, encoding)?;
    let header = read_header(&mut input, format)?;
    let mut splitter = Splitter::new(input, header.dialect, vec![false; header.names.len()], false)?;
    match splitter.next_record()? {
        Some(_) => Ok(header),
        None => Err(Error::input(path, "holds a header and no rows; check the export")),
    }
}

/// Reads the header and leaves `input` behind it.
fn read_header(input: &mut TextInput, format: Format) -> Result<Header> {
    let told = skip_to_header(input)?;
    let line_end = input.line_end();
    let delimiter = match (format, told) {
        (Format::Tsv, _) => b'\t',
        (_, Some(told)) => told,
        _ => sniff(input.window(), line_end),
    };
    let dialect = Dialect { delimiter, line_end };
    let Strict::Record { cells, length } = strict_record(input, dialect, MAX_HEADER)? else {
        return Err(Error::input(input.path(), "the header has a quote that is not closed; export the file again"));
    };
    let record = &input.window()[..length];
    let names = cells.iter().map(|cell| String::from_utf8_lossy(&cell.bytes(record)).trim().to_owned()).collect();
    input.consume(length);
    Ok(Header { names, dialect })
}

/// Moves to the first line that is not blank; a line `sep=;` as Excel writes it says the delimiter.
fn skip_to_header(input: &mut TextInput) -> Result<Option<u8>> {
    let mut told = None;
    loop {
        let Some(length) = input.line_length(MAX_HEADER)? else {
            return Err(Error::input(input.path(), "the header is longer than 4 MiB; is this a CSV file?"));
        };
        if length == 0 {
            return Err(Error::input(input.path(), "is empty; check the export"));
        }
        let line = input.window()[..length].trim_ascii();
        match line.strip_prefix(b"sep=") {
            Some([delimiter]) => told = Some(*delimiter),
            _ if line.is_empty() && !input.window()[..length].contains(&b'\t') => {}
            _ => return Ok(told),
        }
        input.consume(length);
    }
}

/// The delimiter by which most cells of the header have a known name, or by which there are most cells.
fn sniff(text: &[u8], line_end: u8) -> u8 {
    let score = |delimiter: u8| match strict(text, true, Dialect { delimiter, line_end }) {
        Strict::Record { cells, .. } => {
            let names = cells.iter().map(|cell| normalise(&String::from_utf8_lossy(&cell.bytes(text))));
            (names.filter(|name| super::layout::known(name).is_some()).count(), cells.len())
        }
        _ => (0, 0),
    };
    // Of equals the first is taken.
    DELIMITERS.into_iter().rev().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
}

/// The rows of one CSV or TSV file.
pub(super) struct CsvRows {
    splitter: Splitter,
    layout: Layout,
    bytes: u64,
    row: u64,
}

impl CsvRows {
    pub(super) fn open(path: &Path, format: Format, encoding: Encoding, layout: Layout, bytes: u64) -> Result<Self> {
        let mut input = TextInput::open(path, encoding)?;
        let header = read_header(&mut input, format)?;
        let splitter = Splitter::new(input, header.dialect, layout.free_text(), layout.of(Column::Narrative).contains(&0))?;
        Ok(Self { splitter, layout, bytes, row: 0 })
    }

    fn fault(&self, found: &Split) -> Option<Fault> {
        let columns = self.layout.headers.len();
        match found {
            Split::Row { .. } => None,
            Split::WrongCount { cells } => {
                let (count, what) = (cells.len(), if cells.len() < columns { "few" } else { "many" });
                let cause = format!(
                    "too {what} cells: {count} where the header has {columns}; \
                     put quotes around cells that hold a delimiter or a line break, and double the quotes inside them"
                );
                Some(Fault { column: None, cause })
            }
            Split::Damaged { before } => {
                let record = &self.splitter.input.window()[..self.splitter.length()];
                let breaks = record.iter().filter(|byte| **byte == self.splitter.dialect.line_end).count() as u64;
                let first = self.splitter.input.line();
                let last = first + breaks.saturating_sub(u64::from(record.last() == Some(&self.splitter.dialect.line_end)));
                let lines = if last > first { format!("lines {first} to {last} were") } else { format!("line {first} was") };
                let cause = format!(
                    "a quote opens this cell and none closes it before the next row, or quotes inside it are not doubled; {lines} set aside"
                );
                Some(Fault { column: self.layout.headers.get(before.len()).cloned(), cause })
            }
        }
    }

    /// The texts of the cells that are needed.
    fn texts(&self, cells: &[Cell]) -> Result<Vec<String>, Fault> {
        let record = &self.splitter.input.window()[..self.splitter.length()];
        let mut out = vec![String::new(); cells.len()];
        for (i, cell) in cells.iter().enumerate().filter(|(i, _)| self.layout.needed[*i]) {
            out[i] = String::from_utf8(cell.bytes(record)).map_err(|error| Fault {
                column: Some(self.layout.headers[i].clone()),
                cause: format!(
                    "holds bytes that are no text in the file's encoding, the first at byte {} of the cell; export the row again",
                    error.utf8_error().valid_up_to() + 1
                ),
            })?;
        }
        Ok(out)
    }

    /// What can be read of a row that is at fault: its id, if that stands before the fault.
    fn id_hint(&self, found: &Split) -> Vec<String> {
        let record = &self.splitter.input.window()[..self.splitter.length()];
        let (Split::WrongCount { cells } | Split::Row { cells, .. } | Split::Damaged { before: cells }) = found;
        let mut texts = vec![String::new(); self.layout.headers.len()];
        // Cells before a fault may lie in lines that turned out not to belong to the row.
        for (i, cell) in cells.iter().enumerate().filter(|(i, cell)| self.layout.is_id(*i) && cell.text.end <= record.len()) {
            texts[i] = String::from_utf8(cell.bytes(record)).unwrap_or_default();
        }
        texts
    }
}

impl Rows for CsvRows {
    fn next_row(&mut self) -> Result<Option<RawRow>> {
        let Some(found) = self.splitter.next_record()? else { return Ok(None) };
        self.row += 1;
        let mut row = RawRow { row: self.row, line: Some(self.splitter.input.line()), ..RawRow::default() };
        row.fault = self.fault(&found);
        if let Split::Row { cells, repaired } = &found {
            row.repaired = *repaired;
            match self.texts(cells) {
                Ok(texts) => row.cells = texts,
                Err(fault) => row.fault = Some(fault),
            }
        }
        if row.fault.is_some() {
            row.cells = self.id_hint(&found);
        }
        Ok(Some(row))
    }

    #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
    fn share(&self) -> f64 {
        let input = &self.splitter.input;
        (input.received().saturating_sub(input.window().len() as u64)) as f64 / self.bytes.max(1) as f64
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }
}
