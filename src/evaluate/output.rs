//! `metrics.json` and `evaluation.html` in a folder of the user's.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Evaluated, Evaluation, page};
use crate::error::{Error, Result};

const METRICS: &str = "metrics.json";
const PAGE: &str = "evaluation.html";

/// A folder that may be written to.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Checks the folder before the work begins, and makes it where there is none.
    ///
    /// # Errors
    /// [`Error::Usage`] if it holds an earlier evaluation that may not be replaced; [`Error::Input`] if it cannot be a folder;
    /// [`Error::Io`] if it cannot be made.
    pub fn create(out: &Path, overwrite: bool) -> Result<Self> {
        if out.is_file() {
            return Err(Error::input(out, "is a file; --out wants a folder"));
        }
        let earlier = [METRICS, PAGE].into_iter().find(|name| out.join(name).exists());
        if let (Some(name), false) = (earlier, overwrite) {
            return Err(Error::Usage(format!(
                "{} holds {name} of an earlier evaluation; name another folder, or --overwrite to replace it",
                out.display()
            )));
        }
        if !out.is_dir() {
            std::fs::create_dir(out).map_err(|source| Error::io(out, "cannot make the folder", source))?;
        }
        Ok(Self(out.to_owned()))
    }

    /// Writes both files, each whole or not at all; other files in the folder stay.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be written.
    pub fn write(&self, evaluated: &Evaluated) -> Result<()> {
        let metrics = serde_json::to_string_pretty(&json(&evaluated.evaluation)).map_err(|error| Error::Usage(error.to_string()))?;
        self.put(METRICS, &(metrics + "\n"))?;
        self.put(PAGE, &page::html(evaluated)?)
    }

    fn put(&self, name: &str, text: &str) -> Result<()> {
        let (path, partial) = (self.0.join(name), self.0.join(format!(".{name}.partial")));
        std::fs::write(&partial, text)
            .and_then(|()| std::fs::rename(&partial, &path))
            .map_err(|source| Error::io(&path, "cannot write", source))
    }
}

/// The evaluation as JSON, real numbers to 6 places.
pub fn json(evaluation: &Evaluation) -> Value {
    // Nothing in an evaluation has keys that are not text, so this does not fail.
    let mut value = serde_json::to_value(evaluation).unwrap_or_default();
    round(&mut value);
    value
}

fn round(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(items) => items.values_mut().for_each(round),
        Value::Number(number) if number.is_f64() => {
            if let Some(real) = number.as_f64() {
                *value = Value::from((real * 1e6).round() / 1e6 + 0.0);
            }
        }
        _ => {}
    }
}
