//! From what was typed, set in the environment or written in `foursight.toml` to checked settings, with all faults at once.
//!
//! An option is looked for on the command line, then in `FOURSIGHT_<NAME>`, then in the settings file, then in its default.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::Serialize;

use crate::error::{Error, Result};

/// The settings file that is read without being asked for, in the current folder.
const DEFAULT_FILE: &str = "foursight.toml";

/// A setting's value as text and where it came from; goes into the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    pub value: String,
    /// `command line`, `environment`, `settings file` or `default`.
    pub source: &'static str,
}

/// Resolves options one by one, collecting values, origins and faults.
pub(super) struct Resolver<'a> {
    matches: &'a ArgMatches,
    file: toml::Table,
    origins: BTreeMap<String, Origin>,
    faults: Vec<String>,
}

impl<'a> Resolver<'a> {
    /// A resolver for one command's matches. Reads the file named by `--config`, or `foursight.toml` where there is one.
    ///
    /// # Errors
    /// [`Error::Usage`] if the settings file cannot be read or does not parse, or holds a name that is no option of any command.
    pub(super) fn new(matches: &'a ArgMatches, known: &[&str]) -> Result<Self> {
        let named = matches.get_one::<String>("config").map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let file = match std::fs::read_to_string(&path) {
            Ok(text) => parse(&path, &text, known)?,
            Err(_) if named.is_none() => toml::Table::new(),
            Err(error) => return Err(Error::Usage(format!("settings file {}: {error}", path.display()))),
        };
        Ok(Self { matches, file, origins: BTreeMap::new(), faults: Vec::new() })
    }

    /// The value of a text option, or `default`; a fault if it does not parse.
    pub(super) fn value<T: FromStr<Err: Display> + Display>(&mut self, name: &str, default: T) -> T {
        match self.optional(name) {
            Some(value) => value,
            None => {
                self.origins.entry(name.to_owned()).or_insert_with(|| Origin { value: default.to_string(), source: "default" });
                default
            }
        }
    }

    /// The value of a text option that has no default; a fault if it does not parse.
    pub(super) fn optional<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let (text, source) = self.text(name)?;
        match text.parse() {
            Ok(value) => {
                self.origins.insert(name.to_owned(), Origin { value: text, source });
                Some(value)
            }
            Err(error) => {
                self.origins.insert(name.to_owned(), Origin { value: text.clone(), source });
                self.faults.push(format!("--{name} {text:?} ({source}): {error}"));
                None
            }
        }
    }

    /// Whether a switch is on.
    pub(super) fn switch(&mut self, name: &str) -> bool {
        let id = name.replace('-', "_");
        let typed = match self.matches.value_source(&id) {
            Some(ValueSource::CommandLine) => Some((self.matches.get_flag(&id), "command line")),
            Some(ValueSource::EnvVariable) => Some((self.matches.get_flag(&id), "environment")),
            _ => None,
        };
        let written = || match self.file.get(name) {
            Some(toml::Value::Boolean(on)) => Some((*on, "settings file")),
            _ => None,
        };
        let (on, source) = typed.or_else(written).unwrap_or((false, "default"));
        self.origins.insert(name.to_owned(), Origin { value: on.to_string(), source });
        on
    }

    /// A comma-separated list; empty if it is not set.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let Some((text, source)) = self.text(name) else { return Vec::new() };
        let items = text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect();
        self.origins.insert(name.to_owned(), Origin { value: text, source });
        items
    }

    /// Adds a fault found by the caller, such as a number out of range.
    pub(super) fn fault(&mut self, message: impl Into<String>) {
        self.faults.push(message.into());
    }

    /// Where each value came from.
    ///
    /// # Errors
    /// [`Error::Usage`] with every fault, one a line.
    pub(super) fn finish(self) -> Result<BTreeMap<String, Origin>> {
        if self.faults.is_empty() { Ok(self.origins) } else { Err(Error::Usage(self.faults.join("\n"))) }
    }

    fn text(&self, name: &str) -> Option<(String, &'static str)> {
        let id = name.replace('-', "_");
        if let Some(value) = self.matches.get_one::<String>(&id) {
            let source = if self.matches.value_source(&id) == Some(ValueSource::EnvVariable) { "environment" } else { "command line" };
            return Some((value.clone(), source));
        }
        let value = match self.file.get(name)? {
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(items) => {
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect::<Vec<_>>().join(",")
            }
            other => other.to_string(),
        };
        Some((value, "settings file"))
    }
}

fn parse(path: &Path, text: &str, known: &[&str]) -> Result<toml::Table> {
    let table: toml::Table =
        toml::from_str(text).map_err(|error| Error::Usage(format!("settings file {}: {}", path.display(), error.to_string().trim())))?;
    let unknown: Vec<_> = table.keys().filter(|key| !known.contains(&key.as_str())).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(table);
    }
    Err(Error::Usage(format!(
        "settings file {}: no option is called {}; the options are {}",
        path.display(),
        unknown.join(", "),
        known.join(", ")
    )))
}
