//! All patterns of a lexicon compiled together. A text is read once into kinds of words; where the rarest word of a pattern stands,
//! its other places are looked for nearby, and only where all are there does the pattern's own expression decide.
//!
//! No expression is ever run over more than [`MAX_MATCH`] bytes from a place where it could start, and none backtracks, so the time is
//! linear in the input. An expression is compiled when it is first needed.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use regex_automata::meta;
use regex_automata::{Anchored, Input};

use super::outline::{Letters, Outline, Outliner, Place};
use super::pattern::Language;
use super::vocabulary::{Vocabulary, Word};

/// Longest match in bytes. Patterns join the words of one sentence; a longer one is no sentence.
const MAX_MATCH: usize = 1_024;

/// Most bytes that the states of one expression may take, for each thread that reads; few take more than a hundredth of it.
const MAX_CACHE: usize = 8 << 20;

/// Which pattern of which owner matched, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternMatch {
    /// The number given to [`PatternSet::new`] with the pattern.
    pub(crate) owner: usize,
    pub(crate) range: Range<usize>,
}

/// Patterns compiled together.
#[derive(Debug)]
pub(crate) struct PatternSet {
    vocabulary: Vocabulary,
    /// For each kind of word, the variants whose rarest place takes it.
    rare: Vec<Vec<u32>>,
    variants: Vec<Variant>,
    patterns: Vec<Pattern>,
    language: Arc<Language>,
}

#[derive(Debug)]
struct Pattern {
    owner: usize,
    /// Number among the owner's, from 1.
    number: usize,
    skeleton: String,
    expression: OnceLock<Option<meta::Regex>>,
}

/// One way for a pattern to match.
#[derive(Debug)]
struct Variant {
    pattern: u32,
    places: Vec<Place>,
    /// Marks that may stand before the first word.
    leads: Vec<Letters>,
    /// Which place is the rarest.
    rarest: usize,
}

impl PatternSet {
    /// Takes patterns given as (owner, pattern).
    ///
    /// # Errors
    /// The owner of the first broken pattern, the pattern's number from 1 among the owner's, and what is wrong with it.
    pub(crate) fn new<'a>(patterns: impl IntoIterator<Item = (usize, &'a str)>, language: &Arc<Language>) -> Result<Self, PatternFault> {
        let mut numbered = Vec::new();
        let mut last = (usize::MAX, 0);
        for (owner, pattern) in patterns {
            last = if last.0 == owner { (owner, last.1 + 1) } else { (owner, 1) };
            numbered.push((owner, last.1, pattern));
        }
        let mut outliner = Outliner::new(language);
        let mut read: Vec<(String, Vec<Outline>)> = Vec::with_capacity(numbered.len());
        for &(owner, number, pattern) in &numbered {
            let skeleton = language.skeleton(pattern);
            let outlined = skeleton.and_then(|skeleton| outliner.outlines(&skeleton).map(|outlines| (skeleton, outlines)));
            read.push(outlined.map_err(|message| PatternFault { owner, number, message })?);
        }
        let sets = outliner.into_sets().used_by(read.iter_mut().flat_map(|(_, outlines)| outlines));
        let vocabulary = Vocabulary::new(sets.words());
        let mut patterns = Vec::with_capacity(read.len());
        let mut variants = Vec::new();
        for ((owner, number, _), (skeleton, outlines)) in numbered.into_iter().zip(read) {
            let pattern = u32::try_from(patterns.len()).unwrap_or(u32::MAX);
            variants.extend(outlines.into_iter().map(|Outline { places, leads }| {
                let cost = |place: usize| sets.cost(places[place].set);
                let rarest = (0..places.len()).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(0);
                Variant { pattern, places, leads, rarest }
            }));
            patterns.push(Pattern { owner, number, skeleton, expression: OnceLock::new() });
        }
        let mut by_set: Vec<Vec<u32>> = vec![Vec::new(); sets.words().len()];
        for (variant, number) in variants.iter().zip(0..) {
            by_set[variant.places[variant.rarest].set as usize].push(number);
        }
        let of_kind = |sets: &Vec<u32>| sets.iter().flat_map(|set| by_set[*set as usize].iter().copied()).collect();
        let rare = vocabulary.kinds().iter().map(of_kind).collect();
        Ok(Self { vocabulary, rare, variants, patterns, language: Arc::clone(language) })
    }

    /// Compiles every expression now, so that a broken one is known before any text is read.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn compile_all(&self) -> Result<(), PatternFault> {
        self.patterns.par_iter().try_for_each(|pattern| {
            let fault = |message| PatternFault { owner: pattern.owner, number: pattern.number, message };
            let expression = compile(&self.language, &pattern.skeleton).map_err(fault)?;
            let _ = pattern.expression.set(Some(expression));
            Ok(())
        })
    }

    /// Every match in `text` (lower case), each within one of `sentences` (in order, not overlapping), sorted by owner and
    /// place; of an owner's matches that overlap, the first and longest.
    pub(crate) fn find(&self, text: &str, sentences: impl IntoIterator<Item = Range<usize>>) -> Vec<PatternMatch> {
        let bytes = text.as_bytes();
        let mut words = Vec::new();
        let mut candidates: Vec<(usize, u32)> = Vec::new();
        let mut matches = Vec::new();
        for sentence in sentences {
            words.clear();
            self.vocabulary.read(bytes, sentence.clone(), &mut words);
            candidates.clear();
            for (at, word) in words.iter().enumerate() {
                for &variant in &self.rare[word.kind as usize] {
                    self.starts(&self.variants[variant as usize], text, &words, at, &mut candidates);
                }
            }
            candidates.sort_unstable();
            candidates.dedup();
            for &(start, pattern) in &candidates {
                if start < sentence.start || !is_word_start(bytes, start) {
                    continue;
                }
                let pattern = &self.patterns[pattern as usize];
                let compiled = pattern.expression.get_or_init(|| compile(&self.language, &pattern.skeleton).ok());
                let Some(expression) = compiled else { continue };
                let end = sentence.end.min(text.floor_char_boundary(start + MAX_MATCH));
                let input = Input::new(text).range(start..end).anchored(Anchored::Yes);
                if let Some(found) = expression.search_half(&input) {
                    // An optional last word leaves its gap behind.
                    let end = start + text[start..found.offset()].trim_end().len();
                    matches.push(PatternMatch { owner: pattern.owner, range: start..end });
                }
            }
        }
        matches.sort_by(|a, b| (a.owner, a.range.start).cmp(&(b.owner, b.range.start)).then(b.range.end.cmp(&a.range.end)));
        matches.dedup_by(|later, earlier| later.owner == earlier.owner && later.range.start < earlier.range.end);
        matches
    }

    /// Adds where the variant could start, given that the word `at` may stand at its rarest place.
    fn starts(&self, variant: &Variant, text: &str, words: &[Word], at: usize, candidates: &mut Vec<(usize, u32)>) {
        let Variant { places, rarest, .. } = variant;
        let rarest = *rarest;
        // From place to place, the first and last word that may stand there. Words between them that may not are forgotten: a
        // candidate too many is the expression's affair.
        let mut span = (at, at);
        for &Place { set, reach, apart } in &places[rarest + 1..] {
            let from = span.0 + usize::from(apart);
            let most_runs = words[span.1].runs + reach;
            let last_start = words[span.1].start + MAX_MATCH;
            let near = words[from..].iter().take_while(|word| word.runs <= most_runs && word.start < last_start);
            let mut found = near.enumerate().filter(|(_, word)| self.vocabulary.is_member(word.kind, set)).map(|(offset, _)| from + offset);
            let Some(first) = found.next() else { return };
            span = (first, found.last().unwrap_or(first));
        }
        let mut span = (at, at);
        for place in (0..rarest).rev() {
            let set = places[place].set;
            let Place { reach, apart, .. } = places[place + 1];
            let least_runs = words[span.0].runs.saturating_sub(reach);
            let first_start = words[span.0].start.saturating_sub(MAX_MATCH);
            let before = &words[..span.1 + usize::from(!apart)];
            let near = before.iter().enumerate().rev().take_while(|(_, w)| w.runs >= least_runs && w.start >= first_start);
            let mut found = near.filter(|(_, word)| self.vocabulary.is_member(word.kind, set)).map(|(index, _)| index);
            let Some(last) = found.next() else { return };
            span = (found.last().unwrap_or(last), last);
        }
        let first = places[0].set;
        let fitting = words[span.0..=span.1].iter().filter(|word| self.vocabulary.is_member(word.kind, first));
        for word in fitting {
            let before = &text.as_bytes()[..word.start];
            let leads = variant.leads.iter().map(Letters::as_bytes).filter(|lead| before.ends_with(lead));
            candidates.extend(leads.map(|lead| (word.start - lead.len(), variant.pattern)));
        }
    }
}

/// A letter outside a-z before a word makes it the rest of one.
fn is_word_start(bytes: &[u8], at: usize) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
    at == 0 || !is_word(bytes[at - 1]) || !is_word(bytes[at])
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternFault {
    pub(crate) owner: usize,
    /// The pattern's number among its owner's, from 1.
    pub(crate) number: usize,
    pub(crate) message: String,
}

fn compile(language: &Language, skeleton: &str) -> Result<meta::Regex, String> {
    meta::Regex::builder()
        .configure(meta::Config::new().nfa_size_limit(Some(8 << 20)).hybrid_cache_capacity(MAX_CACHE))
        .build(&language.expression(skeleton)?)
        .map_err(|error| error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::pattern::Classes;

    fn set(patterns: &[&str]) -> PatternSet {
        let language = Arc::new(Language::new(&Classes::new()));
        PatternSet::new(patterns.iter().enumerate().map(|(i, p)| (i, *p)), &language).unwrap()
    }

    #[test]
    fn finds_the_longest_of_overlapping_matches_inside_one_sentence() {
        let set = set(&["outside ~3 (?:house|work)", "(?:he|she) waits?"]);
        let text = "she waits outside her work. outside it rained. house";
        let sentences = [0..27, 28..46, 47..52];
        let found: Vec<_> = set.find(text, sentences).into_iter().map(|m| (m.owner, text[m.range].to_owned())).collect();
        assert_eq!(found, [(0, "outside her work".to_owned()), (1, "she waits".to_owned())]);
    }

    #[test]
    fn words_are_whole() {
        let set = set(&["he", "work"]);
        let text = "the he-man works; homework, he";
        let found: Vec<_> = set.find(text, std::iter::once(0..text.len())).into_iter().map(|m| m.range).collect();
        assert_eq!(found, [4..6, 28..30]);
    }

    #[test]
    fn every_place_where_a_pattern_matches_is_looked_at() {
        let set = set(&["(?:a|b) ~2 c ~1 (?:d )?(?:e|f)", "b ~1 b"]);
        let text = "a x b c d, e - a b f b y c f b,b c; c e";
        let found: Vec<_> = set.find(text, std::iter::once(0..text.len())).into_iter().map(|m| (m.owner, &text[m.range])).collect();
        assert_eq!(found, [(0, "a x b c d, e"), (0, "b y c f"), (0, "b,b c; c e"), (1, "b f b"), (1, "b,b")]);
    }

    #[test]
    fn a_mark_before_a_word_is_part_of_the_match() {
        let set = set(&["-(?:army|stock)", "(?:i|'ve) been"]);
        let text = "ex-army, they've been";
        let found: Vec<_> = set.find(text, std::iter::once(0..text.len())).into_iter().map(|m| (m.owner, &text[m.range])).collect();
        assert_eq!(found, [(0, "-army"), (1, "'ve been")]);
    }

    #[test]
    fn broken_patterns_are_told_by_owner_and_number() {
        let language = Arc::new(Language::new(&Classes::new()));
        for pattern in [r"\w+ house", ".{0,3}house", "(?:his )?house|", "(house", "house ~99 x"] {
            let fault = PatternSet::new([(7, "fine"), (7, pattern)], &language).unwrap_err();
            assert_eq!((fault.owner, fault.number), (7, 2), "{pattern}: {}", fault.message);
        }
    }
}
