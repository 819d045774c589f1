//! Tables as Parquet, JSON Lines or CSV: the same columns and values in each, written a chunk at a time.

mod csv;
mod jsonl;
mod parquet;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::columns::{Cell, Field};
use crate::error::Result;

/// How tables are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TableFormat {
    #[default]
    Parquet,
    /// Lists are arrays, missing values `null`.
    Jsonl,
    /// Lists are joined by ` | `, missing values empty. Values are what they are: a program reads this file; for a spreadsheet there is
    /// `review.xlsx`, in which no cell is a formula.
    Csv,
}

impl TableFormat {
    /// The name, which is also the ending of the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

impl fmt::Display for TableFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TableFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = [Self::Parquet, Self::Jsonl, Self::Csv].into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| "tables are written as parquet, jsonl or csv".to_owned())
    }
}

/// A table file that grows by chunks of rows.
pub(super) trait Table {
    /// Appends rows, each with one cell for every column.
    fn write(&mut self, rows: &[Vec<Cell>]) -> Result<()>;
    /// Writes what is still held; the file is whole after it.
    fn finish(&mut self) -> Result<()>;
}

/// Begins a table at `path`.
///
/// # Errors
/// [`crate::error::Error::Io`] if the file cannot be made.
pub(super) fn open(path: &Path, format: TableFormat, fields: Vec<Field>) -> Result<Box<dyn Table>> {
    Ok(match format {
        TableFormat::Parquet => Box::new(parquet::ParquetTable::create(path, fields)?),
        TableFormat::Jsonl => Box::new(jsonl::JsonlTable::create(path, fields)?),
        TableFormat::Csv => Box::new(csv::CsvTable::create(path, &fields)?),
    })
}
