//! Every word that any pattern could begin a place with, in one tree, and the kinds into which they divide all text.
//!
//! Two words are of one kind where every place of every pattern takes both or neither. A text becomes a row of kinds in one walk;
//! asking whether a word may stand at a place is then one bit.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use super::outline::Beginning;

/// The kind of words that no place takes.
pub(super) const OTHER: u32 = 0;

/// A word of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) kind: u32,
    /// Its first byte.
    pub(super) start: usize,
    /// How many runs of white space stand before it in the piece of text that was read.
    pub(super) runs: usize,
}

/// The tree and its kinds.
#[derive(Debug)]
pub(super) struct Vocabulary {
    /// In the order of depth, so that a node's children stand together.
    nodes: Vec<Node>,
    /// For each kind, the sets that its words are in.
    kinds: Vec<Vec<u32>>,
    /// The same as one bit a set.
    members: Vec<u64>,
    row: usize,
}

/// A node with a child for each bit of `letters`; small enough for the whole tree to stay near the processor.
#[derive(Debug, Clone, Copy)]
struct Node {
    letters: u64,
    first_child: u32,
    /// The kind of a word that ends here.
    ended: u32,
    /// The kind of one that goes on in a way the tree does not know.
    gone_on: u32,
}

impl Node {
    fn child(self, letter: usize) -> Option<usize> {
        let bit = 1 << letter;
        (self.letters & bit != 0).then(|| self.first_child as usize + (self.letters & (bit - 1)).count_ones() as usize)
    }
}

/// A tree while it grows.
#[derive(Default)]
struct Sprout {
    children: BTreeMap<usize, Sprout>,
    whole: Vec<u32>,
    prefixes: Vec<u32>,
}

impl Vocabulary {
    /// The words of `sets`; their places in the slice are their numbers.
    pub(super) fn new(sets: &[Arc<[Beginning]>]) -> Self {
        let mut root = Sprout::default();
        for (set, number) in sets.iter().zip(0..) {
            for word in set.iter() {
                let letters = word.letters.as_bytes().iter().filter_map(|byte| letter(*byte));
                let node = letters.fold(&mut root, |node, letter| node.children.entry(letter).or_default());
                if word.whole { node.whole.push(number) } else { node.prefixes.push(number) }
            }
        }
        let mut nodes = Vec::new();
        let mut held: Vec<(Vec<u32>, Vec<u32>)> = Vec::new();
        let mut level = VecDeque::from([root]);
        while let Some(sprout) = level.pop_front() {
            let first_child = u32::try_from(nodes.len() + 1 + level.len()).unwrap_or(u32::MAX);
            let letters = sprout.children.keys().fold(0, |bits, letter| bits | 1_u64 << letter);
            nodes.push(Node { letters, first_child, ended: OTHER, gone_on: OTHER });
            held.push((sprout.whole, sprout.prefixes));
            level.extend(sprout.children.into_values());
        }
        let mut numbers: HashMap<Vec<u32>, u32> = HashMap::from([(Vec::new(), OTHER)]);
        let mut kinds: Vec<Vec<u32>> = vec![Vec::new()];
        // Children come after their parents, so a node's own prefixes are complete when it is reached.
        for node in 0..nodes.len() {
            let (whole, mut prefixes) = std::mem::take(&mut held[node]);
            prefixes.sort_unstable();
            prefixes.dedup();
            let mut ended = [whole, prefixes.clone()].concat();
            ended.sort_unstable();
            ended.dedup();
            let children = nodes[node].first_child as usize..;
            for child in children.take(nodes[node].letters.count_ones() as usize) {
                held[child].1.extend(&prefixes);
            }
            let mut kind = |members: Vec<u32>| {
                *numbers.entry(members).or_insert_with_key(|members| {
                    kinds.push(members.clone());
                    u32::try_from(kinds.len() - 1).unwrap_or(u32::MAX)
                })
            };
            nodes[node].ended = kind(ended);
            nodes[node].gone_on = kind(prefixes);
        }
        let row = sets.len().div_ceil(64);
        let mut members = vec![0; kinds.len() * row];
        for (kind, sets) in kinds.iter().enumerate() {
            for &set in sets {
                members[kind * row + set as usize / 64] |= 1 << (set % 64);
            }
        }
        Self { nodes, kinds, members, row }
    }

    /// For each kind of word, the sets that its words are in.
    pub(super) fn kinds(&self) -> &[Vec<u32>] {
        &self.kinds
    }

    /// Whether words of this kind are in the set.
    pub(super) fn is_member(&self, kind: u32, set: u32) -> bool {
        self.members[kind as usize * self.row + set as usize / 64] & (1 << (set % 64)) != 0
    }

    /// The words of a piece of `text` (lower case) that are in any set, in order, added to `words`.
    pub(super) fn read(&self, text: &[u8], piece: Range<usize>, words: &mut Vec<Word>) {
        let mut runs = 0;
        let mut blank = false;
        let mut at = piece.start;
        while at < piece.end {
            let Some(first) = letter(text[at]) else {
                let now_blank = matches!(text[at], b' ' | b'\n' | b'\t');
                runs += usize::from(now_blank && !blank);
                blank = now_blank;
                at += 1;
                continue;
            };
            blank = false;
            let start = at;
            at += 1;
            let mut node = 0;
            let mut next = Some(first);
            let mut left = false;
            while let Some(letter_now) = next {
                let Some(child) = self.nodes[node].child(letter_now) else {
                    left = true;
                    break;
                };
                node = child;
                next = text[at..piece.end].first().and_then(|byte| letter(*byte));
                at += usize::from(next.is_some());
            }
            let kind = if left { self.nodes[node].gone_on } else { self.nodes[node].ended };
            while text[..piece.end].get(at).is_some_and(|byte| letter(*byte).is_some()) {
                at += 1;
            }
            if kind != OTHER {
                words.push(Word { kind, start, runs });
            }
        }
    }
}

/// The number of each letter, [`NO_LETTER`] for other bytes.
static LETTERS: [u8; 256] = {
    let mut letters = [NO_LETTER; 256];
    let mut n = 0;
    while n < 26 {
        letters[b'a' as usize + n as usize] = n;
        n += 1;
    }
    while n < 36 {
        letters[b'0' as usize + n as usize - 26] = n;
        n += 1;
    }
    letters
};
const NO_LETTER: u8 = u8::MAX;

fn letter(byte: u8) -> Option<usize> {
    let letter = LETTERS[usize::from(byte)];
    (letter != NO_LETTER).then_some(usize::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> Arc<[Beginning]> {
        words.iter().map(|word| Beginning::of(word)).collect()
    }

    #[test]
    fn words_are_told_by_the_sets_that_take_them() {
        let sets = [set(&["he", "she"]), set(&["he*", "threat*"]), set(&["threats"])];
        let vocabulary = Vocabulary::new(&sets);
        let text = "she heard,\n\n  threats he-threatened the threat";
        let mut words = Vec::new();
        vocabulary.read(text.as_bytes(), 0..text.len(), &mut words);
        let told: Vec<_> = words
            .iter()
            .map(|word| {
                (
                    &text[word.start..word.start + 3],
                    word.runs,
                    (0..3).filter(|set| vocabulary.is_member(word.kind, *set)).collect::<Vec<_>>(),
                )
            })
            .collect();
        let wanted = [
            ("she", 0, vec![0]),
            ("hea", 1, vec![1]),
            ("thr", 2, vec![1, 2]),
            ("he-", 3, vec![0, 1]),
            ("thr", 3, vec![1]),
            ("thr", 5, vec![1]),
        ];
        assert_eq!(told, wanted);
        assert_eq!(vocabulary.kinds().len(), 5);
    }
}
