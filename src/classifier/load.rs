//! A model bundle: one folder with everything that a score depends on, checked against its card before the first score.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// The classes of the classifier's head, in the order of its outputs. A bundle of another order is refused.
pub const LABELS: [&str; 3] = ["no", "possible", "likely"];

/// The files of a bundle beside its card.
const FILES: [&str; 5] = ["config.json", "tokenizer.json", "encoder.safetensors", "heads.safetensors", "fusion.toml"];

/// The version of the bundle's layout that this program reads.
const BUNDLE_FORMAT: u32 = 1;

const EMBEDDED_NAME: &str = "(embedded)";

/// What a bundle says of itself, from `card.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Layout version; 1.
    pub format: u32,
    pub name: String,
    pub version: String,
    pub licence: String,
    /// Where the encoder came from.
    pub source: String,
    pub source_sha256: String,
    pub intended_use: String,
    pub not_for: String,
    /// The head's classes in the order of its outputs.
    pub labels: Vec<String>,
    /// The most tokens of one window, the encoder's two markers included.
    pub window_tokens: usize,
    /// The most tokens that neighbouring windows share.
    pub overlap_tokens: usize,
    /// sha256 of every other file.
    pub files: BTreeMap<String, String>,
    /// Every fit that made the bundle what it is, in order: data with hashes, settings, figures. Empty where nothing was fitted.
    #[serde(default)]
    pub fits: Vec<toml::Table>,
}

/// A bundle whose files are all there and are what the card says.
#[derive(Debug)]
pub struct Bundle {
    card: Card,
    path: PathBuf,
    files: BTreeMap<&'static str, Cow<'static, [u8]>>,
    sha256: String,
}

impl Bundle {
    /// The bundle in the binary.
    ///
    /// # Errors
    /// [`Error::Bundle`] if the program was built with a bundle that does not match its card.
    pub fn embedded() -> Result<Self> {
        macro_rules! file {
            ($name:literal) => {
                ($name, Cow::Borrowed(include_bytes!(concat!("../../models/foursight-minilm-l6/", $name)).as_slice()))
            };
        }
        let files = BTreeMap::from([
            file!("config.json"),
            file!("tokenizer.json"),
            file!("encoder.safetensors"),
            file!("heads.safetensors"),
            file!("fusion.toml"),
        ]);
        Self::check(PathBuf::from(EMBEDDED_NAME), include_str!("../../models/foursight-minilm-l6/card.toml"), files)
    }

    /// The bundle in a folder.
    ///
    /// # Errors
    /// [`Error::Bundle`] that names the file which is missing, is not what the card says, or does not parse, and labels in another order.
    pub fn load(folder: &Path) -> Result<Self> {
        let fault = |message: String| Error::Bundle { path: folder.to_owned(), message };
        if !folder.is_dir() {
            return Err(fault("there is no such folder; --model takes the folder that holds card.toml".to_owned()));
        }
        let read = |name: &str| std::fs::read(folder.join(name)).map_err(|error| fault(format!("{name} cannot be read: {error}")));
        let card = String::from_utf8(read("card.toml")?).map_err(|_| fault("card.toml is not UTF-8 text".to_owned()))?;
        let mut files = BTreeMap::new();
        for name in FILES {
            files.insert(name, Cow::Owned(read(name)?));
        }
        Self::check(folder.to_owned(), &card, files)
    }

    fn check(path: PathBuf, card_text: &str, files: BTreeMap<&'static str, Cow<'static, [u8]>>) -> Result<Self> {
        let fault = |message: String| Error::Bundle { path: path.clone(), message };
        let card: Card = toml::from_str(card_text).map_err(|error| fault(format!("card.toml does not parse: {}", error.message())))?;
        if card.format != BUNDLE_FORMAT {
            return Err(fault(format!("its layout is version {}, this program reads version {BUNDLE_FORMAT}", card.format)));
        }
        if card.labels != LABELS {
            return Err(fault(format!("its labels are {:?}, this program wants {LABELS:?} in this order", card.labels)));
        }
        if card.window_tokens < 16 || card.overlap_tokens * 2 > card.window_tokens {
            return Err(fault("window_tokens is at least 16 and overlap_tokens at most half of it".to_owned()));
        }
        for (name, bytes) in &files {
            let wanted = card.files.get(*name).ok_or_else(|| fault(format!("card.toml gives no sha256 for {name}")))?;
            let found = hex(&Sha256::digest(bytes));
            if *wanted != found {
                return Err(fault(format!(
                    "{name} is not the file that card.toml describes: sha256 {found}, wanted {wanted}; copy the bundle again"
                )));
            }
        }
        let sha256 = hex(&Sha256::digest(card_text.as_bytes()));
        Ok(Self { card, path, files, sha256 })
    }

    /// What the bundle says of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// sha256 of the card, which holds those of every other file: one hash for the whole bundle.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Where the bundle was read from, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of one of the bundle's files.
    pub(crate) fn file(&self, name: &str) -> &[u8] {
        self.files.get(name).map_or(&[], AsRef::as_ref)
    }

    /// One of the bundle's files as text.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        std::str::from_utf8(self.file(name)).map_err(|_| self.fault(format!("{name} is not UTF-8 text")))
    }

    /// An error about this bundle.
    pub(crate) fn fault(&self, message: impl Into<String>) -> Error {
        Error::Bundle { path: self.path.clone(), message: message.into() }
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
