//! Rows of Parquet files, a slice at a time.
//!
//! A slice is as many rows as fit a budget by the file's own account of its size, and never reaches over a row group; a row group that is
//! larger than the budget is read in several. Only columns that are needed are read.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::io::SerReader;
use polars::io::parquet::read::{FileMetadata, ParallelStrategy, ParquetReader};
use polars::prelude::{AnyValue, Column, DataFrame, PolarsResult, TimeUnit};

use super::layout::Layout;
use super::{Fault, RawRow, Rows, dates, number_text};
use crate::error::{Error, Result};

/// Bytes that a slice may take when it is unpacked.
const BUDGET: usize = 48 << 20;
/// The most rows of a slice: a file may say less about its size than is true.
const MAX_SLICE: usize = 65_536;

/// What a file says about itself.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) headers: Vec<String>,
    metadata: Arc<FileMetadata>,
}

/// Runs a step of polars; what it reports and what it panics about on damaged files become one message.
fn guarded<T>(path: &Path, step: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
    let message = match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.to_string().lines().next().unwrap_or_default().to_owned(),
        Err(_) => "its content does not fit its own description".to_owned(),
    };
    Err(Error::input(path, format!("cannot be read as a Parquet file ({message}); is it complete? Export it again")))
}

fn open(path: &Path) -> Result<ParquetReader<File>> {
    let file = File::open(path).map_err(|error| Error::io(path, "cannot be opened", error))?;
    Ok(ParquetReader::new(file))
}

/// Reads the file's description and checks that it has rows.
pub(super) fn about(path: &Path) -> Result<About> {
    let mut reader = open(path)?;
    let schema = guarded(path, || reader.schema())?;
    let metadata = guarded(path, || reader.get_metadata().cloned())?;
    if metadata.num_rows == 0 {
        return Err(Error::input(path, "holds a header and no rows; check the export"));
    }
    Ok(About { headers: schema.iter_names().map(ToString::to_string).collect(), metadata })
}

/// The rows of one Parquet file.
pub(super) struct ParquetRows {
    path: PathBuf,
    layout: Layout,
    metadata: Arc<FileMetadata>,
    /// Slices to be read: first row and number of rows; the next one last.
    slices: Vec<(usize, usize)>,
    frame: DataFrame,
    /// Header of each column of `frame`.
    columns: Vec<usize>,
    at: usize,
    row: u64,
}

impl ParquetRows {
    pub(super) fn open(path: &Path, about: &About, layout: Layout) -> Self {
        let mut slices = Vec::new();
        let mut first = 0;
        for group in &about.metadata.row_groups {
            let rows = group.num_rows();
            let most = (BUDGET / (group.total_byte_size() / rows.max(1)).max(1)).clamp(1, MAX_SLICE);
            slices.extend((0..rows).step_by(most).map(|from| (first + from, most.min(rows - from))));
            first += rows;
        }
        slices.reverse();
        let columns = (0..layout.headers.len()).filter(|&i| layout.needed[i]).collect();
        let metadata = Arc::clone(&about.metadata);
        Self { path: path.to_owned(), layout, metadata, slices, frame: DataFrame::empty(), columns, at: 0, row: 0 }
    }

    fn load(&mut self, slice: (usize, usize)) -> Result<()> {
        let mut reader = open(&self.path)?;
        reader.set_metadata(Arc::clone(&self.metadata));
        let reader = reader
            .with_slice(Some(slice))
            .with_projection(Some(self.columns.clone()))
            // The run has its own threads.
            .read_parallel(ParallelStrategy::None);
        self.frame = guarded(&self.path, || reader.finish())?;
        self.at = 0;
        if self.frame.height() != slice.1 {
            return Err(Error::input(&self.path, "holds fewer rows than it says; is it complete? Export it again"));
        }
        Ok(())
    }

    fn texts(&self, row: &mut RawRow) {
        row.cells = vec![String::new(); self.layout.headers.len()];
        for (column, &i) in self.frame.columns().iter().zip(&self.columns) {
            match cell(column, self.at) {
                Ok(text) => row.cells[i] = text,
                Err(cause) => row.fault = Some(Fault { column: Some(self.layout.headers[i].clone()), cause }),
            }
        }
    }
}

impl Rows for ParquetRows {
    fn next_row(&mut self) -> Result<Option<RawRow>> {
        while self.at >= self.frame.height() {
            let Some(slice) = self.slices.pop() else { return Ok(None) };
            self.frame = DataFrame::empty();
            self.load(slice)?;
        }
        self.row += 1;
        let mut row = RawRow { row: self.row, ..RawRow::default() };
        self.texts(&mut row);
        self.at += 1;
        Ok(Some(row))
    }

    #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
    fn share(&self) -> f64 {
        self.row as f64 / self.metadata.num_rows.max(1) as f64
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }
}

fn cell(column: &Column, row: usize) -> Result<String, String> {
    text(&column.get(row).map_err(|_| "cannot be read".to_owned())?)
}

/// A value as text; `Err` says why it has none.
fn text(value: &AnyValue<'_>) -> Result<String, String> {
    if let Some(text) = value.get_str() {
        return Ok(text.to_owned());
    }
    Ok(match value {
        AnyValue::Null => String::new(),
        AnyValue::Float32(number) => number.to_string(),
        AnyValue::Float64(number) => number_text(*number),
        AnyValue::Date(days) => jiff::civil::date(1970, 1, 1)
            .checked_add(jiff::Span::new().days(*days))
            .map_err(|_| "holds a date that does not exist".to_owned())?
            .to_string(),
        AnyValue::Datetime(at, unit, zone) => moment(*at, *unit, zone.is_some())?,
        AnyValue::DatetimeOwned(at, unit, zone) => moment(*at, *unit, zone.is_some())?,
        AnyValue::List(values) => {
            let texts: Result<Vec<String>, String> = values.iter().map(|value| text(&value)).collect();
            texts?.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(";")
        }
        AnyValue::Binary(bytes) => text_of(bytes)?,
        AnyValue::BinaryOwned(bytes) => text_of(bytes)?,
        other if other.is_nested_null() => String::new(),
        other if other.dtype().is_nested() => return Err("holds a structure where a text or number is expected".to_owned()),
        other => other.to_string(),
    })
}

fn text_of(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "holds bytes that are no UTF-8 text".to_owned())
}

/// A moment as ISO 8601 local time: with a zone it is UTC and moves to London, without it is local already.
fn moment(at: i64, unit: TimeUnit, has_zone: bool) -> Result<String, String> {
    let nanoseconds = i128::from(at)
        * match unit {
            TimeUnit::Nanoseconds => 1,
            TimeUnit::Microseconds => 1000,
            TimeUnit::Milliseconds => 1_000_000,
        };
    let local = match has_zone {
        true => dates::london(nanoseconds),
        false => jiff::Timestamp::from_nanosecond(nanoseconds).ok().map(|moment| jiff::tz::Offset::UTC.to_datetime(moment)),
    };
    local.map(dates::iso).ok_or_else(|| "holds a time outside the calendar".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_texts() {
        let noon = 1_752_321_600_000;
        let cases = [
            (AnyValue::Null, ""),
            (AnyValue::String("a"), "a"),
            (AnyValue::Int64(4_211_873), "4211873"),
            (AnyValue::UInt8(7), "7"),
            (AnyValue::Float64(4_211_873.0), "4211873"),
            (AnyValue::Boolean(true), "true"),
            (AnyValue::Date(20_159), "2025-03-12"),
            (AnyValue::Datetime(noon, TimeUnit::Milliseconds, None), "2025-07-12T12:00:00"),
            (AnyValue::Binary(b"abc"), "abc"),
        ];
        for (value, wanted) in cases {
            assert_eq!(text(&value).as_deref(), Ok(wanted), "{value}");
        }
        assert_eq!(moment(noon, TimeUnit::Milliseconds, true).as_deref(), Ok("2025-07-12T13:00:00"));
    }
}
