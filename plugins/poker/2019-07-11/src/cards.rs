//! Cards, and how strong a hand of them is. Knows nothing of betting.

/// One card of a deck of 52.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// 0 for a deuce to 12 for an ace.
    rank: u32,
    /// 0 to 3.
    suit: u32,
}

impl Card {
    /// The card's bit in a deck, to find cards that were dealt twice.
    pub fn bit(self) -> u64 {
        1 << (self.suit * 13 + self.rank)
    }
}

/// Cards as PHH writes them, `AhTd`; none when the text is not cards.
pub fn parse(text: &str) -> Option<Vec<Card>> {
    let letters = text.as_bytes();
    if letters.is_empty() || !letters.len().is_multiple_of(2) {
        return None;
    }
    let at = |letters: &[u8], letter: u8| letters.iter().position(|known| *known == letter);
    letters
        .chunks_exact(2)
        .map(|card| {
            let rank = at(b"23456789TJQKA", card[0])? as u32;
            let suit = at(b"cdhs", card[1])? as u32;
            Some(Card { rank, suit })
        })
        .collect()
}

/// How strong the best five of up to seven cards are: compares as the hands do, and is equal when they tie.
///
/// The category stands in front (8 straight flush … 0 high card), then the ranks that decide, four bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Strength(u32);

impl Strength {
    /// The best five of these cards.
    pub fn of(cards: &[Card]) -> Strength {
        let mut counts = [0_u32; 13];
        let mut suits = [0_u32; 4];
        for card in cards {
            counts[card.rank as usize] += 1;
            suits[card.suit as usize] |= 1 << card.rank;
        }
        let ranks = suits.iter().fold(0, |all, suit| all | suit);
        let flush = suits.into_iter().find(|suit| suit.count_ones() >= 5);

        if let Some(high) = flush.and_then(straight) {
            return Strength::new(8, &[high]);
        }
        if let Some(quad) = highest(&counts, 4, &[]) {
            return Strength::new(7, &[&[quad][..], &top(ranks, &[quad], 1)].concat());
        }
        let trip = highest(&counts, 3, &[]);
        if let Some(trip) = trip
            && let Some(pair) = highest(&counts, 2, &[trip])
        {
            return Strength::new(6, &[trip, pair]);
        }
        if let Some(suit) = flush {
            return Strength::new(5, &top(suit, &[], 5));
        }
        if let Some(high) = straight(ranks) {
            return Strength::new(4, &[high]);
        }
        if let Some(trip) = trip {
            return Strength::new(3, &[&[trip][..], &top(ranks, &[trip], 2)].concat());
        }
        let Some(pair) = highest(&counts, 2, &[]) else {
            return Strength::new(0, &top(ranks, &[], 5));
        };
        match highest(&counts, 2, &[pair]) {
            Some(second) => {
                let kicker = top(ranks, &[pair, second], 1);
                Strength::new(2, &[&[pair, second][..], &kicker].concat())
            }
            None => Strength::new(1, &[&[pair][..], &top(ranks, &[pair], 3)].concat()),
        }
    }

    fn new(category: u32, ranks: &[u32]) -> Strength {
        let deciding = (0..5).map(|place| ranks.get(place).copied().unwrap_or(0));
        Strength(deciding.fold(category, |strength, rank| (strength << 4) | rank))
    }
}

/// The highest card of a straight among these ranks (a set of bits). An ace may also stand below the deuce.
fn straight(ranks: u32) -> Option<u32> {
    const FIVE_IN_A_ROW: u32 = 0b1_1111;
    const WHEEL: u32 = 1 << 12 | 0b1111;
    let high = (4..13)
        .rev()
        .find(|high| ranks >> (high - 4) & FIVE_IN_A_ROW == FIVE_IN_A_ROW);
    high.or((ranks & WHEEL == WHEEL).then_some(3))
}

/// The highest rank, other than those in use, of which there are at least so many cards.
fn highest(counts: &[u32; 13], at_least: u32, used: &[u32]) -> Option<u32> {
    (0..13)
        .rev()
        .find(|rank| counts[*rank as usize] >= at_least && !used.contains(rank))
}

/// The highest so many ranks of a set, other than those in use.
fn top(ranks: u32, used: &[u32], how_many: usize) -> Vec<u32> {
    (0..13)
        .rev()
        .filter(|rank| ranks >> rank & 1 == 1 && !used.contains(rank))
        .take(how_many)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strength(cards: &str) -> Strength {
        Strength::of(&parse(cards).expect("cards"))
    }

    #[test]
    fn every_hand_beats_the_ones_below_it() {
        let best_first = [
            "AhKhQhJhTh2c2d", // royal flush
            "9c8c7c6c5cAdAh", // straight flush
            "5d4d3d2dAdKcKh", // the lowest one: the ace is low
            "7c7d7h7sAc2d2h", // four of a kind, ace kicker
            "7c7d7h7sKcKdKh", // kicker taken from a lower three
            "AcAdAhKcKdKhQs", // two threes are a full house
            "QcQdQh9c9d8c8d", // the higher pair fills it
            "AhJh9h4h2hAcAd", // flush over three aces
            "AhJh9h3h2hKcQd",
            "AcKdQhJsTc2d2h", // straight
            "5c4d3h2sAcAdKh", // the wheel, over a pair
            "8c8d8hAcKd3s2s", // three of a kind
            "AcAdKhKsQcQd3h", // two pair; the third pair is the kicker
            "AcAdKhKsJcTd3h",
            "AcAdKhQsJc3d2h", // pair
            "AcAdKhQs9c3d2h",
            "AcKdJh9s8c3d2h", // high card
            "AcKdJh9s7c3d2h",
        ];
        for (better, worse) in best_first.iter().zip(&best_first[1..]) {
            assert!(
                strength(better) > strength(worse),
                "{better} must beat {worse}"
            );
        }
    }

    #[test]
    fn hands_tie_when_their_best_five_are_of_the_same_ranks() {
        assert_eq!(strength("AcKdJh9s8c3d2h"), strength("AdKhJs9c8d7c6c"));
        assert_eq!(strength("Th9s8c7d6hTc2d"), strength("Ts9h8d7c6sTd3c"));
    }

    #[test]
    fn text_that_is_not_cards_is_refused() {
        for text in ["", "A", "Ax", "1h", "AhK", "Ah Kd", "????"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
