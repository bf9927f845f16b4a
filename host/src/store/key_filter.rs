//! Which keys a table surely does not hold: most inserts are of new keys, and need not be looked up first.
//!
//! A Bloom filter in blocks of one machine word (Putze, Sanders and Singler, "Cache-, hash- and space-efficient Bloom
//! filters"), in layers that double: memory follows the number of keys, about two bytes each.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use crate::model::value::RowKey;

/// Words of the first layer.
const WORDS_FIRST: usize = 1 << 10;
/// Keys that a word is for; with five bits each, about one absent key in fifty is taken for a present one.
const KEYS_PER_WORD: usize = 4;

/// May say "perhaps" of a key that was never added; never "no" of one that was.
#[derive(Debug, Default)]
pub struct KeyFilter {
    layers: Vec<Vec<u64>>,
    /// Keys that the last layer still takes.
    room: usize,
}

impl KeyFilter {
    pub fn add(&mut self, key: &RowKey) {
        if self.room == 0 {
            let words = WORDS_FIRST << self.layers.len();
            self.layers.push(vec![0; words]);
            self.room = words * KEYS_PER_WORD;
        }
        self.room -= 1;
        let (hash, mask) = hash(key);
        if let Some(layer) = self.layers.last_mut() {
            let at = place(hash, layer.len());
            layer[at] |= mask;
        }
    }

    pub fn may_hold(&self, key: &RowKey) -> bool {
        let (hash, mask) = hash(key);
        self.layers
            .iter()
            .any(|layer| layer[place(hash, layer.len())] & mask == mask)
    }
}

/// Layers have a power of two of words; the bits come from the other half of the hash.
fn place(hash: u64, words: usize) -> usize {
    (hash >> 32) as usize & (words - 1)
}

fn hash(key: &RowKey) -> (u64, u64) {
    let hash = FixedState::default().hash_one(key);
    let mask = (0..5).fold(0, |mask, bit| mask | 1 << (hash >> (bit * 6) & 63));
    (hash, mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[test]
    fn a_key_that_was_added_is_never_denied_and_few_others_are_not() {
        let mut filter = KeyFilter::default();
        let key = |a: i64, b: i64| RowKey::new([Value::Integer(a), Value::Integer(b)].iter());
        for number in 0..100_000 {
            filter.add(&key(number % 97, number));
        }
        assert!((0..100_000).all(|number| filter.may_hold(&key(number % 97, number))));
        let taken = (0..100_000)
            .filter(|number| filter.may_hold(&key(98, *number)))
            .count();
        assert!(taken < 12_000, "{taken} of 100,000 absent keys");
        let bytes: usize = filter.layers.iter().map(|layer| layer.len() * 8).sum();
        assert!(bytes < 100_000 * 5, "{bytes} bytes");
    }
}
