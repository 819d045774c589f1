//! The classification heads: one mean state in, one logit a class out.

use std::collections::HashMap;

use candle_core::{Result, Tensor};

use super::load::LABELS;
use crate::domain::Logit;

/// A linear layer from a text's mean state (hidden) to one logit a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// One row a class.
    weight: Vec<Vec<f32>>,
    bias: Vec<f32>,
}

/// The head's outputs in the order of [`LABELS`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassLogits(pub [f64; LABELS.len()]);

impl ClassLogits {
    /// From a head's logits, one a label.
    ///
    /// # Panics
    /// If there are not as many logits as labels.
    pub fn new(logits: &[f64]) -> Self {
        let [no, possible, likely] = logits else { panic!("{} logits for {} labels", logits.len(), LABELS.len()) };
        Self([*no, *possible, *likely])
    }

    /// Log-odds of likely or possible against no.
    pub fn concern(self) -> Logit {
        let [no, possible, likely] = self.0;
        let greater = possible.max(likely);
        Logit(greater + ((possible - greater).exp() + (likely - greater).exp()).ln() - no)
    }
}

/// A linear layer from the state of each word piece to one logit an output.
pub(super) struct TokenHead {
    /// (hidden, outputs)
    weight: Tensor,
    bias: Tensor,
}

impl TokenHead {
    /// As [`Head::new`].
    pub(super) fn new(tensors: &HashMap<String, Tensor>, name: &str, inputs: usize, outputs: usize) -> Result<Self> {
        let weight = named(tensors, name, "weight", &[outputs, inputs])?;
        Ok(Self { weight: weight.t()?.contiguous()?, bias: named(tensors, name, "bias", &[outputs])? })
    }

    /// `states` (texts, longest, hidden) -> the logits of every word piece, texts * longest * outputs numbers in that order.
    pub(super) fn logits(&self, states: &Tensor) -> Result<Vec<f32>> {
        let (texts, longest, hidden) = states.dims3()?;
        states.reshape((texts * longest, hidden))?.matmul(&self.weight)?.broadcast_add(&self.bias)?.flatten_all()?.to_vec1()
    }
}

/// The tensor `NAME.PART` in single precision, of the shape wanted.
fn named(tensors: &HashMap<String, Tensor>, name: &str, part: &str, shape: &[usize]) -> Result<Tensor> {
    let Some(tensor) = tensors.get(&format!("{name}.{part}")) else { candle_core::bail!("there is no tensor {name}.{part}") };
    if tensor.dims() != shape {
        candle_core::bail!("tensor {name}.{part} has shape {:?}, wanted {shape:?}", tensor.dims());
    }
    tensor.to_dtype(candle_core::DType::F32)
}

impl Head {
    /// The head `name` from the tensors `NAME.weight` (classes, inputs) and `NAME.bias` (classes).
    ///
    /// # Errors
    /// If one is missing or of another shape.
    pub fn new(tensors: &HashMap<String, Tensor>, name: &str, inputs: usize, classes: usize) -> Result<Self> {
        let get = |part: &str, shape: &[usize]| named(tensors, name, part, shape);
        Ok(Self { weight: get("weight", &[classes, inputs])?.to_vec2()?, bias: get("bias", &[classes])?.to_vec1()? })
    }

    /// The classes' logits for one mean state.
    pub fn logits(&self, state: &[f32]) -> Vec<f64> {
        let logit =
            |row: &[f32], bias: f32| f64::from(bias) + row.iter().zip(state).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum::<f64>();
        self.weight.iter().zip(&self.bias).map(|(row, bias)| logit(row, *bias)).collect()
    }
}
