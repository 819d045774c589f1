//! What is known of the parts of a pattern: how the words at their start begin, how far they reach, whether they may be missing.

use regex_syntax::ast::{Ast, ClassPerlKind, Group, RepetitionKind, RepetitionRange, parse::Parser};

use super::openings::{Beginning, End, Letters, Opening, close, holds_blank, is_letter, members, push, start, tidy};
use super::{FAR, Sets};
use crate::indicators::pattern::{Language, Sign};

/// How often something repeated is followed, and with how many beginnings.
const MAX_TIMES: u32 = 4;
const MAX_REPEATED: usize = 50;

/// What stands one behind the other in a variant of a pattern.
#[derive(Clone)]
pub(super) enum Item<'a> {
    One(&'a Ast),
    /// One of these, none of them a phrase.
    Any(Vec<&'a Ast>),
}

/// Where an item stands in its expression, which outlives what is kept about it.
pub(super) type Key = (usize, usize);

impl Item<'_> {
    pub(super) fn key(&self) -> Key {
        let place = |ast: &Ast| std::ptr::from_ref(ast).addr();
        match self {
            Self::One(ast) => (place(ast), 0),
            Self::Any(asts) => (asts.first().map_or(0, |ast| place(ast)), asts.len()),
        }
    }

    pub(super) fn sign(&self) -> Option<Sign> {
        match self {
            Self::One(ast) => sign(ast),
            Self::Any(_) => None,
        }
    }

    pub(super) fn is_space(&self) -> bool {
        matches!(self.sign(), Some(Sign::Space | Sign::Gap(_)))
    }
}

pub(super) struct ClassParts<'a> {
    pub(super) language: &'a Language,
    pub(super) classes: Vec<Option<ClassPart>>,
}

pub(super) struct ClassPart {
    fragments: Vec<Ast>,
    /// Most runs of white space that it can match.
    runs: usize,
    /// Behind every fragment, the next character begins a word: where one begins before it, and where none does.
    starts_word_after: (bool, bool),
    /// Whether a fragment may be nothing at all.
    nullable: bool,
    /// How its words begin, where that is known from their own letters.
    openings: Option<Vec<Opening>>,
}

impl ClassParts<'_> {
    /// The branches of a choice of which some are phrases; single words are one branch together.
    pub(super) fn branches<'b>(&'b self, item: &Item<'b>) -> Option<Vec<Vec<Item<'b>>>> {
        let Item::One(ast) = item else { return None };
        let choices: Vec<&'b Ast> = match ast {
            Ast::Group(group) if opens(group) => match &*group.ast {
                Ast::Alternation(alternation) => alternation.asts.iter().collect(),
                _ => return None,
            },
            Ast::Alternation(alternation) => alternation.asts.iter().collect(),
            Ast::Literal(literal) => match Sign::of(literal.c) {
                Some(Sign::Class(class)) => self.class(class)?.fragments.iter().collect(),
                _ => return None,
            },
            _ => return None,
        };
        let (words, phrases): (Vec<&Ast>, Vec<&Ast>) = choices.into_iter().partition(|ast| self.runs(ast) == 0);
        if phrases.is_empty() {
            return None;
        }
        let mut branches: Vec<Vec<Item<'b>>> = Vec::with_capacity(phrases.len() + 1);
        if !words.is_empty() {
            branches.push(vec![Item::Any(words)]);
        }
        for phrase in phrases {
            let mut items = Vec::new();
            flatten(phrase, &mut items);
            branches.push(items);
        }
        Some(branches)
    }

    pub(super) fn item_is_nullable(&self, item: &Item<'_>) -> bool {
        match item {
            Item::One(ast) => self.nullable(ast),
            Item::Any(asts) => asts.iter().any(|ast| self.nullable(ast)),
        }
    }

    /// The set of words that may stand at the start of `items`, and the marks that may stand before them; `None` where that may be
    /// anything or nothing.
    pub(super) fn set(&self, items: &[Item<'_>], sets: &mut Sets) -> Option<(u32, Vec<Letters>)> {
        // A space ends every word, so what is behind the first one does not matter.
        let end = items.iter().position(Item::is_space).map_or(items.len(), |space| space + 1);
        let signs: Option<Vec<Sign>> = items[..end].iter().map(Item::sign).collect();
        let parts: Vec<Key> = if signs.is_some() { Vec::new() } else { items[..end].iter().map(Item::key).collect() };
        let known = signs.as_ref().map_or_else(|| sets.by_parts.get(&parts), |signs| sets.by_signs.get(signs));
        if let Some(known) = known {
            return known.clone();
        }
        let set = self.words(&items[..end]).map(|(words, leads)| (sets.number(words), leads));
        match signs {
            Some(signs) => sets.by_signs.insert(signs, set.clone()),
            None => sets.by_parts.insert(parts, set.clone()),
        };
        set
    }

    pub(super) fn read_class(&mut self, class: usize, depth: usize) -> Result<(), String> {
        if self.classes[class].is_some() {
            return Ok(());
        }
        let fault = || "word classes name each other in a circle".to_owned();
        if depth > self.classes.len() {
            return Err(fault());
        }
        let skeletons = self.language.fragments(class)?.to_vec();
        for other in skeletons.iter().flat_map(|skeleton| skeleton.chars()).filter_map(Sign::of) {
            if let Sign::Class(other) = other {
                self.read_class(other, depth + 1)?;
            }
        }
        let mut fragments = Vec::with_capacity(skeletons.len());
        for skeleton in &skeletons {
            let ast = parse(skeleton)?;
            fragments.push(ast);
        }
        let openings: Option<Vec<Vec<Opening>>> = fragments.iter().map(|ast| self.extend(start(), ast)).collect();
        let starts_word_after = |before: bool| fragments.iter().all(|ast| self.starts_word_after(ast, before));
        let part = ClassPart {
            runs: fragments.iter().map(|ast| self.runs(ast)).max().unwrap_or(0),
            starts_word_after: (starts_word_after(true), starts_word_after(false)),
            nullable: fragments.iter().any(|ast| self.nullable(ast)),
            openings: openings.map(|lists| tidy(lists.concat())),
            fragments,
        };
        self.classes[class] = Some(part);
        Ok(())
    }

    /// Every class that a pattern names must have been read.
    pub(super) fn known(&self, ast: &Ast) -> Result<(), String> {
        let mut fault = None;
        visit(ast, &mut |ast| {
            if let Some(Sign::Class(class)) = sign(ast)
                && self.classes.get(class).is_none_or(Option::is_none)
            {
                fault.get_or_insert(class);
            }
        });
        match fault {
            None => Ok(()),
            Some(class) => Err(match self.language.fragments(class) {
                Err(fault) => fault,
                Ok(fragments) => fragments
                    .iter()
                    .find_map(|fragment| parse(fragment).err())
                    .unwrap_or_else(|| "word classes name each other in a circle, or one of them is at fault".to_owned()),
            }),
        }
    }

    fn class(&self, class: usize) -> Option<&ClassPart> {
        self.classes.get(class)?.as_ref()
    }

    /// How the word at the start of `items` begins, and the marks that may stand before it; `None` where that may be anything or
    /// nothing.
    fn words(&self, items: &[Item<'_>]) -> Option<(Vec<Beginning>, Vec<Letters>)> {
        let mut openings = start();
        for item in items {
            if openings.iter().all(|opening| opening.end != End::Open) {
                break;
            }
            openings = match item {
                // The word then begins behind the blank, if there is one.
                Item::One(ast) if sign(ast) == Some(Sign::MaybeSpace) => {
                    let (begun, not_begun): (Vec<_>, Vec<_>) = openings.into_iter().partition(|opening| !opening.letters.is_empty());
                    let mut openings = self.extend(begun, ast)?;
                    openings.extend(not_begun);
                    openings
                }
                Item::One(ast) => self.extend(openings, ast)?,
                Item::Any(asts) => self.extend_by_any(&openings, asts.iter().copied())?,
            };
        }
        let mut leads: Vec<Letters> = openings.iter().map(|opening| opening.lead).collect();
        leads.sort_unstable();
        leads.dedup();
        let words: Option<Vec<Beginning>> = openings
            .into_iter()
            .map(|opening| {
                (!opening.letters.is_empty()).then_some(Beginning { letters: opening.letters, whole: opening.end != End::Prefix })
            })
            .collect();
        let mut words = words?;
        words.sort();
        words.dedup();
        Some((words, leads))
    }

    /// The openings with `ast` behind them.
    fn extend(&self, openings: Vec<Opening>, ast: &Ast) -> Option<Vec<Opening>> {
        if openings.iter().all(|opening| opening.end != End::Open) {
            return Some(openings);
        }
        let extended = match ast {
            Ast::Empty(_) | Ast::Assertion(_) => openings,
            Ast::Group(group) if opens(group) => self.extend(openings, &group.ast)?,
            Ast::Concat(concat) => {
                let mut openings = openings;
                for item in &concat.asts {
                    openings = self.extend(openings, item)?;
                }
                openings
            }
            Ast::Alternation(alternation) => self.extend_by_any(&openings, alternation.asts.iter())?,
            Ast::Repetition(repetition) => {
                let (least, most) = bounds(&repetition.op.kind);
                let mut now = openings.clone();
                let mut all = if least == 0 { openings } else { Vec::new() };
                let mut times = 0;
                loop {
                    now = self.extend(now, &repetition.ast)?;
                    times += 1;
                    if times >= least {
                        all.extend(now.iter().copied());
                    }
                    if most == Some(times) {
                        break;
                    }
                    if now.len() > MAX_REPEATED || times >= MAX_TIMES {
                        // More of it may go on with the word in ways that are not followed.
                        all.extend(now);
                        for opening in all.iter_mut().filter(|opening| opening.end == End::Open && !opening.letters.is_empty()) {
                            opening.end = End::Prefix;
                        }
                        break;
                    }
                }
                all
            }
            Ast::Literal(literal) => match Sign::of(literal.c) {
                Some(Sign::Space | Sign::Gap(_)) => close(openings, End::Whole)?,
                Some(Sign::MaybeSpace) => {
                    let mut both = close(openings.clone(), End::Whole)?;
                    both.extend(openings);
                    both
                }
                Some(Sign::Class(class)) => self.extend_by_class(openings, class)?,
                None => push(openings, &[literal.c], false)?,
            },
            Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) | Ast::ClassBracketed(_) => {
                match members(ast, openings.iter().any(|opening| opening.letters.is_empty() && !opening.lead.is_empty())) {
                    Some((letters, others)) => push(openings, &letters, others)?,
                    None => close(openings, End::Prefix)?,
                }
            }
            Ast::Group(_) | Ast::Flags(_) => return None,
        };
        Some(tidy(extended))
    }

    fn extend_by_any<'b>(&self, openings: &[Opening], choices: impl Iterator<Item = &'b Ast>) -> Option<Vec<Opening>> {
        let lists: Option<Vec<_>> = choices.map(|ast| self.extend(openings.to_vec(), ast)).collect();
        lists.map(|lists| tidy(lists.concat()))
    }

    fn extend_by_class(&self, openings: Vec<Opening>, class: usize) -> Option<Vec<Opening>> {
        let class = self.class(class)?;
        let Some(known) = &class.openings else {
            return self.extend_by_any(&openings, class.fragments.iter());
        };
        let mut extended = Vec::with_capacity(known.len());
        for opening in openings {
            if opening.end != End::Open {
                extended.push(opening);
                continue;
            }
            extended.extend(known.iter().map(|more| {
                if !more.lead.is_empty() && !opening.letters.is_empty() {
                    return Opening { end: End::Whole, ..opening };
                }
                let (letters, complete) = opening.letters.with(more.letters.as_bytes());
                Opening { lead: opening.lead.with(more.lead.as_bytes()).0, letters, end: if complete { more.end } else { End::Prefix } }
            }));
        }
        Some(extended)
    }

    pub(super) fn runs(&self, ast: &Ast) -> usize {
        match ast {
            Ast::Empty(_) | Ast::Assertion(_) | Ast::Flags(_) => 0,
            Ast::Group(group) => self.runs(&group.ast),
            Ast::Concat(concat) => concat.asts.iter().map(|ast| self.runs(ast)).sum::<usize>().min(FAR),
            Ast::Alternation(alternation) => alternation.asts.iter().map(|ast| self.runs(ast)).max().unwrap_or(0),
            Ast::Repetition(repetition) => match (self.runs(&repetition.ast), bounds(&repetition.op.kind).1) {
                (0, _) => 0,
                (runs, Some(most)) => (runs * most as usize).min(FAR),
                (_, None) => FAR,
            },
            Ast::Literal(literal) => match Sign::of(literal.c) {
                // A comma may stand between two blanks.
                Some(Sign::Space) => 2,
                Some(Sign::MaybeSpace) => 1,
                Some(Sign::Gap(words)) => 2 + words,
                Some(Sign::Class(class)) => self.class(class).map_or(FAR, |class| class.runs),
                None => usize::from(literal.c.is_whitespace()),
            },
            Ast::ClassPerl(class) if class.negated && class.kind == ClassPerlKind::Space => 0,
            Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) | Ast::ClassBracketed(_) => usize::from(holds_blank(ast)),
        }
    }

    fn nullable(&self, ast: &Ast) -> bool {
        match ast {
            Ast::Empty(_) | Ast::Assertion(_) | Ast::Flags(_) => true,
            Ast::Group(group) => self.nullable(&group.ast),
            Ast::Concat(concat) => concat.asts.iter().all(|ast| self.nullable(ast)),
            Ast::Alternation(alternation) => alternation.asts.iter().any(|ast| self.nullable(ast)),
            Ast::Repetition(repetition) => bounds(&repetition.op.kind).0 == 0 || self.nullable(&repetition.ast),
            Ast::Literal(literal) => match Sign::of(literal.c) {
                Some(Sign::MaybeSpace) => true,
                Some(Sign::Class(class)) => self.class(class).is_none_or(|class| class.nullable),
                _ => false,
            },
            Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) | Ast::ClassBracketed(_) => false,
        }
    }

    /// Whether a word surely starts behind `ast`, given whether one does before it.
    pub(super) fn starts_word_after(&self, ast: &Ast, before: bool) -> bool {
        match ast {
            Ast::Empty(_) | Ast::Assertion(_) => before,
            Ast::Flags(_) => false,
            Ast::Group(group) => self.starts_word_after(&group.ast, before),
            Ast::Concat(concat) => concat.asts.iter().fold(before, |before, ast| self.starts_word_after(ast, before)),
            Ast::Alternation(alternation) => alternation.asts.iter().all(|ast| self.starts_word_after(ast, before)),
            Ast::Repetition(repetition) => {
                let after = self.starts_word_after(&repetition.ast, before);
                after && (before || bounds(&repetition.op.kind).0 > 0)
            }
            Ast::Literal(literal) => match Sign::of(literal.c) {
                Some(Sign::Space | Sign::Gap(_)) => true,
                Some(Sign::Class(class)) => {
                    self.class(class).is_some_and(|class| if before { class.starts_word_after.0 } else { class.starts_word_after.1 })
                }
                Some(Sign::MaybeSpace) => before,
                None => !is_letter(literal.c),
            },
            Ast::Dot(_) | Ast::ClassUnicode(_) | Ast::ClassPerl(_) | Ast::ClassBracketed(_) => {
                members(ast, false).is_some_and(|(letters, _)| letters.iter().all(|c| !is_letter(*c)))
            }
        }
    }
}

pub(super) fn parse(skeleton: &str) -> Result<Ast, String> {
    Parser::new().parse(skeleton).map_err(|error| {
        // Signs are one character each in the skeleton and more in the pattern: the column would mislead, the message does not.
        error.kind().to_string()
    })
}

/// The top-level items of a concatenation, groups that say nothing more opened.
pub(super) fn flatten<'a>(ast: &'a Ast, items: &mut Vec<Item<'a>>) {
    match ast {
        Ast::Concat(concat) => concat.asts.iter().for_each(|ast| flatten(ast, items)),
        Ast::Group(group) if opens(group) => flatten(&group.ast, items),
        _ => items.push(Item::One(ast)),
    }
}

/// A group that does nothing but hold its expression together.
fn opens(group: &Group) -> bool {
    group.flags().is_none_or(|flags| flags.items.is_empty())
}

fn visit(ast: &Ast, seen: &mut impl FnMut(&Ast)) {
    seen(ast);
    match ast {
        Ast::Concat(concat) => concat.asts.iter().for_each(|ast| visit(ast, seen)),
        Ast::Alternation(alternation) => alternation.asts.iter().for_each(|ast| visit(ast, seen)),
        Ast::Group(group) => visit(&group.ast, seen),
        Ast::Repetition(repetition) => visit(&repetition.ast, seen),
        _ => {}
    }
}

fn sign(ast: &Ast) -> Option<Sign> {
    match ast {
        Ast::Literal(literal) => Sign::of(literal.c),
        _ => None,
    }
}

fn bounds(kind: &RepetitionKind) -> (u32, Option<u32>) {
    match kind {
        RepetitionKind::ZeroOrOne => (0, Some(1)),
        RepetitionKind::ZeroOrMore => (0, None),
        RepetitionKind::OneOrMore => (1, None),
        RepetitionKind::Range(RepetitionRange::Exactly(times)) => (*times, Some(*times)),
        RepetitionKind::Range(RepetitionRange::AtLeast(least)) => (*least, None),
        RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => (*least, Some(*most)),
    }
}
