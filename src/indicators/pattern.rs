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
//! A pattern matches whole words, and begins with words, so that an Aho-Corasick automaton finds where it can start.

use std::collections::BTreeMap;

/// Word classes by name, each a list of regex fragments that may name other classes.
pub(crate) type Classes = BTreeMap<String, Vec<String>>;

/// How deep classes may name each other before it is taken for a circle.
const MAX_CLASS_DEPTH: usize = 8;
/// Most words a gap may allow; longer ones join words that do not belong together.
const MAX_GAP: usize = 12;

/// The regular expression that a pattern stands for.
///
/// # Errors
/// A sentence with the position (in characters, from 1) of an unknown class, a gap that is not a number from 1 to 12, or one without its spaces.
pub(crate) fn expand(pattern: &str, classes: &Classes) -> Result<String, String> {
    Ok(format!("(?:{})(?-u:\\b)", expand_fragment(pattern, classes, 0)?))
}

fn expand_fragment(pattern: &str, classes: &Classes, depth: usize) -> Result<String, String> {
    if depth > MAX_CLASS_DEPTH {
        return Err("word classes name each other in a circle".to_owned());
    }
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = String::with_capacity(pattern.len() * 2);
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
                let gap: usize = gap.ok_or_else(|| format!("column {}: a gap is written ` ~N ` with N from 1 to {MAX_GAP}", at + 2))?;
                at += 2 + digits.len();
                if chars.get(at) != Some(&' ') {
                    return Err(format!("column {}: a gap ` ~{gap} ` wants a space behind it", at + 1));
                }
                out.push_str(&format!("[ \\n,;:()'\"/\\-]{{1,3}}(?:[^ \\n]+[ \\n]+){{0,{gap}}}?"));
            }
            ' ' if !in_set && chars.get(at + 1) == Some(&'?') => {
                at += 1;
                out.push_str("[ \\n-]?");
            }
            ' ' if !in_set => out.push_str("[ \\n,]{1,3}"),
            '~' if !in_set => {
                return Err(format!("column {}: a gap ` ~N ` wants a space before it; a literal tilde is written `\\~`", at + 1));
            }
            '@' if !in_set => {
                let name: String = chars[at + 1..].iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').collect();
                let fragments = classes.get(&name).ok_or_else(|| format!("column {}: there is no word class @{name}", at + 1))?;
                let expanded: Result<Vec<_>, _> = fragments.iter().map(|f| expand_fragment(f, classes, depth + 1)).collect();
                out.push_str(&format!("(?:{})", expanded?.join("|")));
                at += name.chars().count();
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

    fn classes() -> Classes {
        [("home", vec!["house", "h/a"]), ("place", vec!["@home", "work"])]
            .into_iter()
            .map(|(name, fragments)| (name.to_owned(), fragments.into_iter().map(str::to_owned).collect()))
            .collect()
    }

    #[test]
    fn patterns_mean_what_a_reader_expects() {
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
            let regex = regex::Regex::new(&format!("^{}", expand(pattern, &classes()).unwrap())).unwrap();
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
        ];
        for (pattern, wanted) in cases {
            let fault = expand(pattern, &classes()).unwrap_err();
            assert!(fault.starts_with(wanted), "{pattern}: {fault}");
        }
        let circle: Classes = [("a".to_owned(), vec!["@a".to_owned()])].into_iter().collect();
        assert!(expand("@a", &circle).unwrap_err().contains("circle"));
    }
}
