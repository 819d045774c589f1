//! A record whose quotes follow no rule: is there still a division into the right number of cells?
//!
//! A cell that begins with a quote may end at any quote with a delimiter behind it; a cell without ends at the next delimiter. Of all
//! divisions with as many cells as the header, the one with the fewest quotes left inside cells is taken, and a quote left in a free-text
//! column counts less than one in a date or a name. Where there is no such division the record is not guessed at.

use std::collections::HashMap;

use super::split::{Cell, Dialect};

/// More possible cell ends than this, and a record is not worth the work.
const MAX_CLOSERS: usize = 300;
/// Wider tables than this are not divided again: the work grows with the number of columns.
const MAX_COLUMNS: usize = 256;
/// What a quote costs that is left inside a cell of a column that is not free text.
const MISPLACED_COST: u32 = 3;

/// The cells of `record` (with or without its line break), one an entry of `free_text`.
pub(super) fn divide(record: &[u8], dialect: Dialect, free_text: &[bool]) -> Option<Vec<Cell>> {
    let record = record.strip_suffix(&[dialect.line_end]).unwrap_or(record);
    let record = record.strip_suffix(b"\r").unwrap_or(record);
    let closers: Vec<usize> = (0..record.len())
        .filter(|&at| record[at] == b'"' && record.get(at + 1).is_none_or(|next| *next == dialect.delimiter))
        .take(MAX_CLOSERS + 1)
        .collect();
    if closers.len() > MAX_CLOSERS || free_text.len() > MAX_COLUMNS {
        return None;
    }
    let quotes: Vec<usize> = (0..record.len()).filter(|&at| record[at] == b'"').collect();
    let mut search = Search { record, dialect, free_text, closers, quotes, known: HashMap::new() };
    search.cheapest(0, 0)?;
    let mut cells = Vec::with_capacity(free_text.len());
    let mut at = 0;
    for column in 0..free_text.len() {
        let (_, cell, next) = search.known.remove(&(at, column))??;
        cells.push(cell);
        at = next;
    }
    Some(cells)
}

/// Cost of the cheapest division from a position on, with its first cell and where the next begins.
type Best = Option<(u32, Cell, usize)>;

struct Search<'a> {
    record: &'a [u8],
    dialect: Dialect,
    free_text: &'a [bool],
    /// Quotes behind which a cell may end.
    closers: Vec<usize>,
    quotes: Vec<usize>,
    known: HashMap<(usize, usize), Best>,
}

impl Search<'_> {
    /// The cost of dividing what begins at `at` into the cells from `column` on; depth is the number of columns.
    fn cheapest(&mut self, at: usize, column: usize) -> Option<u32> {
        if let Some(best) = self.known.get(&(at, column)) {
            return best.as_ref().map(|(cost, ..)| *cost);
        }
        let mut best: Best = None;
        for (cell, end) in self.candidates(at) {
            let here = self.cost(&cell, column);
            let is_last = column + 1 == self.free_text.len();
            let rest = match (is_last, end == self.record.len()) {
                (true, true) => Some(0),
                (false, false) => self.cheapest(end + 1, column + 1),
                _ => None,
            };
            // Only a cheaper one replaces the best, so of equals the one with the shorter first cell stays.
            if let Some(cost) = rest.map(|rest| rest + here).filter(|cost| best.as_ref().is_none_or(|(known, ..)| cost < known)) {
                best = Some((cost, cell, end + 1));
            }
        }
        let cost = best.as_ref().map(|(cost, ..)| *cost);
        self.known.insert((at, column), best);
        cost
    }

    /// Every cell that may begin at `at`, with the position of the delimiter or end behind it.
    fn candidates(&self, at: usize) -> Vec<(Cell, usize)> {
        let mut out = Vec::new();
        if self.record.get(at) == Some(&b'"') {
            let first = self.closers.partition_point(|closer| *closer <= at);
            for &closer in &self.closers[first..] {
                out.push((Cell { text: at + 1..closer, quoted: true }, closer + 1));
                // Quote, delimiter, quote ends one cell and begins the next: behind it, two cells would be read as one.
                if self.record.get(closer + 2) == Some(&b'"') {
                    break;
                }
            }
        }
        let rest = &self.record[at..];
        let end = at + rest.iter().position(|byte| *byte == self.dialect.delimiter).unwrap_or(rest.len());
        let plain = Cell { text: at..end, quoted: false };
        // A plain cell holds no line break; one that begins with a quote is plain only if its quotes come in pairs, as in `"no" she said`.
        let begins_quoted = rest.first() == Some(&b'"');
        let is_plain =
            !self.record[at..end].contains(&self.dialect.line_end) && (!begins_quoted || self.quotes_in(&plain).is_multiple_of(2));
        if is_plain {
            out.push((plain, end));
        }
        out
    }

    fn cost(&self, cell: &Cell, column: usize) -> u32 {
        let quotes = u32::try_from(self.quotes_in(cell)).unwrap_or(u32::MAX / 8);
        quotes.min(1 << 16) * if self.free_text[column] { 1 } else { MISPLACED_COST }
    }

    fn quotes_in(&self, cell: &Cell) -> usize {
        self.quotes.partition_point(|at| *at < cell.text.end) - self.quotes.partition_point(|at| *at < cell.text.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_divided_where_it_can_be() {
        let dialect = Dialect { delimiter: b',', line_end: b'\n' };
        let cases: [(&str, Option<[&str; 3]>); 13] = [
            (r#""1","he said "stop" to her","x""#, Some(["1", r#"he said "stop" to her"#, "x"])),
            (r#""1","he said "stop", then left","x""#, Some(["1", r#"he said "stop", then left"#, "x"])),
            (r#""1","she shouted "stop"","x""#, Some(["1", r#"she shouted "stop""#, "x"])),
            (r#""1",""stop" she shouted","x""#, Some(["1", r#""stop" she shouted"#, "x"])),
            (r#""1","a 6", long knife","x""#, Some(["1", r#"a 6", long knife"#, "x"])),
            (r#""1","he said "a","b" to","x""#, None),
            (r#""1","text","x","too many""#, None),
            (r#""1","he said "no"","x","too many""#, None),
            ("1,\"he said \"stop\"\nand left\",x\r\n", Some(["1", "he said \"stop\"\nand left", "x"])),
            (r#"1,"stop" she said,x"#, Some(["1", r#""stop" she said"#, "x"])),
            (r#"1,"never closed,x"#, None),
            ("1,\"never closed,x\n2,next,y", None),
            (r#""1","too few""#, None),
        ];
        for (text, wanted) in cases {
            let found = divide(text.as_bytes(), dialect, &[false, true, false]);
            let found = found.map(|cells| {
                let texts = cells.iter().map(|cell| String::from_utf8(cell.bytes(text.as_bytes())).unwrap());
                texts.map(|cell| cell.trim_matches('\0').to_owned()).collect::<Vec<_>>()
            });
            assert_eq!(found.as_deref(), wanted.map(|cells| cells.map(str::to_owned)).as_ref().map(<[String; 3]>::as_slice), "{text}");
        }
    }
}
