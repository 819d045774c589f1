//! Fills batches by padded tokens, of windows sorted by length, and encodes them side by side.

use rayon::prelude::*;

/// Padded tokens a batch: large enough for the matrix products, small enough that activations stay in the cache.
const BATCH_TOKENS: usize = 1_024;

/// What `read` makes of every window, in the order given; it is given a batch's texts and their places among `windows`. Batches do not
/// depend on the number of threads. `progress` is told how many tokens were read.
pub(super) fn each<T: Clone + Default + Send>(
    windows: &[&[u32]],
    read: impl Fn(&[&[u32]], &[usize]) -> candle_core::Result<Vec<T>> + Sync,
    progress: &(dyn Fn(usize) + Sync),
) -> candle_core::Result<Vec<T>> {
    let mut order: Vec<usize> = (0..windows.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(windows[i].len()), i));
    let encoded: Vec<(&[usize], Vec<T>)> = batches(&order, |i| windows[i].len())
        .into_par_iter()
        .map(|batch| {
            let texts: Vec<&[u32]> = batch.iter().map(|&i| windows[i]).collect();
            let made = read(&texts, batch)?;
            progress(texts.iter().map(|ids| ids.len()).sum());
            Ok((batch, made))
        })
        .collect::<candle_core::Result<_>>()?;
    let mut in_order = vec![T::default(); windows.len()];
    for (batch, made) in encoded {
        for (&i, made) in batch.iter().zip(made) {
            in_order[i] = made;
        }
    }
    Ok(in_order)
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
