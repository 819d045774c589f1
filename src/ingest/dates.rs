//! What does a date say? ISO 8601, day-first dates with or without a time, and Excel serials become ISO 8601 local time.
//!
//! Dates are read day first, as the forces write them. Times with an offset or zone are moved to Europe/London; times without are local
//! already. Nothing is guessed: a date that does not exist is told, and `UNKNOWN` or 01/01/1900 is no date.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

/// Serials outside this range (1910 to 2199) are numbers, not dates; four-digit years lie below it.
const SERIALS: std::ops::Range<f64> = 3654.0..109_575.0;
/// Days between the two Excel calendars.
const DAYS_1904: f64 = 1462.0;
const DAY_SECONDS: f64 = 86_400.0;

/// What stands for no date. So does any text without a digit: `UNKNOWN`, `N/K`, `see log`.
const PLACEHOLDERS: [&str; 8] = ["0", "00000000", "01011900", "19000101", "1jan1900", "01jan1900", "99999999", "31129999"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Which two-digit years belong to this century.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// When something happened or was reported: 70 to 99 are 1970 to 1999.
    Event,
    /// When a person was born: 30 to 99 are 1930 to 1999. Only the day counts.
    Birth,
}

/// What a text says as a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS`.
    Date(String),
    /// Nothing, or a placeholder.
    Missing,
    /// No date; the reason never quotes the text.
    Bad(String),
}

/// Reads a date.
pub(super) fn read(text: &str, kind: Kind) -> Reading {
    let text = text.trim();
    if is_placeholder(text) {
        return Reading::Missing;
    }
    let parsed = match text.parse::<f64>() {
        Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => number_date(text, number),
        _ => parse(text, kind),
    };
    match parsed {
        Ok((date, time)) if kind == Kind::Birth || time.is_none() => Reading::Date(date.to_string()),
        Ok((date, time)) => Reading::Date(iso(date.to_datetime(time.unwrap_or_default()))),
        Err(Some(cause)) => Reading::Bad(cause),
        Err(None) => Reading::Bad(format!(
            "is not a date that is read (its shape is {}); expected ISO 8601, dd/mm/yyyy with or without hh:mm, or an Excel serial",
            shape(text)
        )),
    }
}

/// A local time as ISO 8601 with whole seconds.
pub(super) fn iso(moment: DateTime) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The local time in London of a moment given in nanoseconds since 1970.
pub(super) fn london(nanoseconds: i128) -> Option<DateTime> {
    let zone = TimeZone::get("Europe/London").ok()?;
    Some(Timestamp::from_nanosecond(nanoseconds).ok()?.to_zoned_datetime(zone).datetime())
}

/// The moment that an Excel serial stands for; whole days carry no time.
pub(super) fn excel(serial: f64, is_1904: bool) -> Option<(Date, Option<Time>)> {
    let serial = if is_1904 { serial + DAYS_1904 } else { serial };
    // Excel knows a 29 February 1900: serials before it count from a day later.
    let first = if serial < 60.0 { Date::constant(1899, 12, 31) } else { Date::constant(1899, 12, 30) };
    if !(0.0..2_958_466.0).contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let (days, seconds) = (serial.trunc() as i64, (serial.fract() * DAY_SECONDS).round() as i64);
    let moment = first.to_datetime(Time::midnight()).checked_add(Span::new().days(days).seconds(seconds)).ok()?;
    Some((moment.date(), (serial.fract() != 0.0).then(|| moment.time())))
}

/// An Excel serial as ISO 8601.
pub(super) fn excel_text(serial: f64, is_1904: bool) -> Option<String> {
    let (date, time) = excel(serial, is_1904)?;
    Some(time.map_or_else(|| date.to_string(), |time| iso(date.to_datetime(time))))
}

fn is_placeholder(text: &str) -> bool {
    let date = text.split_once([' ', 'T']).filter(|(_, time)| time.starts_with(|c: char| c.is_ascii_digit()) && time.contains(':'));
    let bare: String = date.map_or(text, |(date, _)| date).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    !bare.contains(|c: char| c.is_ascii_digit()) || PLACEHOLDERS.contains(&bare.as_str()) || bare == "111900" && text.starts_with("1/1/")
}

/// Digits alone: `20250312`, `202503121405`, or an Excel serial.
fn number_date(text: &str, number: f64) -> Parsed {
    if SERIALS.contains(&number) {
        return excel(number, false).ok_or(None);
    }
    let part = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    if text.contains('.') || !matches!(text.len(), 8 | 12 | 14) {
        return Err(None);
    }
    let (Some(year), Some(month), Some(day)) = (part(0, 4), part(4, 6), part(6, 8)) else { return Err(None) };
    let date = checked_date(year, month, day)?;
    match (part(8, 10), part(10, 12)) {
        (Some(hour), Some(minute)) => Ok((date, Some(checked_time(hour, minute, part(12, 14).unwrap_or(0))?))),
        _ => Ok((date, None)),
    }
}

/// A date and perhaps a time; `Err(None)` for a text of another form, `Err(Some)` for a date that cannot be.
type Parsed = Result<(Date, Option<Time>), Option<String>>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A number and how many digits it was written with.
    Number(u32, usize),
    Word(String),
    Mark(char),
    Space,
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        let mut run = String::new();
        let same = |next: char| {
            c.is_ascii_digit() && next.is_ascii_digit()
                || c.is_alphabetic() && next.is_alphabetic()
                || c.is_whitespace() && next.is_whitespace()
        };
        run.extend(chars.next());
        while let Some(next) = chars.next_if(|next| same(*next)) {
            run.push(next);
        }
        out.push(match c {
            _ if c.is_ascii_digit() => Token::Number(run.get(..run.len().min(9))?.parse().ok()?, run.len()),
            _ if c.is_alphabetic() => Token::Word(run.to_lowercase()),
            _ if c.is_whitespace() => Token::Space,
            _ => Token::Mark(c),
        });
        if out.len() > 24 {
            return None;
        }
    }
    Some(out)
}

fn parse(text: &str, kind: Kind) -> Parsed {
    let tokens = tokens(text).ok_or(None)?;
    let mut reader = Tokens { tokens: &tokens };
    let (year, month, day) = reader.date().ok_or(None)?;
    let (hour, minute, second) = reader.time().ok_or(None)?;
    let offset = reader.zone().ok_or(None)?;
    if !reader.tokens.is_empty() {
        return Err(None);
    }
    let year = match year {
        (year, 1 | 2) if kind == Kind::Birth => year + if year < 30 { 2000 } else { 1900 },
        (year, 1 | 2) => year + if year < 70 { 2000 } else { 1900 },
        (year, 4) => year,
        _ => return Err(None),
    };
    let date = checked_date(year, month, day)?;
    let Some(hour) = hour else { return Ok((date, None)) };
    let time = checked_time(hour, minute, second)?;
    let Some(offset) = offset else { return Ok((date, Some(time))) };
    let moment = Offset::from_seconds(offset).ok().and_then(|offset| offset.to_timestamp(date.to_datetime(time)).ok());
    let local = moment.and_then(|moment| london(moment.as_nanosecond())).ok_or(None)?;
    Ok((local.date(), Some(local.time())))
}

struct Tokens<'a> {
    tokens: &'a [Token],
}

impl Tokens<'_> {
    fn number(&mut self) -> Option<(u32, usize)> {
        let [Token::Number(value, digits), rest @ ..] = self.tokens else { return None };
        self.tokens = rest;
        Some((*value, *digits))
    }

    /// Passes the next token if it is one of these marks or a space.
    fn pass(&mut self, marks: &str) -> Option<char> {
        let (c, rest) = match self.tokens {
            [Token::Mark(c), rest @ ..] => (*c, rest),
            [Token::Space, rest @ ..] => (' ', rest),
            _ => return None,
        };
        marks.contains(c).then(|| self.tokens = rest).map(|()| c)
    }

    /// Passes the next token if it is one of these words.
    fn word(&mut self, words: &[&str]) -> bool {
        match self.tokens {
            [Token::Word(word), rest @ ..] if words.contains(&word.as_str()) => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    /// A month by name, or its first three letters.
    fn month(&mut self) -> Option<u32> {
        let [Token::Word(word), rest @ ..] = self.tokens else { return None };
        let at = (word.len() >= 3).then(|| MONTHS.iter().position(|month| word.starts_with(month)))??;
        self.tokens = rest;
        u32::try_from(at + 1).ok()
    }

    /// Year with its number of digits, month and day.
    fn date(&mut self) -> Option<((u32, usize), u32, u32)> {
        if let [Token::Word(word), rest @ ..] = self.tokens
            && word.len() >= 3
            && WEEKDAYS.iter().any(|day| word.starts_with(day))
        {
            self.tokens = rest;
            while self.pass(", .").is_some() {}
        }
        if let Some(month) = self.month() {
            self.pass(" -/.");
            let (day, _) = self.number()?;
            self.word(&["st", "nd", "rd", "th"]);
            while self.pass(", -/.").is_some() {}
            return Some((self.number()?, month, day));
        }
        let first = self.number()?;
        self.word(&["st", "nd", "rd", "th"]);
        let mark = self.pass(" -/.");
        if let Some(month) = self.month() {
            while self.pass(", -/.").is_some() {}
            let last = self.number()?;
            return Some(if first.1 == 4 { (first, month, last.0) } else { (last, month, first.0) });
        }
        let mark = mark.filter(|mark| *mark != ' ')?;
        let (month, _) = self.number()?;
        self.pass(&mark.to_string())?;
        let last = self.number()?;
        Some(if first.1 == 4 { (first, month, last.0) } else { (last, month, first.0) })
    }

    /// Hour, minute and second; no hour where there is no time. `None` for something that is no time.
    fn time(&mut self) -> Option<(Option<u32>, u32, u32)> {
        while self.pass(", -").is_some() {}
        self.word(&["t", "at"]);
        self.pass(" ");
        let Some((hour, digits)) = self.number() else { return self.tokens.is_empty().then_some((None, 0, 0)) };
        let (mut hour, mut minute, mut second, mut told) = (hour, 0, 0, false);
        if digits == 4 {
            (hour, minute, told) = (hour / 100, hour % 100, true);
        } else if self.pass(":.").is_some() {
            (minute, told) = (self.number()?.0, true);
            if self.pass(":.").is_some() {
                second = self.number()?.0;
                if self.pass(".,").is_some() {
                    self.number()?;
                }
            }
        }
        let before = self.tokens;
        self.pass(" ");
        match () {
            () if self.word(&["am"]) && (1..=12).contains(&hour) => hour %= 12,
            () if self.word(&["pm"]) && (1..=12).contains(&hour) => hour = hour % 12 + 12,
            () if self.word(&["hrs", "hours", "hr", "h"]) => {}
            () if told => self.tokens = before,
            () => return None,
        }
        Some((Some(hour), minute, second))
    }

    /// Seconds ahead of UTC; `Some(None)` where nothing is said.
    fn zone(&mut self) -> Option<Option<i32>> {
        self.pass(" ");
        if self.word(&["z", "utc", "gmt"]) {
            return Some(Some(0));
        }
        if self.word(&["bst"]) {
            return Some(Some(3600));
        }
        let Some(sign) = self.pass("+-") else { return Some(None) };
        let (hours, digits) = self.number()?;
        let (hours, minutes) = match digits {
            4 => (hours / 100, hours % 100),
            _ if self.pass(":").is_some() => (hours, self.number()?.0),
            _ => (hours, 0),
        };
        let seconds = i32::try_from(hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?).ok()?;
        Some(Some(if sign == '-' { -seconds } else { seconds }))
    }
}

fn checked_date(year: u32, month: u32, day: u32) -> Result<Date, Option<String>> {
    if !(1..=12).contains(&month) {
        let hint = if (13..=31).contains(&month) && day <= 12 { "; dates are read day first" } else { "" };
        return Err(Some(format!("month {month} does not exist{hint}")));
    }
    if !(1900..=2199).contains(&year) {
        return Err(Some(format!("year {year} is outside 1900 to 2199")));
    }
    let parts = (i16::try_from(year).ok(), i8::try_from(month).ok(), i8::try_from(day).ok());
    let date = if let (Some(year), Some(month), Some(day)) = parts { Date::new(year, month, day).ok() } else { None };
    let leap = if month == 2 && day == 29 { format!(" of {year}") } else { String::new() };
    date.ok_or_else(|| Some(format!("day {day} does not exist in month {month}{leap}")))
}

fn checked_time(hour: u32, minute: u32, second: u32) -> Result<Time, Option<String>> {
    let parts = (i8::try_from(hour).ok(), i8::try_from(minute).ok(), i8::try_from(second).ok());
    let time = if let (Some(hour), Some(minute), Some(second)) = parts { Time::new(hour, minute, second, 0).ok() } else { None };
    time.ok_or_else(|| Some(format!("the time {hour:02}:{minute:02}:{second:02} does not exist")))
}

/// A text's digits as 9 and letters as a: tells the form, not the content.
fn shape(text: &str) -> String {
    let class = |c: char| match c {
        _ if c.is_ascii_digit() => '9',
        _ if c.is_alphabetic() => 'a',
        _ if c.is_control() => ' ',
        _ => c,
    };
    let mut out: String = text.chars().take(24).map(class).collect();
    if text.chars().count() > 24 {
        out.push('\u{2026}');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_people_write_them() {
        let cases = [
            ("2025-03-12", "2025-03-12"),
            ("2025-03-12T14:05", "2025-03-12T14:05:00"),
            ("2025-03-12 14:05:09", "2025-03-12T14:05:09"),
            ("2025-03-12 14:05:09.123", "2025-03-12T14:05:09"),
            ("2025-07-12T14:05:00Z", "2025-07-12T15:05:00"),
            ("2025-07-12T14:05:00.000+00:00", "2025-07-12T15:05:00"),
            ("2025-01-12T00:05:00+0100", "2025-01-11T23:05:00"),
            ("12/07/2025 14:05 UTC", "2025-07-12T15:05:00"),
            ("12/03/2025", "2025-03-12"),
            ("1/3/25", "2025-03-01"),
            ("1/3/99", "1999-03-01"),
            ("12-03-2025", "2025-03-12"),
            ("12.03.2025", "2025-03-12"),
            ("2025/03/12", "2025-03-12"),
            ("12 Mar 2025", "2025-03-12"),
            ("12-MAR-25", "2025-03-12"),
            ("12MAR2025", "2025-03-12"),
            ("Wed, 12th March 2025", "2025-03-12"),
            ("March 12, 2025", "2025-03-12"),
            ("12/03/2025 14:05", "2025-03-12T14:05:00"),
            ("12/03/2025 14:05:09", "2025-03-12T14:05:09"),
            ("12/03/2025 2:05 pm", "2025-03-12T14:05:00"),
            ("12/03/2025 12:05AM", "2025-03-12T00:05:00"),
            ("12/03/2025 2pm", "2025-03-12T14:00:00"),
            ("12/03/2025 1405", "2025-03-12T14:05:00"),
            ("12/03/2025 at 1405hrs", "2025-03-12T14:05:00"),
            ("12/03/2025, 14.05 hrs", "2025-03-12T14:05:00"),
            ("12 Mar 2025 14:05", "2025-03-12T14:05:00"),
            ("20250312", "2025-03-12"),
            ("20250312140509", "2025-03-12T14:05:09"),
            ("45728", "2025-03-12"),
            ("45728.5", "2025-03-12T12:00:00"),
            (" 29/02/2024 ", "2024-02-29"),
        ];
        for (text, wanted) in cases {
            assert_eq!(read(text, Kind::Event), Reading::Date(wanted.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_birth_is_a_day() {
        for (text, wanted) in
            [("12/03/85 00:00", "1985-03-12"), ("1/3/29", "2029-03-01"), ("1/3/30", "1930-03-01"), ("31048", "1985-01-01")]
        {
            assert_eq!(read(text, Kind::Birth), Reading::Date(wanted.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_told_without_being_quoted() {
        let cases = [
            ("31/02/2025", "day 31 does not exist in month 2"),
            ("29/02/2023", "day 29 does not exist in month 2 of 2023"),
            ("45/13/2025", "month 13 does not exist"),
            ("03/25/2025", "month 25 does not exist; dates are read day first"),
            ("2025-00-10", "month 0 does not exist"),
            ("12/03/2025 25:00", "the time 25:00:00 does not exist"),
            ("12/03/0025", "year 25 is outside 1900 to 2199"),
            ("Easter 2025", "its shape is aaaaaa 9999"),
            ("2025", "its shape is 9999"),
            ("12/03", "its shape is 99/99"),
            ("12/03/2025 maybe", "its shape is 99/99/9999 aaaaa"),
            ("12/03/20255", "its shape is"),
        ];
        for (text, wanted) in cases {
            assert!(
                matches!(read(text, Kind::Event), Reading::Bad(cause) if cause.contains(wanted)),
                "{text}: {:?}",
                read(text, Kind::Event)
            );
        }
        for text in
            ["", "UNKNOWN", "N/K", "n/a", "-", "01/01/1900", "1/1/1900", "01/01/1900 00:00:00", "00/00/0000", "Not known", "see log"]
        {
            assert_eq!(read(text, Kind::Event), Reading::Missing, "{text}");
        }
    }

    #[test]
    fn both_excel_calendars() {
        let cases = [
            (1.0, false, "1900-01-01"),
            (61.0, false, "1900-03-01"),
            (44266.0, true, "2025-03-12"),
            (45728.75, false, "2025-03-12T18:00:00"),
        ];
        for (serial, is_1904, wanted) in cases {
            assert_eq!(excel_text(serial, is_1904).as_deref(), Some(wanted), "{serial}");
        }
        assert_eq!(excel_text(1e12, false), None);
        assert_eq!(excel_text(-1.0, false), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,40}|[0-9/:. TZ+-]{0,30}") {
            let _ = (read(&text, Kind::Event), read(&text, Kind::Birth));
        }
    }
}
