//! How words begin, letter by letter, while a pattern is read.

use regex_syntax::ast::Ast;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind, translate::Translator};

/// Letters of a word's beginning that are looked at.
const MAX_LETTERS: usize = 16;
/// Most ways in which the words of one place may begin.
const MAX_BEGINNINGS: usize = 6_000;
/// Most bytes of marks before a word.
const MAX_LEAD: usize = 4;
/// A set of characters with more members than this says nothing about a word.
const MAX_SET: usize = 16;

/// The first letters of a word, with no heap behind them: millions are put together before any text is read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Letters {
    bytes: [u8; MAX_LETTERS],
    len: u8,
}

impl Letters {
    pub(super) const NONE: Self = Self { bytes: [0; MAX_LETTERS], len: 0 };

    /// The letters with those of `more` behind them, and whether all of them found room.
    pub(super) fn with(mut self, more: &[u8]) -> (Self, bool) {
        let room = more.len().min(MAX_LETTERS - usize::from(self.len));
        self.bytes[usize::from(self.len)..][..room].copy_from_slice(&more[..room]);
        self.len += u8::try_from(room).unwrap_or(0);
        (self, room == more.len())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    pub(super) fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl std::fmt::Debug for Letters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

/// How a word begins, or the whole of it. Words are runs of `a`-`z` and `0`-`9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Beginning {
    pub(crate) letters: Letters,
    pub(crate) whole: bool,
}

#[cfg(test)]
impl Beginning {
    /// `he` for the whole word, `he*` for a beginning.
    pub(crate) fn of(word: &str) -> Self {
        let letters = Letters::NONE.with(word.trim_end_matches('*').as_bytes()).0;
        Self { letters, whole: !word.ends_with('*') }
    }
}

/// A word's beginning while it is being put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Opening {
    /// Marks before the first letter.
    pub(super) lead: Letters,
    pub(super) letters: Letters,
    pub(super) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// What comes next in the pattern goes on with the word.
    Open,
    /// The word may go on in any way.
    Prefix,
    Whole,
}

pub(super) fn start() -> Vec<Opening> {
    vec![Opening { lead: Letters::NONE, letters: Letters::NONE, end: End::Open }]
}

pub(super) fn is_letter(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

/// Open beginnings with an end; `None` if there is one without letters.
pub(super) fn close(mut openings: Vec<Opening>, end: End) -> Option<Vec<Opening>> {
    for opening in openings.iter_mut().filter(|opening| opening.end == End::Open) {
        if opening.letters.is_empty() {
            return None;
        }
        opening.end = end;
    }
    Some(openings)
}

/// One of `letters` behind every open beginning, or with `others` a character that ends the word.
pub(super) fn push(openings: Vec<Opening>, letters: &[char], others: bool) -> Option<Vec<Opening>> {
    let mut pushed = Vec::with_capacity(openings.len() * letters.len().max(1));
    for opening in openings {
        if opening.end != End::Open {
            pushed.push(opening);
            continue;
        }
        let mut ends = others;
        for &letter in letters {
            let mut encoded = [0; 4];
            let bytes = letter.encode_utf8(&mut encoded).as_bytes();
            if is_letter(letter) {
                let (letters, complete) = opening.letters.with(bytes);
                pushed.push(Opening { letters, end: if complete { End::Open } else { End::Prefix }, ..opening });
            } else if opening.letters.is_empty() && letters.len() == 1 && usize::from(opening.lead.len) < MAX_LEAD {
                pushed.push(Opening { lead: opening.lead.with(bytes).0, ..opening });
            } else {
                ends = true;
            }
        }
        if ends {
            if opening.letters.is_empty() {
                return None;
            }
            pushed.push(Opening { end: End::Whole, ..opening });
        }
    }
    Some(pushed)
}

/// No opening twice, and not too many that are open.
pub(super) fn tidy(mut openings: Vec<Opening>) -> Vec<Opening> {
    openings.sort();
    openings.dedup();
    if openings.len() > MAX_BEGINNINGS {
        for opening in openings.iter_mut().filter(|opening| opening.end == End::Open && !opening.letters.is_empty()) {
            opening.end = End::Prefix;
        }
    }
    openings
}

fn class_of(ast: &Ast) -> Option<Class> {
    match Translator::new().translate("", ast).ok()?.into_kind() {
        HirKind::Class(class) => Some(class),
        HirKind::Literal(literal) => {
            let c = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(Class::Unicode(ClassUnicode::new([ClassUnicodeRange::new(c, c)])))
        }
        _ => None,
    }
}

/// The letters of a set, and whether it holds anything else; `None` if it is large, unless a mark before it says enough (`-[a-z]`).
pub(super) fn members(ast: &Ast, marked: bool) -> Option<(Vec<char>, bool)> {
    let Some(Class::Unicode(class)) = class_of(ast) else { return None };
    let mut letters = Vec::new();
    let mut others = false;
    for range in class.iter() {
        if u32::from(range.end()) - u32::from(range.start()) > 64 {
            return None;
        }
        for c in range.start()..=range.end() {
            if is_letter(c) { letters.push(c) } else { others = true }
        }
    }
    (letters.len() <= MAX_SET || marked).then_some((letters, others))
}

pub(super) fn holds_blank(ast: &Ast) -> bool {
    match class_of(ast) {
        Some(Class::Unicode(class)) => class.iter().any(|r| [' ', '\n', '\t'].iter().any(|c| (r.start()..=r.end()).contains(c))),
        _ => true,
    }
}
