//! What the mistakes are made with: a plugin's types, right as they are.

pub use daybook_sdk::currency::{CZK, EUR};
pub use daybook_sdk::prelude::*;

/// A counter was raised.
#[derive(Clone, Event)]
pub struct Raised {
    pub counter: String,
    pub by: u32,
}

/// Raise a counter.
#[derive(Clone, Command)]
pub struct Raise {
    pub counter: String,
    pub by: u32,
}

/// Tell somebody.
#[derive(Clone, Task)]
pub struct Mail {
    pub to: String,
}

/// A counter as it stands.
#[derive(Debug, PartialEq, Table)]
#[table(index(by_value = [value]))]
pub struct Counter {
    #[key]
    pub name: String,
    pub value: i64,
}

/// Another plugin's table.
#[derive(Table)]
#[table(plugin = "rates", name = "rate")]
pub struct Rate {
    #[key]
    pub currency: String,
    pub cents: i64,
}

/// A till with money of two currencies.
#[derive(Table)]
pub struct Till {
    #[key]
    pub id: i64,
    pub crowns: Money<CZK, 2>,
    pub euros: Money<EUR, 2>,
}
