//! The facts of a run in its folder, so that another day's export can be linked to it without reading its narratives again.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Facts;
use crate::classifier::hex;
use crate::error::{Error, Result};

/// The file's name in a run's folder.
pub const FACTS_FILE: &str = "linkage.jsonl";

/// Writes facts, one record a line, in the order given.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written.
pub fn write_facts(path: &Path, facts: &[Facts]) -> Result<()> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        for record in facts {
            serde_json::to_writer(&mut file, record)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    };
    write().map_err(|source: std::io::Error| Error::io(path, "cannot write", source))
}

/// An earlier run's facts.
#[derive(Debug, Clone, Default)]
pub struct EarlierRun {
    pub facts: Vec<Facts>,
    /// Of the file, for the id of the run that is joined to this one; empty where there is no earlier run.
    pub sha256: String,
}

/// The facts of the run in `folder`.
///
/// # Errors
/// [`Error::Io`] if the folder has no such file, [`Error::Input`] if a line of it is not what a run writes.
pub fn read_facts(folder: &Path) -> Result<EarlierRun> {
    let path = folder.join(FACTS_FILE);
    let fault = |source| Error::io(&path, "cannot read the records of the earlier run", source);
    let file = BufReader::new(File::open(&path).map_err(fault)?);
    let mut facts = Vec::new();
    let mut hash = Sha256::new();
    for (number, line) in file.split(b'\n').enumerate() {
        let line = line.map_err(fault)?;
        hash.update(&line);
        hash.update(b"\n");
        // serde's own message could quote the line.
        let mut record: Facts = serde_json::from_slice(&line)
            .map_err(|_| Error::input(&path, format!("line {} is not what a run of this version writes", number + 1)))?;
        record.restore();
        facts.push(record);
    }
    Ok(EarlierRun { facts, sha256: hex(&hash.finalize()) })
}

/// Earlier records with new ones behind them; a record that both have is the new one.
pub fn joined(earlier: Vec<Facts>, new: Vec<Facts>) -> Vec<Facts> {
    let ids: std::collections::HashSet<String> = new.iter().map(|facts| facts.id.clone()).collect();
    let mut facts: Vec<Facts> = earlier.into_iter().filter(|facts| !ids.contains(&facts.id)).collect();
    facts.extend(new);
    facts
}
