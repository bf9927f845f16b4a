//! The plugin `catalog`, version 2020-01-01: one row for each product, as a page would show it, with the names of its seller and of those
//! who commented on it. It has no events and no commands of its own: it materializes those of the plugins `user` and `product`, in the
//! transaction in which they happen, so that no reader ever sees a name that is not so any more.

use daybook_sdk::prelude::*;

/// A user is called otherwise.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "user.Renamed")]
pub struct UserRenamed {
    /// The user's id.
    pub user: String,
    /// What they are called now.
    pub name: String,
}

/// A product is on offer.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "product.Offered")]
pub struct ProductOffered {
    /// The product's id.
    pub product: String,
    /// The user who offers it.
    pub seller: String,
    /// What it is.
    pub title: String,
    /// What it costs, in cents.
    pub price_cents: i64,
}

/// A product costs another sum.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "product.PriceChanged")]
pub struct ProductPriceChanged {
    /// The product's id.
    pub product: String,
    /// What it costs now, in cents.
    pub price_cents: i64,
}

/// A user said something about a product.
#[derive(Clone, Debug, PartialEq, Event)]
#[event(type = "product.Commented")]
pub struct ProductCommented {
    /// The product's id.
    pub product: String,
    /// The user who said it.
    pub user: String,
}

/// Somebody who commented.
#[derive(Clone, Debug, PartialEq, Payload)]
pub struct Commenter {
    /// The user's id.
    pub user: String,
    /// What they are called.
    pub name: String,
}

/// A product as a page shows it.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(index(by_seller = [seller]))]
pub struct Entry {
    /// The product's id.
    #[key]
    pub product: String,
    /// What it is.
    pub title: String,
    /// What it costs, in cents.
    pub price_cents: i64,
    /// The user who offers it.
    pub seller: String,
    /// What the seller is called.
    pub seller_name: String,
    /// Who commented on it, each once, the first to do so first.
    pub commenters: Json<Vec<Commenter>>,
}

/// On which products a user commented: where their name stands.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Mention {
    /// The user's id.
    #[key]
    pub user: String,
    /// The product's id.
    #[key]
    pub product: String,
}

/// Users, which another plugin keeps.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(plugin = "user", name = "user")]
pub struct User {
    /// The user's id.
    #[key]
    pub id: String,
    /// What they are called.
    pub name: String,
}

/// The plugin.
pub struct Catalog;

#[plugin(
    name = "catalog",
    version = "2020-01-01",
    description = "One row for each product, with the names of users",
    changes = ["the first version"],
    tables = [Entry, Mention],
    reads = [User]
)]
impl Catalog {
    #[materialize]
    fn offered(event: &Event<ProductOffered>, cx: &Materialization) -> Done {
        let offered = event.data.clone();
        Entry {
            seller_name: User::require(cx, &offered.seller)?.name,
            product: offered.product,
            title: offered.title,
            price_cents: offered.price_cents,
            seller: offered.seller,
            commenters: Json(Vec::new()),
        }
        .insert(cx)
    }

    #[materialize]
    fn price_changed(event: &Event<ProductPriceChanged>, cx: &Materialization) -> Done {
        let ProductPriceChanged {
            product,
            price_cents,
        } = &event.data;
        Entry::update(cx, product, |it| it.price_cents = *price_cents)
    }

    /// Who commented already stands there.
    #[materialize]
    fn commented(event: &Event<ProductCommented>, cx: &Materialization) -> Done {
        let ProductCommented { product, user } = event.data.clone();
        if Mention::exists(cx, (&user, &product)) {
            return Ok(());
        }
        let name = User::require(cx, &user)?.name;
        let commenter = Commenter {
            user: user.clone(),
            name,
        };
        Entry::update(cx, &product, |it| it.commenters.0.push(commenter))?;
        Mention { user, product }.insert(cx)
    }

    /// Everywhere the name stands: what the user offers, and what they commented on. A product may be both.
    #[materialize]
    fn renamed(event: &Event<UserRenamed>, cx: &Materialization) -> Done {
        let UserRenamed { user, name } = &event.data;
        let offers = Entry::find(cx).by(Entry::BY_SELLER).prefix(user);
        for entry in offers.rows()? {
            Entry::update(cx, &entry.product, |it| it.seller_name = name.clone())?;
        }
        Mention::find(cx).prefix(user).each(|mention| {
            Entry::update(cx, &mention.product, |it| {
                for commenter in &mut it.commenters.0 {
                    if commenter.user == *user {
                        commenter.name = name.clone();
                    }
                }
            })
        })
    }
}
