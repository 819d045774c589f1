//! A narrative cut into pieces by the findings in it, for showing evidence in place.
//!
//! Spans count bytes of the narrative as received; the pieces are text ready to be escaped and shown, so nobody else converts offsets.

use serde::{Deserialize, Serialize};

use super::text::visible;
use crate::domain::{Context, Finding, FindingStatus, Indicator, IndicatorGroup, MODEL};

/// A finding, as much as is needed to show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// First byte in the narrative.
    pub start: usize,
    /// One after the last byte.
    pub end: usize,
    pub indicator: Indicator,
    pub rule: String,
    /// Why it is not counted; `None` where it is.
    pub set_aside: Option<Context>,
}

impl From<&Finding> for Mark {
    fn from(finding: &Finding) -> Self {
        let set_aside = match finding.status {
            FindingStatus::Counted => None,
            FindingStatus::SetAside(context) => Some(context),
        };
        Self { start: finding.span.start, end: finding.span.end, indicator: finding.indicator, rule: finding.rule.to_string(), set_aside }
    }
}

/// A stretch of a narrative that is covered by the same marks throughout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The words, with control characters and direction marks made visible; not yet escaped for HTML.
    pub text: String,
    /// `behaviour`, `pattern`, `risk`, `legal`, `relationship`, `aside`, or empty for plain text.
    pub class: &'static str,
    /// What covers it, in words, for a title; empty for plain text.
    pub title: String,
    /// Short labels of the marks that end with this piece, to stand after it.
    pub labels: Vec<Label>,
}

/// A short label beside marked words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The indicator's id where counted, else why it is set aside.
    pub text: String,
    pub aside: bool,
}

/// Why words are not counted, in the reviewer's language.
pub fn context_words(context: Context) -> &'static str {
    match context {
        Context::Negated => "denied in the text",
        Context::Hypothetical => "feared or advised, not reported",
        Context::Historical => "long ago",
        Context::OtherPerson => "about another person",
        Context::Template => "form text",
        Context::Benign => "innocent reading given",
    }
}

/// The bytes `start..end` of a narrative in pieces. Marks that reach over the border are shown as far as they lie inside; marks may
/// overlap, and where a counted one and one set aside do, the words show as counted and both labels are given.
///
/// # Panics
/// If the range or a mark does not lie on character borders of `narrative`.
pub fn pieces(narrative: &str, marks: &[Mark], start: usize, end: usize) -> Vec<Piece> {
    let mut inside: Vec<&Mark> = marks.iter().filter(|mark| mark.start < end && mark.end > start).collect();
    inside.sort_by_key(|mark| (mark.start, mark.end, mark.indicator));
    let mut borders: Vec<usize> = inside.iter().flat_map(|mark| [mark.start.max(start), mark.end.min(end)]).chain([start, end]).collect();
    borders.sort_unstable();
    borders.dedup();
    let mut pieces = Vec::new();
    let mut waiting = inside.into_iter().peekable();
    let mut open: Vec<&Mark> = Vec::new();
    for pair in borders.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        open.retain(|mark| mark.end > from);
        while let Some(mark) = waiting.next_if(|mark| mark.start <= from) {
            open.push(mark);
        }
        pieces.push(piece(&narrative[from..to], &open, to, end));
    }
    pieces
}

fn piece(words: &str, open: &[&Mark], to: usize, end: usize) -> Piece {
    let counted = open.iter().find(|mark| mark.set_aside.is_none());
    let class = match counted {
        Some(mark) => group_class(mark.indicator.group()),
        None if open.is_empty() => "",
        None => "aside",
    };
    let mut title: Vec<String> = open.iter().map(|mark| describe(mark)).collect();
    title.dedup();
    let mut labels: Vec<Label> = Vec::new();
    for mark in open.iter().filter(|mark| mark.end.min(end) == to) {
        let label = label(mark);
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    Piece { text: visible(words), class, title: title.join("; "), labels }
}

fn label(mark: &Mark) -> Label {
    match mark.set_aside {
        None => Label { text: mark.indicator.id().to_owned(), aside: false },
        Some(context) => Label { text: format!("not counted: {}", context_words(context)), aside: true },
    }
}

fn describe(mark: &Mark) -> String {
    let what = format!("{} {}", mark.indicator.id(), mark.indicator.name());
    let by = if mark.rule == MODEL { "seen by the classifier".to_owned() } else { format!("rule {}", mark.rule) };
    match mark.set_aside {
        None => format!("{what}, {by}"),
        Some(context) => format!("{what}, not counted: {}, {by}", context_words(context)),
    }
}

/// The class that the style sheet colours.
pub(super) fn group_class(group: IndicatorGroup) -> &'static str {
    match group {
        IndicatorGroup::Behaviour => "behaviour",
        IndicatorGroup::Pattern => "pattern",
        IndicatorGroup::Risk => "risk",
        IndicatorGroup::Legal => "legal",
        IndicatorGroup::Relationship => "relationship",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "XP waits outside again. No threats.";

    fn mark(start: usize, end: usize, indicator: Indicator, set_aside: Option<Context>) -> Mark {
        Mark { start, end, indicator, rule: format!("{indicator}-01"), set_aside }
    }

    fn shown(pieces: &[Piece]) -> Vec<(&str, &str, Vec<&str>)> {
        pieces.iter().map(|p| (p.text.as_str(), p.class, p.labels.iter().map(|label| label.text.as_str()).collect())).collect()
    }

    #[test]
    fn pieces_join_up_to_the_text_and_carry_their_marks() {
        let marks = [mark(3, 16, Indicator::B07, None), mark(24, 34, Indicator::R01, Some(Context::Negated))];
        let pieces = pieces(TEXT, &marks, 0, TEXT.len());
        assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), TEXT);
        assert_eq!(
            shown(&pieces),
            [
                ("XP ", "", vec![]),
                ("waits outside", "behaviour", vec!["B07"]),
                (" again. ", "", vec![]),
                ("No threats", "aside", vec!["not counted: denied in the text"]),
                (".", "", vec![]),
            ]
        );
        assert_eq!(pieces[1].title, "B07 Loitering or turning up, rule B07-01");
    }

    #[test]
    fn overlapping_marks_split_where_one_ends() {
        let marks =
            [mark(3, 16, Indicator::B07, None), mark(9, 22, Indicator::P04, None), mark(9, 16, Indicator::B08, Some(Context::Benign))];
        let pieces = pieces(TEXT, &marks, 0, 23);
        assert_eq!(
            shown(&pieces),
            [
                ("XP ", "", vec![]),
                ("waits ", "behaviour", vec![]),
                ("outside", "behaviour", vec!["B07", "not counted: innocent reading given"]),
                (" again", "pattern", vec!["P04"]),
                (".", "", vec![]),
            ]
        );
    }

    #[test]
    fn a_range_cuts_marks_and_an_empty_range_has_no_pieces() {
        let marks = [mark(3, 16, Indicator::B07, None)];
        assert_eq!(shown(&pieces(TEXT, &marks, 9, 22)), [("outside", "behaviour", vec!["B07"]), (" again", "", vec![])]);
        assert!(pieces(TEXT, &marks, 5, 5).is_empty());
    }
}
