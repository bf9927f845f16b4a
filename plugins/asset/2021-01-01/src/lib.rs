//! The plugin `asset`, version 2021-01-01: an asset changes hands when both agree. Its owner offers it, the recipient
//! accepts; a swap by the owner alone is refused.
//!
//! What happened has happened: swaps of before, which the owner made alone, move their assets as they did, and are marked as
//! not agreed upon. So is the undo of a swap, which is an operator's correction; it is left to version 2020-01-01.

use daybook_sdk::prelude::*;

/// An asset's owner offers it to somebody.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct AssetOffered {
    /// The asset's id.
    pub asset: String,
    /// Who offers it: its owner.
    pub owner: String,
    /// To whom.
    pub recipient: String,
}

/// An offer does not stand any more.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct OfferWithdrawn {
    /// The asset's id.
    pub asset: String,
    /// Who offered it.
    pub owner: String,
}

/// An asset went from its owner to a recipient, who is the owner from now on.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct AssetOwnerSwapped {
    /// The asset's id.
    pub asset: String,
    /// The number of this swap among the asset's; the first is 1.
    #[schemars(range(min = 1))]
    pub swap: u64,
    /// Whose it was.
    pub owner: String,
    /// Whose it is.
    pub recipient: String,
    /// The number of the swap that this one undoes.
    pub undoes: Option<u64>,
}

/// Offer an asset to somebody.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct OfferAsset {
    /// The asset's id.
    #[schemars(length(min = 1, max = 50))]
    pub asset: String,
    /// Who offers it; any other than its owner is refused.
    #[schemars(length(min = 1, max = 50))]
    pub owner: String,
    /// To whom.
    #[schemars(length(min = 1, max = 50))]
    pub recipient: String,
}

/// Accept an asset that was offered.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct AcceptAsset {
    /// The asset's id.
    #[schemars(length(min = 1, max = 50))]
    pub asset: String,
    /// Who accepts it; any other than whom it was offered to is refused.
    #[schemars(length(min = 1, max = 50))]
    pub recipient: String,
}

/// Take an offer back before it is accepted.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct WithdrawOffer {
    /// The asset's id.
    #[schemars(length(min = 1, max = 50))]
    pub asset: String,
    /// Who offered it.
    #[schemars(length(min = 1, max = 50))]
    pub owner: String,
}

/// Give an asset to somebody else, without asking: it is refused.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct SwapAssetOwner {
    /// The asset's id.
    #[schemars(length(min = 1, max = 50))]
    pub asset: String,
    /// Whose it is.
    #[schemars(length(min = 1, max = 50))]
    pub owner: String,
    /// Whose it shall be.
    #[schemars(length(min = 1, max = 50))]
    pub recipient: String,
}

/// Whose an asset is.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(index(by_owner = [owner, id]))]
pub struct Asset {
    /// The asset's id.
    #[key]
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// The number of its latest swap; 0 where it has not moved yet.
    pub swaps: u64,
}

/// How assets changed hands.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Swap {
    /// The asset's id.
    #[key]
    pub asset: String,
    /// The number among the asset's swaps.
    #[key]
    pub number: u64,
    /// Whose it was.
    pub owner: String,
    /// Whose it was then.
    pub recipient: String,
    /// When.
    pub at: Time,
    /// The position of the event in the log.
    pub seq: u64,
    /// The number of the swap that this one undid.
    pub undoes: Option<u64>,
    /// The number of the swap that undid this one.
    pub undone_by: Option<u64>,
    /// It was offered and accepted.
    #[column(default = false)]
    pub agreed: bool,
}

/// Offers that stand: one for an asset at most, and only until it moves.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(index(by_recipient = [recipient, asset]))]
pub struct Offer {
    /// The asset's id.
    #[key]
    pub asset: String,
    /// To whom.
    pub recipient: String,
    /// Since when.
    pub at: Time,
}

/// The plugin.
pub struct Assets;

#[plugin(
    name = "asset",
    version = "2021-01-01",
    extends = "2020-01-01",
    description = "Assets, and the swaps by which they changed hands",
    changes = [
        "an asset changes hands when its owner has offered it and the recipient accepts",
        "a swap by the owner alone is refused",
        "each swap says whether both agreed"
    ],
    tables = [Asset, Swap, Offer]
)]
impl Assets {
    #[materialize]
    fn asset_offered(event: &Event<AssetOffered>, cx: &Materialization) -> Done {
        let AssetOffered {
            asset,
            owner,
            recipient,
        } = event.data.clone();
        if Asset::require(cx, &asset)?.owner != owner {
            let message = format!("asset '{asset}' is not {owner}'s to give");
            return fail("not-the-owner", message);
        }
        Offer {
            asset,
            recipient,
            at: event.time()?,
        }
        .insert(cx)
    }

    #[materialize]
    fn offer_withdrawn(event: &Event<OfferWithdrawn>, cx: &Materialization) -> Done {
        Offer::delete(cx, &event.data.asset)
    }

    #[materialize]
    fn asset_owner_swapped(event: &Event<AssetOwnerSwapped>, cx: &Materialization) -> Done {
        cx.previous(event)?;
        let swapped = &event.data;
        let Some(offer) = Offer::get(cx, &swapped.asset)? else {
            return Ok(());
        };
        // Whoever has the asset now, it is not who offered it.
        Offer::delete(cx, &swapped.asset)?;
        if swapped.undoes.is_none() && offer.recipient == swapped.recipient {
            Swap::update(cx, (&swapped.asset, swapped.swap), |swap| {
                swap.agreed = true
            })?;
        }
        Ok(())
    }

    #[create]
    fn offer_asset(command: &Command<OfferAsset>, cx: &Creation) -> Decision {
        let OfferAsset {
            asset,
            owner,
            recipient,
        } = command.data.clone();
        // Who may give it may offer it. The swap itself is not made: its events are dropped.
        let swap = SwapAssetOwner {
            asset: asset.clone(),
            owner: owner.clone(),
            recipient: recipient.clone(),
        };
        cx.previous_with(command, &swap)?;
        if let Some(offer) = Offer::get(cx, &asset)? {
            let message = format!(
                "asset '{asset}' is offered to {} already; withdraw that offer first",
                offer.recipient
            );
            return reject("offered-already", message);
        }
        let subject = subject(&asset);
        let offered = AssetOffered {
            asset,
            owner,
            recipient,
        };
        Ok(events![offered.about(subject)])
    }

    #[create]
    fn accept_asset(command: &Command<AcceptAsset>, cx: &Creation) -> Decision {
        let AcceptAsset { asset, recipient } = command.data.clone();
        let found = existing(&asset, cx)?;
        let offer = Offer::get(cx, &asset)?;
        if offer.is_none_or(|offer| offer.recipient != recipient) {
            let message = format!("asset '{asset}' is not offered to {recipient}");
            return reject("not-offered", message);
        }
        let subject = subject(&asset);
        let swapped = AssetOwnerSwapped {
            asset,
            swap: found.swaps + 1,
            owner: found.owner,
            recipient,
            undoes: None,
        };
        Ok(events![swapped.about(subject)])
    }

    #[create]
    fn withdraw_offer(command: &Command<WithdrawOffer>, cx: &Creation) -> Decision {
        let WithdrawOffer { asset, owner } = command.data.clone();
        let found = existing(&asset, cx)?;
        if found.owner != owner {
            let message = format!("asset '{asset}' is not {owner}'s to give");
            return reject("not-the-owner", message);
        }
        if !Offer::exists(cx, &asset) {
            let message = format!("asset '{asset}' is not offered to anybody");
            return reject("not-offered", message);
        }
        let subject = subject(&asset);
        Ok(events![OfferWithdrawn { asset, owner }.about(subject)])
    }

    /// What was refused before is refused with the same words, so that only what would have gone through is answered
    /// otherwise.
    #[create]
    fn swap_asset_owner(command: &Command<SwapAssetOwner>, cx: &Creation) -> Decision {
        cx.previous(command)?;
        let SwapAssetOwner {
            asset,
            owner,
            recipient,
        } = &command.data;
        let message = format!(
            "asset '{asset}' is {owner}'s alone to offer, not to give: asset.OfferAsset, then asset.AcceptAsset by \
             {recipient}"
        );
        reject("consent-needed", message)
    }
}

fn subject(asset: &str) -> String {
    format!("asset/{asset}")
}

fn existing(asset: &str, cx: &Creation) -> Result<Asset, Refusal> {
    let found = Asset::get(cx, asset)?;
    found.map_or_else(
        || reject("unknown-asset", format!("there is no asset '{asset}'")),
        Ok,
    )
}
