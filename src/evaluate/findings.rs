//! Whether the engine finds the words that a labeller quoted, indicator by indicator, and leaves alone those that must not count.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rows::Row;
use super::statistics::Share;
use crate::domain::{Finding, Indicator, Span};
use crate::labels::LabelledRecord;

/// Findings against labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FindingFigures {
    /// Records whose evidence is labelled; only these are counted.
    pub records: u64,
    pub all: IndicatorFigures,
    /// All indicators, as far as rules found them and not the classifier.
    pub by_rules: IndicatorFigures,
    /// Every indicator, in the order of ids.
    pub indicators: Vec<IndicatorFigures>,
    /// Of the quotes that must not count, those that a counted finding overlaps (of the same indicator where the quote names one).
    pub set_aside_counted: Share,
    /// The same by why they must not count.
    pub set_aside_by_why: Vec<(&'static str, Share)>,
}

/// One indicator, or all of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IndicatorFigures {
    pub id: &'static str,
    pub name: &'static str,
    /// Counted findings that overlap a quote of the same indicator, of all counted findings; where several rules see the same words, that
    /// is one finding.
    pub precision: Share,
    /// Quotes that a counted finding of the same indicator overlaps, of all quotes; quotes of an indicator that overlap are one.
    pub recall: Share,
}

/// Counts over the rows whose evidence is labelled.
pub(super) fn findings(rows: &[Row<'_>]) -> FindingFigures {
    figures(rows.iter().map(|row| (row.record, row.screened.findings.as_slice())))
}

/// Counts over the records whose evidence is labelled, each with what was found in it.
pub(super) fn figures<'a>(read: impl Iterator<Item = (&'a LabelledRecord, &'a [Finding])>) -> FindingFigures {
    let mut by_indicator: BTreeMap<Indicator, (Share, Share)> = BTreeMap::new();
    let mut set_aside = Share::default();
    let mut by_why: BTreeMap<&'static str, Share> = BTreeMap::new();
    let mut records = 0;
    let mut by_rules = IndicatorFigures { id: "rules", name: "all, by rules alone", precision: Share::default(), recall: Share::default() };
    for (record, findings) in read {
        let Some(evidence) = &record.evidence else { continue };
        records += 1;
        let counted: Vec<&Finding> = findings.iter().filter(|finding| finding.is_counted()).collect();
        let found: Vec<(Indicator, Span)> = counted.iter().map(|finding| (finding.indicator, finding.span)).collect();
        let ruled: Vec<(Indicator, Span)> =
            counted.iter().filter(|finding| !finding.is_the_models()).map(|finding| (finding.indicator, finding.span)).collect();
        for indicator in Indicator::ALL {
            let of = |places: &[(Indicator, Span)]| {
                places.iter().filter(|(other, _)| *other == indicator).map(|(_, span)| *span).collect::<Vec<_>>()
            };
            let (found, ruled, quotes) = (merged(of(&found)), merged(of(&ruled)), merged(of(evidence)));
            let hits =
                |these: &[Span], those: &[Span]| Share::counting(these.iter().map(|span| those.iter().any(|other| span.overlaps(*other))));
            let (precision, recall) = by_indicator.entry(indicator).or_default();
            add(precision, hits(&found, &quotes));
            add(recall, hits(&quotes, &found));
            add(&mut by_rules.precision, hits(&ruled, &quotes));
            add(&mut by_rules.recall, hits(&quotes, &ruled));
        }
        for quote in &record.set_aside {
            let wrong =
                found.iter().any(|(indicator, span)| span.overlaps(quote.span) && quote.indicator.is_none_or(|named| named == *indicator));
            add(&mut set_aside, Share::counting([wrong]));
            add(by_why.entry(quote.why.name()).or_default(), Share::counting([wrong]));
        }
    }
    let mut all = IndicatorFigures { id: "all", name: "all indicators", precision: Share::default(), recall: Share::default() };
    let indicators = by_indicator
        .into_iter()
        .map(|(indicator, (precision, recall))| {
            add(&mut all.precision, precision);
            add(&mut all.recall, recall);
            IndicatorFigures { id: indicator.id(), name: indicator.name(), precision, recall }
        })
        .collect();
    FindingFigures { records, all, by_rules, indicators, set_aside_counted: set_aside, set_aside_by_why: by_why.into_iter().collect() }
}

fn add(sum: &mut Share, share: Share) {
    sum.count += share.count;
    sum.of += share.of;
}

/// Spans that overlap as one, in order.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if last.overlaps(span) => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_that_overlap_are_one() {
        let span = Span::new;
        assert_eq!(merged(vec![span(8, 12), span(0, 5), span(4, 6), span(6, 7)]), [span(0, 6), span(6, 7), span(8, 12)]);
    }
}
