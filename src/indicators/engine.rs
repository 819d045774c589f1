//! All patterns of a lexicon compiled together: one Aho-Corasick pass finds where any could start, an anchored search
//! of that one pattern decides. No pattern is ever run over the whole text, so the time is linear in the input.

use std::collections::BTreeMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;
use regex_automata::meta;
use regex_automata::{Anchored, Input};
use regex_syntax::hir::literal::{ExtractKind, Extractor};

use super::pattern::{Classes, expand};

/// The most starting words one pattern may have; more means that it begins with something too open.
const MAX_STARTS: usize = 6_000;

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
    starts: AhoCorasick,
    /// For each literal of `starts`, the patterns that can begin with it.
    begins: Vec<Vec<usize>>,
    patterns: Vec<(usize, meta::Regex)>,
}

impl PatternSet {
    /// Compiles patterns given as (owner, pattern).
    ///
    /// # Errors
    /// The owner of the first broken pattern, the pattern's number from 1 among the owner's, and what is wrong with it.
    pub(crate) fn new<'a>(patterns: impl IntoIterator<Item = (usize, &'a str)>, classes: &Classes) -> Result<Self, PatternFault> {
        let mut numbered = Vec::new();
        let mut last = (usize::MAX, 0);
        for (owner, pattern) in patterns {
            last = if last.0 == owner { (owner, last.1 + 1) } else { (owner, 1) };
            numbered.push((owner, last.1, pattern));
        }
        let compiled: Vec<(meta::Regex, Vec<Vec<u8>>)> = numbered
            .par_iter()
            .map(|&(owner, number, pattern)| compile(pattern, classes).map_err(|message| PatternFault { owner, number, message }))
            .collect::<Result<_, _>>()?;
        let mut literals: Vec<Vec<u8>> = Vec::new();
        let mut begins: Vec<Vec<usize>> = Vec::new();
        let mut known = BTreeMap::new();
        let mut patterns = Vec::new();
        for ((owner, _, _), (regex, words)) in numbered.into_iter().zip(compiled) {
            for word in words {
                let index = *known.entry(word.clone()).or_insert_with(|| {
                    literals.push(word);
                    begins.push(Vec::new());
                    literals.len() - 1
                });
                begins[index].push(patterns.len());
            }
            patterns.push((owner, regex));
        }
        let starts = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&literals).map_err(|error| PatternFault {
            owner: 0,
            number: 0,
            message: error.to_string(),
        })?;
        Ok(Self { starts, begins, patterns })
    }

    /// Every match in `text` (lower case), each within one of `sentences` (in order, not overlapping), sorted by owner and
    /// place; of an owner's matches that overlap, the first and longest.
    pub(crate) fn find(&self, text: &str, sentences: &[Range<usize>]) -> Vec<PatternMatch> {
        let bytes = text.as_bytes();
        let mut candidates: Vec<(usize, usize)> = Vec::new();
        for found in self.starts.find_overlapping_iter(text) {
            let start = found.start();
            if !is_word_start(bytes, start) {
                continue;
            }
            candidates.extend(self.begins[found.pattern().as_usize()].iter().map(|&pattern| (start, pattern)));
        }
        candidates.sort_unstable();
        candidates.dedup();

        let mut matches = Vec::new();
        let mut sentence = 0;
        for (start, pattern) in candidates {
            while sentence < sentences.len() && sentences[sentence].end <= start {
                sentence += 1;
            }
            let Some(within) = sentences.get(sentence).filter(|range| range.start <= start) else { continue };
            let (owner, regex) = &self.patterns[pattern];
            let input = Input::new(text).range(start..within.end).anchored(Anchored::Yes);
            if let Some(found) = regex.find(input) {
                // An optional last word leaves its gap behind.
                let end = start + text[found.range()].trim_end().len();
                matches.push(PatternMatch { owner: *owner, range: start..end });
            }
        }
        matches.sort_by(|a, b| (a.owner, a.range.start).cmp(&(b.owner, b.range.start)).then(b.range.end.cmp(&a.range.end)));
        matches.dedup_by(|later, earlier| later.owner == earlier.owner && later.range.start < earlier.range.end);
        matches
    }
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternFault {
    pub(crate) owner: usize,
    /// The pattern's number among its owner's, from 1.
    pub(crate) number: usize,
    pub(crate) message: String,
}

fn is_word_start(bytes: &[u8], at: usize) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
    at == 0 || !is_word(bytes[at - 1]) || !is_word(bytes[at])
}

fn compile(pattern: &str, classes: &Classes) -> Result<(meta::Regex, Vec<Vec<u8>>), String> {
    let expanded = expand(pattern, classes)?;
    let regex = meta::Regex::builder()
        .configure(meta::Config::new().nfa_size_limit(Some(8 << 20)).hybrid_cache_capacity(256 << 10))
        .build(&expanded)
        .map_err(|error| error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string))?;
    Ok((regex, starting_words(&expanded)?))
}

/// The literal beginnings of everything that the expression matches.
fn starting_words(expanded: &str) -> Result<Vec<Vec<u8>>, String> {
    let hir = regex_syntax::parse(expanded).map_err(|error| error.to_string())?;
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_class(12).limit_repeat(2).limit_literal_len(12).limit_total(MAX_STARTS);
    let sequence = extractor.extract(&hir);
    let literals = sequence.literals().unwrap_or(&[]);
    if literals.is_empty() || literals.iter().any(regex_syntax::hir::literal::Literal::is_empty) {
        return Err("a pattern begins with words, not with something that may be anything or nothing".to_owned());
    }
    let mut words: Vec<Vec<u8>> = literals.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    words.sort();
    words.dedup();
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(patterns: &[&str]) -> PatternSet {
        PatternSet::new(patterns.iter().enumerate().map(|(i, p)| (i, *p)), &Classes::new()).unwrap()
    }

    #[test]
    fn finds_the_longest_of_overlapping_matches_inside_one_sentence() {
        let set = set(&["outside ~3 (?:house|work)", "(?:he|she) waits?"]);
        let text = "she waits outside her work. outside it rained. house";
        let sentences = [0..27, 28..46, 47..52];
        let found: Vec<_> = set.find(text, &sentences).into_iter().map(|m| (m.owner, text[m.range].to_owned())).collect();
        assert_eq!(found, [(0, "outside her work".to_owned()), (1, "she waits".to_owned())]);
    }

    #[test]
    fn words_are_whole() {
        let set = set(&["he", "work"]);
        let text = "the he-man works; homework, he";
        let found: Vec<_> = set.find(text, std::slice::from_ref(&(0..text.len()))).into_iter().map(|m| m.range).collect();
        assert_eq!(found, [4..6, 28..30]);
    }

    #[test]
    fn open_beginnings_are_refused() {
        for pattern in [r"\w+ house", ".{0,3}house", "(?:his )?house|"] {
            let fault = PatternSet::new([(7, "fine"), (7, pattern)], &Classes::new()).unwrap_err();
            assert_eq!((fault.owner, fault.number), (7, 2), "{pattern}: {}", fault.message);
        }
    }
}
