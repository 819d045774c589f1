use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Cell, Field, Table};
use crate::error::{Error, Result};

/// One JSON object a line, keys in the order of the columns.
pub(super) struct JsonlTable {
    path: PathBuf,
    file: BufWriter<File>,
    fields: Vec<Field>,
}

impl JsonlTable {
    pub(super) fn create(path: &Path, fields: Vec<Field>) -> Result<Self> {
        let file = File::create(path).map_err(|source| Error::io(path, "cannot write", source))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), fields })
    }
}

impl Table for JsonlTable {
    fn write(&mut self, rows: &[Vec<Cell>]) -> Result<()> {
        let write = |row: &Vec<Cell>| -> std::io::Result<()> {
            serde_json::to_writer(&mut self.file, &Row { fields: &self.fields, cells: row })?;
            self.file.write_all(b"\n")
        };
        rows.iter().try_for_each(write).map_err(|source| Error::io(&self.path, "cannot write", source))
    }

    fn finish(&mut self) -> Result<()> {
        self.file.flush().map_err(|source| Error::io(&self.path, "cannot write", source))
    }
}

struct Row<'a> {
    fields: &'a [Field],
    cells: &'a [Cell],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.cells.len()))?;
        for (field, cell) in self.fields.iter().zip(self.cells) {
            match cell {
                Cell::Missing => map.serialize_entry(&field.name, &())?,
                Cell::Text(value) => map.serialize_entry(&field.name, value)?,
                Cell::Count(value) => map.serialize_entry(&field.name, value)?,
                Cell::Real(value) => map.serialize_entry(&field.name, value)?,
                Cell::Truth(value) => map.serialize_entry(&field.name, value)?,
                Cell::List(values) => map.serialize_entry(&field.name, values)?,
            }
        }
        map.end()
    }
}
