//! What version 2019-08-01 does otherwise than 2019-07-11, and that it does nothing else otherwise.

use daybook_sdk::testing::{Scenario, declared_alike};
use poker_2019_07_11::Poker as Poker2019July;
use poker_2019_08_01::Poker;
use poker_2019_08_01::words::{HandPlayed, PARTS, Pot, Seat, Share};

/// Seats 1 and 2 tie for all that seat 3 has put in, and for what they put in.
fn tied(all_in: i64) -> HandPlayed {
    let actions = [
        "d dh p1 AcKd",
        "d dh p2 AdKc",
        "d dh p3 7c2d",
        &format!("p3 cbr {all_in}"),
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
    HandPlayed {
        hand: 7,
        players: ["Ann", "Bob", "Cid"].map(String::from).to_vec(),
        antes: vec![0; 3],
        blinds: vec![50, 100, 0],
        min_bet: 100,
        starting_stacks: vec![1_000, 1_000, all_in],
        actions: actions.map(String::from).to_vec(),
    }
}

fn under_august() -> Scenario<Poker> {
    Scenario::<Poker>::new().previous::<Poker2019July>()
}

#[test]
fn an_odd_chip_is_cut() {
    let half = PARTS / 2;
    under_august()
        .given(tied(205))
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
                parts: 307 * PARTS + half,
            },
            Share {
                hand: 7,
                pot: 1,
                seat: 2,
                parts: 307 * PARTS + half,
            },
        ])
        .then_rows([
            Seat {
                hand: 7,
                seat: 1,
                player: "Ann".into(),
                start: 1_000 * PARTS,
                finish: 1_102 * PARTS + half,
            },
            Seat {
                hand: 7,
                seat: 2,
                player: "Bob".into(),
                start: 1_000 * PARTS,
                finish: 1_102 * PARTS + half,
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
fn without_odd_chips_nothing_differs_from_the_version_before() {
    let old = Scenario::<Poker2019July>::new().given(tied(206));
    let new = under_august().given(tied(206));
    assert_eq!(old.rows::<Pot>(), new.rows::<Pot>());
    assert_eq!(old.rows::<Share>(), new.rows::<Share>());
    assert_eq!(old.rows::<Seat>(), new.rows::<Seat>());
    assert_eq!(new.rows::<Share>().len(), 2);
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Poker, Poker2019July>(),
        ["seat", "pot", "share", "poker.HandPlayed"]
    );
}
