use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::{
    BatchedWriter, BooleanChunked, Column, DataFrame, DataType, IntoColumn, ListBuilderTrait, ListStringChunkedBuilder, NamedFrom,
    ParquetCompression, ParquetWriter, PolarsError, PolarsResult, Schema, Series,
};

use super::{Cell, Field, Table};
use crate::error::{Error, Result};
use crate::report::columns::Kind;

/// Parquet with a row group a chunk, zstandard, and no metadata of its own: equal rows make equal bytes.
pub(super) struct ParquetTable {
    path: PathBuf,
    fields: Vec<Field>,
    // The file itself, not a buffer around it: polars writes whole pages, and a buffer could hide a full disk until it is dropped.
    writer: BatchedWriter<File>,
}

impl ParquetTable {
    pub(super) fn create(path: &Path, fields: Vec<Field>) -> Result<Self> {
        let file = File::create(path).map_err(|source| Error::io(path, "cannot write", source))?;
        let schema: Schema =
            fields.iter().map(|field| polars::prelude::Field::new(field.name.as_str().into(), dtype(field.kind))).collect();
        let writer = ParquetWriter::new(file)
            .with_compression(ParquetCompression::Zstd(None))
            // The pool of the command is the one owner of threads.
            .set_parallel(false)
            .batched(&schema)
            .map_err(|error| fault(path, error))?;
        Ok(Self { path: path.to_owned(), fields, writer })
    }

    fn frame(&self, rows: &[Vec<Cell>]) -> PolarsResult<DataFrame> {
        let columns = self.fields.iter().enumerate().map(|(i, field)| column(field, rows.iter().map(|row| &row[i]), rows.len())).collect();
        DataFrame::new(rows.len(), columns)
    }
}

impl Table for ParquetTable {
    fn write(&mut self, rows: &[Vec<Cell>]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let frame = self.frame(rows).map_err(|error| fault(&self.path, error))?;
        self.writer.write_batch(&frame).map_err(|error| fault(&self.path, error))
    }

    fn finish(&mut self) -> Result<()> {
        self.writer.finish().map(|_| ()).map_err(|error| fault(&self.path, error))
    }
}

fn dtype(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::String,
        Kind::Count => DataType::UInt64,
        Kind::Real => DataType::Float64,
        Kind::Truth => DataType::Boolean,
        Kind::List => DataType::List(Box::new(DataType::String)),
    }
}

fn column<'a>(field: &Field, cells: impl Iterator<Item = &'a Cell>, rows: usize) -> Column {
    let name = field.name.as_str();
    match field.kind {
        Kind::Text => Series::new(
            name.into(),
            cells.map(|cell| if let Cell::Text(value) = cell { Some(value.as_str()) } else { None }).collect::<Vec<_>>(),
        )
        .into_column(),
        Kind::Count => {
            Series::new(name.into(), cells.map(|cell| if let Cell::Count(value) = cell { Some(*value) } else { None }).collect::<Vec<_>>())
                .into_column()
        }
        Kind::Real => {
            Series::new(name.into(), cells.map(|cell| if let Cell::Real(value) = cell { Some(*value) } else { None }).collect::<Vec<_>>())
                .into_column()
        }
        Kind::Truth => BooleanChunked::new(
            name.into(),
            cells.map(|cell| if let Cell::Truth(value) = cell { Some(*value) } else { None }).collect::<Vec<_>>(),
        )
        .into_column(),
        Kind::List => {
            let mut builder = ListStringChunkedBuilder::new(name.into(), rows, rows);
            for cell in cells {
                match cell {
                    Cell::List(values) => builder.append_values_iter(values.iter().map(String::as_str)),
                    _ => builder.append_null(),
                }
            }
            builder.finish().into_column()
        }
    }
}

fn fault(path: &Path, error: PolarsError) -> Error {
    let source = match error {
        PolarsError::IO { error, .. } => std::io::Error::new(error.kind(), error.to_string()),
        other => std::io::Error::other(other.to_string()),
    };
    Error::io(path, "cannot write", source)
}
