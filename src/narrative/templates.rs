//! Pasted blocks whose words assert nothing about the incident: leaflets, safety advice, offence wording, disclaimers.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What a block begins with, and how far it reaches: to the end of its line, or of its paragraph.
const BLOCKS: &[(&str, Reach)] = &[
    // Advice and leaflets.
    (
        r"(?:victim |stalking |crime prevention |safety |standard )+(?:advice|leaflet|information) (?:given|pack|sheet|provided|issued)? ?:",
        Reach::Paragraph,
    ),
    (
        r"(?:for|if) (?:further )?(?:help|support|advice|you (?:are|think you are|feel) being (?:stalked|followed|harassed))[^\n]{0,80}(?:helpline|contact|call|visit|0808|www)",
        Reach::Paragraph,
    ),
    (r"(?:the )?(?:national )?stalking helpline[: ]", Reach::Line),
    (r"stalking is (?:defined as|a pattern|where|when|often)", Reach::Paragraph),
    (r"(?:definition|examples?) of (?:stalking|harassment)", Reach::Paragraph),
    (r"what is (?:stalking|harassment|domestic abuse)\?", Reach::Paragraph),
    (r"remember (?:the )?(?:acronym )?(?:four|f\.o\.u\.r)\b", Reach::Paragraph),
    (r"fixated,? obsessive,? unwanted,? (?:and )?repeated", Reach::Line),
    // Offence wording and charges.
    (
        r"(?:on (?:or about )?(?:a date|dates?|various dates|\d)[^\n]{0,80}|did )?pursued? a course of conduct which (?:amounted|amounts) to",
        Reach::Line,
    ),
    (r"contrary to (?:section|sections|s\.?) ?\d", Reach::Line),
    (r"charge \d ?[:-]", Reach::Line),
    (r"points to prove", Reach::Paragraph),
    // Forms without answers, disclaimers, training.
    (
        r"(?:dash|s-dash|dara|dash ric|stalking screening tool|stalking risk) (?:risk )?(?:questions|question set|checklist|identification checklist|prompts?|template|guidance)(?: for (?:officers|staff))? ?:?$",
        Reach::Paragraph,
    ),
    (r"(?:officers|staff|call takers|call handlers) (?:are reminded|should|must) ", Reach::Line),
    (
        r"(?:this|the) (?:e-?mail|document|message|report) (?:and any|is|may|contains?) [^\n]{0,60}(?:confidential|privileged|intended|protectively)",
        Reach::Paragraph,
    ),
    (
        r"(?:training|cpd|briefing|awareness) (?:input|session|day|event|material|course)\b[^\n]{0,60}(?:stalking|harassment|domestic)",
        Reach::Line,
    ),
];

#[derive(Clone, Copy)]
enum Reach {
    Line,
    Paragraph,
}

#[expect(clippy::unwrap_used, reason = "constant expressions, compiled by the tests")]
static STARTS: LazyLock<Regex> = LazyLock::new(|| {
    let groups: Vec<_> = BLOCKS.iter().enumerate().map(|(i, (start, _))| format!("(?P<b{i}>{start})")).collect();
    Regex::new(&format!(r"(?im)(?:^[ *>#-]*|[.;:] ){}", format_args!("(?:{})", groups.join("|")))).unwrap()
});

/// The pasted blocks of `text`, in order, not overlapping.
pub(super) fn templates(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for captures in STARTS.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        if found.last().is_some_and(|last| whole.start() < last.end) {
            continue;
        }
        let reach = BLOCKS
            .iter()
            .enumerate()
            .find(|(i, _)| captures.name(&format!("b{i}")).is_some())
            .map_or(Reach::Line, |(_, (_, reach))| *reach);
        let end = match reach {
            Reach::Line => text[whole.end()..].find('\n'),
            Reach::Paragraph => text[whole.end()..].find("\n\n"),
        };
        found.push(whole.start()..end.map_or(text.len(), |offset| whole.end() + offset));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_blocks_are_seen_and_prose_is_not() {
        let cases: [(&str, &[&str]); 6] = [
            (
                "IP spoken to.\nSAFETY ADVICE GIVEN: vary your route, report any following.\n\nEx rang again.",
                &["SAFETY ADVICE GIVEN: vary your route, report any following."],
            ),
            (
                "Charge 1: between 1 and 9 May pursued a course of conduct\nHe waits outside.",
                &["Charge 1: between 1 and 9 May pursued a course of conduct"],
            ),
            ("He pursued her to the car park.", &[]),
            ("Points to prove\nfollowing a person\ncontacting\n\nIP states he rang.", &["Points to prove\nfollowing a person\ncontacting"]),
            ("Officers are reminded to ask about stalking.\nIP fine.", &["Officers are reminded to ask about stalking."]),
            ("Advice given and IP will call back.", &[]),
        ];
        for (text, wanted) in cases {
            let found: Vec<_> = templates(text).into_iter().map(|range| text[range].trim()).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
