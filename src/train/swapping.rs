//! A window with the sexes exchanged, id by id: who does it to whom must not decide.

use std::collections::{HashMap, HashSet};

use crate::classifier::WindowTokeniser;
use crate::evaluate::{NOT_HERS, SEXES};

/// Word pieces of one sex and of the other. Every piece is replaced by one piece, so quotes stay where they are.
pub(super) struct Swaps {
    other: HashMap<u32, u32>,
    /// her, his, him
    her: Option<[u32; 3]>,
    /// Pieces after which `her` belongs to nobody.
    not_hers: HashSet<u32>,
}

impl Swaps {
    /// The words that are one piece of the vocabulary.
    pub(super) fn new(tokeniser: &WindowTokeniser) -> Self {
        let id = |word: &str| tokeniser.word_id(word);
        let mut other = HashMap::new();
        for (one, two) in SEXES.iter().copied().chain([("him", "her"), ("his", "her"), ("hers", "his")]) {
            if let (Some(one), Some(two)) = (id(one), id(two)) {
                other.insert(one, two);
                other.entry(two).or_insert(one);
            }
        }
        let her = id("her").zip(id("his").zip(id("him"))).map(|(her, (his, him))| [her, his, him]);
        let not_hers = NOT_HERS.iter().chain(&[".", ",", "-", ";", ":", "?", "!", "'", ")", "(", "/", "[SEP]"]).filter_map(|word| id(word));
        Self { other, her, not_hers: not_hers.collect() }
    }

    /// The ids with the sexes exchanged.
    pub(super) fn swapped(&self, ids: &[u32]) -> Vec<u32> {
        let swap = |(i, id): (usize, &u32)| match self.her {
            Some([her, his, him]) if *id == her => {
                if ids.get(i + 1).is_none_or(|next| self.not_hers.contains(next)) {
                    him
                } else {
                    his
                }
            }
            _ => self.other.get(id).copied().unwrap_or(*id),
        };
        ids.iter().enumerate().map(swap).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::Bundle;
    use crate::narrative::PreparedNarrative;

    #[test]
    fn everything_of_one_sex_becomes_the_other() {
        let tokeniser = WindowTokeniser::new(&Bundle::embedded().unwrap(), 0).unwrap();
        let swaps = Swaps::new(&tokeniser);
        let ids = |text: &str| tokeniser.windows(&PreparedNarrative::new(text)).windows.remove(0).ids;
        let told = "He followed her to her work; his wife and a woman saw him.";
        let other = "She followed him to his work; her husband and a man saw her.";
        assert_eq!(swaps.swapped(&ids(told)), ids(other));
        assert_eq!(swaps.swapped(&ids(other)), ids("He followed her to her work; his wife and a woman saw him."));
        assert_eq!(swaps.swapped(&ids("Bins moved again.")), ids("Bins moved again."));
    }
}
