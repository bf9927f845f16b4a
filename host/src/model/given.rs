//! Time and chance, which no computation could repeat. They come from the machine, but on a thread to which a simulation
//! has given its own: there a seed makes every id, salt and time again.

use std::cell::RefCell;
use std::time::Duration;

use jiff::Timestamp;
use uuid::{Builder, Uuid};

thread_local! {
    static GIVEN: RefCell<Option<Given>> = const { RefCell::new(None) };
}

struct Given {
    now: Timestamp,
    /// Of SplitMix64: every id needs other bits, and none needs secrecy here.
    state: u64,
}

impl Given {
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            let bits = self.bits().to_le_bytes();
            chunk.copy_from_slice(&bits[..chunk.len()]);
        }
        bytes
    }
}

fn with<T>(given: impl FnOnce(&mut Given) -> T) -> Option<T> {
    GIVEN.with_borrow_mut(|it| it.as_mut().map(given))
}

/// This thread's time stands still from now on, at so many milliseconds since 1970, and its chance follows from a seed.
pub fn begin(seed: u64, milliseconds: i64) {
    let now = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH);
    GIVEN.set(Some(Given { now, state: seed }));
}

/// Moves this thread's time on, where it is given.
pub fn advance(by: Duration) {
    with(|given| given.now = given.now.saturating_add(by).unwrap_or(Timestamp::MAX));
}

/// The machine's time and chance again.
pub fn end() {
    GIVEN.set(None);
}

/// The time on this thread.
pub(super) fn now() -> Timestamp {
    with(|given| given.now).unwrap_or_else(Timestamp::now)
}

/// The time on this thread, where it is given.
pub(super) fn given_now() -> Option<Timestamp> {
    with(|given| given.now)
}

/// An id that nobody else has, near in order to those of its time: a UUID of version 7.
pub fn id() -> Uuid {
    with(|given| {
        let milliseconds = given.now.as_millisecond().cast_unsigned();
        let bytes = given.bytes::<10>();
        Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid()
    })
    .unwrap_or_else(Uuid::now_v7)
}

/// Random bytes that nobody can guess: six bits of them say that they are a UUID of version 4.
pub fn salt() -> [u8; 16] {
    with(Given::bytes::<16>).unwrap_or_else(|| Uuid::new_v4().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_again_until_it_is_taken_back() {
        let some = || (id(), salt(), crate::model::clock::now());
        begin(7, 1_000);
        let first = some();
        advance(Duration::from_millis(5));
        let later = some();
        begin(7, 1_000);
        assert_eq!(some(), first);
        end();
        assert_eq!(first.2, "1970-01-01T00:00:01.000000Z");
        assert_eq!(later.2, "1970-01-01T00:00:01.005000Z");
        assert!(first.0 < later.0 && first.1 != later.1);
        assert!(some().2 > later.2 && id() != id());
    }
}
