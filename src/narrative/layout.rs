//! How a narrative is laid out: time-stamped entries, named sections, `label: value` fields and forms with their answers.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{Answer, Entry, Field, Section};

/// A label is at most this long; longer ones are sentences with a colon in them.
const MAX_LABEL_WORDS: usize = 6;
/// A form's question is at most this long.
const MAX_QUESTION_BYTES: usize = 400;
/// And its answer; what follows further on is text of its own.
const MAX_ANSWER_BYTES: usize = 400;

/// Headings that begin a section when they stand at the start of a line; as in exports of record and command systems.
const HEADINGS: &str = r"m\.?o\.?|mo text|mo notes|modus operandi|summary|incident summary|crime summary|brief summary|circumstances|brief circumstances|background|history|details|incident details|narrative|free text|log text|oel|o\.e\.l|enquiry log|occurrence enquiry log|investigation|investigation plan|investigation update|initial investigation|enquiries|lines of enquiry|actions?|actions taken|update|updates|outcome|result|disposal|closure|rationale|supervisor|supervisor review|sergeant review|sgt review|review|risk|risk assessment|risk grading|thrive|victim|victim account|victim's account|account|suspect|suspects? details|witness|witnesses|evidence|forensics|cctv|safeguarding|vulnerability|concerns?|intel|intelligence|source|provenance|recommendation|statement|mg11|opening remarks?|initial call|call details|resume";

#[expect(clippy::unwrap_used, reason = "constant expressions, compiled by the tests")]
static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    let time = r"(?:[01]?\d|2[0-3])[:.]?[0-5]\d(?::[0-5]\d)?(?: ?hrs?\b)?";
    let date = r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{2}|\d{4})|\d{4}-\d{2}-\d{2}|\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* (?:\d{2}|\d{4}))";
    let clock = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?: ?hrs?\b)?";
    let operator = r"(?:(?:pc|dc|ps|ds|pcso|insp|sgt|t/sgt|op|opr|oper|operator|cad|fcr|call ?taker|disp|dispatch(?:er)?|user) ?[a-z]{0,3}\d{2,6}(?: [a-z'-]{2,20})?|[a-z]{1,3}\d{3,6}|\d{3,6})";
    let bracketed = format!(r"\[(?:{date}[ ,t]*)?{time}(?:[ ,/|-]+{operator})?\]|\[{date}\]|\({date} {time}\)");
    let at_line_start = format!(
        r"(?:{date}[ ,t]*(?:at )?{time}(?:[ ,/|-]+{operator})?|{clock}(?:[ ,/|-]+{operator})?|{date}(?:[ ,/|-]+{operator})?)[ ]*(?:[:>|-]+|$| )|{operator}[ ]*[:>|] ?|#\d{{1,4}}[ :]"
    );
    Regex::new(&format!(r"(?im)(?:{bracketed})[ ]*[:>-]?|^(?:{at_line_start})")).unwrap()
});

#[expect(clippy::unwrap_used, reason = "a constant expression, compiled by the tests")]
static HEADING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"(?im)^[ *#=-]*(?P<name>{HEADINGS})[ ]*(?:[*=-]*[:][ *=-]*|[ ]-[ ]|[ ]*[*=-]*$)")).unwrap());

const YES: &str = r"yes|y|true|positive|confirmed|ticked|x|\u2713|\u2714";
const NO: &str =
    r"no|n|none|nil|negative|false|not applicable|denied|not disclosed|none disclosed|none known|none seen|none apparent|none reported";
const UNKNOWN: &str = r"n/?k|not known|unknown|unk|n/?a|dk|don'?t know|unsure|refused|declined|not answered|not asked|\?|-";

#[expect(clippy::unwrap_used, reason = "a constant expression, compiled by the tests")]
static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
    // "No 9." is followed by the next question's number; "no contact order" is text.
    let end = r" *(?:$|[\n.,;:!(/-]|\d{1,2}[.):](?: |$))";
    Regex::new(&format!(r"(?i)^(?:(?P<yes>{YES})(?:{end}| )|(?:{UNKNOWN}){end}|(?P<no>{NO}){end})")).unwrap()
});

/// "Weapons: none", "DASH Q8 - N", "Threats? No" in the run of a line: the value must be an answer and end there.
#[expect(clippy::unwrap_used, reason = "a constant expression, compiled by the tests")]
static INLINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?im)(?:^|[.;,|/(\n]|\d[.)]) *(?P<label>[a-z][a-z0-9'/&-]*(?:[ /][a-z0-9'/&-]+){{0,{}}}) ?(?:[:=]|\?|[ ]-|-(?:[ ])) ?(?P<value>{YES}|{NO}|{UNKNOWN})(?: *(?:$|[.;,|/)\n]))",
        MAX_LABEL_WORDS - 1
    ))
    .unwrap()
});

/// A line that is a label and its value.
#[expect(clippy::unwrap_used, reason = "a constant expression, compiled by the tests")]
static LINE_FIELD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?m)^[ *>-]*(?:\d{{1,2}}[.)] *)?(?P<label>[A-Za-z][A-Za-z0-9'/&()-]*(?: [A-Za-z0-9'/&()-]+){{0,{}}}) ?[:=] ?(?P<value>[^\n]*)$",
        MAX_LABEL_WORDS - 1
    ))
    .unwrap()
});

/// A question with an answer behind it, as pasted from a risk form.
#[expect(clippy::unwrap_used, reason = "a constant expression, compiled by the tests")]
static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?im)(?:^|[.;\n] ?|\b(?:q\.? ?)?\d{1,2}[.):] *)(?P<label>(?:(?:q\.? ?)?\d{1,2}[.):]? *)?(?:is|are|was|were|has|have|had|does|do|did|can|could|would|will|what|who|when|how|where|any|anyone|in your)\b[^?\n]{2,400}\?)[ )\]:=>-]*").unwrap()
});

/// What layout found, before sentences are cut.
pub(super) struct Layout {
    pub(super) entries: Vec<Entry>,
    pub(super) sections: Vec<Section>,
    pub(super) fields: Vec<Field>,
}

impl Layout {
    pub(super) fn new(text: &str) -> Self {
        let stamps: Vec<Range<usize>> =
            STAMP.find_iter(text).filter(|found| is_stamp(text, found.range())).map(|found| found.range()).collect();
        let entries = entries(text, &stamps);
        let sections = sections(text);
        let fields = fields(text, &stamps, &sections);
        Self { entries, sections, fields }
    }
}

/// A lone date or number at the start of a line is a stamp only where something follows it that is not its sentence.
fn is_stamp(text: &str, range: Range<usize>) -> bool {
    let stamp = &text[range.clone()];
    let rest = text[range.end..].trim_start_matches(' ');
    // "14:02 he was outside" tells a time; "14:02 PC 2231: ..." and "14:02 - ..." are an entry.
    let marked = stamp.trim_end().ends_with([':', '>', '|', '-', ']', ')']) || stamp.contains('[') || stamp.starts_with('#');
    marked || rest.chars().next().is_none_or(|c| c.is_uppercase() || c == '\n')
}

fn entries(text: &str, stamps: &[Range<usize>]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let first = stamps.first().map_or(text.len(), |stamp| stamp.start);
    if !text[..first].trim().is_empty() || stamps.is_empty() {
        entries.push(Entry { range: 0..first, stamp: None });
    }
    for (i, stamp) in stamps.iter().enumerate() {
        let end = stamps.get(i + 1).map_or(text.len(), |next| next.start);
        entries.push(Entry { range: stamp.start..end, stamp: Some(stamp.clone()) });
    }
    entries
}

fn sections(text: &str) -> Vec<Section> {
    let headings: Vec<_> =
        HEADING.captures_iter(text).filter_map(|found| Some((found.get(0)?.range(), found.name("name")?.as_str()))).collect();
    headings
        .iter()
        .enumerate()
        .map(|(i, (range, name))| {
            let end = headings.get(i + 1).map_or(text.len(), |(next, _)| next.start);
            Section { name: name.to_lowercase(), heading: range.clone(), range: range.end..end }
        })
        .collect()
}

fn fields(text: &str, stamps: &[Range<usize>], sections: &[Section]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for (pattern, answers_only) in [(&*QUESTION, false), (&*INLINE, true), (&*LINE_FIELD, false)] {
        // How far the fields of earlier patterns reach, up to and with each of them; those of this one come in order.
        let mut farthest = 0;
        let reaches: Vec<usize> = fields
            .iter()
            .map(|field| {
                farthest = field.value.end.max(farthest);
                farthest
            })
            .collect();
        let before = fields.len();
        let mut reached = 0;
        let mut at = 0;
        while let Some(found) = pattern.captures_at(text, at) {
            let (Some(whole), Some(label)) = (found.get(0), found.name("label")) else { break };
            let label = label.range();
            let value = found.name("value").map_or_else(|| answer_behind(text, whole.end()), |value| value.range());
            // What ends one field may begin the next.
            at = value.start;
            let earlier = fields[..before].partition_point(|field| field.label.start < label.end);
            let taken = label.start < reached
                || (earlier > 0 && label.start < reaches[earlier - 1])
                || meets(stamps, |stamp| stamp, &label)
                || meets(sections, |section| &section.heading, &label);
            if taken || label.len() > MAX_QUESTION_BYTES {
                continue;
            }
            let answer = answer(text[value.clone()].trim());
            if answers_only && answer == Answer::Text {
                continue;
            }
            reached = reached.max(value.end);
            fields.push(Field { label, value, answer });
        }
        fields.sort_by_key(|field| field.label.start);
    }
    fields
}

/// Whether one of the ranges of `sorted`, in order and not overlapping, overlaps `range`.
fn meets<T>(sorted: &[T], of: impl Fn(&T) -> &Range<usize>, range: &Range<usize>) -> bool {
    let last = sorted[..sorted.partition_point(|item| of(item).start < range.end)].last();
    last.is_some_and(|item| range.start < of(item).end)
}

/// The rest of the line behind a question, up to the next question and no longer than an answer is.
fn answer_behind(text: &str, start: usize) -> Range<usize> {
    let rest = &text[start..text.floor_char_boundary(start + MAX_ANSWER_BYTES)];
    let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let next = QUESTION.captures(line).and_then(|next| next.name("label")).map(|label| label.start());
    start..start + next.unwrap_or(line.len())
}

/// What a value says of its label. "No - not since May" denies; "no contact order in place" is text.
fn answer(value: &str) -> Answer {
    if value.is_empty() {
        return Answer::Unknown;
    }
    let Some(found) = ANSWER.captures(value) else { return Answer::Text };
    if found.name("yes").is_some() {
        Answer::Asserts
    } else if found.name("no").is_some() {
        Answer::Denies
    } else {
        Answer::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_text() {
        let cases = [
            ("", Answer::Unknown),
            ("Y", Answer::Asserts),
            ("yes - daily calls", Answer::Asserts),
            ("Yes, every night", Answer::Asserts),
            ("N", Answer::Denies),
            ("none", Answer::Denies),
            ("No. Never.", Answer::Denies),
            ("no contact order in place", Answer::Text),
            ("N/K", Answer::Unknown),
            ("unknown", Answer::Unknown),
            ("unknown male outside", Answer::Text),
            ("knife", Answer::Text),
            ("not known", Answer::Unknown),
            ("notes left", Answer::Text),
        ];
        for (value, wanted) in cases {
            assert_eq!(answer(value), wanted, "{value:?}");
        }
    }

    fn stamps(text: &str) -> Vec<&str> {
        Layout::new(text).entries.into_iter().filter_map(|entry| entry.stamp).map(|stamp| text[stamp].trim()).collect()
    }

    #[test]
    fn log_entries_begin_at_their_stamps() {
        let cases: [(&str, &[&str]); 9] = [
            ("[14:02:11 4417] CALLER STATES EX O/S\n[14:05:00 4417] UNIT SENT", &["[14:02:11 4417]", "[14:05:00 4417]"]),
            ("[14:02] CALLER SCARED [14:03] DISCONNECTED", &["[14:02]", "[14:03]"]),
            ("14:02 PC 2231: male outside\n14:20 PC 2231: gone on arrival", &["14:02 PC 2231:", "14:20 PC 2231:"]),
            ("12/03/2025 14:02 - IP called.\n13/03/2025 09:10 - IP updated.", &["12/03/2025 14:02 -", "13/03/2025 09:10 -"]),
            ("12/03/25 DC Shah\nStatement taken.\n14/03/25 DC Shah\nFiled.", &["12/03/25", "14/03/25"]),
            ("He was there at 14:02 and again at 15:10.", &[]),
            ("14:02 he was outside the house", &[]),
            ("Between 01/02/25 and 03/02/25 offender unknown", &[]),
            ("#001 Call received\n#002 Unit sent", &["#001", "#002"]),
        ];
        for (text, wanted) in cases {
            assert_eq!(stamps(text), wanted, "{text}");
        }
    }

    #[test]
    fn sections_carry_their_headings() {
        let text = "MO: Damage to car.\nSUMMARY: IP saw ex nearby.\nOEL\nNo CCTV.";
        let found: Vec<_> = Layout::new(text).sections.into_iter().map(|s| (s.name, text[s.range].trim().to_owned())).collect();
        let wanted = [("mo", "Damage to car."), ("summary", "IP saw ex nearby."), ("oel", "No CCTV.")];
        assert_eq!(found, wanted.map(|(name, body)| (name.to_owned(), body.to_owned())));
    }

    fn read_fields(text: &str) -> Vec<(String, String, Answer)> {
        Layout::new(text).fields.into_iter().map(|f| (text[f.label].to_owned(), text[f.value].trim().to_owned(), f.answer)).collect()
    }

    /// Label, value, answer.
    type Read<'a> = (&'a str, &'a str, Answer);

    #[test]
    fn fields_and_forms_are_read() {
        let cases: [(&str, &[Read<'_>]); 7] = [
            ("Weapons: none\nInjuries: Y", &[("Weapons", "none", Answer::Denies), ("Injuries", "Y", Answer::Asserts)]),
            ("Male at door. Weapons - no. Threats: yes.", &[("Weapons", "no", Answer::Denies), ("Threats", "yes", Answer::Asserts)]),
            ("DASH Q8 - N", &[("DASH Q8", "N", Answer::Denies)]),
            (
                "Is the victim very frightened? Yes\nDoes he constantly text, call, follow or stalk you? N",
                &[
                    ("Is the victim very frightened?", "Yes", Answer::Asserts),
                    ("Does he constantly text, call, follow or stalk you? ".trim_end(), "N", Answer::Denies),
                ],
            ),
            (
                "8. Has he ever used weapons? No 9. Has he ever threatened to kill you? Yes",
                &[
                    ("8. Has he ever used weapons?", "No 9.", Answer::Denies),
                    ("Has he ever threatened to kill you?", "Yes", Answer::Asserts),
                ],
            ),
            ("Relationship: ex-partner", &[("Relationship", "ex-partner", Answer::Text)]),
            ("She asked him to leave. He said no.", &[]),
        ];
        for (text, wanted) in cases {
            let wanted: Vec<_> = wanted.iter().map(|(l, v, a)| ((*l).to_owned(), (*v).to_owned(), *a)).collect();
            assert_eq!(read_fields(text), wanted, "{text}");
        }
    }
}
