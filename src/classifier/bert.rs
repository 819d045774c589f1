//! The BERT encoder (Devlin et al. 2019) on candle-core: token ids in, one mean-pooled, L2-normalised vector a text out.
//!
//! No pooler, one segment. The same code serves screening, where nothing tracks gradients, and training, where the weights are
//! variables and noise is put between layers. Numbers agree with the published implementation (`fixtures/encoder-parity`).

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};
use serde::Deserialize;

use super::ops::{add_bias, gelu, layer_norm, softmax};

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
        add_bias(&x.matmul(&self.weight)?, &self.bias)
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
    heads: usize,
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

/// What training puts between layers (dropout); screening puts nothing.
pub(crate) type Noise<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor>;

/// The states of a batch of texts after the last layer.
pub(crate) struct States {
    /// (texts, longest, hidden)
    pub(crate) states: Tensor,
    /// 1 where a token is real, 0 where it is padding: (texts, longest)
    pub(crate) real: Tensor,
}

impl States {
    /// The mean state of each text's real tokens: (texts, hidden).
    pub(crate) fn mean(&self) -> Result<Tensor> {
        // A product with the mask rather than a sum over it: one pass, and a quick backward.
        let counts = self.real.sum_keepdim(1)?;
        let share = self.real.broadcast_div(&counts)?.unsqueeze(1)?;
        share.matmul(&self.states)?.squeeze(1)
    }
}

/// Looks tensors up by name and checks their shapes.
struct Weights<'a> {
    tensors: &'a HashMap<String, Tensor>,
    /// Training makes a tensor a variable here; it is told the name under which the tensor is used.
    wrap: &'a mut dyn FnMut(&str, Tensor) -> Result<Tensor>,
}

impl Weights<'_> {
    fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let Some(tensor) = self.tensors.get(name) else { candle_core::bail!("weights hold no tensor {name}") };
        if tensor.dims() != shape {
            candle_core::bail!("tensor {name} has shape {:?}, the config wants {shape:?}", tensor.dims());
        }
        tensor.to_dtype(DType::F32)
    }

    /// The linear layers `names` side by side as one.
    fn linear(&mut self, used_as: &str, names: &[String], inputs: usize, outputs: usize) -> Result<Linear> {
        let weights: Vec<_> = names.iter().map(|name| self.get(&format!("{name}.weight"), &[outputs, inputs])).collect::<Result<_>>()?;
        let biases: Vec<_> = names.iter().map(|name| self.get(&format!("{name}.bias"), &[outputs])).collect::<Result<_>>()?;
        let weight = Tensor::cat(&weights, 0)?.t()?.contiguous()?;
        let weight = (self.wrap)(&format!("{used_as}.weight"), weight)?;
        Ok(Linear { weight, bias: (self.wrap)(&format!("{used_as}.bias"), Tensor::cat(&biases, 0)?)? })
    }

    fn norm(&mut self, name: &str, config: &EncoderConfig) -> Result<LayerNorm> {
        #[expect(clippy::cast_possible_truncation, reason = "an epsilon needs no more than f32's precision")]
        let eps = config.layer_norm_eps as f32;
        let (weight_name, bias_name) = (format!("{name}.weight"), format!("{name}.bias"));
        let (weight, bias) = (self.get(&weight_name, &[config.hidden_size])?, self.get(&bias_name, &[config.hidden_size])?);
        Ok(LayerNorm { weight: (self.wrap)(&weight_name, weight)?, bias: (self.wrap)(&bias_name, bias)?, eps })
    }
}

impl Encoder {
    /// Builds the encoder from named tensors (the names of the Hugging Face checkpoint without a `bert.` prefix).
    ///
    /// # Errors
    /// If a tensor is missing or of another shape than `config` says, or the config asks for something this encoder is not.
    pub fn new(config: EncoderConfig, tensors: &HashMap<String, Tensor>) -> Result<Self> {
        Self::with_variables(config, tensors, &mut |_, tensor| Ok(tensor))
    }

    /// As [`new`](Self::new), with every weight of the layers passed through `wrap`, which may make it a variable. Weights of linear
    /// layers are given as (in, out); query, key and value come as one, under the name `attention.self.qkv`. Embeddings are not passed:
    /// training leaves them as they are.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn with_variables(
        config: EncoderConfig,
        tensors: &HashMap<String, Tensor>,
        wrap: &mut dyn FnMut(&str, Tensor) -> Result<Tensor>,
    ) -> Result<Self> {
        if config.model_type != "bert" || config.hidden_act != "gelu" {
            candle_core::bail!("config wants a {} encoder with {}; this is a bert encoder with gelu", config.model_type, config.hidden_act);
        }
        if config.num_attention_heads == 0 || !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            candle_core::bail!("{} attention heads do not divide a width of {}", config.num_attention_heads, config.hidden_size);
        }
        let fixed = &mut |_: &str, tensor| Ok(tensor);
        let mut embeddings = Weights { tensors, wrap: fixed };
        let hidden = config.hidden_size;
        let segments = embeddings.get("embeddings.token_type_embeddings.weight", &[config.type_vocab_size, hidden])?;
        let positions = embeddings.get("embeddings.position_embeddings.weight", &[config.max_position_embeddings, hidden])?;
        let words = embeddings.get("embeddings.word_embeddings.weight", &[config.vocab_size, hidden])?;
        let norm = embeddings.norm("embeddings.LayerNorm", &config)?;
        let mut weights = Weights { tensors, wrap };
        let layers = (0..config.num_hidden_layers).map(|i| Layer::new(&mut weights, i, &config)).collect::<Result<Vec<_>>>()?;
        Ok(Self { words, positions: positions.broadcast_add(&segments.get(0)?)?, norm, layers, config })
    }

    /// The shape this encoder was built with.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Encodes texts given as token ids (markers included), each 1 to `max_position_embeddings` ids long. Returns one vector of
    /// `hidden_size` numbers a text, of length 1: the published model's sentence vector.
    ///
    /// # Errors
    /// If a text is empty or too long, or candle fails.
    pub fn encode(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let mean = self.states(texts, &|x| Ok(x.clone()))?.mean()?;
        let norm = mean.sqr()?.sum_keepdim(1)?.sqrt()?.clamp(1e-12f32, f32::MAX)?;
        mean.broadcast_div(&norm)?.to_vec2()
    }

    /// The states of at least one text after the last layer. Texts are padded to the longest; padding changes no answer beyond
    /// rounding.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub(crate) fn states(&self, texts: &[&[u32]], noise: Noise<'_>) -> Result<States> {
        let longest = texts.iter().map(|ids| ids.len()).max().unwrap_or(0);
        if longest > self.config.max_position_embeddings || texts.iter().any(|ids| ids.is_empty()) {
            candle_core::bail!("a text has 1 to {} tokens, not {longest} or 0", self.config.max_position_embeddings);
        }
        let device = &Device::Cpu;
        let (batch, hidden) = (texts.len(), self.config.hidden_size);
        let padded: Vec<u32> =
            texts.iter().flat_map(|ids| ids.iter().copied().chain(std::iter::repeat_n(0, longest - ids.len()))).collect();
        let ids = Tensor::from_vec(padded, batch * longest, device)?;
        let embedded = self.words.index_select(&ids, 0)?.reshape((batch, longest, hidden))?;
        let embedded = embedded.broadcast_add(&self.positions.narrow(0, 0, longest)?)?;
        let mut x = noise(&self.norm.forward(&embedded.reshape((batch * longest, hidden))?)?)?;

        let is_padded = texts.iter().any(|ids| ids.len() < longest);
        let real: Vec<f32> = texts.iter().flat_map(|ids| (0..longest).map(|i| if i < ids.len() { 1.0 } else { 0.0 })).collect();
        let real = Tensor::from_vec(real, (batch, longest), device)?;
        // 0 where a key is real, a large negative number where it is padding.
        let mask = if is_padded { Some(real.affine(1e9, -1e9)?.reshape((batch, 1, 1, longest))?) } else { None };
        for layer in &self.layers {
            x = layer.forward(&x, batch, longest, mask.as_ref(), noise)?;
        }
        Ok(States { states: x.reshape((batch, longest, hidden))?, real })
    }
}

impl Layer {
    fn new(weights: &mut Weights<'_>, number: usize, config: &EncoderConfig) -> Result<Self> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let mut linear = |part: &str, inputs, outputs| weights.linear(&name(part), &[name(part)], inputs, outputs);
        let attention_output = linear("attention.output.dense", hidden, hidden)?;
        let intermediate = linear("intermediate.dense", hidden, inner)?;
        let output = linear("output.dense", inner, hidden)?;
        let parts = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Self {
            heads: config.num_attention_heads,
            qkv: weights.linear(&name("attention.self.qkv"), &parts, hidden, hidden)?,
            attention_output,
            attention_norm: weights.norm(&name("attention.output.LayerNorm"), config)?,
            intermediate,
            output,
            output_norm: weights.norm(&name("output.LayerNorm"), config)?,
        })
    }

    /// `x` (batch * length, hidden) -> the same shape.
    fn forward(&self, x: &Tensor, batch: usize, length: usize, mask: Option<&Tensor>, noise: Noise<'_>) -> Result<Tensor> {
        let hidden = x.dim(1)?;
        let width = hidden / self.heads;
        let qkv = self.qkv.forward(x)?.reshape((batch, length, 3, self.heads, width))?;
        // (batch, heads, length, width) each
        let part = |i: usize| qkv.narrow(2, i, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous();
        #[expect(clippy::cast_precision_loss, reason = "a head is tens of numbers wide")]
        let scale = 1.0 / (width as f64).sqrt();
        let query = (part(0)? * scale)?;
        let mut scores = query.matmul(&part(1)?.transpose(2, 3)?)?;
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?;
        }
        let context = softmax(&scores)?.matmul(&part(2)?)?;
        let context = context.transpose(1, 2)?.reshape((batch * length, hidden))?;
        let x = self.attention_norm.forward(&(noise(&self.attention_output.forward(&context)?)? + x)?)?;
        let inner = gelu(&self.intermediate.forward(&x)?)?;
        self.output_norm.forward(&(noise(&self.output.forward(&inner)?)? + &x)?)
    }
}
