//! The BERT encoder (Devlin et al. 2019) on candle-core: token ids in, one mean-pooled, L2-normalised vector a text out.
//!
//! Only what inference needs: no dropout, no pooler, one segment. Numbers agree with the published implementation
//! (`fixtures/encoder-parity`).

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};
use serde::Deserialize;

/// The shape of an encoder, as `config.json` gives it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderConfig {
    pub model_type: String,
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub hidden_act: String,
    pub layer_norm_eps: f64,
    pub max_position_embeddings: usize,
    pub type_vocab_size: usize,
}

/// A linear layer with the weight stored as (in, out), so that the product needs no transposed copy.
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// `x` (rows, in) -> (rows, out).
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.weight)?.broadcast_add(&self.bias)
    }
}

struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
}

impl LayerNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, self.eps)
    }
}

struct Layer {
    /// Query, key and value in one product: (hidden, 3 * hidden).
    qkv: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
}

/// A loaded encoder. Weights are f32 in memory whatever they are on disk.
pub struct Encoder {
    words: Tensor,
    /// Position embeddings with the one segment's embedding added: (positions, hidden).
    positions: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    config: EncoderConfig,
}

/// Looks tensors up by name and checks their shapes.
struct Weights<'a> {
    tensors: &'a std::collections::HashMap<String, Tensor>,
}

impl Weights<'_> {
    fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let Some(tensor) = self.tensors.get(name) else { candle_core::bail!("weights hold no tensor {name}") };
        if tensor.dims() != shape {
            candle_core::bail!("tensor {name} has shape {:?}, the config wants {shape:?}", tensor.dims());
        }
        tensor.to_dtype(DType::F32)
    }

    fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
        let weight = self.get(&format!("{name}.weight"), &[outputs, inputs])?.t()?.contiguous()?;
        Ok(Linear { weight, bias: self.get(&format!("{name}.bias"), &[outputs])? })
    }

    fn norm(&self, name: &str, config: &EncoderConfig) -> Result<LayerNorm> {
        #[expect(clippy::cast_possible_truncation, reason = "an epsilon needs no more than f32's precision")]
        let eps = config.layer_norm_eps as f32;
        let shape = [config.hidden_size];
        Ok(LayerNorm { weight: self.get(&format!("{name}.weight"), &shape)?, bias: self.get(&format!("{name}.bias"), &shape)?, eps })
    }
}

impl Encoder {
    /// Builds the encoder from named tensors (the names of the Hugging Face checkpoint without a `bert.` prefix).
    ///
    /// # Errors
    /// If a tensor is missing or of another shape than `config` says, or the config asks for something this encoder is not.
    pub fn new(config: EncoderConfig, tensors: &std::collections::HashMap<String, Tensor>) -> Result<Self> {
        if config.model_type != "bert" || config.hidden_act != "gelu" {
            candle_core::bail!("config wants a {} encoder with {}; this is a bert encoder with gelu", config.model_type, config.hidden_act);
        }
        if config.num_attention_heads == 0 || !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            candle_core::bail!("{} attention heads do not divide a width of {}", config.num_attention_heads, config.hidden_size);
        }
        let weights = Weights { tensors };
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let segments = weights.get("embeddings.token_type_embeddings.weight", &[config.type_vocab_size, hidden])?;
        let positions = weights.get("embeddings.position_embeddings.weight", &[config.max_position_embeddings, hidden])?;
        let layers = (0..config.num_hidden_layers)
            .map(|i| {
                let name = |part: &str| format!("encoder.layer.{i}.{part}");
                let parts = ["query", "key", "value"].map(|part| weights.linear(&name(&format!("attention.self.{part}")), hidden, hidden));
                let [query, key, value] = parts;
                let (query, key, value) = (query?, key?, value?);
                let qkv = Linear {
                    weight: Tensor::cat(&[&query.weight, &key.weight, &value.weight], 1)?.contiguous()?,
                    bias: Tensor::cat(&[&query.bias, &key.bias, &value.bias], 0)?,
                };
                Ok(Layer {
                    qkv,
                    attention_output: weights.linear(&name("attention.output.dense"), hidden, hidden)?,
                    attention_norm: weights.norm(&name("attention.output.LayerNorm"), &config)?,
                    intermediate: weights.linear(&name("intermediate.dense"), hidden, inner)?,
                    output: weights.linear(&name("output.dense"), inner, hidden)?,
                    output_norm: weights.norm(&name("output.LayerNorm"), &config)?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            words: weights.get("embeddings.word_embeddings.weight", &[config.vocab_size, hidden])?,
            positions: positions.broadcast_add(&segments.get(0)?)?,
            norm: weights.norm("embeddings.LayerNorm", &config)?,
            layers,
            config,
        })
    }

    /// The shape this encoder was built with.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Encodes texts given as token ids (markers included), each 1 to `max_position_embeddings` ids long.
    /// Texts are padded to the longest; padding changes no answer beyond rounding. Returns one vector of
    /// `hidden_size` numbers a text, of length 1.
    ///
    /// # Errors
    /// If a text is empty or too long, or candle fails.
    pub fn encode(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        let Some(longest) = texts.iter().map(|ids| ids.len()).max() else { return Ok(Vec::new()) };
        if longest > self.config.max_position_embeddings || texts.iter().any(|ids| ids.is_empty()) {
            candle_core::bail!("a text has 1 to {} tokens, not {longest} or 0", self.config.max_position_embeddings);
        }
        let device = &Device::Cpu;
        let (batch, hidden) = (texts.len(), self.config.hidden_size);
        let padded: Vec<u32> = texts.iter().flat_map(|ids| ids.iter().copied().chain(std::iter::repeat_n(0, longest - ids.len()))).collect();
        let ids = Tensor::from_vec(padded, batch * longest, device)?;
        let embedded = self.words.index_select(&ids, 0)?.reshape((batch, longest, hidden))?;
        let embedded = embedded.broadcast_add(&self.positions.narrow(0, 0, longest)?)?;
        let mut x = self.norm.forward(&embedded.reshape((batch * longest, hidden))?)?;

        let is_padded = texts.iter().any(|ids| ids.len() < longest);
        let real: Vec<f32> = texts.iter().flat_map(|ids| (0..longest).map(|i| if i < ids.len() { 1.0 } else { 0.0 })).collect();
        let real = Tensor::from_vec(real, (batch, longest), device)?;
        // 0 where a key is real, a large negative number where it is padding.
        let mask = if is_padded { Some(real.affine(1e9, -1e9)?.reshape((batch, 1, 1, longest))?) } else { None };
        for layer in &self.layers {
            x = self.layer(layer, &x, batch, longest, mask.as_ref())?;
        }
        let x = x.reshape((batch, longest, hidden))?;
        let counts = real.sum_keepdim(1)?;
        let mean = x.broadcast_mul(&real.unsqueeze(2)?)?.sum(1)?.broadcast_div(&counts)?;
        let norm = mean.sqr()?.sum_keepdim(1)?.sqrt()?.clamp(1e-12f32, f32::MAX)?;
        mean.broadcast_div(&norm)?.to_vec2()
    }

    /// One transformer layer on `x` (batch * length, hidden).
    fn layer(&self, layer: &Layer, x: &Tensor, batch: usize, length: usize, mask: Option<&Tensor>) -> Result<Tensor> {
        let heads = self.config.num_attention_heads;
        let hidden = self.config.hidden_size;
        let width = hidden / heads;
        let qkv = layer.qkv.forward(x)?.reshape((batch, length, 3, heads, width))?;
        // (batch, heads, length, width) each
        let part = |i: usize| qkv.narrow(2, i, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous();
        #[expect(clippy::cast_precision_loss, reason = "a head is tens of numbers wide")]
        let scale = 1.0 / (width as f64).sqrt();
        let query = (part(0)? * scale)?;
        let mut scores = query.matmul(&part(1)?.transpose(2, 3)?)?;
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?;
        }
        let context = softmax_last_dim(&scores)?.matmul(&part(2)?)?;
        let context = context.transpose(1, 2)?.reshape((batch * length, hidden))?;
        let x = layer.attention_norm.forward(&(layer.attention_output.forward(&context)? + x)?)?;
        let inner = layer.intermediate.forward(&x)?.gelu_erf()?;
        layer.output_norm.forward(&(layer.output.forward(&inner)? + &x)?)
    }
}
