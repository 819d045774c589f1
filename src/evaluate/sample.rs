//! Which labelled records are measured, and which the bag of words learns from.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::classifier::hex;
use crate::domain::Incident;
use crate::error::{Error, Result};
use crate::ingest::{IngestOptions, Reader};
use crate::labels::{self, LabelledRecord, Split};

/// Rows of an export that are in memory at a time.
const CHUNK_ROWS: usize = 2_048;

/// What is measured, and on what.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Never empty; ids are unique.
    pub records: Vec<LabelledRecord>,
    /// For the bag of words; none of these is measured. May be empty.
    pub train: Vec<LabelledRecord>,
    pub files: Vec<FileUsed>,
    /// What a reader of the figures must know of the sample.
    pub notes: Vec<String>,
}

/// A labelled file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileUsed {
    pub path: String,
    pub sha256: String,
    /// Records of it that are measured.
    pub records: usize,
}

impl Sample {
    /// Reads the files (with narratives from `exports` where labels stand apart from their records), keeps the records of `split` (all for `None`), and finds the records for the bag of words: those of `train`, or
    /// else the train split of the files beside, where a `splits.toml` lies there.
    ///
    /// # Errors
    /// Those of [`labels::load`] and of reading exports; [`Error::Usage`] where an id stands twice or no record is left.
    pub fn load(paths: &[PathBuf], exports: &[PathBuf], train: &[PathBuf], split: Option<Split>) -> Result<Self> {
        let mut records = if exports.is_empty() { labels::load(paths)? } else { labels::load_beside(paths, &exported(paths, exports)?)? };
        labels::unique_ids(&records)?;
        let has_splits = match paths.first() {
            Some(path) => labels::files_with_splits(path)?,
            None => None,
        };
        if let Some(split) = split {
            records.retain(|record| record.split == split);
        }
        if records.is_empty() {
            return Err(Error::Usage(match split {
                Some(split) => format!(
                    "no record of the {} split is in these files; a splits.toml beside them names the dev and test writers",
                    split.name()
                ),
                None => "there is no labelled record in these files".to_owned(),
            }));
        }
        let mut notes = Vec::new();
        if has_splits.is_some() {
            for used in [Split::Train, Split::Dev] {
                let count = records.iter().filter(|record| record.split == used).count();
                if count > 0 {
                    notes.push(format!(
                        "{count} of the {} records are of the {} split: where the model was made from these files it has seen them, and figures on them are no test",
                        records.len(),
                        used.name()
                    ));
                }
            }
        }
        let train = Self::train(train, has_splits, &records, &mut notes)?;
        let files = paths.iter().map(|path| file_used(path, &records)).collect::<Result<_>>()?;
        Ok(Self { records, train, files, notes })
    }

    fn train(
        named: &[PathBuf],
        beside: Option<Vec<PathBuf>>,
        records: &[LabelledRecord],
        notes: &mut Vec<String>,
    ) -> Result<Vec<LabelledRecord>> {
        let found = if named.is_empty() {
            let mut found = labels::load(&beside.unwrap_or_default())?;
            found.retain(|record| record.split == Split::Train);
            found
        } else {
            labels::load(named)?
        };
        let count = found.len();
        let train = labels::without(found, records);
        if train.len() < count {
            notes.push(format!(
                "{} training records are among those measured; the bag of words did not learn from them",
                count - train.len()
            ));
        }
        Ok(train)
    }
}

/// The labelled records of the exports, by id.
fn exported(paths: &[PathBuf], exports: &[PathBuf]) -> Result<HashMap<String, Incident>> {
    let wanted = labels::ids(paths)?;
    let mut reader = Reader::open(exports, IngestOptions::default())?;
    let mut found = HashMap::new();
    while let Some(chunk) = reader.next_chunk(CHUNK_ROWS)? {
        let labelled = chunk.incidents.into_iter().filter(|incident| wanted.contains(&incident.id));
        found.extend(labelled.map(|incident| (incident.id.clone(), incident)));
    }
    Ok(found)
}

fn file_used(path: &Path, records: &[LabelledRecord]) -> Result<FileUsed> {
    let bytes = std::fs::read(path).map_err(|source| Error::io(path, "cannot read", source))?;
    let writer = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(FileUsed {
        path: path.display().to_string(),
        sha256: hex(&Sha256::digest(&bytes)),
        records: records.iter().filter(|record| record.writer == writer).count(),
    })
}
