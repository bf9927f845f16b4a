//! What version 2021-01-01 does otherwise than 2020-01-01: nothing moves unless both agree. And that the rest is as before.

use asset_2020_01_01 as first;
use asset_2021_01_01::{
    AcceptAsset, Asset, AssetOffered, AssetOwnerSwapped, Assets, Offer, OfferAsset, OfferWithdrawn,
    Swap, SwapAssetOwner, WithdrawOffer,
};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike};

fn boat(owner: &str, swaps: u64) -> Asset {
    Asset {
        id: "boat".into(),
        owner: owner.into(),
        swaps,
    }
}

fn offer(owner: &str, recipient: &str) -> OfferAsset {
    OfferAsset {
        asset: "boat".into(),
        owner: owner.into(),
        recipient: recipient.into(),
    }
}

fn accept(recipient: &str) -> AcceptAsset {
    AcceptAsset {
        asset: "boat".into(),
        recipient: recipient.into(),
    }
}

fn withdraw(owner: &str) -> WithdrawOffer {
    WithdrawOffer {
        asset: "boat".into(),
        owner: owner.into(),
    }
}

fn swapped(number: u64, owner: &str, recipient: &str) -> AssetOwnerSwapped {
    AssetOwnerSwapped {
        asset: "boat".into(),
        swap: number,
        owner: owner.into(),
        recipient: recipient.into(),
        undoes: None,
    }
}

/// A boat that is Ann's.
fn anns() -> Scenario<Assets> {
    Scenario::new()
        .previous::<first::Assets>()
        .at("2021-03-01")
        .given(first::AssetRegistered {
            asset: "boat".into(),
            owner: "ann".into(),
        })
}

fn agreed(story: &Scenario<Assets>) -> Vec<bool> {
    story
        .rows::<Swap>()
        .iter()
        .map(|swap| swap.agreed)
        .collect()
}

#[test]
fn an_asset_moves_once_both_agree() {
    let offered = AssetOffered {
        asset: "boat".into(),
        owner: "ann".into(),
        recipient: "bob".into(),
    };
    let story = anns()
        .when(offer("ann", "bob"))
        .then_events(events![offered.about("asset/boat")])
        .then_row(boat("ann", 0))
        .then_rows([Offer {
            asset: "boat".into(),
            recipient: "bob".into(),
            at: Time::parse("2021-03-01T00:00:00Z").unwrap(),
        }])
        .when(accept("bob"))
        .then_events(events![swapped(1, "ann", "bob").about("asset/boat")])
        .then_row(boat("bob", 1))
        .then_rows::<Offer>([]);
    assert_eq!(agreed(&story), [true]);
}

#[test]
fn a_swap_alone_is_refused_and_a_forged_one_as_before() {
    let swap = |owner: &str, recipient: &str| SwapAssetOwner {
        asset: "boat".into(),
        owner: owner.into(),
        recipient: recipient.into(),
    };
    anns()
        .when(swap("ann", "bob"))
        .then_rejected("consent-needed")
        .when(swap("eve", "bob"))
        .then_rejected("not-the-owner")
        .when(swap("ann", "ann"))
        .then_rejected("same-owner")
        // An offer is no consent to another way.
        .when(offer("ann", "bob"))
        .when(swap("ann", "bob"))
        .then_rejected("consent-needed")
        .then_row(boat("ann", 0));
}

#[test]
fn only_whom_it_is_offered_to_can_accept_and_only_the_owner_can_offer() {
    anns()
        .when(accept("bob"))
        .then_rejected("not-offered")
        .when(offer("eve", "bob"))
        .then_rejected("not-the-owner")
        .when(offer("ann", "ann"))
        .then_rejected("same-owner")
        .when(offer("ann", "bob"))
        .when(offer("ann", "cid"))
        .then_rejected("offered-already")
        .when(accept("cid"))
        .then_rejected("not-offered")
        .then_row(boat("ann", 0))
        .when(accept("bob"))
        .when(accept("bob"))
        .then_rejected("not-offered")
        .then_row(boat("bob", 1));
}

#[test]
fn an_offer_that_was_withdrawn_cannot_be_accepted() {
    let withdrawn = OfferWithdrawn {
        asset: "boat".into(),
        owner: "ann".into(),
    };
    anns()
        .when(withdraw("ann"))
        .then_rejected("not-offered")
        .when(offer("ann", "bob"))
        .when(withdraw("bob"))
        .then_rejected("not-the-owner")
        .when(withdraw("ann"))
        .then_events(events![withdrawn.about("asset/boat")])
        .when(accept("bob"))
        .then_rejected("not-offered")
        .when(offer("ann", "cid"))
        .when(accept("cid"))
        .then_row(boat("cid", 1));
}

#[test]
fn a_forged_offer_fails() {
    anns()
        .when_event(AssetOffered {
            asset: "boat".into(),
            owner: "eve".into(),
            recipient: "bob".into(),
        })
        .then_failed("not-the-owner")
        .then_rows::<Offer>([]);
}

#[test]
fn swaps_of_before_move_their_assets_and_are_marked_as_not_agreed_upon() {
    let story = anns()
        .given(swapped(1, "ann", "bob"))
        .then_row(boat("bob", 1))
        .when_event(swapped(2, "ann", "eve"))
        .then_failed("not-the-owner");
    assert_eq!(agreed(&story), [false]);
}

#[test]
fn an_undo_is_the_version_befores_and_ends_an_offer_that_stands() {
    let undo = first::UndoAssetOwnerSwapped {
        asset: "boat".into(),
        swap: 1,
        owner: "ann".into(),
        recipient: "bob".into(),
        undoes: None,
    };
    let back = AssetOwnerSwapped {
        undoes: Some(1),
        ..swapped(2, "bob", "ann")
    };
    let story = anns()
        .when(offer("ann", "bob"))
        .when(accept("bob"))
        // To Ann, to whom the undo gives it too: it is no acceptance.
        .when(offer("bob", "ann"))
        .when(undo)
        .then_events(events![back.about("asset/boat")])
        .then_row(boat("ann", 2))
        .then_rows::<Offer>([]);
    assert_eq!(agreed(&story), [true, false]);
}

#[test]
fn what_both_versions_declare_they_declare_alike_but_for_the_new_column() {
    assert_eq!(
        declared_alike::<Assets, first::Assets>(),
        [
            "asset",
            "swap",
            "asset.AssetOwnerSwapped",
            "asset.SwapAssetOwner"
        ]
    );
}
