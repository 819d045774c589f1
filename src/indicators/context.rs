//! Whether words that match a rule count: denied, feared, long past, about somebody else, pasted from a form, innocent.
//!
//! Cues and findings are matched apart and joined here. A cue reaches a stated number of words in a stated direction, never
//! past the end of its sentence (so never past a log entry's time stamp), and stops at a terminator such as "but".
//! A form's answer decides about its question.

use std::ops::Range;

use super::engine::{PatternMatch, PatternSet};
use super::rule::{Cue, Direction};
use crate::domain::{Context, Indicator};
use crate::narrative::{Answer, PreparedNarrative};

/// The contexts that hold in one narrative, ready to be asked about single findings.
pub(crate) struct Scopes {
    reaches: Vec<Reach>,
    answers: Vec<(Range<usize>, Option<Context>)>,
    templates: Vec<Range<usize>>,
}

struct Reach {
    /// Index of the cue in the lexicon.
    cue: usize,
    /// The cue's own words.
    words: Range<usize>,
    /// The text it speaks about.
    scope: Range<usize>,
}

impl Scopes {
    /// Finds every cue of `narrative` and how far it reaches. `set` holds the cues' patterns (owner 2i), their decoys (2i + 1)
    /// and, as owner [`usize::MAX`], the terminators.
    pub(crate) fn new(narrative: &PreparedNarrative, cues: &[Cue], set: &PatternSet) -> Self {
        let matches = set.find(&narrative.folded, &narrative.sentences);
        let terminators: Vec<_> = matches.iter().filter(|m| m.owner == usize::MAX).map(|m| m.range.clone()).collect();
        let is_decoy = |found: &PatternMatch| {
            matches.iter().any(|m| m.owner == found.owner + 1 && m.range.start <= found.range.start && found.range.end <= m.range.end)
        };
        let mut reaches = Vec::new();
        for found in matches.iter().filter(|m| m.owner != usize::MAX && m.owner % 2 == 0) {
            if is_decoy(found) {
                continue;
            }
            let cue = &cues[found.owner / 2];
            let sentence = enclosing(&narrative.sentences, found.range.start);
            let forward = || {
                let stop = terminators.iter().filter(|t| t.start >= found.range.end).map(|t| t.start).min().unwrap_or(usize::MAX);
                words_after(&narrative.folded, found.range.end, cue.scope_words).min(sentence.end).min(stop)
            };
            let backward = || {
                let stop = terminators.iter().filter(|t| t.end <= found.range.start).map(|t| t.end).max().unwrap_or(0);
                words_before(&narrative.folded, found.range.start, cue.scope_words).max(sentence.start).max(stop)
            };
            let scope = match cue.direction {
                Direction::Narrative => 0..narrative.folded.len(),
                Direction::Sentence => sentence,
                Direction::Forward => found.range.end..forward(),
                Direction::Backward => backward()..found.range.start,
                Direction::Near => backward()..forward(),
            };
            reaches.push(Reach { cue: found.owner / 2, words: found.range.clone(), scope });
        }
        let answers = narrative
            .fields
            .iter()
            .map(|field| {
                let context = match field.answer {
                    Answer::Asserts => None,
                    Answer::Denies => Some(Context::Negated),
                    Answer::Unknown | Answer::Text if is_own_question(&narrative.folded[field.label.clone()]) => None,
                    Answer::Unknown | Answer::Text => Some(Context::Template),
                };
                (field.label.clone(), context)
            })
            .collect();
        Self { reaches, answers, templates: narrative.templates.clone() }
    }

    /// Why a finding of `indicator` at `range` is not counted, if it is not; only the contexts `allowed` by its rule are asked for.
    pub(crate) fn of(&self, indicator: Indicator, range: &Range<usize>, allowed: &[Context], cues: &[Cue]) -> Option<Context> {
        if let Some((_, answer)) = self.answers.iter().find(|(label, _)| label.start <= range.start && range.start < label.end) {
            return answer.filter(|context| allowed.contains(context));
        }
        if allowed.contains(&Context::Template) && self.templates.iter().any(|t| t.start <= range.start && range.start < t.end) {
            return Some(Context::Template);
        }
        self.reaches
            .iter()
            .filter(|reach| {
                let cue = &cues[reach.cue];
                let concerned = cue.indicators.is_empty() || cue.indicators.contains(&indicator);
                concerned && allowed.contains(&cue.context) && reach.covers(range, cue.direction)
            })
            .map(|reach| cues[reach.cue].context)
            .min()
    }

    /// Whether this one cue speaks about the words at `range`.
    pub(crate) fn reached_by(&self, cue: usize, range: &Range<usize>, cues: &[Cue]) -> bool {
        self.reaches.iter().any(|reach| reach.cue == cue && reach.covers(range, cues[cue].direction))
    }
}

impl Reach {
    fn covers(&self, range: &Range<usize>, direction: Direction) -> bool {
        // A directed cue inside the finding is part of what was found ("told not to contact her"); one that only overlaps it
        // is not ("no previous" before "previous violence").
        let inside = range.start <= self.words.start && self.words.end <= range.end;
        self.scope.start < range.end
            && range.start < self.scope.end
            && (!inside || !matches!(direction, Direction::Forward | Direction::Backward))
    }
}

/// A form asks "has he ever followed you?"; only the person who writes asks "what if he follows me?".
fn is_own_question(label: &str) -> bool {
    label.ends_with('?') && label.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "i" | "my" | "me" | "our" | "us"))
}

/// The range of `sorted` that holds `at`, or an empty one.
fn enclosing(sorted: &[Range<usize>], at: usize) -> Range<usize> {
    let after = sorted.partition_point(|range| range.end <= at);
    sorted.get(after).filter(|range| range.start <= at).cloned().unwrap_or(at..at)
}

/// Where the `count`th word after `from` ends.
fn words_after(text: &str, from: usize, count: usize) -> usize {
    if count == 0 {
        return from;
    }
    let mut words = 0;
    let mut in_word = false;
    for (offset, c) in text[from..].char_indices() {
        if c.is_whitespace() {
            if in_word {
                words += 1;
                if words == count {
                    return from + offset;
                }
            }
            in_word = false;
        } else {
            in_word = true;
        }
    }
    text.len()
}

/// Where the `count`th word before `to` begins.
fn words_before(text: &str, to: usize, count: usize) -> usize {
    if count == 0 {
        return to;
    }
    let mut words = 0;
    let mut in_word = false;
    for (offset, c) in text[..to].char_indices().rev() {
        if c.is_whitespace() {
            if in_word {
                words += 1;
                if words == count {
                    return offset + c.len_utf8();
                }
            }
            in_word = false;
        } else {
            in_word = true;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_does_not_speak_of_itself() {
        assert!(is_own_question("is one letter from my ex enough?"));
        assert!(!is_own_question("has he ever hurt you or someone close?"));
        assert!(!is_own_question("my address"));
    }

    #[test]
    fn words_are_counted_both_ways() {
        let text = "one two  three four";
        assert_eq!(&text[3..words_after(text, 3, 2)], " two  three");
        assert_eq!(words_after(text, 3, 9), text.len());
        assert_eq!(&text[words_before(text, 14, 2)..14], "two  three");
        assert_eq!(words_before(text, 14, 9), 0);
        assert_eq!((words_after(text, 3, 0), words_before(text, 14, 0)), (3, 14));
    }
}
