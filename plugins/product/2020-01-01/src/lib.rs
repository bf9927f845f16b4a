//! The plugin `product`, version 2020-01-01: what users offer, for how much, and what other users say of it. It reads the users of the
//! plugin `user` to know that they are there, and keeps their ids, not their names: a name is kept once, by who owns it.

use daybook_sdk::prelude::*;

/// A product is on offer.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Offered {
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
pub struct PriceChanged {
    /// The product's id.
    pub product: String,
    /// What it costs now, in cents.
    pub price_cents: i64,
}

/// A user said something about a product.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Commented {
    /// The product's id.
    pub product: String,
    /// Counts from 1 for each product.
    pub number: u32,
    /// The user who said it.
    pub user: String,
    /// What was said.
    pub text: String,
}

/// Offer a product.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Offer {
    /// The id that it is to have; absent: one is made.
    #[schemars(length(min = 1, max = 100))]
    pub product: Option<String>,
    /// The user who offers it.
    pub seller: String,
    /// What it is.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// What it costs, in cents.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub price_cents: i64,
}

/// Have a product cost another sum. Only its seller may.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct ChangePrice {
    /// The product's id.
    pub product: String,
    /// The user who asks for it.
    pub by: String,
    /// What it is to cost, in cents.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub price_cents: i64,
}

/// Say something about a product.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Comment {
    /// The product's id.
    pub product: String,
    /// The user who says it.
    pub user: String,
    /// What is said.
    #[schemars(length(min = 1, max = 2_000))]
    pub text: String,
}

/// What is on offer.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Product {
    /// The product's id.
    #[key]
    pub id: String,
    /// The user who offers it.
    pub seller: String,
    /// What it is.
    pub title: String,
    /// What it costs, in cents.
    pub price_cents: i64,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(name = "comment")]
pub struct Remark {
    /// The product's id.
    #[key]
    pub product: String,
    /// Counts from 1 for each product.
    #[key]
    pub number: u32,
    /// The user who said it.
    pub user: String,
    /// What was said.
    pub text: String,
}

/// Users, which another plugin keeps.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(plugin = "user", name = "user")]
pub struct User {
    /// The user's id.
    #[key]
    pub id: String,
}

/// The plugin.
pub struct Products;

#[plugin(
    name = "product",
    version = "2020-01-01",
    description = "Products, their prices, and what users say of them",
    changes = ["the first version"],
    tables = [Product, Remark],
    reads = [User]
)]
impl Products {
    #[materialize]
    fn offered(event: &Event<Offered>, cx: &Materialization) -> Done {
        let offered = event.data.clone();
        User::require(cx, &offered.seller)?;
        Product {
            id: offered.product,
            seller: offered.seller,
            title: offered.title,
            price_cents: offered.price_cents,
        }
        .insert(cx)
    }

    #[materialize]
    fn price_changed(event: &Event<PriceChanged>, cx: &Materialization) -> Done {
        let PriceChanged {
            product,
            price_cents,
        } = &event.data;
        Product::update(cx, product, |it| it.price_cents = *price_cents)
    }

    #[materialize]
    fn commented(event: &Event<Commented>, cx: &Materialization) -> Done {
        let commented = event.data.clone();
        Product::require(cx, &commented.product)?;
        User::require(cx, &commented.user)?;
        Remark {
            product: commented.product,
            number: commented.number,
            user: commented.user,
            text: commented.text,
        }
        .insert(cx)
    }

    #[create]
    fn offer(command: &Command<Offer>, cx: &Creation) -> Decision {
        let offer = command.data.clone();
        known_user(cx, &offer.seller)?;
        let product = offer.product.unwrap_or_else(|| cx.make_id());
        if Product::exists(cx, &product) {
            return reject(
                "id-taken",
                format!("there is a product '{product}' already"),
            );
        }
        let subject = subject(&product);
        let offered = Offered {
            product,
            seller: offer.seller,
            title: offer.title,
            price_cents: offer.price_cents,
        };
        Ok(events![offered.about(subject)])
    }

    /// The price as it is already is no event.
    #[create]
    fn change_price(command: &Command<ChangePrice>, cx: &Creation) -> Decision {
        let ChangePrice {
            product,
            by,
            price_cents,
        } = command.data.clone();
        let it = known_product(cx, &product)?;
        if it.seller != by {
            let message = format!("'{}' is offered by user '{}'", it.title, it.seller);
            return reject("not-the-seller", message);
        }
        if it.price_cents == price_cents {
            return Ok(events![]);
        }
        let subject = subject(&product);
        let changed = PriceChanged {
            product,
            price_cents,
        };
        Ok(events![changed.about(subject)])
    }

    #[create]
    fn comment(command: &Command<Comment>, cx: &Creation) -> Decision {
        let Comment {
            product,
            user,
            text,
        } = command.data.clone();
        known_product(cx, &product)?;
        known_user(cx, &user)?;
        let last = Remark::find(cx).prefix(&product).descending().first()?;
        let subject = subject(&product);
        let commented = Commented {
            product,
            number: last.map_or(0, |it| it.number) + 1,
            user,
            text,
        };
        Ok(events![commented.about(subject)])
    }
}

fn subject(product: &str) -> String {
    format!("product/{product}")
}

fn known_user(cx: &Creation, user: &str) -> Result<(), Refusal> {
    match User::exists(cx, user) {
        true => Ok(()),
        false => reject("unknown-user", format!("there is no user '{user}'")),
    }
}

fn known_product(cx: &Creation, product: &str) -> Result<Product, Refusal> {
    match Product::get(cx, product)? {
        Some(it) => Ok(it),
        None => reject(
            "unknown-product",
            format!("there is no product '{product}'"),
        ),
    }
}
