//! What a narrative is made of: normalised text with a map back to the bytes received, log entries, sections,
//! `label: value` fields, pasted forms and sentences.
//!
//! Nothing here says what the words mean; that is for `indicators` and `classifier`.

mod layout;
mod normalise;
mod sentences;
mod templates;

use std::ops::Range;

use crate::domain::Span;
use layout::Layout;
use normalise::OffsetMap;

/// A narrative ready for rules and classifier. All ranges are bytes of [`text`](Self::text); use
/// [`received_span`](Self::received_span) before anything leaves the engine.
#[derive(Debug, Clone)]
pub struct PreparedNarrative {
    /// Normalised: NFKC letters, straight quotes, plain white space (line breaks kept as `\n`), mojibake repaired,
    /// control and direction marks removed. Case is kept.
    pub text: String,
    /// [`text`](Self::text) in lower case with every byte offset unchanged.
    pub folded: String,
    /// Log entries in order; a narrative without time stamps is one entry.
    pub entries: Vec<Entry>,
    /// Named parts (`MO:`, `SUMMARY:`, enquiry log) in order; empty where the narrative has none.
    pub sections: Vec<Section>,
    /// `label: value` lines and form questions with their answers, in order.
    pub fields: Vec<Field>,
    /// Pasted forms, leaflets, advice and disclaimers whose words assert nothing about this incident.
    pub templates: Vec<Range<usize>>,
    /// Sentences in order. They cover every word, do not overlap and never cross the border of an entry, section or field.
    pub sentences: Vec<Range<usize>>,
    offsets: OffsetMap,
}

/// A time-stamped part of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The whole entry with its stamp.
    pub range: Range<usize>,
    /// The time or operator stamp at its start.
    pub stamp: Option<Range<usize>>,
}

/// A named part of a narrative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading in lower case without its colon, such as `mo`.
    pub name: String,
    /// The heading itself with its colon.
    pub heading: Range<usize>,
    /// The text under the heading.
    pub range: Range<usize>,
}

/// A `label: value` line or a form's question with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub label: Range<usize>,
    pub value: Range<usize>,
    pub answer: Answer,
}

/// What a field's value does to its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// "Y", "yes"
    Asserts,
    /// "N", "none", "nil", "no"
    Denies,
    /// "N/K", "refused", blank
    Unknown,
    /// Anything else: the value is text of its own.
    Text,
}

impl PreparedNarrative {
    /// Prepares a narrative as it was received. Any text is fine, also an empty one.
    pub fn new(received: &str) -> Self {
        let (text, offsets) = normalise::normalise(received);
        let Layout { entries, sections, fields } = Layout::new(&text);
        let templates = templates::templates(&text);
        let mut borders: Vec<usize> = Vec::new();
        for entry in &entries {
            borders.push(entry.range.start);
            borders.extend(entry.stamp.as_ref().map(|stamp| stamp.end));
        }
        for section in &sections {
            borders.extend([section.heading.start, section.heading.end, section.range.end]);
        }
        for field in &fields {
            borders.extend([field.label.start, field.value.start, field.value.end]);
        }
        borders.extend(templates.iter().flat_map(|range| [range.start, range.end]));
        borders.sort_unstable();
        borders.dedup();
        let sentences = sentences::sentences(&text, &borders);
        Self { folded: normalise::folded(&text), text, entries, sections, fields, templates, sentences, offsets }
    }

    /// The bytes received that a range of [`text`](Self::text) came from, on character borders.
    pub fn received_span(&self, range: Range<usize>) -> Span {
        self.offsets.received(&range)
    }

    /// How many words the narrative has: runs of non-blank characters that hold a letter or a digit.
    pub fn words(&self) -> usize {
        self.text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sentences_stay_inside_entries_fields_and_sections() {
        let received = "MO: Unk offender.\nSUMMARY: Ex-partner\u{2019}s car seen\n[14:02 4417] CALLER STATES HE IS BACK\nWeapons: none";
        let narrative = PreparedNarrative::new(received);
        let sentences: Vec<_> = narrative.sentences.iter().map(|range| &narrative.text[range.clone()]).collect();
        assert_eq!(
            sentences,
            ["MO:", "Unk offender.", "SUMMARY:", "Ex-partner's car seen", "[14:02 4417]", "CALLER STATES HE IS BACK", "Weapons:", "none"]
        );
        assert_eq!(narrative.words(), 16);
        let at = narrative.text.find("Ex-partner's").unwrap();
        assert_eq!(narrative.received_span(at..at + 12).slice(received), "Ex-partner\u{2019}s");
    }

    proptest! {
        #[test]
        fn any_text_is_prepared_and_every_word_is_in_one_sentence(
            received in "(?s)(?:.{0,20}|\\[14:02 4417\\]|MO:|Weapons: |\n|Is he violent\\? |N|12/03/2025 |\\. |\u{2019}){0,12}"
        ) {
            let narrative = PreparedNarrative::new(&received);
            let mut last = 0;
            let mut covered = 0;
            for range in &narrative.sentences {
                prop_assert!(range.start >= last && range.start < range.end);
                last = range.end;
                covered += narrative.text[range.clone()].chars().filter(|c| c.is_alphanumeric()).count();
                let span = narrative.received_span(range.clone());
                prop_assert!(received.get(span.start..span.end).is_some());
            }
            prop_assert_eq!(covered, narrative.text.chars().filter(|c| c.is_alphanumeric()).count());
            for field in &narrative.fields {
                prop_assert!(field.label.end <= field.value.start && field.value.end <= narrative.text.len());
            }
        }
    }
}
