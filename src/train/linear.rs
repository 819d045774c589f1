//! Multinomial logistic regression by full-batch AdamW on candle's automatic differentiation. Deterministic: it starts at zero.

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};

use crate::error::Result;

const STEPS: usize = 600;
const LEARNING_RATE: f64 = 0.05;

/// What to fit: classes 0..=outputs, class 0 being the reference whose logit is 0.
pub(super) struct Fit {
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) classes: Vec<usize>,
    pub(super) outputs: usize,
    /// Weight of half the squared weights (not the bias) beside the mean loss.
    pub(super) decay: f64,
    /// Inputs whose weights may not fall below 0; empty for none.
    pub(super) non_negative: Vec<bool>,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LinearModel {
    /// One row an input, one column an output.
    pub(super) weights: Vec<Vec<f64>>,
    pub(super) bias: Vec<f64>,
}

/// Fits by the mean cross-entropy.
pub(super) fn fit(task: &Fit) -> Result<LinearModel> {
    let device = &Device::Cpu;
    let (count, inputs) = (task.rows.len(), task.rows.first().map_or(0, Vec::len));
    let x = Tensor::from_vec(task.rows.concat(), (count, inputs), device)?;
    let one_hot: Vec<f64> =
        task.classes.iter().flat_map(|&class| (0..=task.outputs).map(move |k| f64::from(u8::from(k == class)))).collect();
    let wanted = Tensor::from_vec(one_hot, (count, task.outputs + 1), device)?;
    let weights = Var::zeros((inputs, task.outputs), DType::F64, device)?;
    let bias = Var::zeros(task.outputs, DType::F64, device)?;
    let floor: Vec<f64> = (0..inputs).map(|i| if task.non_negative.get(i) == Some(&true) { 0.0 } else { f64::MIN }).collect();
    let floor = Tensor::from_vec(floor, (inputs, 1), device)?.broadcast_as((inputs, task.outputs))?.contiguous()?;
    let reference = Tensor::zeros((count, 1), DType::F64, device)?;
    let parameters = ParamsAdamW { lr: LEARNING_RATE, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimiser = AdamW::new(vec![weights.clone(), bias.clone()], parameters)?;
    #[expect(clippy::cast_precision_loss, reason = "a count of records")]
    let count = count as f64;
    for step in 0..STEPS {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred steps")]
        let left = 1.0 - step as f64 / STEPS as f64;
        optimiser.set_learning_rate(LEARNING_RATE * left);
        let logits = Tensor::cat(&[&reference, &x.matmul(&weights)?.broadcast_add(&bias)?], 1)?;
        let log_probabilities = candle_nn::ops::log_softmax(&logits, D::Minus1)?;
        let loss = ((log_probabilities * &wanted)?.sum_all()? / -count)?;
        let loss = (loss + (weights.sqr()?.sum_all()? * (task.decay / 2.0))?)?;
        optimiser.backward_step(&loss)?;
        weights.set(&weights.maximum(&floor)?)?;
    }
    Ok(LinearModel { weights: weights.to_vec2()?, bias: bias.to_vec1()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_log_odds_of_a_table() {
        // One yes-no input: 30 of 40 positive with it, 10 of 40 without.
        let mut rows = Vec::new();
        let mut classes = Vec::new();
        for i in 0..80 {
            let with = i < 40;
            rows.push(vec![f64::from(u8::from(with))]);
            classes.push(usize::from(if with { i < 30 } else { i < 50 }));
        }
        let model = fit(&Fit { rows: rows.clone(), classes: classes.clone(), outputs: 1, decay: 0.0, non_negative: vec![] }).unwrap();
        assert!((model.bias[0] - (10.0f64 / 30.0).ln()).abs() < 0.02, "{model:?}");
        assert!((model.weights[0][0] - 2.0 * 3.0f64.ln()).abs() < 0.04, "{model:?}");

        let reversed = classes.iter().map(|class| 1 - class).collect();
        let bounded = fit(&Fit { rows, classes: reversed, outputs: 1, decay: 0.0, non_negative: vec![true] }).unwrap();
        assert_eq!(bounded.weights[0][0], 0.0);
    }
}
