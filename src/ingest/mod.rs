//! From files to incidents: formats, encodings, headers, dates, and the rows that could not be read.
//!
//! [`Reader::open`] looks at every file before the first row is given, so that a wrong path or header stops a run at once and not after
//! an hour. [`Reader::next_chunk`] then gives rows in input order. Files are streamed: what is held is one chunk, and a 16-byte hash of each
//! id for finding repeats.
//!
//! | question | answered in |
//! |---|---|
//! | what kind of file is it? | `format` |
//! | which encoding, which hash? | `scan`, `text` |
//! | where does a CSV row end, with quotes as people type them? | `split`, `shapes`, `repair` |
//! | which header is which column? | `layout`, `mapping`, `aliases.toml` |
//! | what does a cell say? | `dates`, `codes`, `record` |
//!
//! A bad row never stops a run and never vanishes: rows in = incidents + rejected. What is wrong with a file as a whole is an error.

mod codes;
mod csv;
mod dates;
mod format;
mod ids;
mod jsonl;
mod layout;
mod mapping;
mod parquet;
mod reader;
mod record;
mod repair;
mod scan;
mod shapes;
mod split;
mod text;
mod xlsx;

use std::path::PathBuf;

pub use format::Format;
pub use reader::Reader;

use crate::domain::{Column, Incident, RejectedRow};
use crate::error::Result;

/// How files are to be read, where their names and headers do not say it.
#[derive(Debug, Clone, Default)]
pub struct IngestOptions {
    /// The format of every file; by ending where none is given.
    pub format: Option<Format>,
    /// A TOML file that says which header is which column.
    pub mapping: Option<PathBuf>,
    /// Headers of columns whose values are carried along in [`Incident::kept`].
    pub keep_columns: Vec<String>,
}

/// Some rows, in input order.
#[derive(Debug, Default)]
pub struct Chunk {
    pub incidents: Vec<Incident>,
    pub rejected: Vec<RejectedRow>,
}

/// What is known about one input file. Counts are complete once [`Reader::next_chunk`] gave `None`.
#[derive(Debug, Clone)]
pub struct Source {
    /// As given; `-` is standard input.
    pub path: PathBuf,
    pub format: Format,
    /// The name of the character encoding found.
    pub encoding: String,
    /// Size as received.
    pub bytes: u64,
    /// SHA-256 of the file as received, in hexadecimal.
    pub sha256: String,
    /// The sheet that was read, for XLSX.
    pub sheet: Option<String>,
    /// Which header was taken for which column, in file order.
    pub mapping: Vec<(String, Column)>,
    /// Headers that were taken for nothing, in file order.
    pub unmapped: Vec<String>,
    /// Data rows: `incidents` + `rejected`.
    pub rows: u64,
    pub incidents: u64,
    pub rejected: u64,
    /// Incidents with a narrative cell of exactly 32,767 characters, where Excel cuts: the end of the text is probably missing.
    pub truncated: u64,
    /// Incidents whose row had quotes that were not doubled and was read all the same.
    pub repaired: u64,
}

/// A row as a file gave it: text by header, or why there is none.
#[derive(Debug, Default)]
struct RawRow {
    /// Data row, counted from 1 without the header.
    row: u64,
    /// Line (CSV, JSON Lines) or sheet row (XLSX), counted from 1.
    line: Option<u64>,
    /// One text a header; empty where the row has nothing or the header is not needed.
    cells: Vec<String>,
    /// What makes the row unreadable.
    fault: Option<Fault>,
    /// Quotes were not doubled, and the row was read all the same.
    repaired: bool,
}

/// What is wrong with a row.
#[derive(Debug)]
struct Fault {
    column: Option<String>,
    cause: String,
}

/// The rows of one file.
trait Rows: Send {
    /// The next row; `None` at the end.
    fn next_row(&mut self) -> Result<Option<RawRow>>;
    /// How much of the file has been read, 0..=1.
    fn share(&self) -> f64;
    /// The layout, where reading can still add to it (JSON Lines).
    fn layout(&self) -> &layout::Layout;
    /// Size and hash, where they are known only at the end (standard input).
    fn received(&mut self) -> Option<(u64, String)> {
        None
    }
}

/// A number as people write it: no exponent, no `.0`.
fn number_text(number: f64) -> String {
    if number.is_finite() { format!("{number}") } else { String::new() }
}
