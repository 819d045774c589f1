//! The fine-tuning loop: steps over shuffled records, a dev figure and a checkpoint after every pass, the best pass kept.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{Device, Tensor};

use super::checkpoint::Checkpoint;
use super::examples::{Example, parts, steps};
use super::model::{Model, WindowLogits, concern};
use super::optimiser::{self, Parameter};
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::evaluate::statistics::Ranking;
use crate::labels::Label;

/// What the loop tells while it runs.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Counted from 1.
    pub epoch: usize,
    /// Share of all steps done, 0..=1.
    pub share: f64,
    /// Mean loss a record over the last steps.
    pub loss: f32,
    /// The last pass's figure on dev: average precision of likely or possible against no.
    pub dev: Option<f64>,
}

/// What is to be fitted, on what, and how.
pub(super) struct Task<'a> {
    pub(super) model: &'a Model,
    pub(super) train: &'a [Example],
    pub(super) dev: &'a [Example],
    pub(super) settings: &'a Settings,
    /// Folder of the checkpoint.
    pub(super) checkpoint: &'a Path,
    /// Everything that the result depends on, hashed.
    pub(super) fingerprint: &'a str,
    /// 0: one a core.
    pub(super) threads: usize,
}

/// Fine-tunes and leaves the best pass's weights in the model. A checkpoint made with the same settings and records is
/// gone on from, with the same result as without the break. Returns every pass's dev figure.
///
/// # Errors
/// [`Error::Encoder`] if candle fails, [`Error::Io`] for a checkpoint that cannot be written.
pub(super) fn fine_tune(task: &Task<'_>, parameters: &mut [Parameter], progress: &(dyn Fn(Progress) + Sync)) -> Result<Vec<f64>> {
    let Task { model, train, dev, settings, checkpoint: folder, fingerprint, threads } = *task;
    let mut state = Checkpoint::resume(folder, fingerprint, parameters)?;
    let workers = Workers::new(threads)?;
    let steps_an_epoch = steps(train, settings, 0).len();
    let total = steps_an_epoch * settings.epochs;
    for epoch in state.figures.len()..settings.epochs {
        if state.passes_since_best() >= settings.patience {
            break;
        }
        let mut recent = 0.0;
        for (i, step) in steps(train, settings, epoch).iter().enumerate() {
            let number = epoch * steps_an_epoch + i;
            let (loss, gradients) = workers.gradients(model, parameters, train, step, settings, number)?;
            let records: usize = step.iter().map(Vec::len).sum();
            let gradients = averaged(gradients, records)?;
            let number_from_1 = i32::try_from(number + 1).unwrap_or(i32::MAX);
            optimiser::step(parameters, &gradients, number_from_1, rate(settings, number, total), settings.weight_decay, settings.clip)?;
            #[expect(clippy::cast_precision_loss, reason = "a few records")]
            let loss = loss / records as f32;
            recent = if i == 0 { loss } else { 0.95 * recent + 0.05 * loss };
            #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
            let share = (number + 1) as f64 / total as f64;
            progress(Progress { epoch: epoch + 1, share, loss: recent, dev: state.figures.last().copied() });
        }
        let read = workers.read(model, dev, settings)?;
        let ranked: Vec<_> = dev.iter().zip(&read).map(|(example, said)| (example.label != Label::No, strongest_concern(said))).collect();
        let figure = Ranking::new(&ranked).average_precision().unwrap_or(0.0);
        state.add(figure, parameters)?;
        state.save(folder, fingerprint, parameters)?;
    }
    state.restore_best(parameters)?;
    Ok(state.figures)
}

/// What every window of every example says.
pub(super) fn read(model: &Model, examples: &[Example], settings: &Settings, threads: usize) -> Result<Vec<Vec<WindowLogits>>> {
    Workers::new(threads)?.read(model, examples, settings)
}

/// Linear warm-up, then linear to 0.
fn rate(settings: &Settings, step: usize, steps: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "counts of steps")]
    let (step, steps) = ((step + 1) as f32, steps as f32);
    let warm_up = (settings.warm_up * steps).max(1.0);
    settings.rate * (step / warm_up).min(((steps - step) / (steps - warm_up).max(1.0)).max(0.0))
}

fn averaged(gradients: Vec<Option<Tensor>>, records: usize) -> Result<Vec<Option<Tensor>>> {
    #[expect(clippy::cast_precision_loss, reason = "a few records")]
    let share = 1.0 / records as f64;
    gradients.into_iter().map(|gradient| gradient.map(|g| Ok((g * share)?)).transpose()).collect()
}

/// Threads that each run whole parts of a step, with candle at one thread inside: matrix products of this size gain nothing from being
/// split, and nothing depends on how many threads there are.
struct Workers {
    pools: Vec<rayon::ThreadPool>,
}

impl Workers {
    fn new(threads: usize) -> Result<Self> {
        let threads = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
        let pool = || rayon::ThreadPoolBuilder::new().num_threads(1).stack_size(16 << 20).build();
        let pools = (0..threads).map(|_| pool()).collect::<std::result::Result<_, _>>();
        Ok(Self { pools: pools.map_err(|error| Error::Usage(format!("--threads {threads}: {error}")))? })
    }

    /// What `work` makes of every item, in order.
    fn each<T: Sync, R: Send>(&self, items: &[T], work: impl Fn(usize, &T) -> candle_core::Result<R> + Sync) -> Result<Vec<R>> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, candle_core::Result<R>)>> = Mutex::new(Vec::with_capacity(items.len()));
        std::thread::scope(|scope| {
            for pool in &self.pools {
                scope.spawn(|| {
                    pool.install(|| {
                        loop {
                            let i = next.fetch_add(1, Ordering::Relaxed);
                            let Some(item) = items.get(i) else { break };
                            let result = work(i, item);
                            done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((i, result));
                        }
                    });
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        done.sort_by_key(|(i, _)| *i);
        Ok(done.into_iter().map(|(_, result)| result).collect::<candle_core::Result<_>>()?)
    }

    /// The summed loss of a step and its summed gradients in the order of `parameters`.
    fn gradients(
        &self,
        model: &Model,
        parameters: &[Parameter],
        train: &[Example],
        step: &[Vec<usize>],
        settings: &Settings,
        number: usize,
    ) -> Result<(f32, Vec<Option<Tensor>>)> {
        let parts = self.each(step, |part, records| {
            let examples: Vec<&Example> = records.iter().map(|&i| &train[i]).collect();
            let seed = settings.seed.wrapping_mul(0x9e37_79b9).wrapping_add((number * 1_000 + part) as u64);
            let loss = model.loss(&examples, settings, seed)?;
            let mut store = loss.backward()?;
            let gradients: Vec<Option<Tensor>> = parameters.iter().map(|parameter| store.remove(parameter.var.as_tensor())).collect();
            Ok((loss.to_scalar::<f32>()?, gradients))
        })?;
        // Summed in the order of the parts, so that threads change nothing.
        let mut total = 0.0;
        let mut sums: Vec<Option<Tensor>> = vec![None; parameters.len()];
        for (loss, gradients) in parts {
            total += loss;
            for (sum, gradient) in sums.iter_mut().zip(gradients) {
                *sum = match (sum.take(), gradient) {
                    (Some(sum), Some(gradient)) => Some((sum + gradient)?),
                    (sum, gradient) => sum.or(gradient),
                };
            }
        }
        Ok((total, sums))
    }

    /// What every window of every example says.
    fn read(&self, model: &Model, examples: &[Example], settings: &Settings) -> Result<Vec<Vec<WindowLogits>>> {
        let mut order: Vec<usize> = (0..examples.len()).filter(|&i| !examples[i].windows.is_empty()).collect();
        order.sort_by_key(|&i| (examples[i].windows.iter().map(|window| window.ids.len()).max(), i));
        let parts = parts(examples, &order, settings);
        let read = self.each(&parts, |_, records| model.read(&records.iter().map(|&i| &examples[i]).collect::<Vec<_>>()))?;
        let mut in_order: Vec<Vec<WindowLogits>> = examples.iter().map(|_| Vec::new()).collect();
        for (records, said) in parts.iter().zip(read) {
            let mut said = said.into_iter();
            for &record in records {
                in_order[record] = said.by_ref().take(examples[record].windows.len()).collect();
            }
        }
        Ok(in_order)
    }
}

/// The concern logit of an example by its strongest window; negative infinity where it has no word.
pub(super) fn strongest_concern(windows: &[WindowLogits]) -> f64 {
    windows.iter().map(|window| f64::from(concern(&window.stalking))).fold(f64::NEG_INFINITY, f64::max)
}

/// The tensors of variables, by name, as a bundle wants them.
pub(super) fn exported(parameters: &[Parameter]) -> Result<HashMap<String, Tensor>> {
    let mut tensors = HashMap::new();
    for Parameter { name, var, .. } in parameters {
        let tensor = var.as_tensor().detach();
        if !name.starts_with("encoder.") {
            let turned = if name.ends_with(".weight") { tensor.t()?.contiguous()? } else { tensor };
            tensors.insert(name.clone(), turned);
        } else if let Some((layer, part)) = name.split_once("attention.self.qkv.") {
            let turned = if part == "weight" { tensor.t()?.contiguous()? } else { tensor };
            for (third, which) in turned.chunk(3, 0)?.into_iter().zip(["query", "key", "value"]) {
                tensors.insert(format!("{layer}attention.self.{which}.{part}"), third.contiguous()?);
            }
        } else if name.ends_with("dense.weight") {
            tensors.insert(name.clone(), tensor.t()?.contiguous()?);
        } else {
            tensors.insert(name.clone(), tensor);
        }
    }
    Ok(tensors.into_iter().map(|(name, tensor)| Ok((name, tensor.to_device(&Device::Cpu)?))).collect::<candle_core::Result<_>>()?)
}
