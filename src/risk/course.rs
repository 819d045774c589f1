//! Flag, tier and reasons of a course of conduct, by the policy's signs and rules.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::{Flag, Indicator, RiskTier};
use crate::linkage::{Course, CoursePattern, Link};

/// Offences named in the reasons.
const MAX_RECORDED: usize = 4;
/// Kinds of conduct named in the reasons.
const MAX_KINDS: usize = 6;

/// What a policy says about courses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoursePolicy {
    likely: f64,
    possible: f64,
    sign: Vec<Sign>,
    tier: Vec<CourseTier>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    sign: String,
    points: f64,
    up_to: f64,
    why: String,
    #[expect(dead_code, reason = "every sign must say where it comes from; people read it")]
    source: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CourseTier {
    tier: RiskTier,
    why: String,
    #[serde(default)]
    all: Vec<Indicator>,
    #[serde(default)]
    any: Vec<Indicator>,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    at_least: BTreeMap<String, f64>,
    #[serde(default)]
    flag: bool,
    #[expect(dead_code, reason = "every rule must say where it comes from; people read it")]
    source: String,
}

/// What the engine suggests about a course. It never says that anybody is guilty.
#[derive(Debug, Clone, PartialEq)]
pub struct CourseAssessment {
    pub flag: Flag,
    pub risk: RiskTier,
    /// Sentences, most important first; empty for a course that is not flagged and has no tier.
    pub reasons: Vec<String>,
    /// What the records do not say and somebody should look for.
    pub missing: Vec<String>,
    /// Points of the policy's signs; the order of reading among courses of one tier.
    pub points: f64,
}

impl CoursePolicy {
    /// What is wrong with the signs and kinds that the policy names.
    pub(super) fn fault(&self) -> Option<String> {
        let pattern = CoursePattern::of(&[], &[]);
        let signs = self.sign.iter().map(|sign| &sign.sign).chain(self.tier.iter().flat_map(|tier| tier.at_least.keys()));
        let sign = signs.filter(|name| pattern.sign(name).is_none()).map(|name| format!("no sign is called {name:?}")).next();
        let kinds = self.tier.iter().flat_map(|tier| &tier.kinds);
        let kind = kinds.filter(|kind| pattern.shows(kind).is_none()).map(|name| format!("no kind of conduct is called {name:?}")).next();
        let order = (self.likely < self.possible).then(|| "course.likely is not below course.possible".to_owned());
        sign.or(kind).or(order)
    }

    /// Flag, tier, reasons and what is missing. `weakest` is the link on which the course hangs, with the ids of its two records.
    pub(super) fn assess(&self, course: &Course, weakest: Option<(&Link, &str, &str)>) -> CourseAssessment {
        let points = self.points(&course.pattern);
        let flag = self.flag(points, &course.pattern);
        let (whole, whole_why) = self.tier(&course.pattern, flag);
        // A tier counts as far as a part has it by itself: nothing is raised by a weak bridge alone.
        let (part, part_why) = course
            .parts
            .iter()
            .map(|part| self.tier(part, self.flag(self.points(part), part)))
            .max_by_key(|(tier, _)| *tier)
            .unwrap_or((RiskTier::None, None));
        let floor = if flag == Flag::None { RiskTier::None } else { RiskTier::Standard };
        let (risk, why) = if part < whole { (part.max(floor), part_why) } else { (whole, whole_why) };
        let is_held = risk < whole;
        let mut reasons = Vec::new();
        if flag != Flag::None {
            reasons = self.reasons(course, weakest);
        }
        if risk != RiskTier::None {
            reasons.push(format!("Risk tier: {}", why.unwrap_or("several records of conduct towards one person")));
            if is_held {
                reasons.push(format!(
                    "It would be {} if the records on both sides of the weakest link are about the same people",
                    whole.name()
                ));
            }
        }
        let missing = if flag == Flag::None { Vec::new() } else { missing(course) };
        CourseAssessment { flag, risk, reasons, missing, points }
    }

    fn points(&self, pattern: &CoursePattern) -> f64 {
        self.sign.iter().map(|sign| sign.points * pattern.sign(&sign.sign).unwrap_or(0.0).min(sign.up_to)).sum()
    }

    /// One occasion is no course: it is flagged as its records are.
    fn flag(&self, points: f64, pattern: &CoursePattern) -> Flag {
        let by_points = match points {
            points if points >= self.likely => Flag::Likely,
            points if points >= self.possible => Flag::Possible,
            _ => Flag::None,
        };
        match (pattern.records, pattern.likely, pattern.possible) {
            (0 | 1, 0, 0) => Flag::None,
            (0 | 1, 0, _) => Flag::Possible,
            (0 | 1, ..) => Flag::Likely,
            _ => by_points,
        }
    }

    fn tier(&self, pattern: &CoursePattern, flag: Flag) -> (RiskTier, Option<&str>) {
        let has = |indicator: &Indicator| pattern.indicators.contains(indicator);
        let fits = |rule: &&CourseTier| {
            (!rule.flag || flag != Flag::None)
                && rule.all.iter().all(has)
                && (rule.any.is_empty() || rule.any.iter().any(has))
                && (rule.kinds.is_empty() || rule.kinds.iter().any(|kind| pattern.shows(kind) == Some(true)))
                && rule.at_least.iter().all(|(sign, least)| pattern.sign(sign).is_some_and(|value| value >= *least))
        };
        let by_rule = self.tier.iter().find(fits).map_or((RiskTier::None, None), |rule| (rule.tier, Some(rule.why.as_str())));
        let worst = pattern.worst_record.unwrap_or(RiskTier::None);
        if worst > by_rule.0 { (worst, Some("the worst tier of its records")) } else { by_rule }
    }

    fn reasons(&self, course: &Course, weakest: Option<(&Link, &str, &str)>) -> Vec<String> {
        let pattern = &course.pattern;
        let mut reasons = vec![summary(pattern)];
        reasons.push(match (pattern.likely, pattern.possible) {
            (0, 0) => "No record is flagged by itself: it is the course that reads as conduct aimed at one person".to_owned(),
            (likely, possible) => format!("Records flagged by themselves: {likely} likely, {possible} possible, of {}", pattern.records),
        });
        for (sign, sentence) in [("former_records", "Former partners"), ("targeted_records", "One person alone was aimed at")] {
            let records = pattern.sign(sign).unwrap_or(0.0);
            if records > 0.0 {
                reasons.push(format!("{sentence}, by {records} of {} records", pattern.records));
            }
        }
        if pattern.victims > 1 {
            reasons.push(format!("{} people are recorded as victims: those close to somebody are drawn in", pattern.victims));
        }
        if pattern.swapped > 0 {
            reasons.push("Victim and suspect change places between records: read who did what, not who reported".to_owned());
        }
        if !pattern.suspect_is_named {
            reasons.push("No record names a suspect".to_owned());
        }
        if !pattern.recorded_as.is_empty() {
            let named: Vec<String> = pattern
                .recorded_as
                .iter()
                .take(MAX_RECORDED)
                .map(|(name, count)| if *count > 1 { format!("{name} ({count})") } else { name.clone() })
                .collect();
            let more = pattern.recorded_as.len().saturating_sub(MAX_RECORDED);
            let more = if more > 0 { format!(" and {more} others") } else { String::new() };
            reasons.push(format!("Recorded as {}{more}", named.join(", ")));
        }
        let against: Vec<String> = self
            .sign
            .iter()
            .filter(|sign| sign.points < 0.0 && pattern.sign(&sign.sign).is_some_and(|value| value > 0.0))
            .map(|sign| sign.why.clone())
            .collect();
        if !against.is_empty() {
            reasons.push(format!("Speaks against it: {}", against.join("; ")));
        }
        if let Some((link, a, b)) = weakest {
            let evidence = link.evidence_for.iter().take(2).cloned().collect::<Vec<_>>().join("; ");
            reasons.push(format!("It hangs on the link between {a} and {b}: {evidence}"));
        }
        reasons
    }
}

/// "6 occasions in 11 weeks, 4 kinds of conduct (…), gaps falling from 19 to 2 days, two breaches".
fn summary(pattern: &CoursePattern) -> String {
    let kinds = pattern.kind_names();
    let shown = kinds.iter().take(MAX_KINDS).copied().collect::<Vec<_>>().join(", ");
    let more = if kinds.len() > MAX_KINDS { " and more" } else { "" };
    let mut text = format!("{} in {}", counted(pattern.occasions, "occasion"), length(pattern.span_days));
    if !kinds.is_empty() {
        text.push_str(&format!(", {} of conduct ({shown}{more})", counted(kinds.len(), "kind")));
    }
    match pattern.pace() {
        Some((before, after)) if before >= 2.0 * after => text.push_str(&format!(", gaps falling from {before:.0} to {after:.0} days")),
        Some((before, after)) if after >= 2.0 * before => text.push_str(&format!(", gaps growing from {before:.0} to {after:.0} days")),
        _ => {}
    }
    if pattern.breaches > 0 {
        let tell = if pattern.breaches == 1 { "tells" } else { "tell" };
        text.push_str(&format!(", {} that {tell} of a breach", counted(pattern.breaches, "record")));
    }
    text
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Days, weeks from three on, months from four on.
fn length(days: f64) -> String {
    let of = |number: f64, what: &str| if number < 1.5 { format!("1 {what}") } else { format!("{number:.0} {what}s") };
    match days {
        days if days < 1.0 => "a day".to_owned(),
        days if days < 21.0 => of(days, "day"),
        days if days < 120.0 => of(days / 7.0, "week"),
        days => of(days / 30.44, "month"),
    }
}

fn missing(course: &Course) -> Vec<String> {
    let pattern = &course.pattern;
    let mut missing = Vec::new();
    if pattern.occasions < 2 || pattern.first_at.is_none() {
        missing.push("not enough information: fewer than two dated occasions; look for earlier records");
    }
    for (cue, sentence) in [
        ("assessed", "no risk assessment is mentioned"),
        ("ordered", "no protective order is mentioned"),
        ("referred", "no referral to a specialist is mentioned"),
    ] {
        if pattern.count_cue(cue) == 0 {
            missing.push(sentence);
        }
    }
    let as_stalking = pattern.recorded_as.iter().any(|(name, _)| name.to_lowercase().contains("stalk"));
    if !as_stalking && pattern.breaches > 0 {
        missing.push("a breach is recorded and no stalking offence");
    } else if !as_stalking {
        missing.push("no record is recorded as stalking");
    }
    missing.into_iter().map(str::to_owned).collect()
}
