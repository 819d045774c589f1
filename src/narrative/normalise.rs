//! Text as rules and classifier want it, with a way back to every byte received.

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::WINDOWS_1252;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::domain::Span;

/// What spreadsheets and web forms leave in text, and what it stood for.
const ESCAPES: &[(&str, &str)] = &[
    ("_x000D_", "\n"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&apos;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("<br>", "\n"),
    ("<br/>", "\n"),
    ("<br />", "\n"),
    ("</p>", "\n"),
    ("<p>", ""),
];

/// From bytes of the normalised text to bytes received: pieces in order, each either the same bytes or one replacement.
#[derive(Debug, Clone, Default)]
pub(super) struct OffsetMap {
    pieces: Vec<Piece>,
    text_len: usize,
}

#[derive(Debug, Clone)]
struct Piece {
    /// Where the piece starts in the normalised text; it ends where the next one starts.
    text: usize,
    received: Range<usize>,
    /// The bytes are the same in both, so that a place inside the piece can be told.
    same: bool,
}

impl OffsetMap {
    /// The bytes received that a range of the normalised text came from; always on character borders of the text received.
    pub(super) fn received(&self, range: &Range<usize>) -> Span {
        let start = self
            .piece_at(range.start)
            .map_or(0, |piece| if piece.same { piece.received.start + (range.start - piece.text) } else { piece.received.start });
        if range.is_empty() {
            return Span::new(start, start);
        }
        let end = self
            .piece_at(range.end - 1)
            .map_or(start, |piece| if piece.same { piece.received.start + (range.end - piece.text) } else { piece.received.end });
        Span::new(start, end.max(start))
    }

    fn piece_at(&self, at: usize) -> Option<&Piece> {
        self.pieces[..self.pieces.partition_point(|piece| piece.text <= at)].last()
    }

    /// Adds `len` bytes of text that came from `received`.
    fn push(&mut self, len: usize, received: Range<usize>, same: bool) {
        if len == 0 {
            return;
        }
        match self.pieces.last_mut() {
            Some(last) if last.same && same && last.received.end == received.start => last.received.end = received.end,
            _ => self.pieces.push(Piece { text: self.text_len, received, same }),
        }
        self.text_len += len;
    }
}

/// Normalises a narrative: NFKC, straight quotes and hyphens, mojibake and spreadsheet escapes undone, control and direction
/// marks removed, runs of blanks made one, line ends made `\n` (two at most in a row).
pub(super) fn normalise(received: &str) -> (String, OffsetMap) {
    let mut out = Normaliser { text: String::with_capacity(received.len()), map: OffsetMap::default() };
    let mut at = 0;
    while at < received.len() {
        at += out.take(received, at);
    }
    (out.text, out.map)
}

/// The text in lower case with every byte offset unchanged; a letter whose small form has another length stays as it is.
pub(super) fn folded(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(small), None) if small.len_utf8() == c.len_utf8() => small,
                _ => c,
            }
        })
        .collect()
}

struct Normaliser {
    text: String,
    map: OffsetMap,
}

impl Normaliser {
    /// Handles what stands at `at` and returns how many bytes received that was.
    fn take(&mut self, received: &str, at: usize) -> usize {
        let rest = &received[at..];
        let first = rest.as_bytes()[0];
        if matches!(first, b'_' | b'&' | b'<')
            && let Some((escape, meant)) = ESCAPES.iter().find(|(escape, _)| rest.starts_with(escape))
        {
            self.add(meant, at..at + escape.len(), false);
            return escape.len();
        }
        if first.is_ascii() {
            let plain = rest.bytes().take_while(|b| b.is_ascii_graphic() && !matches!(b, b'_' | b'&' | b'<')).count();
            // A letter before a combining mark belongs to the mark.
            let accented = rest[plain..].chars().next().is_some_and(is_combining_mark);
            let plain = if accented { plain.saturating_sub(1) } else { plain };
            if plain > 0 {
                self.add(&rest[..plain], at..at + plain, true);
                return plain;
            }
        }
        let (piece, len) = unit(rest);
        let same = piece == rest[..len];
        self.add(&piece, at..at + len, same);
        len
    }

    fn add(&mut self, piece: &str, received: Range<usize>, same: bool) {
        let blank = match piece {
            " " => !self.text.ends_with([' ', '\n']) && !self.text.is_empty(),
            "\n" => {
                while self.text.ends_with(' ') {
                    self.text.pop();
                    self.map.text_len -= 1;
                    // A blank is a piece of its own or the end of one.
                    if self.map.pieces.last().is_some_and(|last| last.text >= self.map.text_len) {
                        self.map.pieces.pop();
                    } else if let Some(last) = self.map.pieces.last_mut() {
                        last.received.end -= 1;
                    }
                }
                !self.text.ends_with("\n\n") && !self.text.is_empty()
            }
            _ => true,
        };
        if blank {
            self.text.push_str(piece);
            self.map.push(piece.len(), received, same);
        }
    }
}

/// The next thing that is normalised as a whole, and how many bytes received it takes.
fn unit(rest: &str) -> (Cow<'_, str>, usize) {
    let mut chars = rest.chars();
    let first = chars.next().unwrap_or_default();
    let len = first.len_utf8();
    match first {
        '\r' => return (Cow::Borrowed("\n"), if rest[len..].starts_with('\n') { len + 1 } else { len }),
        '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => return (Cow::Borrowed("\n"), len),
        ' ' | '\t' => return (Cow::Borrowed(" "), len),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '\u{b4}' | '`' => return (Cow::Borrowed("'"), len),
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' => return (Cow::Borrowed("\""), len),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => return (Cow::Borrowed("-"), len),
        _ => {}
    }
    if first.is_control() || is_invisible(first) {
        return (Cow::Borrowed(""), len);
    }
    if let Some((meant, len)) = mojibake(rest) {
        return (Cow::Owned(unit(&meant).0.into_owned()), len);
    }
    let marks: usize = chars.take_while(|c| is_combining_mark(*c)).map(char::len_utf8).sum();
    let whole = &rest[..len + marks];
    if whole.is_ascii() {
        return (Cow::Borrowed(whole), whole.len());
    }
    let composed: String = whole.nfkc().collect();
    // NFKC makes some blanks plain and takes some signs apart into a blank and a mark.
    let composed = if composed.trim().is_empty() && !composed.is_empty() { " ".to_owned() } else { composed };
    if composed == whole { (Cow::Borrowed(whole), whole.len()) } else { (Cow::Owned(composed), whole.len()) }
}

/// Characters that only steer layout: zero-width ones, direction marks, variation selectors, the byte-order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}')
}

/// UTF-8 that was once read as Windows-1252, such as `â€™`: what it was, and how many bytes received it takes.
fn mojibake(rest: &str) -> Option<(String, usize)> {
    let first = rest.chars().next()?;
    let continuation = match u32::from(first) {
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf4 => 3,
        _ => return None,
    };
    let len: usize = rest.chars().take(continuation + 1).map(char::len_utf8).sum();
    let (bytes, _, unmappable) = WINDOWS_1252.encode(&rest[..len]);
    if unmappable || bytes.len() != continuation + 1 {
        return None;
    }
    let text = std::str::from_utf8(&bytes).ok()?;
    (text.chars().count() == 1).then(|| (text.to_owned(), len))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_made_plain() {
        let cases = [
            ("He\u{2019}s \u{201c}just\u{201d} \u{2013} passing\u{2026}", "He's \"just\" - passing..."),
            ("one\r\ntwo\rthree\n\n\n\nfour", "one\ntwo\nthree\n\nfour"),
            ("a \t  b  \n c", "a b\nc"),
            ("  lead", "lead"),
            ("donâ€™t â€œgoâ€\u{9d} CafÃ© Â£20", "don't \"go\" Café £20"),
            ("cafe\u{301} \u{fb01}le x\u{b2}", "café file x2"),
            ("zero\u{200b}width \u{202e}rtl\u{202c} nul\u{0} bell\u{7}", "zerowidth rtl nul bell"),
            ("row one_x000D_row two<br/>three &amp; four &quot;five&quot;", "row one\nrow two\nthree & four \"five\""),
            ("snake_case & <tag>", "snake_case & <tag>"),
            ("\u{feff}start", "start"),
            ("naïve Über Ångström", "naïve Über Ångström"),
            ("", ""),
        ];
        for (received, wanted) in cases {
            assert_eq!(normalise(received).0, wanted, "{received:?}");
        }
    }

    #[test]
    fn the_way_back_finds_the_words_received() {
        let received = "He\u{2019}s  outside\r\n\u{202e}HA  donâ€™t \u{1f600} cafe\u{301}!";
        let (text, map) = normalise(received);
        for (word, wanted) in
            [("He's", "He\u{2019}s"), ("outside", "outside"), ("HA", "HA"), ("don't", "donâ€™t"), ("café", "cafe\u{301}"), ("!", "!")]
        {
            let at = text.find(word).unwrap();
            assert_eq!(map.received(&(at..at + word.len())).slice(received), wanted);
        }
    }

    #[test]
    fn folding_keeps_offsets() {
        assert_eq!(folded("STRASSE İstanbul É"), "strasse İstanbul é");
    }

    proptest! {
        #[test]
        fn every_range_points_at_whole_characters(received in "(?s).{0,60}|[ \\r\\n\\t’“â€™Ãa_x0D&;<br>/\u{301}\u{200b}]{0,40}") {
            let (text, map) = normalise(&received);
            prop_assert_eq!(map.text_len, text.len());
            let borders: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let mut last = 0;
            for pair in borders.windows(2) {
                let span = map.received(&(pair[0]..pair[1]));
                prop_assert!(received.get(span.start..span.end).is_some_and(|words| !words.is_empty()));
                prop_assert!(span.start >= last || !map.pieces.is_empty());
                last = span.start;
            }
            prop_assert_eq!(folded(&text).len(), text.len());
        }

        #[test]
        fn plain_text_stays_as_it_is(received in "[a-zA-Z0-9.,;:!?'\"-]{1,12}( [a-zA-Z0-9.,;:!?'\"-]{1,12}){0,12}") {
            let (text, map) = normalise(&received);
            prop_assert_eq!(&text, &received);
            prop_assert_eq!(map.received(&(0..text.len())), Span::new(0, received.len()));
        }
    }
}
