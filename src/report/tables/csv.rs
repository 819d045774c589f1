use std::fs::File;
use std::path::{Path, PathBuf};

use super::{Cell, Field, Table};
use crate::error::{Error, Result};

/// Between the items of a list.
const LIST_SEPARATOR: &str = " | ";

/// Comma-separated, UTF-8 without a byte-order mark, quoted where needed, lines ended by a line feed.
pub(super) struct CsvTable {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl CsvTable {
    pub(super) fn create(path: &Path, fields: &[Field]) -> Result<Self> {
        let writer = csv::Writer::from_path(path).map_err(|error| fault(path, error))?;
        let mut table = Self { path: path.to_owned(), writer };
        table.record(fields.iter().map(|field| field.name.clone()))?;
        Ok(table)
    }

    fn record(&mut self, values: impl Iterator<Item = String>) -> Result<()> {
        self.writer.write_record(values).map_err(|error| fault(&self.path, error))
    }
}

impl Table for CsvTable {
    fn write(&mut self, rows: &[Vec<Cell>]) -> Result<()> {
        rows.iter().try_for_each(|row| self.record(row.iter().map(value)))
    }

    fn finish(&mut self) -> Result<()> {
        self.writer.flush().map_err(|source| Error::io(&self.path, "cannot write", source))
    }
}

fn value(cell: &Cell) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Text(value) => value.clone(),
        Cell::Count(value) => value.to_string(),
        Cell::Real(value) => value.to_string(),
        Cell::Truth(value) => value.to_string(),
        Cell::List(values) => values.join(LIST_SEPARATOR),
    }
}

fn fault(path: &Path, error: csv::Error) -> Error {
    Error::io(path, "cannot write", error.into())
}
