//! The encoder with its heads as variables: forward with noise, the loss, and back to a bundle's tensors.

use std::cell::RefCell;
use std::collections::HashMap;

use candle_core::{D, DType, Device, Result, Tensor, Var};
use rand::RngExt;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use super::examples::Example;
use super::optimiser::Parameter;
use super::settings::Settings;
use super::swapping::Swaps;
use crate::classifier::{Encoder, EncoderConfig, LABELS};
use crate::domain::Indicator;

/// Outputs of the risk head: none, standard, medium, high.
pub(super) const RISKS: usize = 4;

/// Encoder and heads in training.
pub(super) struct Model {
    encoder: Encoder,
    heads: HashMap<&'static str, (Var, Var)>,
    hidden: usize,
    swaps: Swaps,
}

/// What the heads say of one window.
pub(super) struct WindowLogits {
    /// One number a label.
    pub(super) stalking: Vec<f32>,
    /// One number an indicator for every id, id by id.
    pub(super) tokens: Vec<f32>,
}

/// Heads by name with the number of their outputs. `tokens` is read off every token, the others off the mean state.
const HEADS: [(&str, usize); 4] =
    [("stalking", LABELS.len()), ("risk", RISKS), ("indicators", Indicator::ALL.len()), ("tokens", Indicator::ALL.len())];

impl Model {
    /// Encoder and heads as a bundle has them, and their parameters. The lowest `frozen_layers` layers and the embeddings stay as they
    /// are. A head that has learned nothing yet (all zeros) starts from `priors`: an output that is rarely wanted would else spend most
    /// of the fit on learning just that (Lin et al. 2017, 3.3).
    pub(super) fn new(
        config: EncoderConfig,
        tensors: &HashMap<String, Tensor>,
        bundle_heads: &HashMap<String, Tensor>,
        priors: &HashMap<&'static str, Vec<f32>>,
        swaps: Swaps,
        settings: &Settings,
    ) -> Result<(Self, Vec<Parameter>)> {
        let (layers, hidden) = (config.num_hidden_layers, config.hidden_size);
        let mut parameters = Vec::new();
        let encoder = Encoder::with_variables(config, tensors, &mut |name, tensor| {
            let Some(layer) = layer_of(name).filter(|layer| *layer >= settings.frozen_layers) else { return Ok(tensor) };
            let var = Var::from_tensor(&tensor)?;
            let depth = i32::try_from(layers - 1 - layer).unwrap_or(0);
            parameters.push(Parameter::new(name.to_owned(), var.clone(), settings.layer_decay.powi(depth)));
            Ok(var.as_tensor().clone())
        })?;
        let mut heads = HashMap::new();
        for (name, outputs) in HEADS {
            let get = |part: &str, shape: &[usize]| match bundle_heads.get(&format!("{name}.{part}")) {
                Some(tensor) if tensor.dims() == shape => tensor.to_dtype(DType::F32),
                _ => candle_core::bail!("the bundle has no tensor {name}.{part} of shape {shape:?}"),
            };
            let (weight, mut bias) = (get("weight", &[outputs, hidden])?, get("bias", &[outputs])?);
            let is_fresh = weight.abs()?.sum_all()?.to_scalar::<f32>()? == 0.0 && bias.abs()?.sum_all()?.to_scalar::<f32>()? == 0.0;
            if let Some(prior) = priors.get(name).filter(|_| is_fresh) {
                bias = Tensor::new(prior.as_slice(), &Device::Cpu)?;
            }
            let weight = Var::from_tensor(&weight.t()?.contiguous()?)?;
            let bias = Var::from_tensor(&bias)?;
            let rate = settings.head_rate / settings.rate;
            parameters.push(Parameter::new(format!("{name}.weight"), weight.clone(), rate));
            parameters.push(Parameter::new(format!("{name}.bias"), bias.clone(), rate));
            heads.insert(name, (weight, bias));
        }
        Ok((Self { encoder, heads, hidden, swaps }, parameters))
    }

    fn head(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = &self.heads[name];
        x.matmul(weight.as_tensor())?.broadcast_add(bias.as_tensor())
    }

    /// What every window of `examples` says, without noise.
    pub(super) fn read(&self, examples: &[&Example]) -> Result<Vec<WindowLogits>> {
        let ids: Vec<&[u32]> = examples.iter().flat_map(|example| example.windows.iter().map(|window| window.ids.as_slice())).collect();
        let states = self.encoder.states(&ids, &|x| Ok(x.clone()))?;
        let stalking = self.head("stalking", &states.mean()?)?.to_vec2()?;
        let (count, longest, _) = states.states.dims3()?;
        let tokens = self.head("tokens", &states.states.reshape((count * longest, self.hidden))?)?.flatten_all()?.to_vec1::<f32>()?;
        let outputs = Indicator::ALL.len();
        let of = |(i, stalking): (usize, Vec<f32>)| {
            let start = i * longest * outputs;
            WindowLogits { stalking, tokens: tokens[start..start + ids[i].len() * outputs].to_vec() }
        };
        Ok(stalking.into_iter().enumerate().map(of).collect())
    }

    /// The loss of a few records, summed over records so that parts of a step add up. A record of several windows is judged by its
    /// strongest, as in screening.
    pub(super) fn loss(&self, examples: &[&Example], settings: &Settings, seed: u64) -> Result<Tensor> {
        let random = RefCell::new(Pcg64Mcg::seed_from_u64(seed));
        let noise = |x: &Tensor| dropped(x, settings.dropout, &mut random.borrow_mut());
        let windows: Vec<_> = examples.iter().flat_map(|example| &example.windows).collect();
        let mut masked: Vec<Vec<u32>> = Vec::with_capacity(windows.len());
        for example in examples {
            let swaps = random.borrow_mut().random::<f32>() < settings.swapped_sexes;
            for window in &example.windows {
                let ids = if swaps { self.swaps.swapped(&window.ids) } else { window.ids.clone() };
                masked.push(hidden_in_part(&ids, settings.mask_id, settings.masking, &mut random.borrow_mut()));
            }
        }
        let ids: Vec<&[u32]> = masked.iter().map(Vec::as_slice).collect();
        let states = self.encoder.states(&ids, &noise)?;
        let mean = noise(&states.mean()?)?;

        let logits = self.head("stalking", &mean)?;
        let strongest = strongest(&logits, examples)?;
        let chosen = logits.index_select(&strongest, 0)?;
        let labels = examples.iter().map(|example| example.label.index());
        let mut loss = cross_entropy(&chosen, labels, settings.smoothing)?;

        let with_risk: Vec<(u32, usize)> =
            examples.iter().zip(strongest.to_vec1::<u32>()?).filter_map(|(example, window)| Some((window, example.risk?))).collect();
        if !with_risk.is_empty() {
            let rows = Tensor::from_vec(with_risk.iter().map(|(window, _)| *window).collect::<Vec<_>>(), with_risk.len(), &Device::Cpu)?;
            let risk = self.head("risk", &mean)?.index_select(&rows, 0)?;
            loss = (loss + (cross_entropy(&risk, with_risk.iter().map(|(_, risk)| *risk), 0.0)? * settings.risk_weight)?)?;
        }
        if windows.iter().all(|window| window.indicators.is_some()) {
            #[expect(clippy::cast_precision_loss, reason = "a few records")]
            let share = examples.len() as f64 / windows.len() as f64;
            let wanted: Vec<f32> = windows.iter().flat_map(|window| bits(window.indicators.unwrap_or(0))).collect();
            let wanted = Tensor::from_vec(wanted, (windows.len(), Indicator::ALL.len()), &Device::Cpu)?;
            let by_window = binary(&self.head("indicators", &mean)?, &wanted, 1.0)?.mean(D::Minus1)?.sum_all()?;
            loss = (loss + (by_window * (settings.indicator_weight * share))?)?;
            loss = (loss + (self.token_loss(&states.states, &states.real, &windows)? * (settings.token_weight * share))?)?;
        }
        Ok(loss)
    }

    /// Which indicator each token belongs to, averaged over the tokens of a window and summed over windows.
    fn token_loss(&self, states: &Tensor, real: &Tensor, windows: &[&super::examples::TrainingWindow]) -> Result<Tensor> {
        let (count, longest, _) = states.dims3()?;
        let logits = self.head("tokens", &states.reshape((count * longest, self.hidden))?)?;
        let mut wanted = Vec::with_capacity(count * longest * Indicator::ALL.len());
        for window in windows {
            for i in 0..longest {
                wanted.extend(bits(window.tokens.get(i).copied().unwrap_or(0)));
            }
        }
        let wanted = Tensor::from_vec(wanted, (count * longest, Indicator::ALL.len()), &Device::Cpu)?;
        // A quote is a few words of many: its tokens weigh more.
        let by_token = binary(&logits, &wanted, 4.0)?.mean(D::Minus1)?.reshape((count, longest))?;
        let counts = real.sum_keepdim(1)?;
        (by_token * real)?.broadcast_div(&counts)?.sum_all()
    }
}

/// The number of the layer that a parameter belongs to.
fn layer_of(name: &str) -> Option<usize> {
    name.strip_prefix("encoder.layer.")?.split('.').next()?.parse().ok()
}

fn bits(mask: u64) -> impl Iterator<Item = f32> {
    (0..Indicator::ALL.len()).map(move |i| if mask >> i & 1 == 1 { 1.0 } else { 0.0 })
}

/// For each record the row of its window with the greatest concern.
fn strongest(logits: &Tensor, examples: &[&Example]) -> Result<Tensor> {
    let rows = logits.to_vec2::<f32>()?;
    let mut at = 0;
    let mut chosen = Vec::with_capacity(examples.len());
    for example in examples {
        let windows = &rows[at..at + example.windows.len()];
        let best = windows.iter().enumerate().fold((0, f32::NEG_INFINITY), |best, (i, row)| {
            let concern = concern(row);
            if concern > best.1 { (i, concern) } else { best }
        });
        chosen.push(u32::try_from(at + best.0).unwrap_or(0));
        at += example.windows.len();
    }
    let count = chosen.len();
    Tensor::from_vec(chosen, count, &Device::Cpu)
}

/// Log-odds of possible or likely against no.
pub(super) fn concern(row: &[f32]) -> f32 {
    let greater = row[1].max(row[2]);
    greater + ((row[1] - greater).exp() + (row[2] - greater).exp()).ln() - row[0]
}

/// Sum over rows of the cross-entropy with smoothed labels (Szegedy et al. 2016).
fn cross_entropy(logits: &Tensor, labels: impl Iterator<Item = usize>, smoothing: f32) -> Result<Tensor> {
    let (rows, classes) = logits.dims2()?;
    #[expect(clippy::cast_precision_loss, reason = "a few classes")]
    let rest = smoothing / classes as f32;
    let wanted: Vec<f32> =
        labels.flat_map(|label| (0..classes).map(move |k| rest + if k == label { 1.0 - smoothing } else { 0.0 })).collect();
    let wanted = Tensor::from_vec(wanted, (rows, classes), &Device::Cpu)?;
    (candle_nn::ops::log_softmax(logits, D::Minus1)? * wanted)?.sum_all()?.neg()
}

/// Binary cross-entropy of every logit; where 1 is wanted it weighs `positive` times as much.
fn binary(logits: &Tensor, wanted: &Tensor, positive: f64) -> Result<Tensor> {
    // max(x, 0) - x y + ln(1 + e^-|x|)
    let softplus = ((logits.abs()?.neg()?.exp()? + 1.0)?.log()? + logits.relu()?)?;
    let loss = (softplus - (logits * wanted)?)?;
    if (positive - 1.0).abs() < f64::EPSILON { Ok(loss) } else { loss * ((wanted * (positive - 1.0))? + 1.0)? }
}

/// Dropout (Srivastava et al. 2014): each number is 0 with probability `share`, the others grow to make up for it.
fn dropped(x: &Tensor, share: f32, random: &mut Pcg64Mcg) -> Result<Tensor> {
    if share <= 0.0 {
        return Ok(x.clone());
    }
    let keep = 1.0 / (1.0 - share);
    // Four numbers a draw: 16 bits tell a share well enough.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 65,536")]
    let bound = (share * 65_536.0) as u64;
    let count = x.elem_count();
    let mut mask = Vec::with_capacity(count + 3);
    while mask.len() < count {
        let draw: u64 = random.random();
        mask.extend((0..4).map(|i| if draw >> (16 * i) & 0xffff < bound { 0.0 } else { keep }));
    }
    mask.truncate(count);
    x * Tensor::from_vec(mask, x.shape(), x.device())?
}

/// The ids with a share of them hidden, the markers never.
fn hidden_in_part(ids: &[u32], mask_id: u32, share: f32, random: &mut Pcg64Mcg) -> Vec<u32> {
    let last = ids.len() - 1;
    ids.iter().enumerate().map(|(i, id)| if i > 0 && i < last && random.random::<f32>() < share { mask_id } else { *id }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_by_hand() {
        let logits = Tensor::new(&[[2f32, 0.0, -1.0]], &Device::Cpu).unwrap();
        let sum = (2f32.exp() + 1.0 + (-1f32).exp()).ln();
        let loss: f32 = cross_entropy(&logits, [0].into_iter(), 0.0).unwrap().to_scalar().unwrap();
        assert!((loss - (sum - 2.0)).abs() < 1e-5);
        let smoothed: f32 = cross_entropy(&logits, [0].into_iter(), 0.3).unwrap().to_scalar().unwrap();
        assert!((smoothed - (0.8 * (sum - 2.0) + 0.1 * sum + 0.1 * (sum + 1.0))).abs() < 1e-5);
        let wanted = Tensor::new(&[[1f32, 0.0, 1.0]], &Device::Cpu).unwrap();
        let loss = binary(&logits, &wanted, 3.0).unwrap().to_vec2::<f32>().unwrap().remove(0);
        let by_hand = [3.0 * (1.0 + (-2f32).exp()).ln(), 2f32.ln(), 3.0 * (1.0 + 1f32.exp()).ln()];
        assert!(loss.iter().zip(by_hand).all(|(a, b)| (a - b).abs() < 1e-5), "{loss:?}");
    }

    #[test]
    fn dropout_keeps_the_mean_and_repeats_by_seed() {
        let x = Tensor::ones((100, 100), DType::F32, &Device::Cpu).unwrap();
        let draw = |seed| dropped(&x, 0.1, &mut Pcg64Mcg::seed_from_u64(seed)).unwrap();
        let mean: f32 = draw(1).mean_all().unwrap().to_scalar().unwrap();
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        assert_eq!(draw(1).to_vec2::<f32>().unwrap(), draw(1).to_vec2::<f32>().unwrap());
        assert_ne!(draw(1).to_vec2::<f32>().unwrap(), draw(2).to_vec2::<f32>().unwrap());
    }
}
