//! Values that systems spell differently: offence codes and kinds of record.

/// Other spellings of each kind of record, by letters alone.
#[rustfmt::skip]
const RECORD_TYPES: [(&str, &[&str]); 5] = [
    ("incident", &["incident", "incidents", "incidentlog", "incidentreport", "log", "cad", "cadlog", "event", "commandandcontrol",
        "storm", "stormlog", "stormincident", "inc", "calllog"]),
    ("crime", &["crime", "crimes", "crimereport", "crimerecord", "crimeoccurrence", "recordedcrime", "notifiablecrime", "crm", "cr",
        "offence", "notifiable", "crimedincident"]),
    ("non_crime", &["noncrime", "noncrimes", "noncrimeoccurrence", "noncrimeincident", "noncrimereport", "noncrimerecord", "noncrimeevent",
        "crimerelatedincident", "cri", "nc", "ncr", "nonnotifiable", "noncrimedomestic", "domesticnoncrime", "noncrimeinvestigation",
        "noncrimesafeguarding", "nonrecordablecrime"]),
    ("intel", &["intel", "intelligence", "intelligencereport", "intelligencelog", "intelreport", "intellog", "intelsubmission",
        "intelligencesubmission", "intelligenceoccurrence", "ir", "int"]),
    ("contact", &["contact", "contacts", "contactrecord", "contactlog", "publiccontact", "101", "101contact", "101call", "call",
        "phonecall", "onlinereport", "onlinecontact", "singleonlinehome", "webform", "frontcounter", "frontcounterreport", "email"]),
];

/// `crime`, `non_crime` and so on for the usual spellings; anything else as it is.
pub(super) fn record_type(text: &str) -> String {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let known = RECORD_TYPES.iter().find(|(_, spellings)| spellings.contains(&letters.as_str()));
    known.map_or(text, |(name, _)| name).to_owned()
}

/// A Home Office code as class and number without leading zeros, `8/65`; anything else as it is.
///
/// Written as class and number (`8/65`, `08/65`, `008/65`, `8.65`) or as three and two digits (`00865`).
pub(super) fn offence_code(text: &str) -> String {
    let is_number = |part: &str, most: usize| !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = match text.split_once(['/', '.']) {
        Some((class, number)) => Some((class.trim(), number.trim())),
        None if is_number(text, 5) && text.len() == 5 => Some(text.split_at(3)),
        None => None,
    };
    let parts = parts.filter(|(class, number)| is_number(class, 3) && is_number(number, 2));
    let parsed = parts.and_then(|(class, number)| Some((class.parse::<u16>().ok()?, number.parse::<u16>().ok()?)));
    match parsed {
        Some((class, number)) if class > 0 => format!("{class}/{number}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_one_spelling() {
        let cases = [
            ("8/65", "8/65"),
            ("08/65", "8/65"),
            ("008/65", "8/65"),
            ("00865", "8/65"),
            ("8.65", "8/65"),
            ("195/94", "195/94"),
            ("19594", "195/94"),
            ("195/12", "195/12"),
            ("125/09", "125/9"),
            ("12509", "125/9"),
            ("8/06", "8/6"),
            ("149/0", "149/0"),
            ("14900", "149/0"),
            ("58 / 00", "58/0"),
            ("8Q", "8Q"),
            ("8/65A", "8/65A"),
            ("865", "865"),
            ("2025/12", "2025/12"),
            ("Stalking", "Stalking"),
            ("", ""),
        ];
        for (text, wanted) in cases {
            assert_eq!(offence_code(text), wanted, "{text}");
        }
    }

    #[test]
    fn kinds_of_record() {
        let cases = [
            ("Crime", "crime"),
            ("NON CRIME", "non_crime"),
            ("Non-crime occurrence", "non_crime"),
            ("Intelligence", "intel"),
            ("101 contact", "contact"),
            ("Incident Log", "incident"),
            ("non_crime", "non_crime"),
            ("Custody", "Custody"),
        ];
        for (text, wanted) in cases {
            assert_eq!(record_type(text), wanted, "{text}");
        }
    }
}
