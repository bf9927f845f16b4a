//! Owns random choices that can be repeated: a test prints its seed, and takes it from `DAYBOOK_TEST_SEED` where that is
//! set.

use std::time::{SystemTime, UNIX_EPOCH};

/// SplitMix64: one number of state, good enough to choose test cases.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Of the given seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// Of `DAYBOOK_TEST_SEED`, else of the time; says which, so that a failure can be repeated.
    pub fn announced(test: &str) -> Random {
        let given = std::env::var("DAYBOOK_TEST_SEED").ok().map(|text| {
            text.parse()
                .unwrap_or_else(|_| panic!("DAYBOOK_TEST_SEED is '{text}', not a number"))
        });
        let seed = given.unwrap_or_else(|| {
            let since = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .expect("it is past 1970");
            since.as_nanos() as u64 % 1_000_000_007
        });
        println!("{test}: repeat with DAYBOOK_TEST_SEED={seed}");
        Random(seed)
    }

    /// Any number.
    #[expect(
        clippy::should_implement_trait,
        reason = "a generator of numbers never ends, an iterator may"
    )]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end - 1`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below(high.abs_diff(low) + 1).cast_signed()
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}
