//! What a fit depends on beside its records; all of it goes into the bundle's card.

use serde::{Deserialize, Serialize};

/// Settings of a fit. The defaults are those that the delivered bundle was made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Seed of everything random: order, noise, fresh heads.
    pub seed: u64,
    /// Passes over the records at most.
    pub epochs: usize,
    /// Passes without a better dev figure after which the fit stops.
    pub patience: usize,
    /// Layers from the bottom that stay as published; the embeddings always do.
    pub frozen_layers: usize,
    /// Learning rate of the top layer at its height; falls linearly to 0.
    pub rate: f32,
    /// Learning rate of the heads at its height.
    pub head_rate: f32,
    /// Each layer below the top learns at this share of the one above it.
    pub layer_decay: f32,
    /// Share of all steps over which the rate rises.
    pub warm_up: f32,
    pub weight_decay: f32,
    /// Share of numbers that dropout sets to 0.
    pub dropout: f32,
    /// Share of word pieces that are hidden from the encoder.
    pub masking: f32,
    /// Share of records that are told with the sexes exchanged, drawn anew in every pass.
    pub swapped_sexes: f32,
    /// Gradients are clipped to this norm.
    pub clip: f32,
    /// Records a step.
    pub batch: usize,
    /// Padded word pieces, and records, that go through the encoder at once at most. Several parts a step keep several cores at work;
    /// neither number depends on how many there are.
    pub part_tokens: usize,
    pub part_records: usize,
    /// Label smoothing of the stalking head.
    pub smoothing: f32,
    /// Weights of the side tasks beside the stalking head's 1.
    pub risk_weight: f64,
    pub indicator_weight: f64,
    pub token_weight: f64,
    /// The id of the mask token; from the vocabulary.
    pub mask_id: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 24,
            epochs: 4,
            patience: 2,
            frozen_layers: 0,
            rate: 1e-4,
            head_rate: 3e-3,
            layer_decay: 0.85,
            warm_up: 0.1,
            weight_decay: 0.01,
            dropout: 0.1,
            masking: 0.1,
            swapped_sexes: 0.5,
            clip: 1.0,
            batch: 16,
            part_tokens: 1_024,
            part_records: 4,
            smoothing: 0.05,
            risk_weight: 0.3,
            indicator_weight: 8.0,
            token_weight: 24.0,
            mask_id: 0,
        }
    }
}
