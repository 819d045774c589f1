//! How much a narrative reads like stalking to a small transformer, apart from any rule.
//!
//! Text becomes windows ([`WindowTokeniser`]), windows become states ([`Encoder`]), states become logits ([`Head`]), and the strongest
//! window of a narrative speaks for it. Beside that it proposes words for indicators ([`Proposal`]); what becomes of them is for others.

mod batch;
mod bert;
mod gelu;
mod head;
mod load;
mod ops;
mod proposals;
mod tokenise;

pub use bert::{Encoder, EncoderConfig};
use head::TokenHead;
pub use head::{ClassLogits, Head};
pub(crate) use load::hex;
pub use load::{Bundle, Card, LABELS};
pub use proposals::{Proposal, ProposalThresholds};
pub(crate) use proposals::{in_window as proposals_in_window, merged as merged_proposals};
pub use tokenise::{Window, WindowTokeniser, Windows};

use std::collections::HashMap;

use candle_core::Tensor;

use crate::domain::{Indicator, Logit, Span};
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
    /// In order of place; see [`Classifier::propose`].
    pub proposals: Vec<Proposal>,
}

/// What one window says.
#[derive(Debug, Clone, Default)]
struct WindowReading {
    concern: f64,
    proposals: Vec<Proposal>,
}

/// A loaded classifier.
pub struct Classifier {
    tokeniser: WindowTokeniser,
    encoder: Encoder,
    head: Head,
    tokens: TokenHead,
    proposal_thresholds: ProposalThresholds,
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
        let heads = tensors(bundle, "heads.safetensors")?;
        let hidden = encoder.config().hidden_size;
        let fault = |error: candle_core::Error| bundle.fault(format!("heads.safetensors: {error}"));
        let head = Head::new(&heads, "stalking", hidden, LABELS.len()).map_err(fault)?;
        let tokens = TokenHead::new(&heads, "tokens", hidden, Indicator::ALL.len()).map_err(fault)?;
        let tokeniser = WindowTokeniser::new(bundle, max_windows)?;
        Ok(Self { tokeniser, encoder, head, tokens, proposal_thresholds: ProposalThresholds::new() })
    }

    /// Sets from which probability on words are proposed for an indicator; at first none are.
    pub fn propose(&mut self, thresholds: ProposalThresholds) {
        self.proposal_thresholds = thresholds;
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
        let windows: Vec<(&PreparedNarrative, &Window)> =
            narratives.iter().flat_map(|(narrative, cut)| cut.windows.iter().map(|window| (*narrative, window))).collect();
        let ids: Vec<&[u32]> = windows.iter().map(|(_, window)| window.ids.as_slice()).collect();
        let read = batch::each(&ids, |texts, places| self.read_windows(texts, places.iter().map(|&i| windows[i])), progress)?;
        let mut read = read.into_iter();
        let readings = narratives.iter().map(|(narrative, cut)| {
            let mut strongest: Option<(f64, &Window)> = None;
            let mut proposals = Vec::new();
            for (window, said) in cut.windows.iter().zip(&mut read) {
                if strongest.is_none_or(|(best, _)| said.concern > best) {
                    strongest = Some((said.concern, window));
                }
                proposals.extend(said.proposals);
            }
            Reading {
                concern: Logit(strongest.map_or(0.0, |(concern, _)| concern)),
                tokens: cut.tokens,
                tokens_scored: cut.tokens_scored,
                windows: cut.windows.len(),
                strongest: strongest.map(|(_, window)| narrative.received_span(window.range.clone())),
                proposals: merged_proposals(proposals),
            }
        });
        Ok(readings.collect())
    }

    fn read_windows<'a>(
        &self,
        texts: &[&[u32]],
        windows: impl Iterator<Item = (&'a PreparedNarrative, &'a Window)>,
    ) -> candle_core::Result<Vec<WindowReading>> {
        let states = self.encoder.states(texts, &|x| Ok(x.clone()))?;
        let means: Vec<Vec<f32>> = states.mean()?.to_vec2()?;
        let by_token = if self.proposal_thresholds.is_empty() { Vec::new() } else { self.tokens.logits(&states.states)? };
        let longest = texts.iter().map(|ids| ids.len()).max().unwrap_or(0) * Indicator::ALL.len();
        let readings = means.iter().zip(windows).enumerate().map(|(i, (mean, (narrative, window)))| WindowReading {
            concern: ClassLogits::new(&self.head.logits(mean)).concern().0,
            proposals: by_token
                .get(i * longest..(i + 1) * longest)
                .map_or_else(Vec::new, |logits| proposals_in_window(logits, &window.places, &narrative.text, &self.proposal_thresholds)),
        });
        Ok(readings.collect())
    }

    /// The sentence vector of every window (of length 1, as the published model gives it); as in [`read`](Self::read).
    ///
    /// # Errors
    /// [`crate::error::Error::Encoder`] if candle fails.
    pub fn vectors(&self, windows: &[&Window], progress: &(dyn Fn(usize) + Sync)) -> Result<Vec<Vec<f32>>> {
        let ids: Vec<&[u32]> = windows.iter().map(|window| window.ids.as_slice()).collect();
        Ok(batch::each(&ids, |texts, _| self.encoder.encode(texts), progress)?)
    }
}

/// The tensors of one of a bundle's files, by name.
pub(crate) fn tensors(bundle: &Bundle, name: &str) -> Result<HashMap<String, Tensor>> {
    candle_core::safetensors::load_buffer(bundle.file(name), &candle_core::Device::Cpu)
        .map_err(|error| bundle.fault(format!("{name} is not a safetensors file: {error}")))
}
