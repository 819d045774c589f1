//! The classification head: one vector in, one logit a class out.

use std::collections::HashMap;

use candle_core::{Result, Tensor};

use super::load::LABELS;
use crate::domain::Logit;

/// A linear head on the encoder's vectors.
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
    /// Log-odds of likely or possible against no.
    pub fn concern(self) -> Logit {
        let [no, possible, likely] = self.0;
        let greater = possible.max(likely);
        Logit(greater + ((possible - greater).exp() + (likely - greater).exp()).ln() - no)
    }
}

impl Head {
    /// A head from the tensors `weight` (classes, inputs) and `bias` (classes).
    ///
    /// # Errors
    /// If one is missing or of another shape.
    pub fn new(tensors: &HashMap<String, Tensor>, inputs: usize, classes: usize) -> Result<Self> {
        let get = |name: &str, shape: &[usize]| {
            let Some(tensor) = tensors.get(name) else { candle_core::bail!("there is no tensor {name}") };
            if tensor.dims() != shape {
                candle_core::bail!("tensor {name} has shape {:?}, wanted {shape:?}", tensor.dims());
            }
            tensor.to_dtype(candle_core::DType::F32)
        };
        Ok(Self { weight: get("weight", &[classes, inputs])?.to_vec2()?, bias: get("bias", &[classes])?.to_vec1()? })
    }

    /// The classes' logits for one vector.
    pub fn logits(&self, vector: &[f32]) -> ClassLogits {
        let mut logits = [0.0; LABELS.len()];
        for ((logit, row), bias) in logits.iter_mut().zip(&self.weight).zip(&self.bias) {
            *logit = f64::from(*bias) + row.iter().zip(vector).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum::<f64>();
        }
        ClassLogits(logits)
    }
}
