//! The reviewers' handbook: every indicator and rule in words, from the rules themselves.

use std::fmt::Write;

use super::{Rule, RuleSet, RuleStatus};
use crate::domain::{Context, Indicator, IndicatorGroup};

/// Sentences of each kind that a rule shows.
const EXAMPLES: usize = 3;

/// The handbook as Markdown. The same rules give the same text.
pub fn handbook(rules: &RuleSet) -> String {
    let mut page = String::from(INTRODUCTION);
    let mut group = None;
    for indicator in Indicator::ALL {
        if group != Some(indicator.group()) {
            group = Some(indicator.group());
            // Writing to a string cannot fail.
            let _ = writeln!(page, "\n# {}", heading(indicator.group()));
        }
        let _ = writeln!(page, "\n## {} {}\n\nReads: {}.", indicator.id(), indicator.name(), indicator.plain_words());
        for rule in rules.rules().iter().filter(|rule| rule.indicator == indicator && rule.status != RuleStatus::Retired) {
            describe(&mut page, rule);
        }
    }
    let _ = writeln!(page, "\n# When words are set aside\n");
    for cue in rules.cues() {
        let _ = writeln!(page, "- **{}** ({}): {}", cue.id, cue.context.name().replace('_', " "), cue.why);
    }
    page
}

const INTRODUCTION: &str = "\
<!-- Made by `foursight rules handbook`; change the rules, not this page. -->
# What the engine looks for

For reviewers. Each indicator below is a kind of conduct, pattern, risk, order or relationship; each rule is one way in which officers
and callers write it. A rule that fires shows its words. Whether they count is told by the words around them: what is denied, feared,
long past, about somebody else, pasted from a form or innocent is shown and not counted. The engine decides nothing.
";

fn heading(group: IndicatorGroup) -> &'static str {
    match group {
        IndicatorGroup::Behaviour => "Behaviour",
        IndicatorGroup::Pattern => "Pattern: fixated, obsessive, unwanted, repeated",
        IndicatorGroup::Risk => "Risk",
        IndicatorGroup::Legal => "Orders and breaches",
        IndicatorGroup::Relationship => "Relationship",
    }
}

fn describe(page: &mut String, rule: &Rule) {
    let trial = if rule.status == RuleStatus::Trial { " (on trial)" } else { "" };
    let _ = writeln!(page, "\n### {} {}{trial}\n\n{}", rule.id, rule.title, rule.why);
    for (words, sentences) in [("Flags", &rule.must_flag), ("Passes", &rule.must_pass)] {
        let _ = writeln!(page, "\n{words}:");
        for sentence in sentences.iter().take(EXAMPLES) {
            let _ = writeln!(page, "- {}", sentence.replace('\n', " "));
        }
    }
    if !rule.needs.is_empty() {
        let needed: Vec<&str> = rule.needs.iter().map(|indicator| indicator.id()).collect();
        let _ = writeln!(page, "\nCounts only beside {}.", needed.join(", "));
    }
    let contexts: Vec<String> = rule.set_aside_when.iter().map(|context: &Context| context.name().replace('_', " ")).collect();
    let _ = writeln!(page, "\nSet aside when {}.", contexts.join(", "));
}
