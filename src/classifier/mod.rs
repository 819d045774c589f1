//! How much a narrative reads like stalking to a small transformer, apart from any rule.
//!
//! Text becomes windows ([`WindowTokeniser`]), windows become states ([`Encoder`]), states become logits ([`Head`]), and the strongest
//! window of a narrative speaks for it. Nothing here knows indicators.

mod batch;
mod bert;
mod gelu;
mod head;
mod load;
mod ops;
mod tokenise;

pub use bert::{Encoder, EncoderConfig};
pub use head::{ClassLogits, Head};
pub(crate) use load::hex;
pub use load::{Bundle, Card, LABELS};
pub use tokenise::{Window, WindowTokeniser, Windows};

use std::collections::HashMap;

use candle_core::Tensor;

use crate::domain::{Logit, Span};
use crate::error::Result;
use crate::narrative::PreparedNarrative;

/// What the classifier says about one narrative.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Log-odds of likely or possible against no, of the strongest window. 0 where there was nothing to read.
    pub concern: Logit,
    pub tokens: usize,
    pub tokens_scored: usize,
    pub windows: usize,
    /// The strongest window in bytes received; `None` where there was nothing to read.
    pub strongest: Option<Span>,
}

/// A loaded classifier.
pub struct Classifier {
    tokeniser: WindowTokeniser,
    encoder: Encoder,
    head: Head,
}

impl Classifier {
    /// The classifier of a bundle; see [`WindowTokeniser::new`] for `max_windows`.
    ///
    /// # Errors
    /// [`crate::error::Error::Bundle`] if a file's content does not fit the others.
    pub fn new(bundle: &Bundle, max_windows: usize) -> Result<Self> {
        let config: EncoderConfig = serde_json::from_slice(bundle.file("config.json"))
            .map_err(|error| bundle.fault(format!("config.json does not parse: {error}")))?;
        if bundle.card().window_tokens > config.max_position_embeddings {
            return Err(bundle.fault("card.toml wants longer windows than the encoder has positions"));
        }
        let encoder = Encoder::new(config, &tensors(bundle, "encoder.safetensors")?).map_err(|error| bundle.fault(error.to_string()))?;
        let head = Head::new(&tensors(bundle, "heads.safetensors")?, "stalking", encoder.config().hidden_size, LABELS.len())
            .map_err(|error| bundle.fault(format!("heads.safetensors: {error}")))?;
        Ok(Self { tokeniser: WindowTokeniser::new(bundle, max_windows)?, encoder, head })
    }

    /// Cuts a narrative into windows; cheap beside reading them.
    pub fn windows(&self, narrative: &PreparedNarrative) -> Windows {
        self.tokeniser.windows(narrative)
    }

    /// Reads narratives that were cut by [`windows`](Self::windows), on the threads of the current rayon pool. A narrative reads the same
    /// (to 4 places) alone and among others.
    ///
    /// # Errors
    /// [`crate::error::Error::Encoder`] if candle fails.
    pub fn read(&self, narratives: &[(&PreparedNarrative, &Windows)], progress: &(dyn Fn(usize) + Sync)) -> Result<Vec<Reading>> {
        let ids: Vec<&[u32]> = narratives.iter().flat_map(|(_, cut)| cut.windows.iter().map(|window| window.ids.as_slice())).collect();
        let means = batch::each(&ids, |texts| self.encoder.means(texts), progress)?;
        let mut logits = means.iter().map(|mean| ClassLogits::new(&self.head.logits(mean)).concern());
        let readings = narratives.iter().map(|(narrative, cut)| {
            let mut strongest: Option<(Logit, &Window)> = None;
            for (window, logit) in cut.windows.iter().zip(&mut logits) {
                if strongest.is_none_or(|(best, _)| logit.0 > best.0) {
                    strongest = Some((logit, window));
                }
            }
            Reading {
                concern: strongest.map_or(Logit(0.0), |(logit, _)| logit),
                tokens: cut.tokens,
                tokens_scored: cut.tokens_scored,
                windows: cut.windows.len(),
                strongest: strongest.map(|(_, window)| narrative.received_span(window.range.clone())),
            }
        });
        Ok(readings.collect())
    }

    /// The sentence vector of every window (of length 1, as the published model gives it); as in [`read`](Self::read).
    ///
    /// # Errors
    /// [`crate::error::Error::Encoder`] if candle fails.
    pub fn vectors(&self, windows: &[&Window], progress: &(dyn Fn(usize) + Sync)) -> Result<Vec<Vec<f32>>> {
        let ids: Vec<&[u32]> = windows.iter().map(|window| window.ids.as_slice()).collect();
        Ok(batch::each(&ids, |texts| self.encoder.encode(texts), progress)?)
    }
}

/// The tensors of one of a bundle's files, by name.
pub(crate) fn tensors(bundle: &Bundle, name: &str) -> Result<HashMap<String, Tensor>> {
    candle_core::safetensors::load_buffer(bundle.file(name), &candle_core::Device::Cpu)
        .map_err(|error| bundle.fault(format!("{name} is not a safetensors file: {error}")))
}
