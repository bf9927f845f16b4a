//! Which events a sample takes: of each class some, spread evenly over the stretch, the same ones every time.

use std::collections::BTreeMap;

use crate::model::TypeName;
use crate::store::StoredEvent;

/// By type and the lineup's version of its plugin.
pub type Classes = BTreeMap<(TypeName, String), u64>;

/// What a sample has some of each.
pub fn class(stored: &StoredEvent) -> (TypeName, String) {
    let version = stored.event.version;
    let version = version.map(|date| date.to_string()).unwrap_or_default();
    (stored.event.event_type.clone(), version)
}

/// Which events of each class are taken: spread evenly, the same ones every time.
pub struct Picks<'a> {
    sample: Option<u64>,
    classes: &'a Classes,
    seen: Classes,
}

impl<'a> Picks<'a> {
    pub fn new(sample: Option<u64>, classes: &'a Classes) -> Self {
        Picks {
            sample,
            classes,
            seen: Classes::new(),
        }
    }

    pub fn takes(&mut self, stored: &StoredEvent) -> bool {
        let Some(sample) = self.sample else {
            return true;
        };
        let class = class(stored);
        let count = self.classes.get(&class).copied().unwrap_or(0);
        let seen = self.seen.entry(class).or_default();
        let at = *seen;
        *seen += 1;
        is_spread(at, count, sample)
    }
}

/// Is the `at`-th of `count` among `sample` that are spread over them?
fn is_spread(at: u64, count: u64, sample: u64) -> bool {
    let share = |at: u64| u128::from(at) * u128::from(sample) / u128::from(count.max(1));
    sample >= count || share(at + 1) > share(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_as_many_as_asked_for_spread_over_the_whole() {
        for (count, sample) in [(10, 3), (1_000, 7), (5, 5), (3, 9), (1, 1), (100, 0)] {
            let taken: Vec<u64> = (0..count)
                .filter(|&at| is_spread(at, count, sample))
                .collect();
            assert_eq!(taken.len() as u64, sample.min(count), "{count} {sample}");
            let gaps = taken.windows(2).map(|pair| pair[1] - pair[0]);
            assert!(
                gaps.clone().all(|gap| gap <= count / sample.max(1) + 1),
                "{taken:?}"
            );
        }
    }
}
