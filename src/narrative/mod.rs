//! What a narrative is made of: normalised text with a map back to the bytes received, log entries, sections,
//! `label: value` fields, pasted forms and sentences.
//!
//! Nothing here says what the words mean; that is for `indicators` and `classifier`.

use std::ops::Range;

use crate::domain::Span;

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

/// From bytes of the normalised text to bytes received.
#[derive(Debug, Clone)]
struct OffsetMap;

impl PreparedNarrative {
    /// The bytes received that a range of the normalised text came from.
    pub fn received_span(&self, range: Range<usize>) -> Span {
        let _ = &self.offsets;
        range.into()
    }
    /// STUB
    pub fn new(received: &str) -> Self {
        let mut sentences = Vec::new(); let mut at = 0;
        for (i, c) in received.char_indices() { if ".!?\n;".contains(c) { if i > at { sentences.push(at..i); } at = i + c.len_utf8(); } }
        if at < received.len() { sentences.push(at..received.len()); }
        Self { text: received.to_owned(), folded: received.to_ascii_lowercase(), entries: vec![], sections: vec![], fields: vec![], templates: vec![], sentences, offsets: OffsetMap }
    }
    /// STUB
    pub fn words(&self) -> usize { self.text.split_whitespace().count() }
}
