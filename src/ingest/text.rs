//! Text as UTF-8, a window at a time, whatever encoding it comes in.
//!
//! Bytes that mean nothing in their encoding are left in (UTF-8) or replaced by 0xFF (UTF-16), which UTF-8 never uses: the row that holds
//! them is found and rejected by whoever reads it, and all other rows are read as usual.

use std::io::Read;
use std::path::{Path, PathBuf};

use encoding_rs::{Decoder, DecoderResult};
use sha2::{Digest, Sha256};

use super::scan::{Encoding, hex};
use crate::error::{Error, Result};

const BLOCK: usize = 1 << 16;

/// A moving window over a file's text.
pub(super) struct TextInput {
    path: PathBuf,
    input: Box<dyn Read + Send>,
    decoder: Option<Decoder>,
    window: Vec<u8>,
    start: usize,
    line: u64,
    line_end: u8,
    at_end: bool,
    received: u64,
    hash: Option<Sha256>,
    begun: bool,
}

impl TextInput {
    /// A file in a known encoding.
    pub(super) fn open(path: &Path, encoding: Encoding) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(|error| Error::io(path, "cannot be opened", error))?;
        Ok(Self::new(path, Box::new(file), encoding, None))
    }

    /// Standard input in UTF-8; size and hash are taken on the way.
    pub(super) fn stdin() -> Self {
        Self::new(Path::new("-"), Box::new(std::io::stdin()), Encoding::Utf8, Some(Sha256::new()))
    }

    pub(super) fn new(path: &Path, input: Box<dyn Read + Send>, encoding: Encoding, hash: Option<Sha256>) -> Self {
        let decoder = match encoding {
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some(encoding_rs::UTF_16LE.new_decoder_with_bom_removal()),
            Encoding::Utf16Be => Some(encoding_rs::UTF_16BE.new_decoder_with_bom_removal()),
            Encoding::Windows1252 => Some(encoding_rs::WINDOWS_1252.new_decoder_without_bom_handling()),
        };
        Self {
            path: path.to_owned(),
            input,
            decoder,
            window: Vec::new(),
            start: 0,
            line: 1,
            line_end: b'\n',
            at_end: false,
            received: 0,
            hash,
            begun: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What has been read and not consumed.
    pub(super) fn window(&self) -> &[u8] {
        &self.window[self.start..]
    }

    /// Whether the window reaches the end of the file.
    pub(super) fn at_end(&self) -> bool {
        self.at_end
    }

    /// The line at which the window begins, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Bytes received so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The byte that ends a line: `\n`, or `\r` in files of the old Macintosh kind.
    pub(super) fn line_end(&self) -> u8 {
        self.line_end
    }

    /// Reads until the window has doubled (and grown by a block at least), or the file ends. Doubling keeps repeated looks at one long
    /// record linear.
    pub(super) fn extend(&mut self) -> Result<()> {
        if self.start > 0 {
            self.window.drain(..self.start);
            self.start = 0;
        }
        let wanted = (self.window.len() * 2).max(self.window.len() + BLOCK);
        while self.window.len() < wanted && !self.at_end {
            self.read_block()?;
        }
        if !self.begun {
            self.begun = true;
            if self.decoder.is_none() && self.window.starts_with(b"\xEF\xBB\xBF") {
                self.start = 3;
            }
            if !self.window.contains(&b'\n') && self.window.contains(&b'\r') {
                self.line_end = b'\r';
            }
        }
        Ok(())
    }

    /// Moves the window on by `bytes`, counting lines.
    pub(super) fn consume(&mut self, bytes: usize) {
        let passed = &self.window[self.start..self.start + bytes];
        self.line += passed.iter().filter(|byte| **byte == self.line_end).count() as u64;
        self.start += bytes;
    }

    /// The end of the first line of the window, behind its line break; reads on where needed. `None` where the window exceeds `most`.
    pub(super) fn line_length(&mut self, most: usize) -> Result<Option<usize>> {
        let mut looked = 0;
        loop {
            if let Some(at) = self.window()[looked..].iter().position(|byte| *byte == self.line_end) {
                return Ok(Some(looked + at + 1));
            }
            looked = self.window().len();
            match () {
                () if self.at_end => return Ok(Some(looked)),
                () if looked > most => return Ok(None),
                () => self.extend()?,
            }
        }
    }

    /// Size and hash of what was received, for an input that is hashed on the way.
    pub(super) fn hash(&mut self) -> Option<(u64, String)> {
        self.hash.take().map(|hash| (self.received, hex(&hash.finalize())))
    }

    fn read_block(&mut self) -> Result<()> {
        let mut block = [0; BLOCK];
        let read = loop {
            match self.input.read(&mut block) {
                Ok(read) => break read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io(&self.path, "cannot be read", error)),
            }
        };
        self.received += read as u64;
        self.at_end = read == 0;
        if let Some(hash) = &mut self.hash {
            hash.update(&block[..read]);
        }
        match &mut self.decoder {
            None => self.window.extend_from_slice(&block[..read]),
            Some(decoder) => decode(decoder, &block[..read], read == 0, &mut self.window),
        }
        Ok(())
    }
}

fn decode(decoder: &mut Decoder, mut block: &[u8], last: bool, out: &mut Vec<u8>) {
    let mut part = [0; 4096];
    loop {
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(block, &mut part, last);
        out.extend_from_slice(&part[..written]);
        block = &block[read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => out.push(0xFF),
        }
    }
}
