//! What a fit needs to go on after a break with the same result: weights, the optimiser's state, the passes so far.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::optimiser::Parameter;
use crate::error::{Error, Result};

/// The state of a fit between two passes.
#[derive(Default)]
pub(super) struct Checkpoint {
    /// Every pass's figure on dev.
    pub(super) figures: Vec<f64>,
    /// The best pass's weights, in the order of the parameters.
    best: Vec<Tensor>,
}

#[derive(Serialize, Deserialize)]
struct Note {
    fingerprint: String,
    figures: Vec<f64>,
}

impl Checkpoint {
    /// The checkpoint in `folder`, loaded into `parameters`; an empty one where there is none or it belongs to another fit.
    pub(super) fn resume(folder: &Path, fingerprint: &str, parameters: &mut [Parameter]) -> Result<Self> {
        let Ok(text) = std::fs::read_to_string(note_path(folder)) else { return Ok(Self::default()) };
        let Some(note) = serde_json::from_str::<Note>(&text).ok().filter(|note| note.fingerprint == fingerprint) else {
            return Ok(Self::default());
        };
        let path = folder.join(tensors_name(note.figures.len()));
        let tensors = candle_core::safetensors::load(&path, &Device::Cpu)
            .map_err(|error| Error::input(&path, format!("the checkpoint cannot be read ({error}); delete its folder to begin anew")))?;
        let get = |kind: &str, name: &str| {
            tensors
                .get(&format!("{kind}/{name}"))
                .ok_or_else(|| Error::input(&path, "the checkpoint is not whole; delete its folder to begin anew"))
        };
        let mut best = Vec::new();
        for parameter in parameters {
            parameter.var.set(get("weight", &parameter.name)?)?;
            parameter.mean = get("mean", &parameter.name)?.flatten_all()?.to_vec1()?;
            parameter.square = get("square", &parameter.name)?.flatten_all()?.to_vec1()?;
            best.push(get("best", &parameter.name)?.clone());
        }
        Ok(Self { figures: note.figures, best })
    }

    /// Takes note of a pass.
    pub(super) fn add(&mut self, figure: f64, parameters: &[Parameter]) -> Result<()> {
        if self.figures.iter().all(|earlier| figure > *earlier) {
            self.best = parameters.iter().map(|parameter| Ok(parameter.var.as_tensor().detach().copy()?)).collect::<Result<_>>()?;
        }
        self.figures.push(figure);
        Ok(())
    }

    pub(super) fn passes_since_best(&self) -> usize {
        let best = self.figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.figures.iter().position(|figure| *figure >= best).map_or(0, |place| self.figures.len() - 1 - place)
    }

    /// Puts the best pass's weights back.
    pub(super) fn restore_best(&self, parameters: &[Parameter]) -> Result<()> {
        for (parameter, best) in parameters.iter().zip(&self.best) {
            parameter.var.set(best)?;
        }
        Ok(())
    }

    /// Writes the checkpoint; a break at any moment leaves the one before.
    pub(super) fn save(&self, folder: &Path, fingerprint: &str, parameters: &[Parameter]) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(|source| Error::io(folder, "cannot make the folder for checkpoints", source))?;
        let mut tensors: HashMap<String, Tensor> = HashMap::new();
        for (parameter, best) in parameters.iter().zip(&self.best) {
            let name = &parameter.name;
            let state = |numbers: &[f32]| Tensor::from_slice(numbers, numbers.len(), &Device::Cpu);
            tensors.insert(format!("weight/{name}"), parameter.var.as_tensor().detach());
            tensors.insert(format!("mean/{name}"), state(&parameter.mean)?);
            tensors.insert(format!("square/{name}"), state(&parameter.square)?);
            tensors.insert(format!("best/{name}"), best.clone());
        }
        let path = folder.join(tensors_name(self.figures.len()));
        candle_core::safetensors::save(&tensors, &path)?;
        let note = Note { fingerprint: fingerprint.to_owned(), figures: self.figures.clone() };
        let text = serde_json::to_string(&note).map_err(|error| Error::input(&path, error.to_string()))?;
        let (note_path, partial) = (note_path(folder), folder.join("note.partial"));
        std::fs::write(&partial, text).map_err(|source| Error::io(&partial, "cannot write", source))?;
        std::fs::rename(&partial, &note_path).map_err(|source| Error::io(&note_path, "cannot write", source))?;
        // The note points at the new file: the one before is not wanted any more.
        let _ = std::fs::remove_file(folder.join(tensors_name(self.figures.len() - 1)));
        Ok(())
    }
}

fn note_path(folder: &Path) -> PathBuf {
    folder.join("note.json")
}

fn tensors_name(passes: usize) -> String {
    format!("after-{passes}.safetensors")
}
