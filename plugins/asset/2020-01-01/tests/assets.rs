//! Assets go only from their owners, and come back only as long as they stay where they went.

use asset_2020_01_01::{
    Asset, AssetOwnerSwapped, AssetRegistered, Assets, RegisterAsset, Swap, SwapAssetOwner,
    UndoAssetOwnerSwapped,
};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;

const DAY: &str = "2020-03-01";

fn swap(owner: &str, recipient: &str) -> SwapAssetOwner {
    SwapAssetOwner {
        asset: "boat".into(),
        owner: owner.into(),
        recipient: recipient.into(),
    }
}

fn swapped(number: u64, owner: &str, recipient: &str, undoes: Option<u64>) -> AssetOwnerSwapped {
    AssetOwnerSwapped {
        asset: "boat".into(),
        swap: number,
        owner: owner.into(),
        recipient: recipient.into(),
        undoes,
    }
}

/// The undo of a swap, as the host asks for it: with the event's payload.
fn undo(of: AssetOwnerSwapped) -> UndoAssetOwnerSwapped {
    UndoAssetOwnerSwapped {
        asset: of.asset,
        swap: of.swap,
        owner: of.owner,
        recipient: of.recipient,
        undoes: of.undoes,
    }
}

fn boat(owner: &str, swaps: u64) -> Asset {
    Asset {
        id: "boat".into(),
        owner: owner.into(),
        swaps,
    }
}

/// A boat that is Ann's.
fn anns() -> Scenario<Assets> {
    Scenario::new().at(DAY).given(AssetRegistered {
        asset: "boat".into(),
        owner: "ann".into(),
    })
}

#[test]
fn an_asset_is_registered_once() {
    let register = |owner: &str| RegisterAsset {
        asset: "boat".into(),
        owner: owner.into(),
    };
    let registered = AssetRegistered {
        asset: "boat".into(),
        owner: "ann".into(),
    };
    Scenario::<Assets>::new()
        .when(register("ann"))
        .then_events(events![registered.about("asset/boat")])
        .when(register("bob"))
        .then_rejected("registered-already")
        .then_rows([boat("ann", 0)]);
}

#[test]
fn a_swap_makes_the_recipient_the_owner_and_is_kept() {
    let first = Swap {
        asset: "boat".into(),
        number: 1,
        owner: "ann".into(),
        recipient: "bob".into(),
        at: Time::parse("2020-03-01T00:00:00Z").unwrap(),
        seq: 2,
        undoes: None,
        undone_by: None,
    };
    anns()
        .when(swap("ann", "bob"))
        .then_events(events![swapped(1, "ann", "bob", None).about("asset/boat")])
        .then_row(boat("bob", 1))
        .then_rows([first]);
}

#[test]
fn only_the_owner_can_give_an_asset_away_and_only_to_somebody_else() {
    anns()
        .when(swap("eve", "eve"))
        .then_rejected("not-the-owner")
        .when(swap("ann", "ann"))
        .then_rejected("same-owner")
        .when(swap("ann", "bob"))
        .when(swap("ann", "eve"))
        .then_rejected("not-the-owner")
        .then_row(boat("bob", 1));
    let unknown = SwapAssetOwner {
        asset: "ship".into(),
        ..swap("ann", "bob")
    };
    anns().when(unknown).then_rejected("unknown-asset");
}

#[test]
fn a_forged_event_fails_and_leaves_the_asset_where_it_is() {
    anns()
        .when_event(swapped(1, "eve", "bob", None))
        .then_failed("not-the-owner")
        .when_event(swapped(2, "ann", "bob", None))
        .then_failed("swap-out-of-turn")
        .then_rows([boat("ann", 0)])
        .then_rows::<Swap>([]);
}

#[test]
fn an_event_that_calls_itself_an_undo_has_to_be_one() {
    anns()
        .when_event(swapped(1, "ann", "bob", Some(1)))
        .then_failed("row-missing")
        .given(swapped(1, "ann", "bob", None))
        // To somebody else than who had it.
        .when_event(swapped(2, "bob", "eve", Some(1)))
        .then_failed("not-a-swap-back")
        .given(swapped(2, "bob", "cid", None))
        // To who had it, after another swap.
        .when_event(swapped(3, "cid", "ann", Some(1)))
        .then_failed("not-a-swap-back")
        .then_row(boat("cid", 2));
}

#[test]
fn an_undo_is_a_swap_back_that_says_what_it_undoes() {
    let first = swapped(1, "ann", "bob", None);
    let back = swapped(2, "bob", "ann", Some(1));
    let story = anns()
        .given(first.clone())
        .when(undo(first))
        .then_events(events![back.clone().about("asset/boat")])
        .then_row(boat("ann", 2));
    let links: Vec<_> = { story.rows::<Swap>().into_iter() }
        .map(|swap| (swap.number, swap.undoes, swap.undone_by))
        .collect();
    assert_eq!(links, [(1, None, Some(2)), (2, Some(1), None)]);

    // What was undone may be done again, by undoing the undo.
    story
        .when(undo(back))
        .then_events(events![
            swapped(3, "ann", "bob", Some(2)).about("asset/boat")
        ])
        .then_row(boat("bob", 3));
}

#[test]
fn what_has_moved_on_stays_where_it_is() {
    let (first, second) = (
        swapped(1, "ann", "bob", None),
        swapped(2, "bob", "cid", None),
    );
    anns()
        .given(first.clone())
        .given(second.clone())
        .when(undo(first.clone()))
        .then_rejected("moved-on")
        .then_row(boat("cid", 2))
        // Once it is back with whom it was then, by another way, the old swap is past all the same.
        .when(swap("cid", "bob"))
        .when(undo(first.clone()))
        .then_rejected("moved-on")
        .when(undo(swapped(3, "cid", "bob", None)))
        .when(undo(second.clone()))
        .then_rejected("moved-on")
        .then_row(boat("cid", 4));
    anns()
        .given(first.clone())
        .when(undo(first.clone()))
        .when(undo(first))
        .then_rejected("undone-already");
}

#[test]
fn nothing_is_undone_that_was_not_done_so() {
    anns()
        .given(swapped(1, "ann", "bob", None))
        .when(undo(swapped(1, "eve", "bob", None)))
        .then_rejected("unknown-swap")
        .when(undo(swapped(2, "ann", "bob", None)))
        .then_rejected("unknown-swap")
        .then_row(boat("bob", 1));
}
