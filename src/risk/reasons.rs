use crate::domain::{Column, Finding, Flag, Incident, Indicator, IndicatorGroup, Span};

/// Quotes of one indicator in a reason; more make it harder to read, and all are in `findings`.
const MAX_QUOTES: usize = 2;
/// A quoted passage is shortened to this many characters.
const MAX_PASSAGE: usize = 160;

/// Home Office codes under which stalking is recorded (class 8Q): s.2A, s.4A fear of violence, s.4A serious alarm or distress.
const STALKING_CODES: [&str; 3] = ["195/12", "8/65", "8/66"];

/// Why a flagged record should be read, as sentences, most important first; empty for a record that is not flagged.
///
/// `tier_why` is the policy's reason for the risk tier, `strongest` the passage that weighed most for the classifier.
pub fn reasons(incident: &Incident, flag: Flag, findings: &[Finding], tier_why: Option<&str>, strongest: Option<Span>) -> Vec<String> {
    if flag == Flag::None {
        return Vec::new();
    }
    let mut indicators: Vec<_> = findings.iter().filter(|f| f.is_counted()).map(|f| f.indicator).collect();
    indicators.sort_by_key(|indicator| (weight_of_words(*indicator), *indicator));
    indicators.dedup();
    let mut reasons: Vec<String> = indicators
        .into_iter()
        .map(|indicator| {
            let quotes = quotes(&incident.narrative, findings, indicator);
            format!("{} ({}): {}", capitalised(indicator.plain_words()), indicator.id(), quotes.join("; "))
        })
        .collect();
    if reasons.is_empty() {
        let passage = strongest.map(|span| shortened(span.slice(&incident.narrative))).unwrap_or_default();
        reasons.push(format!("No single indicator; the classifier reads this passage as conduct worth a check: \u{201c}{passage}\u{201d}"));
    }
    if recorded_otherwise(incident, flag) {
        let recorded = incident.get(Column::OffenceTitle).or_else(|| incident.get(Column::OffenceCode));
        let recorded = recorded
            .or_else(|| incident.get(Column::ClosingCode))
            .or_else(|| incident.get(Column::OpeningCode))
            .unwrap_or("something else");
        reasons.push(format!("Reads as possible stalking and is recorded as {}", shortened(recorded)));
    }
    if let Some(why) = tier_why {
        reasons.push(format!("Risk tier: {why}"));
    }
    reasons
}

/// Whether a flagged record is recorded as something other than stalking. A record without any offence or incident code is not.
pub fn recorded_otherwise(incident: &Incident, flag: Flag) -> bool {
    let recorded = [Column::OffenceCode, Column::OffenceTitle, Column::OpeningCode, Column::ClosingCode].map(|column| incident.get(column));
    let as_stalking = recorded.iter().flatten().any(|value| STALKING_CODES.contains(value) || value.to_ascii_lowercase().contains("stalk"));
    flag != Flag::None && !as_stalking && recorded.iter().any(Option::is_some)
}

/// Order of reasons: breach and risk, then behaviour, pattern, the order itself, relationship.
fn weight_of_words(indicator: Indicator) -> u8 {
    match (indicator, indicator.group()) {
        (Indicator::L02, _) => 0,
        (Indicator::R07 | Indicator::R09, _) => 5,
        (_, IndicatorGroup::Risk) => 1,
        (_, IndicatorGroup::Behaviour) => 2,
        (_, IndicatorGroup::Pattern) => 3,
        (_, IndicatorGroup::Legal) => 4,
        (_, IndicatorGroup::Relationship) => 6,
    }
}

fn quotes(narrative: &str, findings: &[Finding], indicator: Indicator) -> Vec<String> {
    let mut quotes: Vec<String> = Vec::new();
    let mut last: Option<Span> = None;
    for finding in findings.iter().filter(|f| f.is_counted() && f.indicator == indicator) {
        if last.is_some_and(|span| span.overlaps(finding.span)) {
            continue;
        }
        last = Some(finding.span);
        let quote = format!("\u{201c}{}\u{201d}", shortened(finding.span.slice(narrative)));
        if quotes.len() < MAX_QUOTES && !quotes.contains(&quote) {
            quotes.push(quote);
        }
    }
    quotes
}

/// On one line and not longer than a reader wants.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_PASSAGE {
        return line;
    }
    let mut short: String = line.chars().take(MAX_PASSAGE).collect();
    short.push('\u{2026}');
    short
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::FindingStatus;

    fn incident(offence: Option<&str>) -> Incident {
        let fields = offence.map(|title| (Column::OffenceTitle, title.to_owned())).into_iter().collect();
        Incident {
            id: "1".to_owned(),
            narrative: "XP waits outside again. TTK made.".to_owned(),
            file: 0,
            row: 1,
            fields,
            kept: Vec::new(),
        }
    }

    #[test]
    fn reasons_quote_the_record_and_put_risk_first() {
        let finding = |indicator, start, end| Finding {
            indicator,
            rule: Arc::from("r"),
            span: Span::new(start, end),
            status: FindingStatus::Counted,
        };
        let findings = [finding(Indicator::B07, 3, 16), finding(Indicator::P04, 17, 22), finding(Indicator::R01, 24, 27)];
        let reasons = reasons(&incident(Some("Criminal damage")), Flag::Likely, &findings, Some("threats"), None);
        assert_eq!(
            reasons,
            [
                "Threats (R01): \u{201c}TTK\u{201d}",
                "Turns up, waits near or keeps passing (B07): \u{201c}waits outside\u{201d}",
                "More than one occasion (P04): \u{201c}again\u{201d}",
                "Reads as possible stalking and is recorded as Criminal damage",
                "Risk tier: threats",
            ]
        );
    }

    #[test]
    fn recorded_otherwise_needs_a_flag_and_a_record_that_is_not_stalking() {
        let cases = [
            (Some("Stalking involving fear of violence"), Flag::Likely, false),
            (Some("8/66"), Flag::Likely, false),
            (Some("Malicious communications"), Flag::Possible, true),
            (Some("Malicious communications"), Flag::None, false),
            (None, Flag::Likely, false),
        ];
        for (offence, flag, wanted) in cases {
            assert_eq!(recorded_otherwise(&incident(offence), flag), wanted, "{offence:?} {flag:?}");
        }
    }
}
