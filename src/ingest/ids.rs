//! Which ids have been seen in the run, and where.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sha2::{Digest, Sha256};

/// Where each id was first met. An id takes some 40 bytes whatever its length: a hash stands for it, long enough that two ids of a run
/// never share one.
#[derive(Debug, Default)]
pub(super) struct SeenIds {
    places: HashMap<[u8; 16], (u32, u32)>,
}

impl SeenIds {
    /// Notes an id. `Err` holds file and row (both as given) of the record that has it already.
    pub(super) fn add(&mut self, id: &str, file: usize, row: u64) -> Result<(), (usize, u64)> {
        let digest = Sha256::digest(id.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        match self.places.entry(key) {
            Entry::Occupied(place) => Err((place.get().0 as usize, u64::from(place.get().1))),
            Entry::Vacant(place) => {
                place.insert((u32::try_from(file).unwrap_or(u32::MAX), u32::try_from(row).unwrap_or(u32::MAX)));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_tells_the_first_place() {
        let mut seen = SeenIds::default();
        assert_eq!(seen.add("CR/1", 0, 7), Ok(()));
        assert_eq!(seen.add("cr/1", 1, 1), Ok(()), "ids are compared as they are written");
        assert_eq!(seen.add("CR/1", 2, 9), Err((0, 7)));
    }
}
