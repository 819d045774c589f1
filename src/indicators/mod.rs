//! Which of the 35 indicators a narrative shows, in which words, and whether they count.
//!
//! A rule says what was seen; how much it counts is for `fusion`. Rules are data (`lexicon/`): simple enough to be read and
//! changed by somebody who knows stalking and not Rust.

mod context;
mod engine;
mod frequency;
mod handbook;
mod outline;
mod pattern;
mod rule;
mod vocabulary;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use handbook::handbook;
pub use rule::{Cue, Direction, Rule, RuleStatus};

use crate::domain::{Context, Finding, FindingStatus, Indicator};
use crate::error::{Error, Result};
use crate::narrative::PreparedNarrative;
use context::{Cues, Scopes};
use engine::{PatternFault, PatternSet};
use pattern::Language;
use rule::{Lexicon, repeated_id};

/// Rules per indicator below which the registry is called too thin.
const MIN_RULES: usize = 3;

/// A checked lexicon, ready to read narratives.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    ids: Vec<Arc<str>>,
    cues: Cues,
    patterns: PatternSet,
    sha256: String,
}

impl RuleSet {
    /// The rules in the binary, with those of a force's own folder on top where one is given.
    ///
    /// # Errors
    /// [`Error::Rule`] with the file and what is wrong: a file that does not parse, a repeated id, a broken pattern.
    /// The rules' own sentences are not run here; see [`check`](Self::check).
    pub fn load(own_rules: Option<&Path>) -> Result<Self> {
        let mut lexicon = Lexicon::embedded()?;
        if let Some(folder) = own_rules {
            lexicon.add_folder(folder)?;
        }
        let set = Self::compile(lexicon)?;
        if own_rules.is_some() {
            // The lexicon in the binary is compiled by the tests; here a broken pattern must be told before the run.
            set.patterns.compile_all().map_err(|fault| rule_fault(&set.rules[fault.owner].file, &fault))?;
            set.cues.compile_all()?;
        }
        Ok(set)
    }

    fn compile(lexicon: Lexicon) -> Result<Self> {
        let Lexicon { mut rules, cues, terminators, classes } = lexicon;
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        if let Some((first, second)) = repeated_id(&rules) {
            return Err(Error::Rule {
                path: second.file.clone(),
                message: format!("id {} is used already by {}; give this rule an id of its own", second.id, first.file.display()),
            });
        }
        let mut hash = Sha256::new();
        hash.update(format!("{rules:?}{cues:?}{terminators:?}{classes:?}"));
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let language = Arc::new(Language::new(&classes));
        let owned = rules.iter().enumerate().filter(|(_, rule)| rule.status != RuleStatus::Retired);
        let patterns = PatternSet::new(owned.flat_map(|(i, rule)| rule.patterns.iter().map(move |p| (i, p.as_str()))), &language)
            .map_err(|fault| rule_fault(&rules[fault.owner].file, &fault))?;
        let cues = Cues::new(cues, &terminators, &language)?;
        let ids = rules.iter().map(|rule| Arc::from(rule.id.as_str())).collect();
        Ok(Self { rules, ids, cues, patterns, sha256 })
    }

    /// The rules in the order of their ids, retired ones too.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The context cues.
    pub fn cues(&self) -> &[Cue] {
        self.cues.all()
    }

    /// A hash of everything that the rules, classes and cues say.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Every finding of every rule in `narrative`, in the order of place, indicator and rule; counted or set aside with why.
    pub fn findings(&self, narrative: &PreparedNarrative) -> Vec<Finding> {
        self.find(narrative, true)
    }

    /// Whether words that something else than a rule found count as `indicator`; `range` is in bytes of the prepared text.
    pub fn judge(&self, narrative: &PreparedNarrative, words: &[(Indicator, Range<usize>)]) -> Vec<FindingStatus> {
        if words.is_empty() {
            return Vec::new();
        }
        let scopes = Scopes::new(narrative, &self.cues, words.iter().map(|(_, range)| range.start));
        let status = |(indicator, range): &(Indicator, Range<usize>)| match scopes.of(*indicator, range, &Context::ALL) {
            None => FindingStatus::Counted,
            Some(context) => FindingStatus::SetAside(context),
        };
        words.iter().map(status).collect()
    }

    /// With `company`, rules that need other findings beside them are held to it; without, their words alone are read.
    fn find(&self, narrative: &PreparedNarrative, company: bool) -> Vec<Finding> {
        let matches = self.patterns.find(&narrative.folded, narrative.sentences.iter().cloned());
        if matches.is_empty() {
            return Vec::new();
        }
        let scopes = Scopes::new(narrative, &self.cues, matches.iter().map(|found| found.range.start));
        let judged: Vec<_> = matches
            .into_iter()
            .map(|found| {
                let rule = &self.rules[found.owner];
                let status = match scopes.of(rule.indicator, &found.range, &rule.set_aside_when) {
                    None => FindingStatus::Counted,
                    Some(context) => FindingStatus::SetAside(context),
                };
                (found, rule, status)
            })
            .collect();
        let alone: BTreeSet<Indicator> = judged
            .iter()
            .filter(|(_, rule, status)| rule.needs.is_empty() && *status == FindingStatus::Counted)
            .map(|(_, rule, _)| rule.indicator)
            .collect();
        let mut findings: Vec<Finding> = judged
            .into_iter()
            .filter(|(_, rule, _)| !company || rule.needs.is_empty() || rule.needs.iter().any(|needed| alone.contains(needed)))
            .map(|(found, rule, status)| {
                let span = narrative.received_span(found.range);
                Finding { indicator: rule.indicator, rule: Arc::clone(&self.ids[found.owner]), span, status }
            })
            .collect();
        findings.sort_by(|a, b| (a.span, a.indicator, &a.rule).cmp(&(b.span, b.indicator, &b.rule)));
        findings
    }

    /// Runs every rule's own sentences and checks the registry; one line a fault, in the order of rule ids.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for rule in &self.rules {
            let mut fault = |message: String| faults.push(Fault { rule: rule.id.clone(), file: rule.file.clone(), message });
            if !rule.id.starts_with(rule.indicator.id()) {
                fault(format!("the id should begin with its indicator, {}", rule.indicator));
            }
            if rule.title.trim().is_empty() || rule.why.trim().is_empty() {
                fault("title and why must say something".to_owned());
            }
            if rule.status == RuleStatus::Retired {
                continue;
            }
            if rule.must_flag.is_empty() || rule.must_pass.is_empty() {
                fault("needs at least one must_flag and one must_pass sentence".to_owned());
            }
            for (number, sentence) in rule.must_flag.iter().enumerate() {
                match self.verdict(rule, sentence) {
                    Verdict::Counted => {}
                    Verdict::SetAside(context) => {
                        fault(format!("must_flag sentence {} is set aside as {context}: {sentence:?}", number + 1));
                    }
                    Verdict::Nothing => fault(format!("must_flag sentence {} does not fire: {sentence:?}", number + 1)),
                }
            }
            for (number, sentence) in rule.must_pass.iter().enumerate() {
                if self.verdict(rule, sentence) == Verdict::Counted {
                    fault(format!("must_pass sentence {} fires: {sentence:?}", number + 1));
                }
            }
        }
        for (index, cue) in self.cues.all().iter().enumerate() {
            let mut fault = |message: String| faults.push(Fault { rule: cue.id.clone(), file: PathBuf::new(), message });
            let wanted = cue.covers.iter().map(|sentence| (sentence, true)).chain(cue.spares.iter().map(|sentence| (sentence, false)));
            for (sentence, covered) in wanted {
                match self.cue_reaches(index, sentence) {
                    None => fault(format!("the sentence has no words in [brackets]: {sentence:?}")),
                    Some(reached) if reached != covered => {
                        fault(format!("{} its words in [brackets]: {sentence:?}", if covered { "does not reach" } else { "reaches" }));
                    }
                    Some(_) => {}
                }
            }
        }
        for indicator in Indicator::ALL {
            let count = self.rules.iter().filter(|r| r.indicator == indicator && r.status != RuleStatus::Retired).count();
            if count < MIN_RULES {
                let message = format!("has {count} rules; at least {MIN_RULES} are wanted");
                faults.push(Fault { rule: indicator.id().to_owned(), file: PathBuf::new(), message });
            }
        }
        faults
    }

    /// Whether a cue reaches the words in [brackets] of an example; `None` where there are none.
    fn cue_reaches(&self, cue: usize, example: &str) -> Option<bool> {
        let (before, rest) = example.split_once('[')?;
        let (target, after) = rest.split_once(']')?;
        let narrative = PreparedNarrative::new(&format!("{before}{target}{after}"));
        let scopes = Scopes::new(&narrative, &self.cues, 0..narrative.folded.len());
        Some(scopes.reached_by(cue, &(before.len()..before.len() + target.len())))
    }

    /// A rule's sentences show its words; the company that it needs is the record's affair.
    fn verdict(&self, rule: &Rule, sentence: &str) -> Verdict {
        let narrative = PreparedNarrative::new(sentence);
        let mut verdict = Verdict::Nothing;
        for finding in self.find(&narrative, false).iter().filter(|f| *f.rule == *rule.id) {
            match finding.status {
                FindingStatus::Counted => return Verdict::Counted,
                FindingStatus::SetAside(context) => verdict = Verdict::SetAside(context.name()),
            }
        }
        verdict
    }
}

#[derive(PartialEq, Eq)]
enum Verdict {
    Counted,
    SetAside(&'static str),
    Nothing,
}

/// What `rules check` found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Rule or indicator id.
    pub rule: String,
    pub file: PathBuf,
    pub message: String,
}

pub(crate) fn rule_fault(file: &Path, fault: &PatternFault) -> Error {
    // Files in the program are not on disk; the tests compile them.
    let place = std::fs::read_to_string(file).ok().and_then(|text| rule::place_of_pattern(&text, fault.number));
    let place = place.map_or_else(String::new, |(line, column)| format!("line {line}, column {column}: "));
    Error::Rule { path: file.to_owned(), message: format!("{place}pattern {}: {}", fault.number, fault.message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, pattern: &str, needs: &[Indicator]) -> Rule {
        let indicator = Indicator::from_id(&id[..3]).unwrap();
        let words = vec![pattern.to_owned()];
        Rule {
            id: id.to_owned(),
            indicator,
            status: RuleStatus::Active,
            title: id.to_owned(),
            why: id.to_owned(),
            patterns: words,
            set_aside_when: Vec::new(),
            needs: needs.to_vec(),
            must_flag: Vec::new(),
            must_pass: Vec::new(),
            file: PathBuf::new(),
        }
    }

    #[test]
    fn words_that_need_company_are_no_finding_without_it() {
        let rules = vec![
            rule("B01-01", "followed her", &[]),
            rule("X03-01", "unknown male", &[Indicator::B01]),
            rule("X02-01", "neighbour", &[Indicator::X03]),
        ];
        let set = RuleSet::compile(Lexicon { rules, ..Lexicon::default() }).unwrap();
        let found = |text: &str| set.findings(&PreparedNarrative::new(text)).iter().map(|f| f.rule.to_string()).collect::<Vec<_>>();
        assert_eq!(found("Unknown male followed her. Neighbour saw it."), ["X03-01", "B01-01"]);
        assert!(found("Unknown male broke in. Neighbour saw it.").is_empty());
    }
}
