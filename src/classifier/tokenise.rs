//! From a prepared narrative to windows of word pieces that the encoder can read.

use std::ops::Range;

use tokenizers::{Encoding, Tokenizer};

use super::load::Bundle;
use crate::error::Result;
use crate::narrative::PreparedNarrative;

/// The word pieces of a narrative, cut into windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Word pieces of the whole narrative, markers not counted.
    pub tokens: usize,
    /// Word pieces that lie in at least one window.
    pub tokens_scored: usize,
    /// In order of place; overlapping.
    pub windows: Vec<Window>,
}

/// A passage that the encoder reads at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Word piece ids with the markers at both ends.
    pub ids: Vec<u32>,
    /// Where the word piece of each id stands in the prepared narrative's text, in bytes; empty for the markers.
    pub places: Vec<Range<usize>>,
    /// Bytes of the prepared narrative's text.
    pub range: Range<usize>,
}

/// Cuts narratives into windows.
pub struct WindowTokeniser {
    tokenizer: Tokenizer,
    start: u32,
    end: u32,
    /// Word pieces a window, markers not counted.
    capacity: usize,
    overlap: usize,
    max_windows: usize,
}

impl WindowTokeniser {
    /// A tokeniser for the bundle's vocabulary. Of a narrative of more than `max_windows` windows, only that many are read,
    /// evenly spread, the first and last among them; 0 reads all.
    pub fn new(bundle: &Bundle, max_windows: usize) -> Result<Self> {
        let mut tokenizer = Tokenizer::from_bytes(bundle.file("tokenizer.json"))
            .map_err(|error| bundle.fault(format!("tokenizer.json does not parse: {error}")))?;
        // "[SEP]" in a narrative is text, not a marker.
        tokenizer.set_encode_special_tokens(true);
        let marker = |name: &str| tokenizer.token_to_id(name).ok_or_else(|| bundle.fault(format!("tokenizer.json has no {name}")));
        let (start, end) = (marker("[CLS]")?, marker("[SEP]")?);
        let card = bundle.card();
        Ok(Self { tokenizer, start, end, capacity: card.window_tokens - 2, overlap: card.overlap_tokens, max_windows })
    }

    /// The id that hides a word piece in training.
    pub(crate) fn mask_id(&self) -> Option<u32> {
        self.tokenizer.token_to_id("[MASK]")
    }

    /// The id of a word or mark that is one word piece.
    pub(crate) fn word_id(&self, word: &str) -> Option<u32> {
        self.tokenizer.token_to_id(word)
    }

    /// Cuts at sentence borders where it can; a sentence longer than a window is cut between words.
    /// A narrative without a word has no windows.
    pub fn windows(&self, narrative: &PreparedNarrative) -> Windows {
        let Some((encoding, ranges)) = self.cut(narrative) else { return Windows { tokens: 0, tokens_scored: 0, windows: Vec::new() } };
        let ranges = self.thin_out(ranges);
        let mut tokens_scored = 0;
        let mut scored_to = 0;
        for range in &ranges {
            tokens_scored += range.end - range.start.max(scored_to);
            scored_to = range.end;
        }
        let windows = ranges.into_iter().map(|range| self.window(&encoding, range)).collect();
        Windows { tokens: encoding.get_ids().len(), tokens_scored, windows }
    }

    fn cut(&self, narrative: &PreparedNarrative) -> Option<(Encoding, Vec<Range<usize>>)> {
        // The tokenizer's own error cases (missing normaliser, bad regex) are properties of the vocabulary file, which parsed.
        let encoding = self.tokenizer.encode(narrative.text.as_str(), false).ok()?;
        let offsets = encoding.get_offsets();
        let mut breaks: Vec<usize> = narrative.sentences.iter().map(|s| offsets.partition_point(|(start, _)| *start < s.start)).collect();
        breaks.push(offsets.len());
        breaks.dedup();
        let ranges = cut(offsets.len(), &breaks, self.capacity, self.overlap);
        Some((encoding, ranges))
    }

    fn window(&self, encoding: &Encoding, range: Range<usize>) -> Window {
        let offsets = encoding.get_offsets();
        let mut ids = Vec::with_capacity(range.len() + 2);
        ids.push(self.start);
        ids.extend_from_slice(&encoding.get_ids()[range.clone()]);
        ids.push(self.end);
        let mut places = Vec::with_capacity(ids.len());
        places.push(0..0);
        places.extend(offsets[range.clone()].iter().map(|(start, end)| *start..*end));
        places.push(0..0);
        Window { ids, places, range: offsets[range.start].0..offsets[range.end - 1].1 }
    }

    fn thin_out(&self, ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
        if self.max_windows == 0 || ranges.len() <= self.max_windows {
            return ranges;
        }
        let last = ranges.len() - 1;
        let wanted = self.max_windows.max(2) - 1;
        (0..=wanted).map(|i| ranges[i * last / wanted].clone()).collect()
    }
}

/// Windows over `tokens` word pieces, at most `capacity` each, that end at one of `breaks` (sorted) where one is in reach and
/// share up to `overlap` pieces with the one before.
fn cut(tokens: usize, breaks: &[usize], capacity: usize, overlap: usize) -> Vec<Range<usize>> {
    let mut windows = Vec::new();
    let mut start = 0;
    while start < tokens {
        let furthest = start + capacity;
        let end = if furthest >= tokens {
            tokens
        } else {
            // The last sentence border inside the window, unless it leaves more than half of the window empty.
            let border = breaks[..breaks.partition_point(|b| *b <= furthest)].last().copied().unwrap_or(0);
            if border > start + capacity / 2 { border } else { furthest }
        };
        windows.push(start..end);
        if end == tokens {
            break;
        }
        // Go back to the earliest sentence border within the overlap.
        let back = breaks[breaks.partition_point(|b| *b < end - overlap)..].first().copied().unwrap_or(end);
        start = if back < end { back } else { end - overlap.min(capacity / 4) };
    }
    windows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn windows_end_at_sentences_and_overlap() {
        assert!(cut(0, &[0], 10, 4).is_empty());
        assert_eq!(cut(10, &[0, 10], 10, 4), std::slice::from_ref(&(0..10)));
        assert_eq!(cut(20, &[0, 5, 9, 16, 20], 10, 4), [0..9, 5..15, 13..20]);
    }

    proptest! {
        #[test]
        fn every_token_is_in_a_window(tokens in 1usize..900, mut breaks in prop::collection::vec(0usize..900, 0..60)) {
            breaks.push(0);
            breaks.push(tokens);
            breaks.retain(|b| *b <= tokens);
            breaks.sort_unstable();
            breaks.dedup();
            let windows = cut(tokens, &breaks, 64, 16);
            prop_assert_eq!(windows[0].start, 0);
            prop_assert_eq!(windows.last().unwrap().end, tokens);
            for window in &windows {
                prop_assert!(window.start < window.end && window.end - window.start <= 64);
            }
            for pair in windows.windows(2) {
                prop_assert!(pair[0].start < pair[1].start && pair[1].start <= pair[0].end && pair[0].end < pair[1].end);
            }
        }
    }
}
