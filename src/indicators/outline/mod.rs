//! What a pattern cannot do without: sets of words of which a match must hold one each, in order and not too far apart.
//!
//! An outline is read from the pattern's own parts, each word class once for all patterns. It may ask for less than the pattern
//! does, never for more, so the engine can leave alone every place where an outline does not fit.

mod openings;
mod parts;

use std::collections::HashMap;
use std::sync::Arc;

use regex_syntax::ast::Ast;

use super::frequency;
use super::pattern::{Language, Sign};
pub(super) use openings::{Beginning, Letters};
use parts::{ClassParts, Item, Key, flatten, parse};

/// Most outlines of one pattern.
const MAX_VARIANTS: usize = 40;
/// Of 10,000 words, how many may be in a set that is looked for first.
const RARE_ENOUGH: f64 = 4.0;
/// A choice is made where its branches together are at most so much of the cost before.
const WORTH_IT: f64 = 0.75;
/// Farther than any two words of a sentence are apart.
const FAR: usize = 1 << 20;

/// One place of a pattern.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The number of the set of words that may stand here.
    pub(super) set: u32,
    /// Most runs of white space between the start of the place before and the start of this one.
    pub(super) reach: usize,
    /// The word is another one than that of the place before.
    pub(super) apart: bool,
}

/// The places of a pattern in order; the first is where a match starts.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    pub(super) places: Vec<Place>,
    /// The marks that a match may have before its first word, as in `'ve been`; in order.
    pub(super) leads: Vec<Letters>,
}

/// Reads outlines, with what is known of each class at hand.
pub(super) struct Outliner<'a> {
    classes: ClassParts<'a>,
    sets: Sets,
}

/// The sets of words met so far, each with a number.
#[derive(Default)]
pub(super) struct Sets {
    numbers: HashMap<Arc<[Beginning]>, u32>,
    in_order: Vec<Arc<[Beginning]>>,
    costs: Vec<f64>,
    /// What has been read already, by the signs that it was read from.
    by_signs: HashMap<Vec<Sign>, Option<(u32, Vec<Letters>)>>,
    /// The same within one pattern, by its parts.
    by_parts: HashMap<Vec<Key>, Option<(u32, Vec<Letters>)>>,
}

impl Sets {
    fn number(&mut self, words: Vec<Beginning>) -> u32 {
        if let Some(known) = self.numbers.get(words.as_slice()) {
            return *known;
        }
        let number = u32::try_from(self.in_order.len()).unwrap_or(u32::MAX);
        let words: Arc<[Beginning]> = words.into();
        self.costs.push(frequency::of(&words));
        self.in_order.push(Arc::clone(&words));
        self.numbers.insert(words, number);
        number
    }

    /// The words of each set, by number; in order, no two the same.
    pub(super) fn words(&self) -> &[Arc<[Beginning]>] {
        &self.in_order
    }

    /// Only the sets that `outlines` use, numbered anew; they are told their new numbers.
    pub(super) fn used_by<'o>(&self, outlines: impl Iterator<Item = &'o mut Outline>) -> Self {
        let mut used = Self::default();
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        for place in outlines.flat_map(|outline| &mut outline.places) {
            place.set = *numbers.entry(place.set).or_insert_with(|| {
                used.costs.push(self.cost(place.set));
                used.in_order.push(Arc::clone(&self.in_order[place.set as usize]));
                u32::try_from(used.in_order.len() - 1).unwrap_or(u32::MAX)
            });
        }
        used
    }

    /// Of 10,000 words of police prose, about how many are in the set.
    pub(super) fn cost(&self, set: u32) -> f64 {
        self.costs[set as usize]
    }
}

impl<'a> Outliner<'a> {
    /// Reads every class; one that is at fault is reported by the patterns that use it.
    pub(super) fn new(language: &'a Language) -> Self {
        let mut classes = ClassParts { language, classes: (0..language.classes()).map(|_| None).collect() };
        for class in 0..language.classes() {
            // A class at fault stays unread.
            let _ = classes.read_class(class, 0);
        }
        Self { classes, sets: Sets::default() }
    }

    /// The sets of all outlines read.
    pub(super) fn into_sets(self) -> Sets {
        self.sets
    }

    /// The outlines of a skeleton: every match fits one of them.
    ///
    /// # Errors
    /// A sentence: the expression is broken, a class is, or the pattern begins with something too open.
    pub(super) fn outlines(&mut self, skeleton: &str) -> Result<Vec<Outline>, String> {
        let ast = parse(skeleton)?;
        self.classes.known(&ast)?;
        variants(&self.classes, &mut self.sets, &ast)
    }
}

/// The pattern with those choices between phrases made that let the engine begin with rarer words; other choices stay.
fn variants(classes: &ClassParts<'_>, sets: &mut Sets, ast: &Ast) -> Result<Vec<Outline>, String> {
    sets.by_parts.clear();
    let mut items = Vec::new();
    flatten(ast, &mut items);
    let mut open = vec![Variant::new(classes, sets, items)?];
    let mut variants: Vec<Outline> = Vec::new();
    while let Some(variant) = open.pop() {
        let mut best: Option<(f64, Vec<Variant<'_>>)> = None;
        if variant.cost > RARE_ENOUGH {
            for (at, item) in variant.items.iter().enumerate() {
                let Some(branches) = classes.branches(item) else { continue };
                if variants.len() + open.len() + branches.len() > MAX_VARIANTS {
                    continue;
                }
                let chosen: Result<Vec<_>, _> = branches
                    .into_iter()
                    .map(|branch| Variant::new(classes, sets, [&variant.items[..at], &branch, &variant.items[at + 1..]].concat()))
                    .collect();
                let chosen = chosen?;
                let cost = chosen.iter().map(|chosen| chosen.cost).sum();
                // One phrase for another is no choice, but what is in it may be.
                let better = if chosen.len() == 1 { cost <= variant.cost } else { cost <= variant.cost * WORTH_IT };
                if better && best.as_ref().is_none_or(|(least, _)| cost < *least) {
                    best = Some((cost, chosen));
                }
            }
        }
        match best {
            Some((_, chosen)) => open.extend(chosen),
            None => variants.push(variant.outline),
        }
    }
    Ok(variants)
}

/// A pattern with some of its choices made.
struct Variant<'a> {
    items: Vec<Item<'a>>,
    outline: Outline,
    /// Of 10,000 words, how many could stand at its rarest place.
    cost: f64,
}

impl<'a> Variant<'a> {
    fn new(classes: &ClassParts<'_>, sets: &mut Sets, items: Vec<Item<'a>>) -> Result<Self, String> {
        let outline = outline(classes, sets, &items)?;
        let cost = outline.places.iter().map(|place| sets.cost(place.set)).fold(f64::INFINITY, f64::min);
        Ok(Self { items, outline, cost })
    }
}

fn outline(classes: &ClassParts<'_>, sets: &mut Sets, items: &[Item<'_>]) -> Result<Outline, String> {
    let mut places: Vec<Place> = Vec::new();
    let mut leads = Vec::new();
    let mut starts_word = true;
    let mut runs = 0;
    let slack = usize::from(items.iter().any(|item| item.sign() == Some(Sign::MaybeSpace)));
    // Where something that may be missing begins a word.
    let mut maybe: Option<(usize, usize)> = None;
    let mut apart = false;
    for (at, item) in items.iter().enumerate() {
        let first = places.is_empty();
        let nullable = classes.item_is_nullable(item);
        if let Some((from, runs_then)) = maybe.filter(|_| !starts_word) {
            if let Some((set, _)) = classes.set(&items[from..], sets) {
                places.push(Place { set, reach: runs_then + slack, apart });
                runs -= runs_then;
                apart = false;
            }
            maybe = None;
        }
        if starts_word && !first && nullable {
            maybe.get_or_insert((at, runs));
        }
        if starts_word && (first || !nullable) && !item.is_space() {
            maybe = None;
            match classes.set(&items[at..], sets) {
                Some((set, marks)) => {
                    let marked: Vec<_> = marks.iter().filter(|mark| !mark.is_empty()).collect();
                    if first {
                        leads.clone_from(&marks);
                    }
                    places.push(Place { set, reach: runs + slack, apart });
                    runs = 0;
                    // Marks and the word behind them are one place and may be two items.
                    apart = !nullable && marked.is_empty();
                }
                None if first => {
                    return Err("a pattern begins with words, not with something that may be anything or nothing".to_owned());
                }
                None => {}
            }
        }
        if places.is_empty() {
            return Err("a pattern begins with words, not with a space".to_owned());
        }
        starts_word = match item {
            Item::One(ast) => classes.starts_word_after(ast, starts_word),
            Item::Any(asts) => asts.iter().all(|ast| classes.starts_word_after(ast, starts_word)),
        };
        runs = match item {
            Item::One(ast) => (runs + classes.runs(ast)).min(FAR),
            Item::Any(_) => runs,
        };
    }
    if places.is_empty() { Err("a pattern with nothing in it".to_owned()) } else { Ok(Outline { places, leads }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::pattern::Classes;

    /// Marks, then reach and words of each place.
    fn shown(outline: &Outline, sets: &Sets) -> String {
        let word = |word: &Beginning| format!("{:?}{}", word.letters, if word.whole { "" } else { "*" });
        let place =
            |place: &Place| format!("{}:{}", place.reach, sets.words()[place.set as usize].iter().map(word).collect::<Vec<_>>().join("|"));
        let leads = outline.leads.iter().filter(|lead| !lead.is_empty()).map(|lead| format!("{lead:?}+")).collect::<String>();
        leads + &outline.places.iter().map(place).collect::<Vec<_>>().join(" ")
    }

    fn outline(pattern: &str) -> Result<String, String> {
        let classes: Classes = [
            ("home", vec!["house", "h/a", "home address"]),
            ("he", vec!["(?:he|she) (?:then )?", "they "]),
            ("whose", vec!["\\w+'s", "her"]),
            ("broken", vec!["(a"]),
        ]
        .into_iter()
        .map(|(name, fragments)| (name.to_owned(), fragments.into_iter().map(str::to_owned).collect()))
        .collect();
        let language = Language::new(&classes);
        let mut outliner = Outliner::new(&language);
        let outlines = outliner.outlines(&language.skeleton(pattern)?)?;
        let sets = outliner.into_sets();
        Ok(outlines.iter().map(|outline| shown(outline, &sets)).collect::<Vec<_>>().join(" / "))
    }

    #[test]
    fn outlines_hold_what_a_match_cannot_do_without() {
        let cases = [
            ("outside ~3 @home", "0:outside 5:h|home|house"),
            ("turn(?:s|ed) up", "0:turned|turns 2:up"),
            ("threaten\\w* (?:to )?kill", "0:threaten* 4:kill"),
            ("@he(?:waits?|stood) by", "0:he|she|they 4:stood|wait|waits 2:by"),
            ("voice ?mail", "1:voice|voicemail"),
            ("e-?mails?", "0:e|email|emails"),
            ("(?:her )?house", "0:her|house 2:house"),
            ("at @whose house", "0:at 4:house"),
            ("[2-3]\\d? times", "0:2|20|21|22|23|24|25|26|27|28|29|3|30|31|32|33|34|35|36|37|38|39 2:times"),
            ("x[ -]?[1-2]", "0:x|x1|x2"),
            ("found (?:[a-z]+ ){0,2}dead", "0:found 6:dead"),
            ("a .{0,3}b", "0:a"),
            ("do(?: not)? (?:want)? ?any", "1:do 5:any|want|wantany"),
            ("(?:he|in the shed)", "0:in 2:the 2:shed / 0:he"),
            ("(?:wait|sat in (?:his )?car) outside", "0:sat|wait 8:outside"),
            ("(?:has|'ve) been", "'+0:has|ve 2:been"),
            ("-(?:army|stock)", "-+0:army|stock 0:army|stock"),
            ("\u{a3}\\d", "\u{a3}+0:0|1|2|3|4|5|6|7|8|9 0:0|1|2|3|4|5|6|7|8|9"),
        ];
        for (pattern, wanted) in cases {
            assert_eq!(outline(pattern).as_deref(), Ok(wanted), "{pattern}");
        }
    }

    #[test]
    fn open_beginnings_and_broken_expressions_are_refused() {
        for pattern in ["\\w+ house", ".{0,3}house", "(?:his )?house|", " house", "", "(house", "at @broken", "(?i)house"] {
            assert!(outline(pattern).is_err(), "{pattern}");
        }
    }
}
