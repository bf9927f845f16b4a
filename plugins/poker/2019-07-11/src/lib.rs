//! The plugin `poker`, version 2019-07-11: plays recorded hands of no-limit hold'em and keeps who won what. A
//! chip is never cut: what is left over when a pot is divided goes, one chip each, to the first winners left
//! of the button.
//!
//! This file owns what is kept of a hand. The game's rules are in [`hand`], [`pots`] and [`cards`], which
//! know nothing of Daybook; what is said and kept is in [`words`].

pub mod cards;
pub mod hand;
pub mod pots;
pub mod words;

use daybook_sdk::prelude::*;

use hand::{Illegal, Outcome, Setup};
use words::{HandPlayed, PARTS, Pot, RecordHand, Seat, Share};

/// The plugin.
pub struct Poker;

#[plugin(
    name = "poker",
    version = "2019-07-11",
    description = "Plays recorded hands of no-limit hold'em and keeps who won what",
    changes = ["the first version: odd chips go to the first winners left of the button"],
    tables = [Seat, Pot, Share]
)]
impl Poker {
    #[materialize]
    fn hand_played(event: &Event<HandPlayed>, cx: &Materialization) -> Done {
        let played = &event.data;
        let outcome = play(played).map_err(|rule| Failure::new("illegal-hand", rule))?;
        let mut finish: Vec<i64> = outcome.kept.iter().map(|chips| chips * PARTS).collect();
        for (number, pot) in (1..).zip(&outcome.pots) {
            let winners = pot.winners.len() as i64;
            let odd_chips = pot.chips % winners;
            Pot {
                hand: played.hand,
                pot: number,
                chips: pot.chips,
                winners,
                odd_chips,
            }
            .insert(cx)?;
            for (place, winner) in (0..).zip(&pot.winners) {
                let chips = pot.chips / winners + i64::from(place < odd_chips);
                let parts = chips * PARTS;
                finish[*winner] += parts;
                Share {
                    hand: played.hand,
                    pot: number,
                    seat: *winner as i64 + 1,
                    parts,
                }
                .insert(cx)?;
            }
        }
        let stacks = played.starting_stacks.iter().zip(finish);
        for (number, (player, (start, finish))) in (1..).zip(played.players.iter().zip(stacks)) {
            let seat = Seat {
                hand: played.hand,
                seat: number,
                player: player.clone(),
                start: start * PARTS,
                finish,
            };
            seat.insert(cx)?;
        }
        Ok(())
    }

    #[create]
    fn record_hand(command: &Command<RecordHand>, cx: &Creation) -> Decision {
        let played = &command.data.played;
        if Seat::exists(cx, (played.hand, 1)) {
            return reject(
                "hand-exists",
                format!("hand {} is recorded already", played.hand),
            );
        }
        if let Err(rule) = play(played) {
            return reject("illegal-hand", rule);
        }
        Ok(events![
            played.clone().about(format!("hand/{}", played.hand))
        ])
    }
}

fn play(played: &HandPlayed) -> Result<Outcome, Illegal> {
    if played.players.len() != played.starting_stacks.len() {
        return Err(format!(
            "{} players, but {} stacks",
            played.players.len(),
            played.starting_stacks.len()
        ));
    }
    let setup = Setup {
        starting_stacks: &played.starting_stacks,
        antes: &played.antes,
        blinds: &played.blinds,
        min_bet: played.min_bet,
    };
    hand::play(setup, &played.actions)
}
