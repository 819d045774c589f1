//! Rows of JSON Lines: one object a line, keys in any order, any key missing anywhere.
//!
//! The first lines tell the layout; a known column that turns up later is added then. Objects inside objects (`evidence` of a labelled
//! record) are no text and are passed over.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::layout::{Layout, known, normalise};
use super::text::TextInput;
use super::{Fault, RawRow, Rows, number_text};
use crate::error::{Error, Result};

/// Lines that tell the layout.
const HEAD_LINES: usize = 100;
const MAX_HEAD: usize = 1 << 20;
/// The longest line that is read.
const MAX_LINE: usize = 64 << 20;
/// Keys that are remembered, known or not; a file with more has a key a row, and new ones are no columns.
const MAX_KEYS: usize = 4096;

/// An object with its keys in the order of the file.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// The keys of the first lines in order of appearance. Nothing is consumed.
pub(super) fn keys(input: &mut TextInput) -> Result<Vec<String>> {
    loop {
        let lines = input.window().iter().filter(|byte| **byte == input.line_end()).count();
        if input.at_end() || lines >= HEAD_LINES || lines > 0 && input.window().len() >= MAX_HEAD || input.window().len() > MAX_LINE {
            break;
        }
        input.extend()?;
    }
    let window = input.window();
    if window.trim_ascii().is_empty() {
        return Err(Error::input(input.path(), "is empty; check the export"));
    }
    let mut keys: Vec<String> = Vec::new();
    let objects = window.split(|byte| *byte == input.line_end()).take(HEAD_LINES);
    for Object(entries) in objects.filter_map(|line| serde_json::from_slice(line).ok()) {
        for (key, _) in entries {
            if !keys.contains(&key) && keys.len() < MAX_KEYS {
                keys.push(key);
            }
        }
    }
    match keys.is_empty() {
        true => Err(Error::input(
            input.path(),
            format!("none of the first {HEAD_LINES} lines is a JSON object with keys; expected one object a line"),
        )),
        false => Ok(keys),
    }
}

/// The rows of one JSON Lines file.
pub(super) struct JsonRows {
    input: TextInput,
    layout: Layout,
    /// Where each key's texts go; `None` for keys that are no column.
    places: HashMap<String, Option<usize>>,
    bytes: u64,
    row: u64,
}

impl JsonRows {
    pub(super) fn new(input: TextInput, layout: Layout, bytes: u64) -> Self {
        let places = layout.headers.iter().enumerate().map(|(i, key)| (key.clone(), Some(i))).collect();
        Self { input, layout, places, bytes, row: 0 }
    }

    fn place(&mut self, key: &str) -> Option<usize> {
        if let Some(place) = self.places.get(key) {
            return *place;
        }
        if self.places.len() >= MAX_KEYS {
            return None;
        }
        let is_column = known(&normalise(key)).is_some() || self.layout.is_wanted(key);
        let place = is_column.then(|| self.layout.add(key));
        self.places.insert(key.to_owned(), place);
        place
    }

    fn texts(&mut self, entries: Vec<(String, Value)>, row: &mut RawRow) {
        row.cells.resize(self.layout.headers.len(), String::new());
        for (key, value) in entries {
            let Some(i) = self.place(&key) else { continue };
            row.cells.resize(self.layout.headers.len(), String::new());
            if !self.layout.needed[i] {
                continue;
            }
            match text(value) {
                Some(text) if row.cells[i].is_empty() => row.cells[i] = text,
                Some(_) => {}
                None => {
                    let cause = "holds an object or a list of lists where a text or number is expected".to_owned();
                    row.fault = Some(Fault { column: Some(key), cause });
                }
            }
        }
    }
}

impl Rows for JsonRows {
    fn next_row(&mut self) -> Result<Option<RawRow>> {
        loop {
            let Some(length) = self.input.line_length(MAX_LINE)? else {
                return self.too_long().map(Some);
            };
            if length == 0 {
                return Ok(None);
            }
            let line = &self.input.window()[..length];
            if line.trim_ascii().is_empty() {
                self.input.consume(length);
                continue;
            }
            self.row += 1;
            let mut row = RawRow { row: self.row, line: Some(self.input.line()), ..RawRow::default() };
            let parsed = serde_json::from_slice::<Object>(line);
            let is_text = std::str::from_utf8(line).is_ok();
            self.input.consume(length);
            match parsed {
                Ok(Object(entries)) => self.texts(entries, &mut row),
                Err(error) => row.fault = Some(Fault { column: None, cause: cause(&error, is_text) }),
            }
            return Ok(Some(row));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
    fn share(&self) -> f64 {
        match self.bytes {
            0 => 0.0,
            bytes => self.input.received().saturating_sub(self.input.window().len() as u64) as f64 / bytes as f64,
        }
    }

    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn received(&mut self) -> Option<(u64, String)> {
        self.input.hash()
    }
}

impl JsonRows {
    /// Passes over a line that is too long to be held.
    fn too_long(&mut self) -> Result<RawRow> {
        self.row += 1;
        let line = Some(self.input.line());
        loop {
            let all = self.input.window().len();
            self.input.consume(all);
            match self.input.line_length(MAX_LINE)? {
                Some(length) => {
                    self.input.consume(length);
                    let cause = format!("the line is longer than {} MiB", MAX_LINE >> 20);
                    return Ok(RawRow { row: self.row, line, fault: Some(Fault { column: None, cause }), ..RawRow::default() });
                }
                None => continue,
            }
        }
    }
}

/// A value as text; `None` for what has none.
fn text(value: Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (None, None, Some(float)) => Some(number_text(float)),
            _ => Some(number.to_string()),
        },
        Value::Array(values) => {
            let texts: Option<Vec<String>> = values.into_iter().map(|value| if value.is_array() { None } else { text(value) }).collect();
            Some(texts?.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(";"))
        }
        Value::Object(_) => None,
    }
}

/// What is wrong with a line, without a word of it: serde's messages quote what they meet.
fn cause(error: &serde_json::Error, is_text: bool) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        _ if !is_text => "the line holds bytes that are no text in the file's encoding",
        Category::Eof => "the line ends inside a JSON value",
        Category::Data => "the line is no JSON object",
        Category::Syntax | Category::Io => "the line is no valid JSON",
    };
    format!("{what} (at character {}); expected one JSON object a line", error.column())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_become_texts() {
        let cases = [
            (json!(null), Some("")),
            (json!("a"), Some("a")),
            (json!(true), Some("true")),
            (json!(4_211_873), Some("4211873")),
            (json!(4_211_873.0), Some("4211873")),
            (json!(123_456_789_012_u64), Some("123456789012")),
            (json!(8.65), Some("8.65")),
            (json!(["A1", "B2", null]), Some("A1;B2")),
            (json!([["A1"]]), None),
            (json!({"a": 1}), None),
        ];
        for (value, wanted) in cases {
            assert_eq!(text(value.clone()).as_deref(), wanted, "{value}");
        }
    }

    #[test]
    fn standard_input_is_hashed_on_the_way() {
        use sha2::Digest;
        let text = "\u{feff}{\"id\": 1, \"text\": \"a\"}\n\n{\"id\": 2, \"text\": \"b\"}";
        let hash = Some(sha2::Sha256::new());
        let encoding = crate::ingest::scan::Encoding::Utf8;
        let mut input = TextInput::new(std::path::Path::new("-"), Box::new(text.as_bytes()), encoding, hash);
        let headers = keys(&mut input).unwrap();
        assert_eq!(headers, ["id", "text"]);
        let mut rows = JsonRows::new(input, Layout::new(headers, &crate::ingest::mapping::Mapping::default(), &[]), 0);
        assert_eq!(rows.next_row().unwrap().unwrap().cells, ["1", "a"]);
        assert_eq!(rows.next_row().unwrap().unwrap().line, Some(3));
        assert!(rows.next_row().unwrap().is_none());
        assert_eq!(rows.received(), Some((text.len() as u64, crate::ingest::scan::hex(&sha2::Sha256::digest(text)))));
    }

    #[test]
    fn a_message_never_quotes_the_line() {
        for line in ["\"secret\"", "{\"secret\": sekret}", "[1]", "{\"secret\"", "7"] {
            let error = serde_json::from_str::<Object>(line).err().unwrap();
            let cause = cause(&error, true);
            assert!(!cause.contains("secret") && !cause.contains("sekret") && cause.contains("at character"), "{cause}");
        }
    }
}
