//! What is kept of a hand: seats, pots and shares.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use poker_2019_07_11::Poker;
use poker_2019_07_11::words::{HandPlayed, PARTS, Pot, RecordHand, Seat, Share};

/// The cards of seats 1 and 2 tie; seat 3 folds after calling, and leaves an odd chip in a pot of 605.
fn hand(actions: &[&str]) -> HandPlayed {
    HandPlayed {
        hand: 7,
        players: ["Ann", "Bob", "Cid"].map(String::from).to_vec(),
        antes: vec![0; 3],
        blinds: vec![50, 100, 0],
        min_bet: 100,
        starting_stacks: vec![1_000, 1_000, 205],
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
    }
}

const SPLIT: [&str; 15] = [
    "d dh p1 AcKd",
    "d dh p2 AdKc",
    "d dh p3 7c2d",
    "p3 cbr 205",
    "p1 cc",
    "p2 cc",
    "d db AhKhQs",
    "p1 cc",
    "p2 cc",
    "d db Js",
    "p1 cc",
    "p2 cc",
    "d db 3d",
    "p1 cc",
    "p2 cc",
];

#[test]
fn the_odd_chip_goes_to_the_first_winner_left_of_the_button() {
    Scenario::<Poker>::new()
        .given(hand(&SPLIT))
        .then_rows([Pot {
            hand: 7,
            pot: 1,
            chips: 615,
            winners: 2,
            odd_chips: 1,
        }])
        .then_rows([
            Share {
                hand: 7,
                pot: 1,
                seat: 1,
                parts: 308 * PARTS,
            },
            Share {
                hand: 7,
                pot: 1,
                seat: 2,
                parts: 307 * PARTS,
            },
        ])
        .then_rows([
            Seat {
                hand: 7,
                seat: 1,
                player: "Ann".into(),
                start: 1_000 * PARTS,
                finish: 1_103 * PARTS,
            },
            Seat {
                hand: 7,
                seat: 2,
                player: "Bob".into(),
                start: 1_000 * PARTS,
                finish: 1_102 * PARTS,
            },
            Seat {
                hand: 7,
                seat: 3,
                player: "Cid".into(),
                start: 205 * PARTS,
                finish: 0,
            },
        ]);
}

#[test]
fn a_hand_is_recorded_once_and_only_if_it_could_be_played() {
    let played = hand(&SPLIT);
    let broken = HandPlayed {
        actions: vec!["p1 f".into()],
        ..played.clone()
    };
    let crowded = HandPlayed {
        players: vec!["Ann".into()],
        ..played.clone()
    };
    Scenario::<Poker>::new()
        .when(RecordHand {
            played: broken.clone(),
        })
        .then_rejected("illegal-hand")
        .when(RecordHand { played: crowded })
        .then_rejected("illegal-hand")
        .when_event(broken)
        .then_failed("illegal-hand")
        .when(RecordHand {
            played: played.clone(),
        })
        .then_events(events![played.clone().about("hand/7")])
        .when(RecordHand { played })
        .then_rejected("hand-exists");
}
