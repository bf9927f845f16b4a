//! What was compiled last, for as long as the process lives: a book that is looked at beside itself, or another one, needs the
//! same components again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::Digest;

/// Bytes of WebAssembly whose compiled code is kept. Code takes some times that, much of it shared with whoever runs it.
const BYTES_MAX: usize = 16 << 20;

/// The latest of what was put in, within a number of bytes.
#[derive(Debug)]
pub struct Recent<T>(Mutex<Kept<T>>);

#[derive(Debug)]
struct Kept<T> {
    /// The latest used is the last. There are some dozens at most.
    entries: VecDeque<(Digest, usize, T)>,
    bytes: usize,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Recent(Mutex::new(Kept {
            entries: VecDeque::new(),
            bytes: 0,
        }))
    }
}

impl<T: Clone> Recent<T> {
    pub fn get(&self, digest: &Digest) -> Option<T> {
        let mut kept = self.lock();
        let at = { kept.entries.iter() }.position(|(known, ..)| known == digest)?;
        let entry = kept.entries.remove(at)?;
        let found = entry.2.clone();
        kept.entries.push_back(entry);
        Some(found)
    }

    /// `bytes` is what it counts for. One that counts for more than all may is not kept.
    pub fn put(&self, digest: Digest, bytes: usize, value: T) {
        let mut kept = self.lock();
        // Two threads may have made the same at the same time.
        if bytes > BYTES_MAX || kept.entries.iter().any(|(known, ..)| *known == digest) {
            return;
        }
        kept.entries.push_back((digest, bytes, value));
        kept.bytes += bytes;
        while kept.bytes > BYTES_MAX {
            let Some((_, bytes, _)) = kept.entries.pop_front() else {
                return;
            };
            kept.bytes -= bytes;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_the_longest_time_makes_room() {
        let recent = Recent::default();
        let digest = |number: u8| Digest([number; 32]);
        let third = BYTES_MAX / 3;
        for number in 1..=3 {
            recent.put(digest(number), third, number);
        }
        assert_eq!(recent.get(&digest(1)), Some(1));
        recent.put(digest(4), third, 4);
        recent.put(digest(4), third, 5);
        recent.put(digest(6), BYTES_MAX + 1, 6);
        let left = [1, 2, 3, 4, 6].map(|number| recent.get(&digest(number)));
        assert_eq!(left, [Some(1), None, Some(3), Some(4), None]);
    }
}
