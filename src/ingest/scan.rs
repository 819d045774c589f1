//! One pass over a file before it is read: its hash as received, and the encoding of its text.
//!
//! The whole file decides between UTF-8 and Windows-1252, because the first accented letter may be a million rows down. In English
//! Windows-1252 text a byte above 0x7F stands alone (a curly quote, a pound sign, an e acute) and almost never forms a valid UTF-8
//! sequence; so a file in which most of them do is UTF-8 with some damaged rows, and only these rows are rejected. A file in which most
//! do not is Windows-1252. No other single-byte encoding is guessed at: a guess among look-alikes turns one curly quote into a wrong letter.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// How much is read at a time.
const BLOCK: usize = 1 << 18;
/// How much of the start decides whether every second byte is NUL.
const NUL_SAMPLE: usize = 1 << 10;

/// A character encoding that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

impl Encoding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1252 => "windows-1252",
        }
    }

    /// The encoding that a file's first bytes settle: a byte-order mark, or every second byte NUL.
    pub(super) fn of_head(head: &[u8]) -> Option<Self> {
        match head {
            [0xEF, 0xBB, 0xBF, ..] => return Some(Self::Utf8),
            [0xFF, 0xFE, ..] => return Some(Self::Utf16Le),
            [0xFE, 0xFF, ..] => return Some(Self::Utf16Be),
            _ => {}
        }
        let sample = &head[..head.len().min(NUL_SAMPLE)];
        let pairs = sample.len() / 2;
        let nuls = |odd: usize| sample.chunks_exact(2).filter(|pair| pair[odd] == 0).count();
        let (even, odd) = (nuls(0), nuls(1));
        // A header is plain letters, so nearly every pair has exactly one NUL; a text with a stray NUL has very few.
        match pairs {
            0 => None,
            _ if odd * 2 > pairs && even * 10 < odd => Some(Self::Utf16Le),
            _ if even * 2 > pairs && odd * 10 < even => Some(Self::Utf16Be),
            _ => None,
        }
    }
}

/// What the pass found.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// Meaningful for text only.
    pub(super) encoding: Encoding,
}

/// Looks at a file without reading it through: its first bytes, some of them, none for an empty file.
pub(super) fn glance(path: &Path) -> Result<Vec<u8>> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::input(path, "there is no such file; check the path"),
        _ => Error::io(path, "cannot be looked at", error),
    })?;
    if metadata.is_dir() {
        return Err(Error::input(path, "is a folder; name the files in it"));
    }
    let file = File::open(path).map_err(|error| Error::io(path, "cannot be opened", error))?;
    let mut head = Vec::new();
    file.take(16).read_to_end(&mut head).map_err(|error| Error::io(path, "cannot be read", error))?;
    Ok(head)
}

/// Reads the whole file once.
pub(super) fn scan(path: &Path) -> Result<Scan> {
    let mut file = File::open(path).map_err(|error| Error::io(path, "cannot be opened", error))?;
    let mut hash = Sha256::new();
    let mut counts = Utf8Counts::default();
    let mut block = vec![0; BLOCK];
    let (mut bytes, mut head) = (0u64, Vec::new());
    loop {
        let read = match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io(path, "cannot be read", error)),
        };
        if head.len() < NUL_SAMPLE {
            head.extend_from_slice(&block[..read.min(NUL_SAMPLE)]);
        }
        bytes += read as u64;
        hash.update(&block[..read]);
        counts.add(&block[..read]);
    }
    let encoding = Encoding::of_head(&head).unwrap_or_else(|| counts.finish());
    Ok(Scan { bytes, sha256: hex(&hash.finalize()), encoding })
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Counts valid and invalid sequences of bytes above 0x7F, block by block.
#[derive(Debug, Default)]
struct Utf8Counts {
    valid: u64,
    invalid: u64,
    /// The beginning of a sequence that the next block may complete.
    carry: Vec<u8>,
}

impl Utf8Counts {
    fn add(&mut self, block: &[u8]) {
        if self.carry.is_empty() {
            self.count(block);
        } else {
            // Three bytes more complete any sequence that has begun; then the rest needs no copy.
            let (first, rest) = block.split_at(block.len().min(3));
            let joined = [std::mem::take(&mut self.carry).as_slice(), first].concat();
            self.count(&joined);
            if self.carry.is_empty() {
                self.count(rest);
            } else {
                let joined = [std::mem::take(&mut self.carry).as_slice(), rest].concat();
                self.count(&joined);
            }
        }
    }

    fn count(&mut self, mut bytes: &[u8]) {
        loop {
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    self.valid += leads(text.as_bytes());
                    return;
                }
                Err(error) => {
                    self.valid += leads(&bytes[..error.valid_up_to()]);
                    let Some(length) = error.error_len() else {
                        self.carry = bytes[error.valid_up_to()..].to_vec();
                        return;
                    };
                    self.invalid += 1;
                    bytes = &bytes[error.valid_up_to() + length..];
                }
            }
        }
    }

    fn finish(self) -> Encoding {
        let invalid = self.invalid + u64::from(!self.carry.is_empty());
        if invalid == 0 || self.valid > invalid { Encoding::Utf8 } else { Encoding::Windows1252 }
    }
}

/// How many sequences of more than one byte begin here.
fn leads(valid: &[u8]) -> u64 {
    valid.iter().filter(|byte| **byte >= 0xC0).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    fn encoding(bytes: &[u8], block: usize) -> Encoding {
        let mut counts = Utf8Counts::default();
        bytes.chunks(block).for_each(|part| counts.add(part));
        Encoding::of_head(bytes).unwrap_or_else(|| counts.finish())
    }

    #[test]
    fn encodings_are_told_apart_whatever_the_block_size() {
        let header = "incident_id,narrative\n1,caf\u{e9} \u{201c}no\u{201d} \u{1F600}\n";
        let cases: Vec<(&str, Vec<u8>, Encoding)> = vec![
            ("plain", b"incident_id,narrative\n1,abc\n".to_vec(), Encoding::Utf8),
            ("UTF-8", header.into(), Encoding::Utf8),
            ("UTF-8 with mark", [b"\xEF\xBB\xBF".as_slice(), header.as_bytes()].concat(), Encoding::Utf8),
            ("UTF-8 with one bad byte", [header.as_bytes(), b"2,caf\xE9 ole\n"].concat(), Encoding::Utf8),
            ("UTF-8 cut inside a letter", [header.as_bytes(), b"2,caf\xC3"].concat(), Encoding::Utf8),
            ("1252", b"incident_id,narrative\n1,caf\xE9 \x93no\x94 \xA320\n".to_vec(), Encoding::Windows1252),
            ("1252 with text that was spoilt before", b"id,text\n1,\xC2\xA35 caf\xE9 \x93no\x94\n".to_vec(), Encoding::Windows1252),
            ("UTF-16LE", utf16(header, u16::to_le_bytes), Encoding::Utf16Le),
            ("UTF-16BE", utf16(header, u16::to_be_bytes), Encoding::Utf16Be),
            ("UTF-16LE with mark", utf16(&format!("\u{feff}{header}"), u16::to_le_bytes), Encoding::Utf16Le),
            ("NULs in a text", b"incident_id,narrative\n1,a\0b\0c\0d\n".to_vec(), Encoding::Utf8),
        ];
        for (name, bytes, wanted) in cases {
            for block in [1, 2, 3, 5, 7, 64, BLOCK] {
                assert_eq!(encoding(&bytes, block), wanted, "{name} in blocks of {block}");
            }
        }
    }
}
