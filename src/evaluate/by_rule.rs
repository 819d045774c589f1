//! What each rule is worth on labelled records, without the classifier: so that rules that only make noise are seen and narrowed or
//! retired, and those that alone find something are kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use serde::Serialize;

use super::findings::{FindingFigures, figures};
use super::statistics::Share;
use crate::domain::{Finding, Indicator, IndicatorGroup};
use crate::indicators::{RuleSet, RuleStatus};
use crate::labels::LabelledRecord;
use crate::narrative::PreparedNarrative;

/// All rules on a labelled sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleReport {
    /// By indicator and for all, as in an evaluation.
    pub findings: FindingFigures,
    /// In the order of ids; retired rules are left out.
    pub rules: Vec<RuleFigures>,
    /// Of the records that the rules alone would flag, those that a reviewer would want flagged. A record is flagged by rules alone
    /// where a behaviour, a pattern or a breach is counted.
    pub record_precision: Share,
    /// Of the records that a reviewer would want flagged, those that the rules alone would flag.
    pub record_recall: Share,
}

/// One rule on a labelled sample. Records without labelled evidence are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct RuleFigures {
    pub id: String,
    /// Counted findings that overlap a quote of the same indicator, of all counted findings of the rule.
    pub precision: Share,
    /// Quotes that no other rule finds.
    pub unique: u64,
    /// Counted findings in records that nobody would want flagged.
    pub in_no: u64,
    /// Findings that were recorded and set aside.
    pub set_aside: u64,
}

impl RuleFigures {
    /// Counted findings that no quote bears out.
    pub fn false_alarms(&self) -> u64 {
        self.precision.of - self.precision.count
    }

    /// Whether the rule found nothing at all, not even something to set aside.
    pub fn never_fired(&self) -> bool {
        self.precision.of + self.set_aside == 0
    }
}

/// Reads every record with the rules and compares with the labels.
pub fn by_rule(rules: &RuleSet, records: &[LabelledRecord]) -> RuleReport {
    let read: Vec<Vec<Finding>> = records.par_iter().map(|record| rules.findings(&PreparedNarrative::new(&record.narrative))).collect();
    let mut counts: BTreeMap<Arc<str>, RuleFigures> = rules
        .rules()
        .iter()
        .filter(|rule| rule.status != RuleStatus::Retired)
        .map(|rule| (Arc::from(rule.id.as_str()), RuleFigures { id: rule.id.clone(), ..RuleFigures::default() }))
        .collect();
    let (mut flagged, mut wanted) = (Share::default(), Share::default());
    for (record, findings) in records.iter().zip(&read) {
        let flags = findings.iter().any(|finding| finding.is_counted() && is_conduct(finding.indicator));
        if flags {
            flagged = Share::new(flagged.count + u64::from(record.is_positive()), flagged.of + 1);
        }
        if record.is_positive() {
            wanted = Share::new(wanted.count + u64::from(flags), wanted.of + 1);
        }
        let Some(evidence) = &record.evidence else { continue };
        for finding in findings {
            let Some(figures) = counts.get_mut(&finding.rule) else { continue };
            if !finding.is_counted() {
                figures.set_aside += 1;
                continue;
            }
            let borne_out = evidence.iter().any(|(indicator, span)| *indicator == finding.indicator && span.overlaps(finding.span));
            figures.precision = Share::new(figures.precision.count + u64::from(borne_out), figures.precision.of + 1);
            figures.in_no += u64::from(!record.is_positive());
        }
        for (indicator, span) in evidence {
            let hits = || findings.iter().filter(|f| f.is_counted() && f.indicator == *indicator && f.span.overlaps(*span));
            if let Some(first) = hits().next()
                && hits().all(|other| other.rule == first.rule)
                && let Some(figures) = counts.get_mut(&first.rule)
            {
                figures.unique += 1;
            }
        }
    }
    let findings = figures(records.iter().zip(read.iter().map(Vec::as_slice)));
    RuleReport { findings, rules: counts.into_values().collect(), record_precision: flagged, record_recall: wanted }
}

fn is_conduct(indicator: Indicator) -> bool {
    matches!(indicator.group(), IndicatorGroup::Behaviour | IndicatorGroup::Pattern) || indicator == Indicator::L02
}
