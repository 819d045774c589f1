//! Whether words that match a rule count: denied, feared, long past, about somebody else, pasted from a form, innocent.
//!
//! Cues and findings are matched apart and joined here. A cue reaches a stated number of words in a stated direction, never
//! past the end of its sentence (so never past a log entry's time stamp), and stops at a terminator such as "but".
//! A form's answer decides about its question.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::engine::{PatternFault, PatternMatch, PatternSet};
use super::pattern::Language;
use super::rule::{Cue, Direction};
use super::rule_fault;
use crate::domain::{Context, Indicator};
use crate::error::{Error, Result};
use crate::narrative::{Answer, PreparedNarrative};

/// Bytes of text that a word of scope may take on average; a run without blanks is no word.
const MAX_WORD: usize = 64;

/// The cues of a lexicon with their patterns: cue i owns 2i, its decoys 2i + 1, the terminators [`usize::MAX`].
#[derive(Debug)]
pub(crate) struct Cues {
    cues: Vec<Cue>,
    /// Cues that speak about their own sentence, and the terminators: looked for only in sentences with findings.
    local: PatternSet,
    /// Cues that speak about the whole narrative.
    wide: PatternSet,
}

impl Cues {
    pub(crate) fn new(cues: Vec<Cue>, terminators: &[String], language: &Arc<Language>) -> Result<Self> {
        let owned = |wide: bool| {
            let chosen = cues.iter().enumerate().filter(move |(_, cue)| (cue.direction == Direction::Narrative) == wide);
            chosen.flat_map(|(i, cue)| {
                let words = cue.patterns.iter().map(move |p| (2 * i, p.as_str()));
                words.chain(cue.decoys.iter().map(move |p| (2 * i + 1, p.as_str())))
            })
        };
        let terminators = terminators.iter().map(|p| (usize::MAX, p.as_str()));
        let local = PatternSet::new(owned(false).chain(terminators), language).map_err(|fault| cue_fault(&cues, &fault))?;
        let wide = PatternSet::new(owned(true), language).map_err(|fault| cue_fault(&cues, &fault))?;
        Ok(Self { cues, local, wide })
    }

    pub(crate) fn compile_all(&self) -> Result<()> {
        self.local.compile_all().and_then(|()| self.wide.compile_all()).map_err(|fault| cue_fault(&self.cues, &fault))
    }

    pub(crate) fn all(&self) -> &[Cue] {
        &self.cues
    }
}

fn cue_fault(cues: &[Cue], fault: &PatternFault) -> Error {
    let id = cues.get(fault.owner / 2).map_or("terminators", |cue| cue.id.as_str());
    rule_fault(Path::new(&format!("context cue {id}")), fault)
}

/// The contexts that hold in one narrative, ready to be asked about single findings.
pub(crate) struct Scopes<'a> {
    cues: &'a [Cue],
    narrative: &'a PreparedNarrative,
    /// By the sentence that they stand in.
    reaches: Vec<Reach>,
    /// Cues that speak about the whole narrative and are somewhere in it.
    wide: BTreeSet<usize>,
}

struct Reach {
    /// Index of the cue in the lexicon.
    cue: usize,
    /// Where the cue's sentence starts.
    sentence: usize,
    /// The cue's own words.
    words: Range<usize>,
    /// The text it speaks about.
    scope: Range<usize>,
}

impl<'a> Scopes<'a> {
    /// Finds the cues that can speak about words at the places `asked`, in any order, and how far they reach.
    pub(crate) fn new(narrative: &'a PreparedNarrative, cues: &'a Cues, asked: impl IntoIterator<Item = usize>) -> Self {
        let text = narrative.folded.as_str();
        let mut sentences: Vec<usize> = asked.into_iter().map(|at| sentence_at(narrative, at)).collect();
        sentences.sort_unstable();
        sentences.dedup();
        let sentences = sentences.into_iter().filter_map(|sentence| narrative.sentences.get(sentence).cloned());
        let matches = cues.local.find(text, sentences);
        let of_owner = |owner: usize| {
            let from = matches.partition_point(|m| m.owner < owner);
            &matches[from..from + matches[from..].partition_point(|m| m.owner == owner)]
        };
        let terminators = of_owner(usize::MAX);
        let mut reaches = Vec::new();
        for found in matches.iter().filter(|m| m.owner != usize::MAX && m.owner % 2 == 0) {
            if is_decoy(of_owner(found.owner + 1), found) {
                continue;
            }
            let cue = &cues.cues[found.owner / 2];
            let Some(sentence) = narrative.sentences.get(sentence_at(narrative, found.range.start)).cloned() else { continue };
            let forward = || {
                let stop = terminators.get(terminators.partition_point(|t| t.range.start < found.range.end));
                let end = words_after(&text[..sentence.end], found.range.end, cue.scope_words);
                end.min(stop.map_or(usize::MAX, |stop| stop.range.start))
            };
            let backward = || {
                let stop = terminators[..terminators.partition_point(|t| t.range.end <= found.range.start)].last();
                let start = words_before(text, sentence.start, found.range.start, cue.scope_words);
                start.max(stop.map_or(0, |stop| stop.range.end))
            };
            let scope = match cue.direction {
                Direction::Narrative | Direction::Sentence => sentence.clone(),
                Direction::Forward => found.range.end..forward(),
                Direction::Backward => backward()..found.range.start,
                Direction::Near => backward()..forward(),
            };
            reaches.push(Reach { cue: found.owner / 2, sentence: sentence.start, words: found.range.clone(), scope });
        }
        reaches.sort_by_key(|reach| reach.sentence);
        let everywhere = cues.wide.find(text, narrative.sentences.iter().cloned());
        let wide = everywhere
            .iter()
            .filter(|found| found.owner % 2 == 0)
            .filter(|found| {
                let from = everywhere.partition_point(|m| m.owner <= found.owner);
                let decoys = &everywhere[from..];
                !is_decoy(&decoys[..decoys.partition_point(|m| m.owner == found.owner + 1)], found)
            })
            .map(|found| found.owner / 2)
            .collect();
        Self { cues: &cues.cues, narrative, reaches, wide }
    }

    /// Why a finding of `indicator` at `range` is not counted, if it is not; only the contexts `allowed` by its rule are asked for.
    pub(crate) fn of(&self, indicator: Indicator, range: &Range<usize>, allowed: &[Context]) -> Option<Context> {
        let fields = &self.narrative.fields;
        if let Some(field) = fields[..fields.partition_point(|field| field.label.start <= range.start)].last()
            && range.start < field.label.end
        {
            let context = match field.answer {
                Answer::Asserts => None,
                Answer::Denies => Some(Context::Negated),
                Answer::Unknown | Answer::Text if is_own_question(&self.narrative.folded[field.label.clone()]) => None,
                Answer::Unknown | Answer::Text => Some(Context::Template),
            };
            return context.filter(|context| allowed.contains(context));
        }
        let templates = &self.narrative.templates;
        let template = templates[..templates.partition_point(|template| template.start <= range.start)].last();
        if allowed.contains(&Context::Template) && template.is_some_and(|template| range.start < template.end) {
            return Some(Context::Template);
        }
        let concerned = |cue: &Cue| (cue.indicators.is_empty() || cue.indicators.contains(&indicator)) && allowed.contains(&cue.context);
        let near = self.near(range).filter(|reach| concerned(&self.cues[reach.cue]) && reach.covers(range, self.cues[reach.cue].direction));
        let wide = self.wide.iter().copied().filter(|cue| concerned(&self.cues[*cue]));
        near.map(|reach| reach.cue).chain(wide).map(|cue| self.cues[cue].context).min()
    }

    /// Whether this one cue speaks about the words at `range`.
    pub(crate) fn reached_by(&self, cue: usize, range: &Range<usize>) -> bool {
        let direction = self.cues[cue].direction;
        self.wide.contains(&cue) || self.near(range).any(|reach| reach.cue == cue && reach.covers(range, direction))
    }

    /// What stands in the sentence of `range`.
    fn near(&self, range: &Range<usize>) -> impl Iterator<Item = &Reach> {
        let sentence = self.narrative.sentences.get(sentence_at(self.narrative, range.start)).map_or(usize::MAX, |s| s.start);
        let from = self.reaches.partition_point(|reach| reach.sentence < sentence);
        self.reaches[from..].iter().take_while(move |reach| reach.sentence == sentence)
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

/// The number of the sentence that holds `at`, or of the one behind it.
fn sentence_at(narrative: &PreparedNarrative, at: usize) -> usize {
    narrative.sentences.partition_point(|range| range.end <= at)
}

/// Whether one of a cue's decoys, in order and not overlapping, holds what was found.
fn is_decoy(decoys: &[PatternMatch], found: &PatternMatch) -> bool {
    let last = decoys[..decoys.partition_point(|decoy| decoy.range.start <= found.range.start)].last();
    last.is_some_and(|decoy| found.range.end <= decoy.range.end)
}

/// A form asks "has he ever followed you?"; only the person who writes asks "what if he follows me?".
fn is_own_question(label: &str) -> bool {
    label.ends_with('?') && label.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "i" | "my" | "me" | "our" | "us"))
}

/// Where the `count`th word after `from` ends.
fn words_after(text: &str, from: usize, count: usize) -> usize {
    if count == 0 {
        return from;
    }
    let text = &text[..text.floor_char_boundary(from + MAX_WORD * (count + 1))];
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

/// Where the `count`th word before `to` begins, not before `from`.
fn words_before(text: &str, from: usize, to: usize, count: usize) -> usize {
    if count == 0 {
        return to;
    }
    let from = from.max(text.ceil_char_boundary(to.saturating_sub(MAX_WORD * (count + 1))));
    let mut words = 0;
    let mut in_word = false;
    for (offset, c) in text[from..to].char_indices().rev() {
        if c.is_whitespace() {
            if in_word {
                words += 1;
                if words == count {
                    return from + offset + c.len_utf8();
                }
            }
            in_word = false;
        } else {
            in_word = true;
        }
    }
    from
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
        assert_eq!(&text[words_before(text, 0, 14, 2)..14], "two  three");
        assert_eq!(words_before(text, 0, 14, 9), 0);
        assert_eq!((words_after(text, 3, 0), words_before(text, 0, 14, 0)), (3, 14));
    }
}
