//! How do the rows of this file begin? Damaged records are told from the rows behind them by this.

use std::collections::HashSet;

use super::split::Dialect;

/// The longest first cell that is taken for a reference, date or name; more is free text.
const MAX_FIRST_CELL: usize = 40;
/// More shapes than this, and the first column is free text.
const MAX_SHAPES: usize = 64;

/// What the first cells of a file's rows look like: digits and letters as classes, everything else as it is.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    exact: HashSet<Vec<u8>>,
    /// With runs of one class made one.
    loose: HashSet<Vec<u8>>,
    /// There is no shape to speak of.
    free: bool,
    /// Rows have been seen that begin with something like a reference.
    references: bool,
}

impl Shapes {
    /// Nothing is known yet but whether rows begin with free text.
    pub(super) fn new(begins_free: bool) -> Self {
        Self { free: begins_free, ..Self::default() }
    }

    /// Whether rows have been seen that begin with something like a reference.
    pub(super) fn has_references(&self) -> bool {
        self.references
    }

    pub(super) fn learn(&mut self, first: &[u8]) {
        if self.free || first.is_empty() {
            return;
        }
        let shape = shape(first);
        if !self.exact.contains(&shape) {
            self.loose.insert(loose(&shape));
            self.exact.insert(shape);
            self.references |= Self::like_reference(first);
        }
        self.free = first.len() > MAX_FIRST_CELL || self.exact.len() > MAX_SHAPES;
    }

    /// Whether rows that begin like this have been seen, give or take the length of a number.
    pub(super) fn resembles(&self, first: &[u8]) -> bool {
        if self.free {
            return !first.is_empty();
        }
        if self.exact.is_empty() {
            return Self::like_reference(first);
        }
        self.loose.contains(&loose(&shape(first)))
    }

    /// Whether this can only be the beginning of a row. A number alone must have a length that has been seen, or one digit more: a line
    /// of a text may begin with a number.
    pub(super) fn knows(&self, first: &[u8]) -> bool {
        if self.free || !Self::like_reference(first) {
            return false;
        }
        if !first.iter().all(u8::is_ascii_digit) {
            return self.resembles(first);
        }
        self.exact.is_empty() || [first, &first[1..]].iter().any(|digits| self.exact.contains(&shape(digits)))
    }

    /// A digit, and not both letters and spaces: references and dates, not words.
    pub(super) fn like_reference(first: &[u8]) -> bool {
        let has = |class: fn(&u8) -> bool| first.iter().any(class);
        first.len() <= MAX_FIRST_CELL && has(u8::is_ascii_digit) && !(has(u8::is_ascii_whitespace) && has(u8::is_ascii_alphabetic))
    }
}

fn shape(text: &[u8]) -> Vec<u8> {
    text.iter()
        .map(|byte| match byte {
            b'0'..=b'9' => b'9',
            b'a'..=b'z' | b'A'..=b'Z' => b'A',
            other => *other,
        })
        .collect()
}

fn loose(shape: &[u8]) -> Vec<u8> {
    let mut out = shape.to_vec();
    out.dedup();
    out
}

/// The text of a record's first cell, without quotes; at most a little more than [`MAX_FIRST_CELL`] of it.
pub(super) fn first_cell(record: &[u8], dialect: Dialect) -> &[u8] {
    let record = &record[..record.len().min(MAX_FIRST_CELL + 4)];
    let (start, mark) = if record.first() == Some(&b'"') { (1, b'"') } else { (0, dialect.delimiter) };
    let end = record[start..].iter().position(|byte| *byte == mark || *byte == dialect.line_end);
    &record[start..end.map_or(record.len(), |end| start + end)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_tell_rows_from_the_middle_of_a_text() {
        let mut shapes = Shapes::default();
        assert!(shapes.resembles(b"CR/12/25") && !shapes.resembles(b"and then he left"));
        shapes.learn(b"CR/12/25");
        for (first, resembles, knows) in
            [("CR/99/24", true, true), ("CR/1234/25", true, true), ("12", false, false), ("left", false, false), ("", false, false)]
        {
            assert_eq!((shapes.resembles(first.as_bytes()), shapes.knows(first.as_bytes())), (resembles, knows), "{first}");
        }
        let mut shapes = Shapes::default();
        shapes.learn(b"41999");
        assert!(shapes.knows(b"42000") && shapes.knows(b"100000") && !shapes.knows(b"3") && shapes.resembles(b"3"));
    }
}
