//! The plugin `catalog`, version 2020-06-01: each row says how often it was commented on.
//!
//! Holds the new column and what counts it, and nothing else. Products that are there already need no script that fills it in: put in
//! force over all of history, the version counts the comments of old as it counts those to come.

use daybook_sdk::prelude::*;

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
    /// How often it was commented on.
    #[column(default = 0)]
    pub comments: i64,
}

/// The plugin.
pub struct Catalog;

#[plugin(
    name = "catalog",
    version = "2020-06-01",
    extends = "2020-01-01",
    description = "One row for each product, with the names of users",
    changes = ["each row says how often it was commented on"],
    tables = [Entry]
)]
impl Catalog {
    #[materialize]
    fn commented(event: &Event<ProductCommented>, cx: &Materialization) -> Done {
        cx.previous(event)?;
        Entry::update(cx, &event.data.product, |it| it.comments += 1)
    }
}
