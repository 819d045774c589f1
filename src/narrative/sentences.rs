//! Sentences that survive police shorthand: no break after "approx." or "P.C.", a break at a full stop before a small letter.

use std::ops::Range;

/// Words before a full stop that does not end a sentence; lower case, without the stop.
const ABBREVIATIONS: &[&str] = &[
    "approx", "appx", "mr", "mrs", "ms", "dr", "prof", "rev", "st", "rd", "ave", "cres", "no", "nos", "tel", "mob", "ref", "inc", "incl",
    "inft", "inf", "susp", "vic", "wit", "sgt", "insp", "supt", "pc", "ps", "dc", "ds", "di", "dob", "d.o.b", "vs", "v", "e.g", "i.e",
    "eg", "ie", "etc", "hrs", "hr", "min", "mins", "dept", "govt", "ltd", "co", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep",
    "sept", "oct", "nov", "dec", "cf", "re", "veh", "reg", "poss", "prev", "ptnr", "addr", "add", "betw",
];
/// A line at least this long that ends in the middle of a sentence was wrapped by a program, not by its writer.
const WRAPPED_LINE: usize = 60;

/// The sentences of `text`, in order: they hold every word, do not overlap and never cross one of `borders` (sorted).
pub(super) fn sentences(text: &str, borders: &[usize]) -> Vec<Range<usize>> {
    let mut breaks: Vec<usize> = borders.to_vec();
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let after = at + 1;
        match byte {
            b'\n' if line_ends(text, at) => breaks.push(after),
            b'.' | b'!' | b'?' if stop_ends(text, at) => breaks.push(after),
            b';' => breaks.push(after),
            // "reports calls / advised to keep a record": clauses of a log line.
            b'/' | b'|' if at > 0 && bytes[at - 1] == b' ' && bytes.get(after) == Some(&b' ') => breaks.push(after),
            _ => {}
        }
    }
    breaks.push(text.len());
    breaks.sort_unstable();
    breaks.dedup();
    let mut sentences = Vec::with_capacity(breaks.len());
    let mut start = 0;
    for end in breaks {
        let piece = &text[start..end];
        let lead = piece.len() - piece.trim_start().len();
        if piece.contains(char::is_alphanumeric) {
            sentences.push(start + lead..start + piece.trim_end().len());
        }
        start = end;
    }
    sentences
}

fn line_ends(text: &str, at: usize) -> bool {
    let line_start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let goes_on = text[at + 1..].chars().next().is_some_and(char::is_lowercase);
    !(goes_on && at - line_start >= WRAPPED_LINE && !text[..at].ends_with(['.', '!', '?', ':', ';']))
}

fn stop_ends(text: &str, at: usize) -> bool {
    let rest = &text[at + 1..];
    // 12.30, www.site, "d.o.b", "...": only the last of several stops, and only before a blank, a quote or the end.
    if !rest.is_empty() && !rest.starts_with([' ', '\n', '"', '\'', ')']) {
        return false;
    }
    if text.as_bytes()[at] != b'.' {
        return true;
    }
    let word_start = text[..at].rfind([' ', '\n', '(', '"', '/']).map_or(0, |i| i + 1);
    let word = text[word_start..at].to_ascii_lowercase();
    let initials = word != "i" && word.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic));
    // An abbreviation at the end of a line or before a capital may still end a sentence: only titles and units never do.
    !(initials || ABBREVIATIONS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_survive_shorthand() {
        let cases: [(&str, &[&str]); 9] = [
            ("IP is scared. SUSP known.", &["IP is scared.", "SUSP known."]),
            ("he rang. she blocked him. he rang again", &["he rang.", "she blocked him.", "he rang again"]),
            ("Approx. 40 calls from Mr. Dunn at 12.30 hrs.", &["Approx. 40 calls from Mr. Dunn at 12.30 hrs."]),
            ("Seen by P.C. Hale at St. Mary's.", &["Seen by P.C. Hale at St. Mary's."]),
            ("Reports calls / advised to keep a record", &["Reports calls /", "advised to keep a record"]),
            ("IP/INF states s/he left; no trace", &["IP/INF states s/he left;", "no trace"]),
            ("Line one\nLine two", &["Line one", "Line two"]),
            (
                "The complainant stated that over the past few weeks she has been\nreceiving letters.",
                &["The complainant stated that over the past few weeks she has been\nreceiving letters."],
            ),
            ("Why?! \"No.\" ...", &["Why?!", "\"No.\" ..."]),
        ];
        for (text, wanted) in cases {
            let found: Vec<_> = sentences(text, &[]).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }

    #[test]
    fn borders_are_never_crossed() {
        assert_eq!(sentences("one two three", &[4, 8]), [0..3, 4..7, 8..13]);
    }
}
