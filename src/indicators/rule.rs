//! Rules as they are written: one TOML file a rule, with the sentences that it must and must not flag.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::pattern::Classes;
use crate::domain::{Context, Indicator};
use crate::error::{Error, Result};

/// How far a rule is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleStatus {
    /// Found and shown, and counted like an active one; still being watched.
    Trial,
    Active,
    /// Kept so that its id is never used again; finds nothing.
    Retired,
}

impl RuleStatus {
    /// The name used in rule files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

/// One way in which an indicator shows in words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Indicator and number, such as `B07-02`. Never reused.
    pub id: String,
    pub indicator: Indicator,
    pub status: RuleStatus,
    pub title: String,
    /// One plain sentence and its source.
    pub why: String,
    /// In the pattern language of the lexicon.
    pub patterns: Vec<String>,
    /// The contexts in which a match is recorded and shown but not scored.
    pub set_aside_when: Vec<Context>,
    /// A match counts for something only in a narrative with a counted finding of one of these, by a rule that needs nothing:
    /// "unknown male" with following, not with a burglary. Elsewhere it is no finding at all. Empty: the match stands alone.
    #[serde(default)]
    pub needs: Vec<Indicator>,
    /// Sentences in which the rule must have a counted finding.
    pub must_flag: Vec<String>,
    /// Look-alikes in which the rule must have no counted finding.
    pub must_pass: Vec<String>,
    /// The file the rule came from.
    #[serde(skip)]
    pub file: PathBuf,
}

/// Which way from its own words a cue reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Words after the cue.
    Forward,
    /// Words before the cue.
    Backward,
    /// The cue's own words and words on either side of it; with no words of scope, its own words alone.
    Near,
    /// The whole sentence.
    Sentence,
    /// The whole narrative.
    Narrative,
}

/// Wording that tells how another finding is meant: denied, feared, long past, about somebody else, innocent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// Context and number, such as `NEG-02`. Never reused.
    pub id: String,
    pub context: Context,
    pub direction: Direction,
    /// How many words a forward, backward or near cue reaches.
    #[serde(default = "default_scope")]
    pub scope_words: usize,
    pub why: String,
    pub patterns: Vec<String>,
    /// Wording that holds the cue's words and does not mean it.
    #[serde(default)]
    pub decoys: Vec<String>,
    /// Only these indicators are set aside by the cue; all, if empty.
    #[serde(default)]
    pub indicators: Vec<Indicator>,
    /// Sentences in which the cue must reach the words in `[brackets]`.
    pub covers: Vec<String>,
    /// Sentences in which it must not.
    pub spares: Vec<String>,
}

fn default_scope() -> usize {
    8
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CueFile {
    #[serde(default)]
    cue: Vec<Cue>,
    /// Patterns that end a forward or backward scope.
    #[serde(default)]
    terminators: Vec<String>,
}

/// Everything that the files of a lexicon say, before it is compiled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lexicon {
    pub(crate) rules: Vec<Rule>,
    pub(crate) cues: Vec<Cue>,
    pub(crate) terminators: Vec<String>,
    pub(crate) classes: Classes,
}

impl Lexicon {
    /// The lexicon in the binary.
    pub(crate) fn embedded() -> Result<Self> {
        const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/lexicon.rs"));
        let mut lexicon = Self::default();
        for (name, text) in FILES {
            lexicon.add_named_file(Path::new(name), Path::new(name), text)?;
        }
        Ok(lexicon)
    }

    /// Adds a force's own files from `folder`: new rules, classes and cues, or a rule of an existing id that replaces it.
    ///
    /// # Errors
    /// [`Error::Rule`] for a file that does not parse, [`Error::Io`] for one that cannot be read.
    pub(crate) fn add_folder(&mut self, folder: &Path) -> Result<()> {
        let mut paths = Vec::new();
        toml_files(folder, &mut paths)?;
        paths.sort();
        let mut own = Self::default();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|source| Error::io(&path, "cannot read the rule file", source))?;
            let kind = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            own.add_named_file(&path, &kind, &text)?;
        }
        if let Some((first, second)) = repeated_id(&own.rules) {
            return Err(Error::Rule {
                path: second.file.clone(),
                message: format!("id {} is used already by {}; give this rule an id of its own", second.id, first.file.display()),
            });
        }
        for rule in own.rules {
            match self.rules.iter_mut().find(|known| known.id == rule.id) {
                Some(known) => *known = rule,
                None => self.rules.push(rule),
            }
        }
        self.cues.extend(own.cues);
        self.terminators.extend(own.terminators);
        self.classes.extend(own.classes);
        Ok(())
    }

    /// `kind` is the path inside the lexicon: its first folder tells classes and cues from rules.
    fn add_named_file(&mut self, path: &Path, kind: &Path, text: &str) -> Result<()> {
        let fault = |error: toml::de::Error| Error::Rule { path: path.to_owned(), message: located(&error, text) };
        let folder = kind.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
        match folder.as_str() {
            "classes" => {
                let classes: Classes = toml::from_str(text).map_err(fault)?;
                self.classes.extend(classes);
            }
            "context" => {
                let file: CueFile = toml::from_str(text).map_err(fault)?;
                self.cues.extend(file.cue);
                self.terminators.extend(file.terminators);
            }
            _ => {
                let mut rule: Rule = toml::from_str(text).map_err(fault)?;
                rule.file = path.to_owned();
                self.rules.push(rule);
            }
        }
        Ok(())
    }
}

fn toml_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = |source| Error::io(folder, "cannot read the folder of rules", source);
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            toml_files(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
    Ok(())
}

/// Two rules of one id, if there are any.
pub(crate) fn repeated_id(rules: &[Rule]) -> Option<(&Rule, &Rule)> {
    let mut sorted: Vec<_> = rules.iter().collect();
    sorted.sort_by(|a, b| a.id.cmp(&b.id).then_with(|| a.file.cmp(&b.file)));
    sorted.windows(2).find(|pair| pair[0].id == pair[1].id).map(|pair| (pair[0], pair[1]))
}

/// Line and column, from 1, of a rule's pattern of this number, from 1.
pub(crate) fn place_of_pattern(text: &str, number: usize) -> Option<(usize, usize)> {
    #[derive(Deserialize)]
    struct Patterns {
        patterns: Vec<toml::Spanned<String>>,
    }
    let Patterns { patterns } = toml::from_str(text).ok()?;
    Some(line_and_column(text, patterns.get(number.checked_sub(1)?)?.span().start))
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(at)];
    (before.matches('\n').count() + 1, before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1)
}

/// The parser's message with line and column in front.
fn located(error: &toml::de::Error, text: &str) -> String {
    let message = error.message();
    match error.span() {
        Some(span) => {
            let (line, column) = line_and_column(text, span.start);
            format!("line {line}, column {column}: {message}")
        }
        None => message.to_owned(),
    }
}
