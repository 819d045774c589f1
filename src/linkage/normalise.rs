//! One form for what exports write in many: letters, phones, plates, postcodes, dates and references.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Digits that a phone number must have to be one.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 9..=15;
/// Letters and digits of a reference that can stand for one record only.
const REFERENCE_LENGTH: std::ops::RangeInclusive<usize> = 6..=40;

/// Lower case without accents; letters of other scripts stay what they are.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ı' | 'İ' => folded.push('i'),
            'ł' | 'Ł' => folded.push('l'),
            'ø' | 'Ø' => folded.push('o'),
            'đ' | 'Đ' => folded.push('d'),
            'ß' => folded.push_str("ss"),
            'æ' | 'Æ' => folded.push_str("ae"),
            '\u{2019}' | '\u{2018}' => folded.push('\''),
            c => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

/// The digits of a phone number as dialled at home: `+44 7700 900123` and `0044 7700-900123` are `07700900123`. A number of fewer than 9
/// or more than 15 digits is none. Numbers of other countries keep their code.
pub(super) fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let national = if let Some(rest) = digits.strip_prefix("0044").or_else(|| digits.strip_prefix("44").filter(|_| text.contains('+'))) {
        format!("0{}", rest.trim_start_matches('0'))
    } else {
        digits
    };
    PHONE_DIGITS.contains(&national.len()).then_some(national)
}

/// Letters and digits of a registration plate with the usual slips undone: O and 0, I and 1 are one character each. `None` for fewer than
/// three characters or more than seven.
pub(super) fn plate(text: &str) -> Option<String> {
    let plate: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' => '1',
            c => c,
        })
        .collect();
    (3..=7).contains(&plate.len()).then_some(plate)
}

/// Whether it can be a whole British plate: five to seven characters with letters and digits among them.
pub(super) fn is_whole_plate(plate: &str) -> bool {
    plate.len() >= 5 && plate.bytes().any(|b| b.is_ascii_digit()) && plate.bytes().any(|b| b.is_ascii_uppercase())
}

/// A British postcode without its space, in capitals; `None` for a part of one.
pub(super) fn postcode(text: &str) -> Option<String> {
    let code: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let bytes = code.as_bytes();
    let inward = bytes.len().checked_sub(3).map(|at| &bytes[at..])?;
    let shape = (5..=7).contains(&bytes.len())
        && bytes[0].is_ascii_alphabetic()
        && inward[0].is_ascii_digit()
        && inward[1..].iter().all(u8::is_ascii_alphabetic);
    shape.then_some(code)
}

/// A date of birth as year, month and day, whatever the order it was written in: `03/08/1986`, `1986-08-03`. Where the month cannot be
/// one, day and month are taken as swapped. A year alone has month and day 0.
pub(super) fn birth(text: &str) -> Option<(u16, u8, u8)> {
    let text = text.split(['T', ' ']).next().unwrap_or(text);
    let parts: Vec<u16> = text.split(['/', '-', '.']).map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let (year, month, day) = match *parts.as_slice() {
        [year] => (year, 0, 0),
        [year, month, day] if year > 31 => (year, month, day),
        [day, month, year] => (year, month, day),
        _ => return None,
    };
    let (month, day) = if month > 12 && (1..=12).contains(&day) { (day, month) } else { (month, day) };
    let fits = (1880..=2200).contains(&year) && month <= 12 && day <= 31;
    fits.then_some((year, u8::try_from(month).unwrap_or(0), u8::try_from(day).unwrap_or(0)))
}

/// Letters and digits of a record's id, in capitals; `None` where they are too few to point at one record.
pub(super) fn reference(text: &str) -> Option<String> {
    let key: String = text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_uppercase();
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    (REFERENCE_LENGTH.contains(&key.chars().count()) && digits >= 4).then_some(key)
}

/// Minutes since 1970 of a local time such as `2024-03-02 17:35` or `2024-03-02T17:35:00`.
pub(super) fn minutes(text: &str) -> Option<i64> {
    let text = text.trim().replacen(' ', "T", 1);
    let moment: jiff::civil::DateTime = text
        .parse()
        .ok()
        .or_else(|| text.get(..10)?.parse::<jiff::civil::Date>().ok().map(|date| date.to_datetime(jiff::civil::Time::midnight())))?;
    let seconds = moment.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    Some(seconds.div_euclid(60))
}

/// The consonants of a name as one hears them: equal for `Wieczorek` and `Viechorek`, `Lisowska` and `Lisovska`, `Chowdhury` and `Choudry`.
pub(super) fn skeleton(name: &str) -> String {
    const SOUNDS: [(&str, &str); 21] = [
        ("tsch", "c"),
        ("tch", "c"),
        ("sch", "s"),
        ("cz", "c"),
        ("sz", "s"),
        ("sh", "s"),
        ("ch", "c"),
        ("zh", "s"),
        ("kh", "k"),
        ("gh", "g"),
        ("ph", "f"),
        ("th", "t"),
        ("dh", "d"),
        ("ck", "k"),
        ("ks", "x"),
        ("owd", "od"),
        ("awd", "ad"),
        ("q", "k"),
        ("w", "v"),
        ("z", "s"),
        ("j", "y"),
    ];
    let mut sound = name.to_owned();
    for (written, heard) in SOUNDS {
        if sound.contains(written) {
            sound = sound.replace(written, heard);
        }
    }
    let mut skeleton = String::new();
    for (i, c) in sound.chars().enumerate() {
        let vowel = matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'h' | '\'');
        if (i == 0 || !vowel) && !skeleton.ends_with(c) {
            skeleton.push(c);
        }
    }
    skeleton
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_and_plates_have_one_form() {
        for text in ["07700 900123", "+44 7700 900123", "+44 (0)7700 900123", "0044 7700-900-123"] {
            assert_eq!(phone(text).as_deref(), Some("07700900123"), "{text}");
        }
        assert_eq!(phone("REFUSED"), None);
        assert_eq!(plate("ln16 ohr"), plate("LN16 0HR"));
        assert_eq!(plate("x"), None);
        assert!(is_whole_plate("W412DKE") && !is_whole_plate("HJ69"));
    }

    #[test]
    fn dates_of_birth_are_read_in_any_order() {
        for text in ["03/08/1986", "1986-08-03", "3.8.1986"] {
            assert_eq!(birth(text), Some((1986, 8, 3)), "{text}");
        }
        assert_eq!(birth("10/16/1987"), Some((1987, 10, 16)));
        assert_eq!(birth("1953"), Some((1953, 0, 0)));
        assert_eq!(birth("N/K"), None);
    }

    #[test]
    fn names_that_sound_alike_have_one_skeleton() {
        for (a, b) in [("wieczorek", "viechorek"), ("wieczorek", "vietchorek"), ("lisowska", "lisovska"), ("chowdhury", "choudry")] {
            assert_eq!(skeleton(a), skeleton(b), "{a} {b}");
        }
        assert_ne!(skeleton("petty"), skeleton("petrie"));
        assert_eq!(fold("Zoë YILDIZ Yıldız"), "zoe yildiz yildiz");
    }

    #[test]
    fn times_and_references() {
        assert_eq!(minutes("1970-01-02 00:05"), Some(1445));
        assert_eq!(minutes("1970-01-02T00:05:00"), Some(1445));
        assert_eq!(minutes("yesterday"), None);
        assert_eq!(reference("42/06640/24").as_deref(), Some("420664024"));
        assert_eq!(reference("no 12"), None);
        assert_eq!(postcode("zb3 7pl").as_deref(), Some("ZB37PL"));
        assert_eq!(postcode("ZC3"), None);
    }
}
