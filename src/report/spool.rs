//! Rows of `screened` that wait for their courses, which are known only when every record is read.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::columns::Cell;
use crate::error::{Error, Result};

/// Chunks of rows in a file without a name, which the system removes by itself.
pub(super) struct Spool {
    folder: PathBuf,
    file: BufWriter<File>,
}

impl Spool {
    /// An empty spool in `folder`.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(|source| Error::io(folder, "cannot write here", source))?;
        Ok(Self { folder: folder.to_owned(), file: BufWriter::new(file) })
    }

    /// Takes a chunk of rows.
    pub(super) fn add(&mut self, rows: &[Vec<Cell>]) -> Result<()> {
        let mut write = || {
            serde_json::to_writer(&mut self.file, rows)?;
            self.file.write_all(b"\n")
        };
        write().map_err(|source: std::io::Error| Error::io(&self.folder, "cannot write here", source))
    }

    /// Gives every chunk back, in order.
    pub(super) fn replay(&mut self, mut each: impl FnMut(Vec<Vec<Cell>>) -> Result<()>) -> Result<()> {
        let fault = |source| Error::io(&self.folder, "cannot read back from here", source);
        self.file.flush().map_err(|source| Error::io(&self.folder, "cannot write here", source))?;
        let file = self.file.get_mut();
        file.seek(SeekFrom::Start(0)).map_err(fault)?;
        for line in BufReader::new(file).split(b'\n') {
            each(serde_json::from_slice(&line.map_err(fault)?).map_err(|error| fault(error.into()))?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_went_in() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::create(folder.path()).unwrap();
        let rows = vec![vec![Cell::Text("a\nb".to_owned()), Cell::Missing, Cell::Real(0.1234), Cell::List(vec!["x".to_owned()])]];
        spool.add(&rows).unwrap();
        spool.add(&[vec![Cell::Count(7), Cell::Truth(true)]]).unwrap();
        let mut back = Vec::new();
        spool
            .replay(|rows| {
                back.extend(rows);
                Ok(())
            })
            .unwrap();
        assert_eq!(back, [rows[0].clone(), vec![Cell::Count(7), Cell::Truth(true)]]);
    }
}
