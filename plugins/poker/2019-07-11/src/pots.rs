//! From what each seat has put in to the pots: the bet that nobody called, the main pot, the side pots. Knows
//! nothing of cards.

/// The seat whose bet was not fully called, and the chips that go back to it.
pub fn uncalled(paid: &[i64]) -> Option<(usize, i64)> {
    let bettor = (0..paid.len()).max_by_key(|seat| paid[*seat])?;
    let others = paid.iter().enumerate().filter(|(seat, _)| *seat != bettor);
    let called = others.map(|(_, chips)| *chips).max().unwrap_or(0);
    let back = paid[bettor] - called;
    (back > 0).then_some((bettor, back))
}

/// Each pot's chips, and the seats that can win it: those which paid their full share of it and have not
/// given up their cards.
///
/// Every amount that some seat paid closes a layer; neighbouring layers which the same seats can win are one
/// pot.
pub fn layers(paid: &[i64], live: &[bool]) -> Vec<(i64, Vec<usize>)> {
    let mut levels: Vec<i64> = paid.iter().copied().filter(|chips| *chips > 0).collect();
    levels.sort_unstable();
    levels.dedup();
    let mut pots: Vec<(i64, Vec<usize>)> = Vec::new();
    let mut floor = 0;
    for level in levels {
        let chips: i64 = paid
            .iter()
            .map(|paid| paid.min(&level) - paid.min(&floor))
            .sum();
        let able: Vec<usize> = (0..paid.len())
            .filter(|seat| live[*seat] && paid[*seat] >= level)
            .collect();
        match pots.last_mut() {
            Some(pot) if pot.1 == able => pot.0 += chips,
            _ => pots.push((chips, able)),
        }
        floor = level;
    }
    pots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_called_goes_back() {
        assert_eq!(uncalled(&[50, 100, 300]), Some((2, 200)));
        assert_eq!(uncalled(&[50, 300, 300]), None);
        assert_eq!(uncalled(&[]), None);
    }

    #[test]
    fn a_folded_seats_chips_swell_the_pot_and_split_none_off() {
        assert_eq!(
            layers(&[50, 300, 300], &[false, true, true]),
            [(650, vec![1, 2])]
        );
    }

    #[test]
    fn each_smaller_stack_that_is_all_in_closes_a_pot() {
        let pots = layers(
            &[100, 500, 1000, 1000, 40],
            &[true, true, true, true, false],
        );
        assert_eq!(
            pots,
            [
                (440, vec![0, 1, 2, 3]),
                (1200, vec![1, 2, 3]),
                (1000, vec![2, 3])
            ]
        );
    }
}
