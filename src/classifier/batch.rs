//! Fills batches by padded tokens, of windows sorted by length, and encodes them side by side.

use rayon::prelude::*;

/// Padded tokens a batch: large enough for the matrix products, small enough that activations stay in the cache.
const BATCH_TOKENS: usize = 1_024;

/// What `read` makes of every window, in the order given. Batches do not depend on the number of threads. `progress` is told how many
/// tokens were read.
pub(super) fn each(
    windows: &[&[u32]],
    read: impl Fn(&[&[u32]]) -> candle_core::Result<Vec<Vec<f32>>> + Sync,
    progress: &(dyn Fn(usize) + Sync),
) -> candle_core::Result<Vec<Vec<f32>>> {
    let mut order: Vec<usize> = (0..windows.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(windows[i].len()), i));
    let encoded: Vec<(&[usize], Vec<Vec<f32>>)> = batches(&order, |i| windows[i].len())
        .into_par_iter()
        .map(|batch| {
            let texts: Vec<&[u32]> = batch.iter().map(|&i| windows[i]).collect();
            let vectors = read(&texts)?;
            progress(texts.iter().map(|ids| ids.len()).sum());
            Ok((batch, vectors))
        })
        .collect::<candle_core::Result<_>>()?;
    let mut vectors = vec![Vec::new(); windows.len()];
    for (batch, encoded) in encoded {
        for (&i, vector) in batch.iter().zip(encoded) {
            vectors[i] = vector;
        }
    }
    Ok(vectors)
}

/// Cuts `order` (longest first) into batches of at most [`BATCH_TOKENS`] padded tokens, at least one item each.
fn batches(order: &[usize], length: impl Fn(usize) -> usize) -> Vec<&[usize]> {
    let mut batches = Vec::new();
    let mut rest = order;
    while let Some(&first) = rest.first() {
        let size = (BATCH_TOKENS / length(first).max(1)).clamp(1, rest.len());
        let (batch, after) = rest.split_at(size);
        batches.push(batch);
        rest = after;
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_everything_once_and_stay_small() {
        let lengths = [2000, 256, 256, 256, 256, 256, 100, 8, 8, 8];
        let order: Vec<usize> = (0..lengths.len()).collect();
        let batches = batches(&order, |i| lengths[i]);
        assert_eq!(batches, [&order[..1], &order[1..5], &order[5..9], &order[9..]]);
    }
}
