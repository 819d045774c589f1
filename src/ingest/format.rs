//! What kind of file is it: by ending, by what the user said, and by its first bytes where these disagree.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A file format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma, semicolon, tab or `|` between cells, whichever the header uses.
    Csv,
    Tsv,
    Xlsx,
    Parquet,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// Every format, in the order in which they are documented.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Tsv, Self::Xlsx, Self::Parquet, Self::Jsonl];

    /// The name used in options and the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
        }
    }

    /// Whether the file is text in some encoding.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv | Self::Jsonl)
    }

    /// The format that a file's ending promises.
    pub(super) fn by_ending(path: &Path) -> Result<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let advice = match ending.as_str() {
            "csv" | "txt" => return Ok(Self::Csv),
            "tsv" | "tab" => return Ok(Self::Tsv),
            "xlsx" | "xlsm" => return Ok(Self::Xlsx),
            "parquet" => return Ok(Self::Parquet),
            "jsonl" | "ndjson" => return Ok(Self::Jsonl),
            "gz" | "zip" | "bz2" | "xz" | "zst" | "7z" => "is compressed; unpack it first".to_owned(),
            "xls" | "xlsb" | "ods" => format!(".{ending} workbooks are not read; save it as .xlsx or .csv"),
            "json" => "is read when it holds one JSON object a line; say so with --input-format jsonl".to_owned(),
            "" => "has no ending that tells its format; say it with --input-format (csv, tsv, xlsx, parquet, jsonl)".to_owned(),
            other => format!(".{other} does not tell a format; say it with --input-format (csv, tsv, xlsx, parquet, jsonl)"),
        };
        Err(Error::Usage(format!("{}: {advice}", path.display())))
    }

    /// Compares the first bytes with the format; the message says what the file really is.
    pub(super) fn check_first_bytes(self, head: &[u8]) -> Result<(), String> {
        let found = match head {
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Some((Self::Xlsx, "an XLSX workbook or another ZIP file")),
            [b'P', b'A', b'R', b'1', ..] => Some((Self::Parquet, "a Parquet file")),
            [0x1F, 0x8B, ..] => return Err("is compressed with gzip; unpack it first".to_owned()),
            [0xD0, 0xCF, 0x11, 0xE0, ..] => {
                return Err("is an old .xls workbook or one with a password; save it as .xlsx without a password".to_owned());
            }
            _ => None,
        };
        match (self, found) {
            (_, Some((real, what))) if real != self => {
                Err(format!("is read as {self} but is {what}; rename it, or say --input-format {real}"))
            }
            (Self::Xlsx, None) => Err("is not an XLSX workbook: it does not begin like one; export it again".to_owned()),
            (Self::Parquet, None) => Err("is not a Parquet file: it does not begin with PAR1; export it again".to_owned()),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("unknown format `{name}`; known are csv, tsv, xlsx, parquet, jsonl"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_tells_the_format_or_what_to_do() {
        let cases = [
            ("a.csv", Ok(Format::Csv)),
            ("a.TXT", Ok(Format::Csv)),
            ("a.tsv", Ok(Format::Tsv)),
            ("a.xlsm", Ok(Format::Xlsx)),
            ("a.parquet", Ok(Format::Parquet)),
            ("a.b.ndjson", Ok(Format::Jsonl)),
            ("a.csv.gz", Err("unpack it first")),
            ("a.xls", Err("save it as .xlsx")),
            ("a.json", Err("--input-format jsonl")),
            ("a.dat", Err("--input-format")),
            ("a", Err("--input-format")),
        ];
        for (name, wanted) in cases {
            match (Format::by_ending(Path::new(name)), wanted) {
                (Ok(found), Ok(format)) => assert_eq!(found, format, "{name}"),
                (Err(error), Err(advice)) => assert!(error.to_string().contains(advice) && error.exit_code() == 2, "{name}: {error}"),
                (found, _) => panic!("{name}: {found:?}"),
            }
        }
    }

    #[test]
    fn names_go_there_and_back() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("xml".parse::<Format>().unwrap_err().contains("xml"));
    }
}
