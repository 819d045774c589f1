//! Fits a bundle on labelled records: fine-tunes the encoder with its heads, then fits fusion weights, calibration and thresholds on
//! the dev split.
//!
//! Nothing in the screening path imports this module.

mod card;
mod checkpoint;
mod examples;
mod finetune;
mod fusing;
mod linear;
mod model;
mod optimiser;
mod proposing;
mod settings;
mod swapping;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::{DType, Tensor};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

pub use card::{DevFigures, FileUsed, FitRecord};
pub use finetune::Progress;
use finetune::Task;
pub use settings::Settings;

use crate::classifier::{Bundle, EncoderConfig, WindowTokeniser, hex, tensors};
use crate::error::{Error, Result};
use crate::fusion::{Calibration, Fusion};
use crate::indicators::RuleSet;
use crate::labels::{Label, LabelledRecord, Split};
use crate::narrative::PreparedNarrative;
use fusing::Scored;
use model::Model;
use swapping::Swaps;

/// Fewest records of each label in train, and in dev, that a fit is worth anything with.
const MIN_TRAIN: usize = 50;
const MIN_DEV: usize = 20;
/// Dev records are dealt into this many parts for fitting the fusion.
const FOLDS: usize = 10;

/// Where a fit reads and writes.
pub struct Places<'a> {
    /// The bundle to start from.
    pub base: &'a Bundle,
    /// The folder to write the new bundle to.
    pub out: &'a Path,
    /// Where a fit that was broken off goes on from.
    pub checkpoint: &'a Path,
    /// The labelled files, for the card.
    pub files: Vec<FileUsed>,
}

/// Fits a bundle on the train records of `records`, choosing by its dev records; test records are left out.
///
/// # Errors
/// [`Error::Usage`] where there is too little to learn from; [`Error::Encoder`]; the errors of reading and writing the bundle.
pub fn fit(
    records: &[LabelledRecord],
    rules: &RuleSet,
    places: &Places<'_>,
    settings: &Settings,
    threads: usize,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<FitRecord> {
    let started = Instant::now();
    let of = |split: Split| records.iter().filter(|record| record.split == split).collect::<Vec<_>>();
    let (train, dev) = (of(Split::Train), of(Split::Dev));
    let (train_labels, dev_labels) = (counted(&train, "train", MIN_TRAIN)?, counted(&dev, "dev", MIN_DEV)?);

    let tokeniser = WindowTokeniser::new(places.base, 0)?;
    let settings = Settings { mask_id: tokeniser.mask_id().unwrap_or(0), ..settings.clone() };
    let (train_examples, dev_examples) = (examples::examples(&train, &tokeniser), examples::examples(&dev, &tokeniser));
    let config: EncoderConfig = serde_json::from_slice(places.base.file("config.json"))
        .map_err(|error| places.base.fault(format!("config.json does not parse: {error}")))?;
    let weights = tensors(places.base, "encoder.safetensors")?;
    let heads = tensors(places.base, "heads.safetensors")?;
    let (model, mut parameters) =
        Model::new(config, &weights, &heads, &examples::priors(&train_examples), Swaps::new(&tokeniser), &settings)?;
    let fingerprint = fingerprint(records, places.base, &settings);
    let task = Task {
        model: &model,
        train: &train_examples,
        dev: &dev_examples,
        settings: &settings,
        checkpoint: places.checkpoint,
        fingerprint: &fingerprint,
        threads,
    };
    let passes = finetune::fine_tune(&task, &mut parameters, progress)?;

    let said = finetune::read(&model, &dev_examples, &settings, threads)?;
    let scored: Vec<Scored> = dev
        .par_iter()
        .zip(&said)
        .map(|(record, said)| (record, finetune::strongest_concern(said)))
        .filter(|(_, concern)| concern.is_finite())
        .map(|(record, concern)| Scored {
            label: record.label,
            concern,
            findings: rules.findings(&PreparedNarrative::new(&record.narrative)),
        })
        .collect();
    let (mut fusion, probabilities) = fusing::fit(&scored, FOLDS)?;
    fusion.proposals = proposing::fit(&dev, &said, &tokeniser);
    let record = FitRecord {
        program: format!("foursight {}", env!("CARGO_PKG_VERSION")),
        base_sha256: places.base.sha256().to_owned(),
        rules_sha256: rules.sha256().to_owned(),
        seconds: started.elapsed().as_secs(),
        passes,
        train: train_labels,
        dev: dev_labels,
        thresholds: fusion.thresholds,
        dev_figures: DevFigures::new(&scored, &probabilities, fusion.thresholds, settings.seed),
        settings,
        files: places.files.clone(),
    };
    write(places, &weights, finetune::exported(&parameters)?, &fusion, &record)?;
    Ok(record)
}

fn counted(records: &[&LabelledRecord], split: &str, least: usize) -> Result<BTreeMap<&'static str, usize>> {
    let mut labels = BTreeMap::new();
    for label in Label::ALL {
        let count = records.iter().filter(|record| record.label == label).count();
        if count < least {
            return Err(Error::Usage(format!(
                "{count} of the {split} records are labelled {}; a fit wants at least {least}",
                label.name()
            )));
        }
        labels.insert(label.name(), count);
    }
    Ok(labels)
}

/// Everything that the result of a fit depends on; a checkpoint of another fit is not gone on from.
fn fingerprint(records: &[LabelledRecord], base: &Bundle, settings: &Settings) -> String {
    let mut hash = Sha256::new();
    hash.update(base.sha256());
    hash.update(format!("{settings:?}"));
    for record in records {
        hash.update(format!("{}\0{:?}\0{:?}\0{:?}\0{:?}\0", record.id, record.split, record.label, record.risk, record.evidence));
        hash.update(&record.narrative);
    }
    hex(&hash.finalize())
}

/// Writes the bundle beside `out` and puts it in its place whole.
fn write(
    places: &Places<'_>,
    base: &HashMap<String, Tensor>,
    learned: HashMap<String, Tensor>,
    fusion: &Fusion,
    record: &FitRecord,
) -> Result<()> {
    let parent = places.out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = tempfile::Builder::new()
        .prefix(".foursight-bundle-")
        .tempdir_in(parent)
        .map_err(|source| Error::io(parent, "cannot write", source))?;
    let (heads, layers): (HashMap<_, _>, HashMap<_, _>) = learned.into_iter().partition(|(name, _)| !name.starts_with("encoder."));
    let mut encoder = base.clone();
    encoder.extend(layers);
    // Half precision on disk: what is read back is what screening scores with.
    let halved = encoder.into_iter().map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F16)?))).collect::<Result<HashMap<_, _>>>()?;
    let path = |name: &str| folder.path().join(name);
    candle_core::safetensors::save(&halved, path("encoder.safetensors"))?;
    candle_core::safetensors::save(&heads, path("heads.safetensors"))?;
    for name in ["config.json", "tokenizer.json"] {
        save(&path(name), places.base.file(name))?;
    }
    save(&path("fusion.toml"), fusion_text(fusion)?.as_bytes())?;

    let mut card = places.base.card().clone();
    // A bundle that was made on top of another says how that one was made too.
    card.fits.push(toml::Table::try_from(record).map_err(|error| Error::Usage(format!("card.toml cannot be written: {error}")))?);
    card.files = BTreeMap::new();
    for name in ["config.json", "encoder.safetensors", "fusion.toml", "heads.safetensors", "tokenizer.json"] {
        let bytes = std::fs::read(path(name)).map_err(|source| Error::io(path(name), "cannot read", source))?;
        card.files.insert(name.to_owned(), hex(&Sha256::digest(&bytes)));
    }
    let text = toml::to_string(&card).map_err(|error| Error::Usage(format!("card.toml cannot be written: {error}")))?;
    save(&path("card.md"), card::markdown(&card, record).as_bytes())?;
    save(&path("card.toml"), text.as_bytes())?;
    put_in_place(folder.path(), places.out)
}

fn put_in_place(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(|source| Error::io(to, "cannot make the folder", source))?;
    let mut names: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(from).map_err(|source| Error::io(from, "cannot read", source))? {
        names.push(entry.map_err(|source| Error::io(from, "cannot read", source))?.path());
    }
    // The card last: a bundle that was not put in place whole does not match its card.
    names.sort_by_key(|path| (path.ends_with("card.toml"), path.clone()));
    for path in names {
        let target = to.join(path.file_name().unwrap_or_default());
        std::fs::rename(&path, &target).map_err(|source| Error::io(&target, "cannot write", source))?;
    }
    Ok(())
}

fn fusion_text(fusion: &Fusion) -> Result<String> {
    let rounded = |x: f64| (x * 1e4).round() / 1e4;
    let fusion = Fusion {
        bias: rounded(fusion.bias),
        classifier: rounded(fusion.classifier),
        variety: rounded(fusion.variety),
        behaviour_with_pattern: rounded(fusion.behaviour_with_pattern),
        calibration: Calibration { slope: rounded(fusion.calibration.slope), intercept: rounded(fusion.calibration.intercept) },
        thresholds: fusion.thresholds,
        indicators: fusion.indicators.iter().map(|(indicator, weight)| (*indicator, rounded(*weight))).collect(),
        proposals: fusion.proposals.clone(),
    };
    let text = toml::to_string(&fusion).map_err(|error| Error::Usage(format!("fusion.toml cannot be written: {error}")))?;
    Ok(format!("# Fusion weights in log-odds, calibration and thresholds; written by `foursight train`, see card.toml.\n\n{text}"))
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|source| Error::io(path, "cannot write", source))
}
