//! The plugin `asset`, version 2020-01-01: assets, each with one owner, and the swaps by which they changed hands.
//!
//! A swap says from whom it takes the asset, and is refused where that is not the owner; also as an event that somebody
//! appends ready-made. It is undone by a swap back, which says which swap it undoes: the host asks the command
//! `UndoAssetOwnerSwapped` when an operator undoes an `AssetOwnerSwapped`, with that event's payload.

use daybook_sdk::prelude::*;

/// An asset is known from now on.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct AssetRegistered {
    /// The asset's id.
    pub asset: String,
    /// Whose it is.
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

/// Make an asset known.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct RegisterAsset {
    /// The id it shall have.
    #[schemars(length(min = 1, max = 50))]
    pub asset: String,
    /// Whose it is.
    #[schemars(length(min = 1, max = 50))]
    pub owner: String,
}

/// Give an asset to somebody else.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct SwapAssetOwner {
    /// The asset's id.
    #[schemars(length(min = 1, max = 50))]
    pub asset: String,
    /// Whose it is; any other than its owner is refused.
    #[schemars(length(min = 1, max = 50))]
    pub owner: String,
    /// Whose it shall be.
    #[schemars(length(min = 1, max = 50))]
    pub recipient: String,
}

/// Give an asset back that went to somebody else. The payload is that of the event to be undone.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct UndoAssetOwnerSwapped {
    /// The asset's id.
    pub asset: String,
    /// The number of the swap to be undone: the asset's latest.
    #[schemars(range(min = 1))]
    pub swap: u64,
    /// Whose it was.
    pub owner: String,
    /// Whose it is.
    pub recipient: String,
    /// The number of the swap that the one to be undone undid itself.
    pub undoes: Option<u64>,
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
}

/// The plugin.
pub struct Assets;

#[plugin(
    name = "asset",
    version = "2020-01-01",
    description = "Assets, and the swaps by which they changed hands",
    changes = ["the first version"],
    tables = [Asset, Swap]
)]
impl Assets {
    #[materialize]
    fn asset_registered(event: &Event<AssetRegistered>, cx: &Materialization) -> Done {
        let AssetRegistered { asset, owner } = event.data.clone();
        Asset {
            id: asset,
            owner,
            swaps: 0,
        }
        .insert(cx)
    }

    #[materialize]
    fn asset_owner_swapped(event: &Event<AssetOwnerSwapped>, cx: &Materialization) -> Done {
        let swapped = event.data.clone();
        Asset::try_update(cx, &swapped.asset, |asset| asset.hand_over(&swapped))?;
        if let Some(undone) = swapped.undoes {
            Swap::try_update(cx, (&swapped.asset, undone), |swap| swap.undo_by(&swapped))?;
        }
        Swap {
            asset: swapped.asset,
            number: swapped.swap,
            owner: swapped.owner,
            recipient: swapped.recipient,
            at: event.time()?,
            seq: event.seq(),
            undoes: swapped.undoes,
            undone_by: None,
        }
        .insert(cx)
    }

    #[create]
    fn register_asset(command: &Command<RegisterAsset>, cx: &Creation) -> Decision {
        let RegisterAsset { asset, owner } = command.data.clone();
        if let Some(known) = Asset::get(cx, &asset)? {
            let message = format!("asset '{asset}' is known already, and is {}'s", known.owner);
            return reject("registered-already", message);
        }
        let subject = subject(&asset);
        Ok(events![AssetRegistered { asset, owner }.about(subject)])
    }

    #[create]
    fn swap_asset_owner(command: &Command<SwapAssetOwner>, cx: &Creation) -> Decision {
        let SwapAssetOwner {
            asset,
            owner,
            recipient,
        } = command.data.clone();
        let found = existing(&asset, cx)?;
        if found.owner != owner {
            let message = format!("asset '{asset}' is not {owner}'s to give");
            return reject("not-the-owner", message);
        }
        if owner == recipient {
            return reject(
                "same-owner",
                format!("asset '{asset}' is {owner}'s already"),
            );
        }
        let subject = subject(&asset);
        let swapped = AssetOwnerSwapped {
            asset,
            swap: found.swaps + 1,
            owner,
            recipient,
            undoes: None,
        };
        Ok(events![swapped.about(subject)])
    }

    /// The inverse: a swap back. It takes the latest swap only, since the owner before an earlier one has no claim against
    /// those to whom the asset went since.
    #[create]
    fn undo_asset_owner_swapped(
        command: &Command<UndoAssetOwnerSwapped>,
        cx: &Creation,
    ) -> Decision {
        let UndoAssetOwnerSwapped {
            asset,
            swap,
            owner,
            recipient,
            ..
        } = command.data.clone();
        let found = existing(&asset, cx)?;
        let kept = Swap::get(cx, (&asset, swap))?;
        let Some(kept) = kept.filter(|kept| kept.owner == owner && kept.recipient == recipient)
        else {
            let message = format!("asset '{asset}' has no swap {swap} from {owner} to {recipient}");
            return reject("unknown-swap", message);
        };
        if let Some(by) = kept.undone_by {
            let message = format!("swap {swap} of asset '{asset}' was undone by swap {by}");
            return reject("undone-already", message);
        }
        if found.swaps != swap {
            let message = format!(
                "asset '{asset}' has moved on since swap {swap}: it is {}'s by swap {}; undo the later swaps first, \
                 newest first",
                found.owner, found.swaps
            );
            return reject("moved-on", message);
        }
        let subject = subject(&asset);
        let swapped = AssetOwnerSwapped {
            asset,
            swap: swap + 1,
            owner: recipient,
            recipient: owner,
            undoes: Some(swap),
        };
        Ok(events![swapped.about(subject)])
    }
}

impl Asset {
    /// Makes the recipient the owner. Fails where the swap is not the asset's next, or not its owner's to make.
    fn hand_over(&mut self, swapped: &AssetOwnerSwapped) -> Done {
        if self.owner != swapped.owner {
            let message = format!("asset '{}' is not {}'s to give", self.id, swapped.owner);
            return fail("not-the-owner", message);
        }
        if self.swaps + 1 != swapped.swap {
            let message = format!(
                "swap {} of asset '{}' follows on swap {}",
                swapped.swap, self.id, self.swaps
            );
            return fail("swap-out-of-turn", message);
        }
        self.owner.clone_from(&swapped.recipient);
        self.swaps = swapped.swap;
        Ok(())
    }
}

impl Swap {
    /// Marks this swap as undone. Fails where the other is not a swap back, right after it.
    fn undo_by(&mut self, back: &AssetOwnerSwapped) -> Done {
        if self.number + 1 != back.swap || self.owner != back.recipient {
            let message = format!(
                "swap {} of asset '{}' to {} does not undo swap {} from {}",
                back.swap, self.asset, back.recipient, self.number, self.owner
            );
            return fail("not-a-swap-back", message);
        }
        self.undone_by = Some(back.swap);
        Ok(())
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
