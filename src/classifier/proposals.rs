//! Words that the classifier itself takes for an indicator, read off the state of each word piece.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::domain::{Indicator, Logit};

/// The least probability of an indicator at one word piece for its words to be proposed; an indicator without one is never proposed.
pub type ProposalThresholds = BTreeMap<Indicator, f64>;

/// Words that the classifier takes for an indicator.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub indicator: Indicator,
    /// Bytes of the prepared narrative's text.
    pub range: Range<usize>,
    /// Of the word piece that speaks most for the indicator.
    pub probability: f64,
}

/// What one window proposes: stretches of word pieces at or above an indicator's threshold, one weaker piece between two strong ones
/// bridged, grown to whole words. `logits` holds one number an indicator (in the order of [`Indicator::ALL`]) for every id of the window,
/// `places` where each id stands; markers stand nowhere and propose nothing.
pub(crate) fn in_window(logits: &[f32], places: &[Range<usize>], text: &str, thresholds: &ProposalThresholds) -> Vec<Proposal> {
    let outputs = Indicator::ALL.len();
    let mut proposals = Vec::new();
    for (k, indicator) in Indicator::ALL.into_iter().enumerate() {
        let Some(least) = thresholds.get(&indicator) else { continue };
        let at = |i: usize| probability(logits[i * outputs + k]);
        let mut last: Option<usize> = None;
        for i in (0..places.len()).filter(|&i| !places[i].is_empty() && at(i) >= *least) {
            let goes_on = last.is_some_and(|last| i - last <= 2);
            match proposals.last_mut() {
                Some(Proposal { range, probability, .. }) if goes_on => {
                    range.end = places[i].end;
                    *probability = probability.max(at(i));
                }
                _ => proposals.push(Proposal { indicator, range: places[i].clone(), probability: at(i) }),
            }
            last = Some(i);
        }
    }
    for proposal in &mut proposals {
        proposal.range = whole_words(text, proposal.range.clone());
    }
    proposals
}

/// The proposals of overlapping windows as one list, in order of place and indicator.
pub(crate) fn merged(mut proposals: Vec<Proposal>) -> Vec<Proposal> {
    proposals.sort_by_key(|proposal| (proposal.indicator, proposal.range.start, proposal.range.end));
    let mut merged: Vec<Proposal> = Vec::new();
    for proposal in proposals {
        match merged.last_mut() {
            Some(last) if last.indicator == proposal.indicator && proposal.range.start < last.range.end => {
                last.range.end = last.range.end.max(proposal.range.end);
                last.probability = last.probability.max(proposal.probability);
            }
            _ => merged.push(proposal),
        }
    }
    merged.sort_by_key(|proposal| (proposal.range.start, proposal.range.end, proposal.indicator));
    merged
}

/// Rounded, so that a record read alone and among others proposes the same.
fn probability(logit: f32) -> f64 {
    Logit(f64::from(logit)).probability().rounded().value()
}

fn whole_words(text: &str, range: Range<usize>) -> Range<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '\'';
    let before = text[..range.start].chars().rev().take_while(|c| is_word(*c)).map(char::len_utf8).sum::<usize>();
    let after = text[range.end..].chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum::<usize>();
    let begins_inside = text[range.start..].starts_with(is_word);
    let ends_inside = text[..range.end].ends_with(is_word);
    range.start - if begins_inside { before } else { 0 }..range.end + if ends_inside { after } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "waits outside her gym";

    /// The logits of a window of `TEXT` cut as wait-s-outside-her-gym, with `strong` for B07 at the given pieces.
    fn propose(strong: &[usize]) -> Vec<Proposal> {
        let places = [0..0, 0..4, 4..5, 6..13, 14..17, 18..21, 0..0];
        let b07 = Indicator::ALL.iter().position(|indicator| *indicator == Indicator::B07).unwrap();
        let mut logits = vec![-4.0; places.len() * Indicator::ALL.len()];
        for &piece in strong {
            logits[piece * Indicator::ALL.len() + b07] = 2.0;
        }
        in_window(&logits, &places, TEXT, &ProposalThresholds::from([(Indicator::B07, 0.5)]))
    }

    fn words(strong: &[usize]) -> Vec<&'static str> {
        propose(strong).iter().map(|proposal| &TEXT[proposal.range.clone()]).collect()
    }

    #[test]
    fn stretches_bridge_one_weak_piece_and_grow_to_whole_words() {
        assert_eq!(words(&[1, 3]), ["waits outside"]);
        assert_eq!(words(&[2]), ["waits"]);
        assert_eq!(words(&[1, 5]), ["waits", "gym"]);
        assert!(words(&[0, 6]).is_empty());
    }

    #[test]
    fn an_indicator_without_a_threshold_is_never_proposed() {
        let places = std::slice::from_ref(&(0..4));
        assert!(in_window(&vec![9.0; Indicator::ALL.len()], places, TEXT, &ProposalThresholds::new()).is_empty());
    }

    #[test]
    fn what_two_windows_see_is_one_proposal() {
        let seen = |range, probability| Proposal { indicator: Indicator::B07, range, probability };
        assert_eq!(merged(vec![seen(6..13, 0.7), seen(0..9, 0.8), seen(14..17, 0.6)]), [seen(0..13, 0.8), seen(14..17, 0.6)]);
    }
}
