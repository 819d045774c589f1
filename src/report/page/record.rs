//! One record of the queue on the page: reasons first, evidence in its sentences, number last.

use crate::report::Run;
use crate::report::highlight::{Mark, Piece, context_words, pieces};
use crate::report::queue::Entry;
use crate::report::text::{border_before, moment, one_line, thousands, visible};

/// A narrative of at most this many bytes is shown whole at once.
const SHORT: usize = 1_600;
/// Bytes of a narrative on the page; a longer one goes on elsewhere.
const MAX_SHOWN: usize = 24_000;
/// Bytes of text around evidence, before it is widened to the sentence.
const AROUND: usize = 40;
/// How far the end or start of a sentence is looked for.
const SENTENCE: usize = 240;
const MAX_EXCERPTS: usize = 8;
/// Bytes of an excerpt; more is cut at its end.
const MAX_EXCERPT: usize = 900;
/// Set-aside findings listed.
const MAX_ASIDE: usize = 6;

/// What the template shows of a record.
pub(super) struct Record {
    pub(super) rank: usize,
    pub(super) id: String,
    pub(super) flag: String,
    pub(super) risk: String,
    pub(super) probability: String,
    pub(super) reasons: Vec<String>,
    /// Name and value, where there is one.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Sentences around evidence of a long narrative; empty for a short one.
    pub(super) excerpts: Vec<Vec<Piece>>,
    pub(super) excerpts_left_out: usize,
    /// Whether the excerpt is the classifier's strongest passage, for want of an indicator.
    pub(super) strongest: bool,
    pub(super) words: String,
    pub(super) narrative: Vec<Piece>,
    /// Whether the narrative goes on after what is shown.
    pub(super) cut: bool,
    /// Words that are not counted, indicator and why.
    pub(super) aside: Vec<(String, String)>,
    pub(super) aside_left_out: usize,
    /// What the classifier did not read, where it did not read all.
    pub(super) not_read: String,
}

impl Record {
    pub(super) fn new(rank: usize, entry: &Entry, run: &Run<'_>) -> Self {
        let text = &entry.narrative;
        let shown = border_before(text, MAX_SHOWN);
        let ranges = if text.len() > SHORT { excerpts(entry) } else { Vec::new() };
        let (aside, aside_left_out) = aside(entry);
        Self {
            rank,
            id: visible(&entry.id),
            flag: entry.flag.clone(),
            risk: entry.risk.clone(),
            probability: format!("{:.4}", entry.probability),
            reasons: entry.reasons.iter().map(|reason| visible(reason)).collect(),
            facts: facts(entry, run),
            excerpts: ranges.iter().take(MAX_EXCERPTS).map(|&(start, end)| pieces(text, &entry.marks, start, end)).collect(),
            excerpts_left_out: ranges.len().saturating_sub(MAX_EXCERPTS),
            strongest: !entry.marks.iter().any(is_counted),
            words: thousands(entry.words as u64),
            narrative: pieces(text, &entry.marks, 0, shown),
            cut: shown < text.len(),
            aside,
            aside_left_out,
            not_read: if entry.tokens_scored < entry.tokens {
                format!("The classifier read {} of {} tokens.", thousands(entry.tokens_scored as u64), thousands(entry.tokens as u64))
            } else {
                String::new()
            },
        }
    }
}

fn facts(entry: &Entry, run: &Run<'_>) -> Vec<(&'static str, String)> {
    let recorded = entry.recorded_as.as_deref().map(|value| one_line(value, 120));
    let recorded = recorded.map(|value| if entry.recorded_otherwise { format!("{value} \u{2013} not as stalking") } else { value });
    [
        ("Recorded as", recorded),
        ("Reported", entry.reported_at.as_deref().map(moment)),
        ("Area", entry.area.as_deref().map(visible)),
        ("Source", Some(format!("{}, row {}", visible(&run.input(entry.file)), entry.row))),
        ("Same narrative as", entry.duplicate_of.as_deref().map(visible)),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
    .collect()
}

fn is_counted(mark: &Mark) -> bool {
    mark.set_aside.is_none()
}

/// Byte ranges of the sentences around counted words, or of the classifier's strongest passage where nothing is counted; in order.
fn excerpts(entry: &Entry) -> Vec<(usize, usize)> {
    let text = &entry.narrative;
    let mut spans: Vec<(usize, usize)> = entry.marks.iter().filter(|mark| is_counted(mark)).map(|mark| (mark.start, mark.end)).collect();
    if spans.is_empty() {
        spans.extend(entry.strongest);
    }
    spans.sort_unstable();
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for (start, end) in spans {
        let (start, end) = (sentence_start(text, start.saturating_sub(AROUND)), sentence_end(text, end + AROUND));
        match ranges.last_mut() {
            Some(last) if start <= last.1 && end - last.0 <= MAX_EXCERPT => last.1 = last.1.max(end),
            Some(last) if start < last.1 => {
                let start = last.1;
                if end > start {
                    ranges.push((start, border_before(text, end.min(start + MAX_EXCERPT))));
                }
            }
            _ => ranges.push((start, border_before(text, end.min(start + MAX_EXCERPT)))),
        }
    }
    // The space after the sentence before is not part of an excerpt.
    ranges.into_iter().map(|(start, end)| (end - text[start..end].trim_start().len(), end)).collect()
}

/// The start of the sentence that holds the byte `at`, if it is near, else of the word.
fn sentence_start(text: &str, at: usize) -> usize {
    let at = border_before(text, at);
    let from = border_before(text, at.saturating_sub(SENTENCE));
    let before = &text[from..at];
    match before.rfind(['.', '!', '?', '\n']) {
        Some(mark) => from + mark + 1,
        None if from == 0 => 0,
        None => before.find(char::is_whitespace).map_or(from, |space| from + space),
    }
}

/// The end of the sentence that holds the byte `at`, if it is near, else of a word.
fn sentence_end(text: &str, at: usize) -> usize {
    let at = border_before(text, at);
    let to = border_before(text, at + SENTENCE);
    let after = &text[at..to];
    match after.find(['.', '!', '?', '\n']) {
        Some(mark) => at + mark + 1,
        None if to == text.len() => to,
        None => after.rfind(char::is_whitespace).map_or(to, |space| at + space),
    }
}

fn aside(entry: &Entry) -> (Vec<(String, String)>, usize) {
    let mut lines: Vec<(String, String)> = Vec::new();
    for mark in &entry.marks {
        let Some(context) = mark.set_aside else { continue };
        let quote = one_line(&entry.narrative[mark.start..mark.end], 100);
        let line = (quote, format!("{} {}: {}", mark.indicator.id(), mark.indicator.name(), context_words(context)));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let left_out = lines.len().saturating_sub(MAX_ASIDE);
    lines.truncate(MAX_ASIDE);
    (lines, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Indicator;

    fn entry(narrative: String, spans: &[(usize, usize)]) -> Entry {
        let mark =
            |&(start, end): &(usize, usize)| Mark { start, end, indicator: Indicator::B07, rule: "B07-01".to_owned(), set_aside: None };
        Entry {
            id: "1".to_owned(),
            flag: "likely".to_owned(),
            risk: "high".to_owned(),
            probability: 0.9,
            reasons: Vec::new(),
            marks: spans.iter().map(mark).collect(),
            strongest: None,
            recorded_as: None,
            recorded_otherwise: false,
            reported_at: None,
            area: None,
            narrative,
            file: 0,
            row: 1,
            duplicate_of: None,
            words: 0,
            tokens: 0,
            tokens_scored: 0,
        }
    }

    #[test]
    fn excerpts_are_sentences_in_order_without_overlap() {
        let text = format!("{}He waits outside. {}He waits again. End.", "A b. ".repeat(200), "C d. ".repeat(200));
        let spans: Vec<_> = text.match_indices("waits").map(|(at, word)| (at, at + word.len())).collect();
        let ranges = excerpts(&entry(text.clone(), &spans));
        assert_eq!(ranges.len(), 2);
        assert!(
            text[ranges[0].0..ranges[0].1].contains("He waits outside.") && text[ranges[1].0..ranges[1].1].contains("He waits again. End.")
        );
        assert!(ranges[0].1 <= ranges[1].0);
    }

    #[test]
    fn excerpts_keep_to_character_borders_and_stay_short() {
        let text = "\u{e9}".repeat(5_000);
        let spans: Vec<_> = (0..50).map(|i| (i * 200, i * 200 + 100)).collect();
        let ranges = excerpts(&entry(text.clone(), &spans));
        let mut at = 0;
        for (start, end) in ranges {
            assert!(start >= at && start <= end && text.is_char_boundary(start) && text.is_char_boundary(end), "{start}..{end} after {at}");
            assert!(end - start <= MAX_EXCERPT);
            at = end;
        }
    }
}
