//! The plugin `poker`, version 2019-08-01: a pot that cannot be divided into whole chips is divided exactly,
//! as the recordings do.
//!
//! Holds that change and nothing else: version 2019-07-11 plays the hand and keeps its outcome, and this one
//! corrects the shares of pots that left odd chips over.

pub mod words;

use daybook_sdk::prelude::*;

use words::{HandPlayed, PARTS, Pot, Seat, Share};

/// The plugin.
pub struct Poker;

#[plugin(
    name = "poker",
    version = "2019-08-01",
    extends = "2019-07-11",
    description = "Plays recorded hands of no-limit hold'em and keeps who won what",
    changes = ["odd chips are cut: every winner of a pot gets the same share"],
    tables = [Seat, Pot, Share]
)]
impl Poker {
    #[materialize]
    fn hand_played(event: &Event<HandPlayed>, cx: &Materialization) -> Done {
        cx.previous(event)?;
        for pot in Pot::find(cx).prefix(event.data.hand).rows()? {
            if pot.odd_chips > 0 {
                share_exactly(&pot, cx)?;
            }
        }
        Ok(())
    }
}

/// Gives every winner the same share, and sets their stacks right by the difference.
fn share_exactly(pot: &Pot, cx: &Materialization) -> Done {
    let parts = pot.chips * PARTS / pot.winners;
    for share in Share::find(cx).prefix((pot.hand, pot.pot)).rows()? {
        Seat::update(cx, (pot.hand, share.seat), |seat| {
            seat.finish += parts - share.parts
        })?;
        Share { parts, ..share }.replace(cx)?;
    }
    Ok(())
}
