//! The results folder: never half-written, never a folder that is not a run's.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::manifest::MANIFEST;
use crate::classifier::hex;
use crate::error::{Error, Result};

/// The workbook in which people write their decisions.
const WORKBOOK: &str = "review.xlsx";

/// Size and hash of a file that a run wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutputFile {
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// A folder beside the results folder in which a run writes; it takes the place of the results folder when all is written, and is
/// removed when it is dropped before that.
#[derive(Debug)]
pub(super) struct OutputFolder {
    out: PathBuf,
    partial: TempDir,
}

impl OutputFolder {
    /// Checks that results may go to `out`, and makes the folder beside it. Nothing at `out` is touched yet.
    ///
    /// # Errors
    /// [`Error::Usage`] if `out` holds files and may not be replaced; [`Error::Input`] if it is a file or has no parent folder;
    /// [`Error::Io`] if the folder beside it cannot be made.
    pub(super) fn create(out: &Path, overwrite: bool) -> Result<Self> {
        let out = resolved(out)?;
        check(&out, overwrite)?;
        let (Some(parent), Some(name)) = (out.parent(), out.file_name()) else {
            return Err(Error::input(&out, "cannot hold results; name a folder of their own"));
        };
        if !parent.is_dir() {
            return Err(Error::input(parent, "there is no such folder to put the results in; make it first"));
        }
        let mut builder = tempfile::Builder::new();
        let prefix = format!(".{}.foursight-partial-", name.to_string_lossy());
        builder.prefix(&prefix);
        // As with any new folder the umask decides who may read it; temporary folders are otherwise closed to all but the owner.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let partial =
            builder.tempdir_in(parent).map_err(|source| Error::io(parent, "cannot make a folder for the results here", bare(source)))?;
        Ok(Self { out, partial })
    }

    /// The folder to write to for now.
    pub(super) fn partial(&self) -> &Path {
        self.partial.path()
    }

    /// Where a file of that name is written for now.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.partial.path().join(name)
    }

    /// Size and hash of a written file, after making sure that it is on the disk.
    pub(super) fn describe(&self, name: &str) -> Result<OutputFile> {
        let path = self.file(name);
        let read = || {
            File::open(&path)?.sync_all()?;
            hash(&path)
        };
        let (bytes, sha256) = read().map_err(|source| Error::io(&path, "cannot read back", source))?;
        Ok(OutputFile { name: name.to_owned(), bytes, sha256 })
    }

    /// Puts the folder in the place of the results folder.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be moved; what stood at the results folder before is then back in its place.
    pub(super) fn publish(self) -> Result<()> {
        let moved = |source| Error::io(&self.out, "cannot put the results here", source);
        let old = match names(&self.out) {
            Err(_) => None,
            Ok(names) if names.is_empty() => {
                fs::remove_dir(&self.out).map_err(moved)?;
                None
            }
            Ok(_) => Some(self.set_old_aside().map_err(moved)?),
        };
        if let Err(source) = fs::rename(self.partial.path(), &self.out) {
            if let Some(old) = &old {
                fs::rename(old.path().join("old"), &self.out).map_err(moved)?;
            }
            return Err(moved(source));
        }
        // The partial folder is now the results folder: there is nothing left to remove.
        let _ = self.partial.keep();
        Ok(())
    }

    /// Moves the earlier run into a folder that removes itself.
    fn set_old_aside(&self) -> std::io::Result<TempDir> {
        let parent = self.out.parent().unwrap_or(Path::new("."));
        let prefix = format!(".{}.foursight-old-", self.out.file_name().unwrap_or_default().to_string_lossy());
        let aside = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent)?;
        fs::rename(&self.out, aside.path().join("old"))?;
        Ok(aside)
    }
}

/// The absolute path, through links where the folder exists: replacing it must not replace a link to it.
fn resolved(out: &Path) -> Result<PathBuf> {
    if out.as_os_str().is_empty() {
        return Err(Error::Usage("--out is empty; name a folder for the results".to_owned()));
    }
    let path = if out.exists() { fs::canonicalize(out) } else { std::path::absolute(out) };
    path.map_err(|source| Error::io(out, "cannot be found", source))
}

fn check(out: &Path, overwrite: bool) -> Result<()> {
    let Ok(kind) = fs::metadata(out) else { return Ok(()) };
    if !kind.is_dir() {
        return Err(Error::input(out, "is a file; --out wants a folder"));
    }
    let names = names(out).map_err(|source| Error::io(out, "cannot look into", source))?;
    if names.is_empty() {
        return Ok(());
    }
    let shown = out.display();
    if !overwrite {
        return Err(Error::Usage(format!("{shown} holds files; name another folder, or --overwrite to replace an earlier run's results")));
    }
    let Some(written) = earlier_run(out) else {
        return Err(Error::Usage(format!("{shown} is not replaced: it holds no {MANIFEST} of an earlier run")));
    };
    if let Some(name) = names.iter().find(|name| *name != MANIFEST && !written.contains_key(*name)) {
        return Err(Error::Usage(format!("{shown} is not replaced: {name:?} in it was not written by the earlier run; move it first")));
    }
    let workbook = out.join(WORKBOOK);
    if workbook.exists() && !hash(&workbook).is_ok_and(|(_, sha256)| written.get(WORKBOOK) == Some(&sha256)) {
        return Err(Error::Usage(format!(
            "{shown} is not replaced: {WORKBOOK} was changed since the run and may hold decisions; move it first"
        )));
    }
    Ok(())
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<std::io::Result<Vec<_>>>()?;
    names.sort_unstable();
    Ok(names)
}

/// Names and hashes of the files that the run in `folder` wrote, if a run is what it holds.
fn earlier_run(folder: &Path) -> Option<BTreeMap<String, String>> {
    let text = fs::read(folder.join(MANIFEST)).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&text).ok()?;
    manifest.get("program")?.as_str().filter(|program| *program == "foursight")?;
    let outputs = manifest.get("outputs")?.as_array()?;
    outputs.iter().map(|file| Some((file.get("name")?.as_str()?.to_owned(), file.get("sha256")?.as_str()?.to_owned()))).collect()
}

fn hash(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hex(&hash.finalize())));
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
}

/// The system's error without the random name of the folder that could not be made.
fn bare(source: std::io::Error) -> std::io::Error {
    match source.raw_os_error().or_else(|| inner_os_error(&source)) {
        Some(code) => std::io::Error::from_raw_os_error(code),
        None => std::io::Error::from(source.kind()),
    }
}

fn inner_os_error(error: &std::io::Error) -> Option<i32> {
    std::error::Error::source(error.get_ref()?)?.downcast_ref::<std::io::Error>()?.raw_os_error()
}
