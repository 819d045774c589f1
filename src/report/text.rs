//! Text from a record made safe and fit to look at; the tables never use this, they keep text as received.

/// `text` with every character that could hide or reorder something shown as a sign: control characters as their Unicode pictures,
/// direction marks and invisible characters as `[U+202E]`. Line feeds and tabs stay; a carriage return before a line feed goes.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\t' => out.push(c),
            '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
            '\u{7f}' => out.push('\u{2421}'),
            _ if is_hidden(c) => out.push_str(&format!("[U+{:04X}]", u32::from(c))),
            _ => out.push(c),
        }
    }
    out
}

/// Second control block, direction marks, and characters without a picture. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{9f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// Cut to `units` UTF-16 units, the measure of a spreadsheet cell, with `note` as its end where something was cut.
pub(super) fn cut_utf16(text: &str, units: usize, note: &str) -> String {
    // A character of n UTF-16 units has at least n bytes, so a short text needs no count.
    if text.len() <= units || text.encode_utf16().count() <= units {
        return text.to_owned();
    }
    let room = units.saturating_sub(note.encode_utf16().count());
    let mut used = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += c.len_utf16();
            used <= room
        })
        .collect();
    kept + note
}

/// On one line and of at most `most` characters, with an ellipsis where something was cut.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let line = visible(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    match line.char_indices().nth(most) {
        None => line,
        Some((end, _)) => format!("{}\u{2026}", &line[..end]),
    }
}

/// An ISO 8601 local time as people read it, to the minute where there are no seconds.
pub(super) fn moment(iso: &str) -> String {
    let shown = visible(&iso.replacen('T', " ", 1));
    match shown.strip_suffix(":00") {
        Some(minutes) if shown.matches(':').count() == 2 => minutes.to_owned(),
        _ => shown,
    }
}

/// The largest character border of `text` that is at most `at`.
pub(super) fn border_before(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A count with a comma between thousands, as people write it.
pub(super) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `part` of `whole` in percent with one decimal; a dash where there is no whole.
pub(super) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "\u{2013}".to_owned();
    }
    format!("{:.1} %", share(part, whole) * 100.0)
}

/// `part` of `whole` in 0..=1; 0 where there is no whole.
#[expect(clippy::cast_precision_loss, reason = "counts of rows, shown with one decimal")]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides() {
        assert_eq!(visible("a\r\nb\tc"), "a\nb\tc");
        assert_eq!(visible("nul\0 bell\u{7} esc\u{1b}[31m del\u{7f}"), "nul\u{2400} bell\u{2407} esc\u{241b}[31m del\u{2421}");
        assert_eq!(visible("\u{202e}txt\u{2066}\u{200b}"), "[U+202E]txt[U+2066][U+200B]");
        assert_eq!(visible("na\u{ef}ve \u{1f469}\u{200d}\u{1f4bb}"), "na\u{ef}ve \u{1f469}\u{200d}\u{1f4bb}");
    }

    #[test]
    fn cells_are_cut_by_utf16_units_on_character_borders() {
        assert_eq!(cut_utf16("abc", 3, "!"), "abc");
        assert_eq!(cut_utf16("abcd", 3, "!"), "ab!");
        assert_eq!(cut_utf16("\u{1f600}\u{1f600}\u{1f600}", 5, "!"), "\u{1f600}\u{1f600}!");
        assert_eq!(cut_utf16("\u{1f600}\u{1f600}", 4, "!"), "\u{1f600}\u{1f600}");
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(percent(1, 8), "12.5 %");
        assert_eq!(percent(0, 0), "\u{2013}");
        assert_eq!(moment("2026-03-01T22:05:00"), "2026-03-01 22:05");
        assert_eq!(moment("2026-03-01T22:00"), "2026-03-01 22:00");
        assert_eq!(moment("2026-03-01"), "2026-03-01");
        assert_eq!(one_line("one\n two  three", 9), "one two t\u{2026}");
    }
}
