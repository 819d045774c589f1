//! The mapping file: which header is which column, where names alone do not tell.
//!
//! ```toml
//! sheet = "Export"                          # XLSX only
//! incident_id = "Our ref"
//! narrative = ["MO Text", "Enquiry log"]    # joined in this order, each under its header
//! ```
//!
//! Columns that it does not name are matched by name and alias as ever.

use std::path::{Path, PathBuf};

use super::layout::{listed, nearest, normalise, position};
use crate::domain::Column;
use crate::error::{Error, Result};

/// A checked mapping file; the default says nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping {
    path: PathBuf,
    sheet: Option<String>,
    columns: Vec<(Column, Vec<String>)>,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`Error::Usage`] for a file that is no TOML, or a key that is no column.
    pub(super) fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::Usage(format!("mapping {}: {error}", path.display())))?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let fault = |message: String| Error::Usage(format!("mapping {}: {message}", path.display()));
        let table: toml::Table = toml::from_str(text).map_err(|error| fault(error.to_string().trim_end().to_owned()))?;
        let mut mapping = Self { path: path.to_owned(), ..Self::default() };
        for (key, value) in table {
            if key == "sheet" {
                let name = value.as_str().ok_or_else(|| fault("`sheet` wants the name of a sheet in quotes".to_owned()))?;
                mapping.sheet = Some(name.to_owned());
                continue;
            }
            let Some(column) = Column::from_name(&key) else {
                let known = Column::ALL.map(Column::name);
                let hint = nearest(&key, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(fault(format!("`{key}` is no column{hint} Known are sheet, {}", known.join(", "))));
            };
            let headers = headers(&value).ok_or_else(|| fault(format!("`{key}` wants a header in quotes, or a list of them")))?;
            mapping.columns.push((column, headers));
        }
        mapping.columns.sort_unstable_by_key(|(column, _)| *column);
        Ok(mapping)
    }

    /// The sheet to read.
    pub(super) fn sheet(&self) -> Option<&str> {
        self.sheet.as_deref()
    }

    /// The headers of each column it names.
    pub(super) fn columns(&self) -> &[(Column, Vec<String>)] {
        &self.columns
    }

    /// Checks that each header it names is in one of the files.
    ///
    /// # Errors
    /// [`Error::Usage`] with the header, the files' headers and the nearest of them.
    pub(super) fn check(&self, headers: &[String]) -> Result<()> {
        let wanted = self.columns.iter().flat_map(|(column, names)| names.iter().map(|name| (column.name(), name.as_str())));
        let fault = missing(headers, wanted.clone().map(|(_, name)| name));
        let Some((name, message)) = fault else { return Ok(()) };
        let key = wanted.into_iter().find(|(_, wanted)| *wanted == name).map_or("", |(key, _)| key);
        Err(Error::Usage(format!("mapping {}: `{key}` names {message}", self.path.display())))
    }

    /// The message for a sheet that the workbook lacks.
    pub(super) fn no_such_sheet(&self, workbook: &Path, sheets: &[String]) -> Error {
        let (sheet, path) = (self.sheet().unwrap_or_default(), self.path.display());
        Error::Usage(format!("mapping {path}: {} has no sheet `{sheet}`; its sheets are {}", workbook.display(), listed(sheets)))
    }
}

/// The first of the names that is no header, with what to say about it.
pub(super) fn missing<'a>(headers: &[String], names: impl IntoIterator<Item = &'a str>) -> Option<(&'a str, String)> {
    let normalised: Vec<String> = headers.iter().map(|header| normalise(header)).collect();
    let name = names.into_iter().find(|name| position(headers, &normalised, name).is_none())?;
    let hint = nearest(name, headers.iter().map(String::as_str)).map_or_else(String::new, |near| format!("; the nearest is `{near}`"));
    Some((name, format!("`{name}`, which is no header of the input{hint}. The headers are {}", listed(headers))))
}

fn headers(value: &toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::String(header) => Some(vec![header.clone()]),
        toml::Value::Array(headers) => headers.iter().map(|header| header.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_say_what_to_do() {
        let headers = ["Our Ref".to_owned(), "MO Text".to_owned()];
        let cases = [
            ("incident_id = \"Our ref\"\nnarrative = [\"MO Text\"]\nsheet = \"S\"", None),
            ("narative = \"MO Text\"", Some("did you mean `narrative`?")),
            ("narrative = 3", Some("wants a header in quotes")),
            ("narrative = \"MO Tex\"", Some("the nearest is `MO Text`")),
            ("narrative = \"zzz\"", Some("The headers are Our Ref, MO Text")),
            ("narrative = ", Some("mapping map.toml")),
        ];
        for (text, wanted) in cases {
            let result = Mapping::parse(Path::new("map.toml"), text).and_then(|mapping| mapping.check(&headers));
            match (result, wanted) {
                (Ok(()), None) => {}
                (Err(error), Some(wanted)) => assert!(error.to_string().contains(wanted) && error.exit_code() == 2, "{error}"),
                (result, _) => panic!("{text}: {result:?}"),
            }
        }
    }
}
