//! AdamW (Loshchilov & Hutter 2019) with a learning rate for each variable, clipping by the global norm, and a state that can be
//! saved.

use candle_core::{Result, Tensor, Var};
use rayon::prelude::*;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// A variable with what the optimiser keeps for it.
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) var: Var,
    /// Times the schedule's rate.
    pub(super) rate: f32,
    /// Biases and norms are not decayed.
    pub(super) decayed: bool,
    pub(super) mean: Vec<f32>,
    pub(super) square: Vec<f32>,
}

impl Parameter {
    pub(super) fn new(name: String, var: Var, rate: f32) -> Self {
        let count = var.elem_count();
        let decayed = name.ends_with("weight") && !name.contains("LayerNorm");
        Self { name, var, rate, decayed, mean: vec![0.0; count], square: vec![0.0; count] }
    }
}

/// One step with `gradients` in the order of `parameters`, already averaged. `step` counts from 1. Returns the gradients' norm before
/// clipping.
///
/// # Errors
/// If candle fails.
pub(super) fn step(parameters: &mut [Parameter], gradients: &[Option<Tensor>], step: i32, rate: f32, decay: f32, clip: f32) -> Result<f32> {
    let gradients: Vec<Option<Vec<f32>>> =
        gradients.iter().map(|gradient| gradient.as_ref().map(|g| g.flatten_all()?.to_vec1()).transpose()).collect::<Result<_>>()?;
    let squares: Vec<f32> = gradients.par_iter().map(|g| g.as_ref().map_or(0.0, |g| g.iter().map(|x| x * x).sum())).collect();
    let norm = squares.iter().sum::<f32>().sqrt();
    let scale = if norm > clip { clip / norm } else { 1.0 };
    let (correct_1, correct_2) = (1.0 - BETA_1.powi(step), 1.0 - BETA_2.powi(step));
    parameters.par_iter_mut().zip(gradients).try_for_each(|(parameter, gradient)| {
        let Some(gradient) = gradient else { return Ok(()) };
        let rate = rate * parameter.rate;
        let decay = if parameter.decayed { rate * decay } else { 0.0 };
        let mut weights: Vec<f32> = parameter.var.flatten_all()?.to_vec1()?;
        for (((weight, mean), square), gradient) in weights.iter_mut().zip(&mut parameter.mean).zip(&mut parameter.square).zip(gradient) {
            let gradient = gradient * scale;
            *mean = BETA_1 * *mean + (1.0 - BETA_1) * gradient;
            *square = BETA_2 * *square + (1.0 - BETA_2) * gradient * gradient;
            *weight -= decay * *weight + rate * (*mean / correct_1) / ((*square / correct_2).sqrt() + EPSILON);
        }
        parameter.var.set(&Tensor::from_vec(weights, parameter.var.shape(), parameter.var.device())?)
    })?;
    Ok(norm)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use candle_nn::{AdamW, Optimizer, ParamsAdamW};

    use super::*;

    /// The same path as candle-nn's AdamW on a small problem, without clipping.
    #[test]
    fn agrees_with_candles_adamw() {
        let device = &Device::Cpu;
        let start = Tensor::new(&[[1f32, -2.0], [0.5, 3.0]], device).unwrap();
        let target = Tensor::new(&[[0.1f32, 0.2], [0.3, 0.4]], device).unwrap();
        let (ours, theirs) = (Var::from_tensor(&start).unwrap(), Var::from_tensor(&start.copy().unwrap()).unwrap());
        let mut parameters = [Parameter::new("x.weight".to_owned(), ours.clone(), 1.0)];
        let settings = ParamsAdamW { lr: 0.05, beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.01 };
        let mut reference = AdamW::new(vec![theirs.clone()], settings).unwrap();
        let loss = |x: &Var| (x.as_tensor() - &target).unwrap().sqr().unwrap().sum_all().unwrap();
        for i in 1..=20 {
            let gradient = loss(&ours).backward().unwrap().get(&ours).cloned();
            step(&mut parameters, &[gradient], i, 0.05, 0.01, f32::INFINITY).unwrap();
            reference.backward_step(&loss(&theirs)).unwrap();
        }
        let difference: f32 = (ours.as_tensor() - theirs.as_tensor()).unwrap().abs().unwrap().sum_all().unwrap().to_scalar().unwrap();
        assert!(difference < 1e-4, "{difference}");
    }
}
