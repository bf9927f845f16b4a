//! Short hands from the first bet to their pots, legal and not.

use poker_2019_07_11::hand::{Illegal, Outcome, Pot, Setup, play};

/// A hand of three seats with these stacks and cards, and blinds of 50 and 100, from its first action on.
fn played(stacks: [i64; 3], holes: [&str; 3], actions: &[&str]) -> Result<Outcome, Illegal> {
    let dealt = holes
        .iter()
        .enumerate()
        .map(|(seat, hole)| format!("d dh p{} {hole}", seat + 1));
    let actions: Vec<String> = dealt
        .chain(actions.iter().map(|action| (*action).to_owned()))
        .collect();
    let setup = Setup {
        starting_stacks: &stacks,
        antes: &[0; 3],
        blinds: &[50, 100, 0],
        min_bet: 100,
    };
    play(setup, &actions)
}

const HOLES: [&str; 3] = ["AcAd", "KcKd", "QcQd"];
const BOARD: [&str; 3] = ["d db 2h3h7s", "d db 9s", "d db Jc"];

#[test]
fn a_bet_that_nobody_calls_goes_back() {
    let outcome = played([1000; 3], HOLES, &["p3 cbr 400", "p1 f", "p2 f"]).unwrap();
    assert_eq!(
        outcome,
        Outcome {
            kept: vec![950, 900, 900],
            pots: vec![Pot {
                chips: 250,
                winners: vec![2]
            }]
        }
    );
}

#[test]
fn the_best_hand_wins_only_the_pots_it_paid_for() {
    let all_in = ["p3 cbr 1000", "p1 cc", "p2 cc"];
    let actions = [
        &all_in[..],
        &BOARD[..],
        &["p2 sm KcKd", "p3 sm QcQd", "p1 sm AcAd"],
    ]
    .concat();
    let outcome = played([200, 600, 1000], HOLES, &actions).unwrap();
    let pots = vec![
        Pot {
            chips: 600,
            winners: vec![0],
        },
        Pot {
            chips: 800,
            winners: vec![1],
        },
    ];
    assert_eq!(
        outcome,
        Outcome {
            kept: vec![0, 0, 400],
            pots
        }
    );
}

#[test]
fn equal_hands_share_and_a_hand_thrown_away_wins_nothing() {
    let limp = [
        "p3 cc", "p1 cc", "p2 cc", BOARD[0], "p1 cc", "p2 cc", "p3 cc", BOARD[1], "p1 cc", "p2 cc",
        "p3 cc",
    ];
    let river = [BOARD[2], "p1 cc", "p2 cc", "p3 cc"];
    let holes = ["AcKd", "AdKc", "AhAs"];
    let shown = [&limp[..], &river, &["p3 sm", "p1 sm AcKd", "p2 sm AdKc"]].concat();
    let outcome = played([1000; 3], holes, &shown).unwrap();
    assert_eq!(
        outcome,
        Outcome {
            kept: vec![900; 3],
            pots: vec![Pot {
                chips: 300,
                winners: vec![0, 1]
            }]
        }
    );
}

#[test]
fn what_breaks_the_rules_is_refused_with_the_rule() {
    let refused = |actions: &[&str]| played([1000; 3], HOLES, actions).unwrap_err();
    assert_eq!(
        refused(&["p1 f"]),
        "`p1 f`: it is not this seat's turn, but p3's"
    );
    assert_eq!(
        refused(&["p3 cbr 150"]),
        "`p3 cbr 150`: the bet must go up by 100 at least"
    );
    assert_eq!(
        refused(&["p3 cbr 1001"]),
        "`p3 cbr 1001`: the bet must be over 100 and at most 1000"
    );
    assert_eq!(
        refused(&["p3 cc", "d db 2h3h4h"]),
        "`d db 2h3h4h`: p1 has yet to act"
    );
    assert_eq!(
        refused(&["p3 f", "p1 cc", "p2 cc", "d db AcKh2s"]),
        "`d db AcKh2s`: a card is dealt twice"
    );
    assert_eq!(
        refused(&["p3 f", "p1 cc", "p2 cc"]),
        "the hand breaks off before its showdown"
    );
    assert_eq!(refused(&["p9 f"]), "`p9 f`: there is no seat p9");
    assert_eq!(
        refused(&["p3 bluff"]),
        "`p3 bluff`: not an action of hold'em"
    );
}
