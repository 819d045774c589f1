//! The pattern language of rules: regular expressions over words, made readable.
//!
//! | written | means |
//! |---|---|
//! | a space | white space or a comma between two words |
//! | ` ?` | a space or hyphen that may be missing: `voice ?mail` |
//! | ` ~4 ` | up to four words in between, in the same sentence |
//! | `@home` | any fragment of the word class `home` |
//! | anything else | as in the `regex` crate, on lower-cased text |
//!
//! A pattern matches whole words, and begins with words, so that the engine knows where it can start.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Word classes by name, each a list of regex fragments that may name other classes.
pub(crate) type Classes = BTreeMap<String, Vec<String>>;

/// How deep classes may name each other before it is taken for a circle.
const MAX_CLASS_DEPTH: usize = 8;
/// Most words a gap may allow; longer ones join words that do not belong together.
const MAX_GAP: u32 = 12;

// What a skeleton has in place of the language's own signs: characters that no text or pattern holds.
const SPACE: char = '\u{e000}';
const MAYBE_SPACE: char = '\u{e001}';
const GAP: u32 = 0xe010;
const CLASS: u32 = 0xe100;
const PRIVATE: std::ops::RangeInclusive<char> = '\u{e000}'..='\u{f8ff}';

/// A sign of the pattern language, as it stands in a skeleton.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Sign {
    Space,
    MaybeSpace,
    /// A space and up to so many words.
    Gap(usize),
    /// The class of this index.
    Class(usize),
}

impl Sign {
    /// The sign that a character of a skeleton stands for.
    pub(super) fn of(c: char) -> Option<Self> {
        let code = u32::from(c);
        match c {
            SPACE => Some(Self::Space),
            MAYBE_SPACE => Some(Self::MaybeSpace),
            _ if (GAP..=GAP + MAX_GAP).contains(&code) => Some(Self::Gap((code - GAP) as usize)),
            _ if code >= CLASS && PRIVATE.contains(&c) => Some(Self::Class((code - CLASS) as usize)),
            _ => None,
        }
    }
}

/// The language with a lexicon's word classes.
#[derive(Debug)]
pub(crate) struct Language {
    names: BTreeMap<String, usize>,
    /// The skeletons of each class's fragments, or what is wrong with the class.
    classes: Vec<Result<Vec<String>, String>>,
    /// Each class written out as an expression.
    written: Vec<OnceLock<Result<String, String>>>,
}

impl Language {
    /// A faulty class is a fault of the patterns that use it.
    pub(crate) fn new(classes: &Classes) -> Self {
        let names: BTreeMap<String, usize> = classes.keys().cloned().zip(0..).collect();
        let skeletons = classes.values().map(|fragments| fragments.iter().map(|f| skeleton(f, &names)).collect()).collect();
        Self { classes: skeletons, written: names.iter().map(|_| OnceLock::new()).collect(), names }
    }

    /// How many classes there are.
    pub(super) fn classes(&self) -> usize {
        self.classes.len()
    }

    /// The skeletons of a class's fragments.
    pub(super) fn fragments(&self, class: usize) -> Result<&[String], String> {
        match self.classes.get(class) {
            Some(Ok(fragments)) => Ok(fragments),
            Some(Err(fault)) => Err(fault.clone()),
            None => Err("a pattern holds a character of the private use area".to_owned()),
        }
    }

    /// A pattern with one character for each sign of the language.
    ///
    /// # Errors
    /// A sentence with the position (in characters, from 1) of an unknown class, a gap that is not a number from 1 to 12, or one without
    /// its spaces.
    pub(super) fn skeleton(&self, pattern: &str) -> Result<String, String> {
        skeleton(pattern, &self.names)
    }

    /// The regular expression that a skeleton stands for.
    ///
    /// # Errors
    /// What is wrong with a class that it names.
    pub(super) fn expression(&self, skeleton: &str) -> Result<String, String> {
        Ok(format!("(?:{})(?-u:\\b)", self.write(skeleton, 0)?))
    }

    fn write(&self, skeleton: &str, depth: usize) -> Result<String, String> {
        if depth > MAX_CLASS_DEPTH {
            return Err("word classes name each other in a circle".to_owned());
        }
        let mut out = String::with_capacity(skeleton.len() * 2);
        for c in skeleton.chars() {
            match Sign::of(c) {
                None => out.push(c),
                Some(Sign::Space) => out.push_str("[ \\n,]{1,3}"),
                Some(Sign::MaybeSpace) => out.push_str("[ \\n-]?"),
                Some(Sign::Gap(words)) => out.push_str(&format!("[ \\n,;:()'\"/\\-]{{1,3}}(?:[^ \\n]+[ \\n]+){{0,{words}}}?")),
                Some(Sign::Class(class)) => {
                    let fragments = self.fragments(class)?;
                    if self.written[class].get().is_none() {
                        let parts: Result<Vec<_>, _> = fragments.iter().map(|f| self.write(f, depth + 1)).collect();
                        // A circle is found from whichever of its classes comes first; all of them are at fault.
                        let _ = self.written[class].set(parts.map(|parts| format!("(?:{})", parts.join("|"))));
                    }
                    match self.written[class].get() {
                        Some(Ok(written)) => out.push_str(written),
                        Some(Err(fault)) => return Err(fault.clone()),
                        None => {}
                    }
                }
            }
        }
        Ok(out)
    }
}

fn skeleton(pattern: &str, names: &BTreeMap<String, usize>) -> Result<String, String> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len());
    let mut in_set = false;
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '\\' => {
                at += 1;
                match chars.get(at) {
                    // The text is normalised and lower case: plain classes compile a hundred times smaller than Unicode's, and a
                    // pattern may begin with a number.
                    Some('d') if in_set => out.push_str("0-9"),
                    Some('d') => out.push_str("[0-9]"),
                    Some('w') if in_set => out.push_str("0-9a-z_"),
                    Some('w') => out.push_str("[0-9a-z_]"),
                    Some('s') if in_set => out.push_str(" \\n"),
                    Some('s') => out.push_str("[ \\n]"),
                    Some(&escaped) => out.extend(['\\', escaped]),
                    None => out.push('\\'),
                }
            }
            '[' if !in_set => {
                in_set = true;
                out.push('[');
            }
            ']' if in_set => {
                in_set = false;
                out.push(']');
            }
            ' ' if !in_set && chars.get(at + 1) == Some(&'~') => {
                let digits: String = chars[at + 2..].iter().take_while(|c| c.is_ascii_digit()).collect();
                let gap = digits.parse().ok().filter(|gap| (1..=MAX_GAP).contains(gap));
                let gap: u32 = gap.ok_or_else(|| format!("column {}: a gap is written ` ~N ` with N from 1 to {MAX_GAP}", at + 2))?;
                at += 2 + digits.len();
                if chars.get(at) != Some(&' ') {
                    return Err(format!("column {}: a gap ` ~{gap} ` wants a space behind it", at + 1));
                }
                out.extend(char::from_u32(GAP + gap));
            }
            ' ' if !in_set && chars.get(at + 1) == Some(&'?') => {
                at += 1;
                out.push(MAYBE_SPACE);
            }
            ' ' if !in_set => out.push(SPACE),
            '~' if !in_set => {
                return Err(format!("column {}: a gap ` ~N ` wants a space before it; a literal tilde is written `\\~`", at + 1));
            }
            '@' if !in_set => {
                let name: String = chars[at + 1..].iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').collect();
                let class = names.get(&name).ok_or_else(|| format!("column {}: there is no word class @{name}", at + 1))?;
                let sign = u32::try_from(*class).ok().and_then(|class| char::from_u32(CLASS + class)).filter(|sign| PRIVATE.contains(sign));
                out.push(sign.ok_or_else(|| format!("column {}: there are too many word classes", at + 1))?);
                at += name.chars().count();
            }
            other if PRIVATE.contains(&other) => {
                return Err(format!("column {}: a character of the private use area", at + 1));
            }
            other => out.push(other),
        }
        at += 1;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(classes: &[(&str, &[&str])]) -> Language {
        Language::new(
            &classes.iter().map(|(name, fragments)| ((*name).to_owned(), fragments.iter().map(|f| (*f).to_owned()).collect())).collect(),
        )
    }

    fn expand(language: &Language, pattern: &str) -> Result<String, String> {
        language.expression(&language.skeleton(pattern)?)
    }

    #[test]
    fn patterns_mean_what_a_reader_expects() {
        let language = language(&[("home", &["house", "h/a"]), ("place", &["@home", "work"])]);
        let cases = [
            ("outside ~2 @place", "outside her house", true),
            ("outside ~2 @place", "outside, the old house", true),
            ("outside ~2 @place", "outside one two three house", false),
            ("outside ~2 @place", "outside warehouse", false),
            ("outside ~2 @place", "outside her households", false),
            ("turn(?:s|ed) up", "turned up", true),
            ("[a b]x", " x", true),
            ("voice ?mail", "voicemail", true),
            ("voice ?mail", "voice-mail", true),
            ("voice ?mail", "voice, mail", false),
        ];
        for (pattern, text, wanted) in cases {
            let regex = regex::Regex::new(&format!("^{}", expand(&language, pattern).unwrap())).unwrap();
            assert_eq!(regex.is_match(text), wanted, "{pattern} on {text}");
        }
    }

    #[test]
    fn faults_name_the_column() {
        let cases = [
            ("at @nowhere", "column 4"),
            ("a ~x b", "column 3"),
            ("a ~40 b", "column 3"),
            ("a ~3b", "column 5"),
            ("a (?:~2 b)", "column 6"),
            ("a|~2 b", "column 3"),
            ("a \u{e001}", "column 3"),
        ];
        for (pattern, wanted) in cases {
            let fault = expand(&language(&[("home", &["house"])]), pattern).unwrap_err();
            assert!(fault.starts_with(wanted), "{pattern}: {fault}");
        }
        let circle = language(&[("a", &["@b"]), ("b", &["@a"])]);
        assert!(expand(&circle, "@a").unwrap_err().contains("circle"));
    }
}
