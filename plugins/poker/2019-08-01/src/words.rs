//! What this version handles, as version 2019-07-11 defines it: the event, and the tables it corrects.

use daybook_sdk::prelude::*;

/// Parts of a chip in a chip: the least number that any number of winners from one to ten divides.
pub const PARTS: i64 = 2_520;

/// A hand of no-limit hold'em was played.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct HandPlayed {
    /// The hand's number.
    pub hand: i64,
    /// Who sits in each seat; the first is the one left of the button.
    pub players: Vec<String>,
    /// Chips that each seat puts in before the cards.
    pub antes: Vec<i64>,
    /// Blinds and straddles: each seat's first bet.
    pub blinds: Vec<i64>,
    /// The least that may be bet, or raised by.
    pub min_bet: i64,
    /// Chips in front of each seat.
    pub starting_stacks: Vec<i64>,
    /// What was done, in PHH notation: `d dh p1 AhKd`, `p3 cbr 225`, `p4 cc`, `p5 f`, `d db 2c3c4c`, `p3 sm
    /// AhKd`.
    pub actions: Vec<String>,
}

/// A seat and how it fared.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Seat {
    /// The hand's number.
    #[key]
    pub hand: i64,
    /// Counts from 1, the seat left of the button.
    #[key]
    pub seat: i64,
    /// Who sits there.
    pub player: String,
    /// The stack before the hand, in parts of a chip.
    pub start: i64,
    /// The stack after it, in parts of a chip.
    pub finish: i64,
}

/// A pot that was won.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Pot {
    /// The hand's number.
    #[key]
    pub hand: i64,
    /// Counts from 1, the main pot.
    #[key]
    pub pot: i64,
    /// Whole chips.
    pub chips: i64,
    /// How many seats share it.
    pub winners: i64,
    /// Whole chips left over when it is divided equally.
    pub odd_chips: i64,
}

/// A winner's share of a pot.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Share {
    /// The hand's number.
    #[key]
    pub hand: i64,
    /// The pot's number.
    #[key]
    pub pot: i64,
    /// The winner's seat.
    #[key]
    pub seat: i64,
    /// In parts of a chip.
    pub parts: i64,
}
