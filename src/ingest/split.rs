//! Where does a CSV record end, and where its cells, when people typed the quotes?
//!
//! Exports hold line breaks inside quoted cells, quotes inside cells that nobody doubled, and quotes that nobody closed. A record that
//! follows RFC 4180 and has as many cells as the header is taken at once; this is the rule in all but damaged files, and a test holds it
//! against the `csv` crate. Any other record with quotes is looked at again ([`super::repair`]): up to the next line that begins like a
//! row of this file, is there a division into the right number of cells? If there is, the row is read; if not, it is set aside with its
//! lines, and reading goes on with that next line, so that one missing quote never swallows the rows behind it.

use std::ops::Range;

use super::repair;
use super::shapes::{Shapes, first_cell};
use super::text::TextInput;
use crate::error::Result;

/// The longest record that is read; what is longer has lost its end.
const MAX_RECORD: usize = 64 << 20;
/// How far a line is looked at to see whether a row begins there.
const MAX_PROBE: usize = 1 << 20;
/// Rows at the start of a file from which is learned how rows begin.
const FIRST_ROWS: usize = 100;
/// Lines that a damaged record may take before any line with the right number of cells is taken for a row, in a file whose rows do not
/// begin with references.
const MAX_DAMAGED_LINES: usize = 200;

/// How a file writes its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) line_end: u8,
}

impl Dialect {
    /// The length of the line break at the start of `text`, if there is one.
    pub(super) fn break_at(self, text: &[u8]) -> Option<usize> {
        match text {
            [first, ..] if *first == self.line_end => Some(1),
            [b'\r', second, ..] if *second == self.line_end => Some(2),
            _ => None,
        }
    }

    /// The position of the next line break at or behind `from`.
    pub(super) fn line_end_from(self, text: &[u8], from: usize) -> Option<usize> {
        text.get(from..)?.iter().position(|byte| *byte == self.line_end).map(|at| from + at)
    }
}

/// One cell of a record: where its text lies, without the quotes around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: Range<usize>,
    /// Quotes are doubled inside.
    pub(super) quoted: bool,
}

impl Cell {
    /// The cell's text in `record`, with doubled quotes made single.
    pub(super) fn bytes(&self, record: &[u8]) -> Vec<u8> {
        let text = &record[self.text.clone()];
        if !self.quoted || !text.contains(&b'"') {
            return text.to_vec();
        }
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            out.push(text[at]);
            at += if text[at] == b'"' && text.get(at + 1) == Some(&b'"') { 2 } else { 1 };
        }
        out
    }

    /// A cell without quotes around it that holds one: perhaps the rest of a cell that was ended too early, as in `"a 6", long knife"`.
    fn is_doubtful(&self, record: &[u8]) -> bool {
        !self.quoted && record[self.text.clone()].contains(&b'"')
    }

    fn is_blank(&self, record: &[u8]) -> bool {
        record[self.text.clone()].trim_ascii().is_empty()
    }
}

/// A record by the rules of RFC 4180, or the reason why it is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Strict {
    /// The record's cells, and its length with the line break.
    Record { cells: Vec<Cell>, length: usize },
    /// A quote inside a quoted cell that neither ends it nor is doubled, or none that ends it; the cells before that one.
    Broken { before: Vec<Cell> },
    /// The text ends before the record does.
    More,
}

/// Reads one record by the rules.
pub(super) fn strict(text: &[u8], at_end: bool, dialect: Dialect) -> Strict {
    let mut cells = Vec::new();
    let mut at = 0;
    loop {
        let (cell, behind) = if text.get(at) == Some(&b'"') {
            match closing_quote(text, at + 1, at_end, dialect) {
                Ok(quote) => (Cell { text: at + 1..quote, quoted: true }, quote + 1),
                Err(true) => return Strict::More,
                Err(false) => return Strict::Broken { before: cells },
            }
        } else {
            let length = text[at..].iter().position(|byte| *byte == dialect.delimiter || *byte == dialect.line_end);
            let Some(end) = length.map(|length| at + length).or(at_end.then_some(text.len())) else { return Strict::More };
            let breaks_before = end > at && text[end - 1] == b'\r' && text.get(end).is_none_or(|byte| *byte == dialect.line_end);
            (Cell { text: at..end - usize::from(breaks_before), quoted: false }, end - usize::from(breaks_before && end < text.len()))
        };
        cells.push(cell);
        if text.get(behind) == Some(&dialect.delimiter) {
            at = behind + 1;
        } else {
            let length = behind + text.get(behind..).and_then(|rest| dialect.break_at(rest)).unwrap_or(0);
            return Strict::Record { cells, length };
        }
    }
}

/// The quote that ends the cell whose text begins at `from`: the first that is not doubled, if a delimiter or the record's end follows.
/// `Err(true)` where the text ends too early to say.
fn closing_quote(text: &[u8], from: usize, at_end: bool, dialect: Dialect) -> Result<usize, bool> {
    let mut at = from;
    loop {
        let Some(quote) = text[at..].iter().position(|byte| *byte == b'"').map(|found| at + found) else { return Err(!at_end) };
        match &text[quote + 1..] {
            [] => return if at_end { Ok(quote) } else { Err(true) },
            [b'\r'] if !at_end => return Err(true),
            [b'"', ..] => at = quote + 2,
            [next, ..] if *next == dialect.delimiter => return Ok(quote),
            rest if dialect.break_at(rest).is_some() => return Ok(quote),
            _ => return Err(false),
        }
    }
}

/// One record as the splitter gives it; the text is in the window until [`Splitter::advance`].
#[derive(Debug)]
pub(super) enum Split {
    /// Cells, as many as the header has.
    Row { cells: Vec<Cell>, repaired: bool },
    /// A number of cells that is not the header's.
    WrongCount { cells: Vec<Cell> },
    /// A quoted cell whose end cannot be found; the cells before it.
    Damaged { before: Vec<Cell> },
}

/// Cuts a file into records.
pub(super) struct Splitter {
    pub(super) input: TextInput,
    pub(super) dialect: Dialect,
    /// One entry a header: whether the column holds free text, where stray quotes belong.
    free_text: Vec<bool>,
    shapes: Shapes,
    /// Length of the record given last.
    pending: usize,
}

impl Splitter {
    /// A splitter whose input stands behind the header. `begins_free`: rows begin with free text, which looks like nothing.
    pub(super) fn new(input: TextInput, dialect: Dialect, free_text: Vec<bool>, begins_free: bool) -> Result<Self> {
        let shapes = Shapes::new(begins_free);
        let mut splitter = Self { input, dialect, free_text, shapes, pending: 0 };
        splitter.learn_first_rows()?;
        Ok(splitter)
    }

    /// Learns how rows begin before the first is given: it may be the damaged one.
    fn learn_first_rows(&mut self) -> Result<()> {
        if self.input.window().is_empty() && !self.input.at_end() {
            self.input.extend()?;
        }
        let (firsts, sound) = self.first_cells();
        // Where the damage comes first, lines out of the middle of a text may be among them: references are told from these.
        let has_references = firsts.iter().any(|first| Shapes::like_reference(first));
        for (i, first) in firsts.iter().enumerate() {
            if i < sound || sound == 0 && (!has_references || Shapes::like_reference(first)) {
                self.shapes.learn(first);
            }
        }
        Ok(())
    }

    /// The first cells of the records in the window that have the right number of cells, and how many of them stand before any damage.
    fn first_cells(&self) -> (Vec<Vec<u8>>, usize) {
        let (text, at_end) = (self.input.window(), self.input.at_end());
        let (mut at, mut firsts, mut sound) = (0, Vec::new(), None);
        for _ in 0..FIRST_ROWS {
            match strict(&text[at..], at_end, self.dialect) {
                Strict::Record { length: 0, .. } => break,
                Strict::Record { cells, length } => {
                    if cells.len() == self.free_text.len() && !cells.iter().any(|cell| cell.is_doubtful(&text[at..])) {
                        firsts.push(first_cell(&text[at..], self.dialect).to_vec());
                    }
                    at += length;
                }
                Strict::Broken { .. } | Strict::More => {
                    sound = sound.or(Some(firsts.len()));
                    let first = first_cell(&text[at..], self.dialect);
                    if Shapes::like_reference(first) {
                        firsts.push(first.to_vec());
                    }
                    let Some(end) = self.dialect.line_end_from(text, at) else { break };
                    at = end + 1;
                }
            }
        }
        let sound = sound.unwrap_or(firsts.len());
        (firsts, sound)
    }

    /// Moves behind the record given last.
    pub(super) fn advance(&mut self) {
        self.input.consume(std::mem::take(&mut self.pending));
    }

    /// The length of the record given last.
    pub(super) fn length(&self) -> usize {
        self.pending
    }

    /// The next record that is not blank; `None` at the end.
    pub(super) fn next_record(&mut self) -> Result<Option<Split>> {
        self.advance();
        loop {
            let found = strict_record(&mut self.input, self.dialect, MAX_RECORD)?;
            let Strict::Record { cells, length } = found else {
                let before = if let Strict::Broken { before } = found { before } else { Vec::new() };
                return self.second_look(before).map(Some);
            };
            if length == 0 {
                return Ok(None);
            }
            let record = &self.input.window()[..length];
            if cells.iter().all(|cell| cell.is_blank(record)) {
                self.input.consume(length);
                continue;
            }
            self.pending = length;
            return Ok(Some(self.counted(cells)));
        }
    }

    /// A record that follows the rules: does it have the header's number of cells?
    fn counted(&mut self, mut cells: Vec<Cell>) -> Split {
        let columns = self.free_text.len();
        let record = &self.input.window()[..self.pending];
        // Empty cells behind the last column hold nothing that could be lost.
        if cells.len() > columns && cells[columns..].iter().all(|cell| cell.is_blank(record)) {
            cells.truncate(columns);
        }
        if cells.len() == columns {
            self.shapes.learn(first_cell(record, self.dialect));
            return Split::Row { cells, repaired: false };
        }
        let is_doubtful = cells.iter().any(|cell| cell.is_doubtful(record));
        match is_doubtful.then(|| repair::divide(record, self.dialect, &self.free_text)).flatten() {
            Some(cells) => Split::Row { cells, repaired: true },
            None => Split::WrongCount { cells },
        }
    }

    /// A record that breaks the rules behind the cells `before`: it reaches to the next line that begins like a row.
    fn second_look(&mut self, before: Vec<Cell>) -> Result<Split> {
        let (mut end, mut lines) = (0, 0);
        while let Some(next) = self.line_behind(end)? {
            (end, lines) = (next, lines + 1);
            if end >= MAX_RECORD || self.begins_row(end, lines > MAX_DAMAGED_LINES && !self.shapes.has_references())? {
                break;
            }
        }
        self.pending = end;
        let record = &self.input.window()[..end];
        Ok(match repair::divide(record, self.dialect, &self.free_text) {
            Some(cells) => {
                self.shapes.learn(first_cell(record, self.dialect));
                Split::Row { cells, repaired: true }
            }
            None => Split::Damaged { before },
        })
    }

    /// The start of the line behind the one at `from`; `None` where the file has ended at `from`.
    fn line_behind(&mut self, from: usize) -> Result<Option<usize>> {
        let mut looked = from;
        loop {
            let window = self.input.window();
            if let Some(at) = self.dialect.line_end_from(window, looked) {
                return Ok(Some(at + 1));
            }
            looked = window.len();
            if self.input.at_end() || looked - from > MAX_RECORD {
                return Ok((looked > from).then_some(looked));
            }
            self.input.extend()?;
        }
    }

    /// Whether a row of this file seems to begin at `from`: its first cell looks like those of other rows, and it has the right number of
    /// cells, or enough delimiters, or opens a cell that goes on in the next line. With `by_count`, the right number of cells is enough.
    fn begins_row(&mut self, from: usize, by_count: bool) -> Result<bool> {
        while self.input.window().len() < from + MAX_PROBE && !self.input.at_end() {
            self.input.extend()?;
        }
        let (dialect, columns, at_end) = (self.dialect, self.free_text.len(), self.input.at_end());
        let window = &self.input.window()[from..];
        if window.is_empty() {
            return Ok(true);
        }
        let probe = &window[..window.len().min(MAX_PROBE)];
        let first = first_cell(probe, dialect);
        if !by_count && !self.shapes.resembles(first) {
            return Ok(false);
        }
        if let Strict::Record { cells, .. } = strict(probe, at_end && probe.len() == window.len(), dialect)
            && !cells.iter().any(|cell| cell.is_doubtful(probe))
        {
            return Ok(cells.len() == columns);
        }
        let line = &probe[..dialect.line_end_from(probe, 0).unwrap_or(probe.len())];
        let delimiters = line.iter().filter(|byte| **byte == dialect.delimiter).count();
        Ok(self.shapes.knows(first) && (delimiters + 1 >= columns || line.windows(2).any(|pair| pair == [dialect.delimiter, b'"'])))
    }
}

/// Reads one record by the rules, with as much text as it takes.
pub(super) fn strict_record(input: &mut TextInput, dialect: Dialect, most: usize) -> Result<Strict> {
    loop {
        if input.window().is_empty() && !input.at_end() {
            input.extend()?;
            continue;
        }
        match strict(input.window(), input.at_end(), dialect) {
            Strict::More if input.window().len() < most => input.extend()?,
            found => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: Dialect = Dialect { delimiter: b',', line_end: b'\n' };

    fn cells(text: &str) -> Option<(Vec<String>, usize)> {
        match strict(text.as_bytes(), true, COMMA) {
            Strict::Record { cells, length } => {
                Some((cells.iter().map(|cell| String::from_utf8(cell.bytes(text.as_bytes())).unwrap()).collect(), length))
            }
            _ => None,
        }
    }

    /// A record's cells and how many bytes it took.
    type Taken<'a> = Option<(&'a [&'a str], usize)>;

    #[test]
    fn records_by_the_rules() {
        let cases: [(&str, Taken<'_>); 11] = [
            ("a,b\nc", Some((&["a", "b"], 4))),
            ("a,b\r\nc", Some((&["a", "b"], 5))),
            ("a,\"b\"\r\nc", Some((&["a", "b"], 7))),
            ("a,\"b \"\"c\"\" \"\n", Some((&["a", "b \"c\" "], 13))),
            ("\"a\nb\",c", Some((&["a\nb", "c"], 7))),
            ("a,6\" knife\n", Some((&["a", "6\" knife"], 11))),
            (",\n", Some((&["", ""], 2))),
            ("a,", Some((&["a", ""], 2))),
            ("a,b\r", Some((&["a", "b"], 4))),
            ("a,\"he said \"no\" twice\"\n", None),
            ("a,\"never closed\n", None),
        ];
        for (text, wanted) in cases {
            let wanted = wanted.map(|(cells, length)| (cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>(), length));
            assert_eq!(cells(text), wanted, "{text:?}");
        }
    }
}
