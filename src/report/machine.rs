//! What a run ran on, for the manifest: enough to compare speeds, nothing that names the machine or its user.

use serde::Serialize;

/// The processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Processor {
    /// As the system names it, where it does.
    pub(super) name: Option<String>,
    pub(super) architecture: &'static str,
    pub(super) system: &'static str,
    /// Vector extensions that make a difference to speed.
    pub(super) features: Vec<&'static str>,
}

impl Processor {
    /// The processor of this machine.
    pub(super) fn here() -> Self {
        Self { name: name(), architecture: std::env::consts::ARCH, system: std::env::consts::OS, features: features() }
    }
}

fn name() -> Option<String> {
    let facts = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = facts.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    let known = [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("f16c", std::arch::is_x86_feature_detected!("f16c")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
    ];
    known.into_iter().filter_map(|(name, present)| present.then_some(name)).collect()
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<&'static str> {
    if std::arch::is_aarch64_feature_detected!("neon") { vec!["neon"] } else { Vec::new() }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<&'static str> {
    Vec::new()
}
