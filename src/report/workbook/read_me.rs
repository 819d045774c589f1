use rust_xlsxwriter::{Format, FormatAlign, Worksheet, XlsxError};

use super::{MARKING, MAX_RECORDS, PAPER_A4, cell, row_height, set_up_print};
use crate::report::text::thousands;
use crate::report::{DECIDES_NOTHING, Run};

/// Characters.
const VALUE_WIDTH: usize = 80;

/// The page to read first.
pub(super) fn write(sheet: &mut Worksheet, run: &Run<'_>, flagged: usize) -> Result<(), XlsxError> {
    sheet.set_name("Read me")?.set_column_width(0, 34)?.set_column_width(1, 80)?.set_screen_gridlines(false);
    set_up_print(sheet, PAPER_A4);
    sheet.set_portrait();
    let title = Format::new().set_bold().set_font_size(16);
    let marking = Format::new().set_bold().set_font_color("9C1C1C");
    let heading = Format::new().set_bold().set_font_size(12);
    let name = Format::new().set_align(FormatAlign::Top).set_text_wrap();
    let value = Format::new().set_align(FormatAlign::Top).set_align(FormatAlign::Left).set_text_wrap();
    sheet.write_string_with_format(0, 0, "Queue for review", &title)?;
    sheet.write_string_with_format(1, 0, MARKING, &marking)?;
    let mut row = 3;
    for (about, lines) in sections(run, flagged) {
        sheet.write_string_with_format(row, 0, about, &heading)?;
        for (left, right) in lines {
            row += 1;
            sheet.write_string_with_format(row, 0, cell(&left), &name)?;
            sheet.write_string_with_format(row, 1, cell(&right), &value)?;
            sheet.set_row_height(row, row_height(&right, VALUE_WIDTH, 1))?;
        }
        row += 2;
    }
    Ok(())
}

type Section = (&'static str, Vec<(String, String)>);

fn sections(run: &Run<'_>, flagged: usize) -> Vec<Section> {
    let mut sections =
        vec![("What this is", what_it_is()), ("In this run", counts(run)), ("Not read, or not read as usual", not_read(run, flagged))];
    sections.push(("The columns to fill in", columns()));
    sections.push((
        "The run",
        vec![
            pair("Run", format!("{} (the same input, model, rules and settings give the same id; manifest.json has the rest)", run.run_id)),
            pair("Made by", format!("foursight {}, model {} {}", env!("CARGO_PKG_VERSION"), run.facts.model.name, run.facts.model.version)),
        ],
    ));
    sections
}

fn what_it_is() -> Vec<(String, String)> {
    vec![
        pair("Purpose", "Records whose words read as possible stalking, so that a person looks at them again. A flag is about the record, never about a person.".to_owned()),
        pair("What it decides", format!("{DECIDES_NOTHING} Every flag is yours to agree or disagree with, and an unflagged record is not cleared.")),
        pair("How to read the queue", "Courses first: records that are linked to one person's conduct towards another, each with its reasons. Then single records. Both worst first: risk tier, then flag, then points or probability. The tier orders reading by the conduct written down; it forecasts nothing. Read the reasons and the narrative before the number.".to_owned()),
    ]
}

fn counts(run: &Run<'_>) -> Vec<(String, String)> {
    let counts = &run.tally.counts;
    vec![
        pair(
            "Rows in",
            format!("{} = {} screened + {} rejected", thousands(counts.rows), thousands(counts.screened), thousands(counts.rejected)),
        ),
        pair(
            "Flagged",
            format!("{}: {} likely, {} possible", thousands(counts.flagged()), thousands(counts.likely), thousands(counts.possible)),
        ),
        pair(
            "Risk tier of the flagged",
            format!(
                "{} high, {} medium, {} standard, {} none",
                thousands(counts.risk.high),
                thousands(counts.risk.medium),
                thousands(counts.risk.standard),
                thousands(counts.risk.none)
            ),
        ),
        pair(
            "Courses flagged",
            format!(
                "{} of {}: {} likely, {} possible; {} with no flagged record",
                thousands(counts.courses_likely + counts.courses_possible),
                thousands(counts.courses),
                thousands(counts.courses_likely),
                thousands(counts.courses_possible),
                thousands(counts.courses_unseen)
            ),
        ),
        pair("Flagged and recorded otherwise", thousands(counts.recorded_otherwise)),
        pair("Same narrative as an earlier record", thousands(counts.duplicates)),
    ]
}

fn not_read(run: &Run<'_>, flagged: usize) -> Vec<(String, String)> {
    let counts = &run.tally.counts;
    let mut lines = vec![
        pair("Rows rejected", format!("{} (sheet Rejected, rejected.csv)", thousands(counts.rejected))),
        pair(
            "Long narratives read in part",
            format!("{} by the classifier; the rules read all of every narrative", thousands(counts.text_not_read)),
        ),
        pair("Narratives that look cut off", format!("{}, by the system they were exported from", thousands(counts.truncated))),
    ];
    if flagged > MAX_RECORDS {
        let (shown, left_out) = (thousands(MAX_RECORDS as u64), thousands((flagged - MAX_RECORDS) as u64));
        lines.push(pair(
            "Flagged but not in the queue",
            format!("{left_out}: the queue holds the first {shown}. All are in {}", run.screened_file()),
        ));
    }
    lines
}

fn columns() -> Vec<(String, String)> {
    vec![
        pair("Decision", "stalking: it reads as stalking. needs history: only other records can tell. split it: the course holds records that do not belong together. not stalking. cannot tell: the text does not say enough.".to_owned()),
        pair("Own risk tier", "The tier you would give, where it differs.".to_owned()),
        pair("Reviewer, Date, Note", "Who looked, when, and anything the next reader should know.".to_owned()),
    ]
}

fn pair(left: &str, right: String) -> (String, String) {
    (left.to_owned(), right)
}
