//! The catalog follows two other plugins. Their rows are given as they stand when the event is materialized: the owner was first.

use catalog_2020_01_01::{
    Catalog, Commenter, Entry, Mention, ProductCommented, ProductOffered, ProductPriceChanged,
    User, UserRenamed,
};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;

fn user(id: &str, name: &str) -> User {
    User {
        id: id.into(),
        name: name.into(),
    }
}

fn offered(product: &str, seller: &str) -> ProductOffered {
    ProductOffered {
        product: product.into(),
        seller: seller.into(),
        title: "A lamp".into(),
        price_cents: 1_999,
    }
}

fn commented(product: &str, user: &str) -> ProductCommented {
    ProductCommented {
        product: product.into(),
        user: user.into(),
    }
}

fn entry(product: &str, seller: [&str; 2], commenters: &[[&str; 2]]) -> Entry {
    let commenter = |[user, name]: &[&str; 2]| Commenter {
        user: (*user).into(),
        name: (*name).into(),
    };
    Entry {
        product: product.into(),
        title: "A lamp".into(),
        price_cents: 1_999,
        seller: seller[0].into(),
        seller_name: seller[1].into(),
        commenters: Json(commenters.iter().map(commenter).collect()),
    }
}

/// Ada offers p1 and p2, Ben p3.
fn with_three() -> Scenario<Catalog> {
    Scenario::new()
        .with_row(user("u1", "Ada"))
        .with_row(user("u2", "Ben"))
        .given(offered("p1", "u1"))
        .given(offered("p2", "u1"))
        .given(offered("p3", "u2"))
}

#[test]
fn a_row_shows_the_sellers_name_and_each_commenters_once_in_order() {
    with_three()
        .given(commented("p1", "u2"))
        .given(commented("p1", "u1"))
        .given(commented("p1", "u2"))
        .then_rows([
            entry("p1", ["u1", "Ada"], &[["u2", "Ben"], ["u1", "Ada"]]),
            entry("p2", ["u1", "Ada"], &[]),
            entry("p3", ["u2", "Ben"], &[]),
        ]);
}

#[test]
fn a_new_name_stands_in_every_row_of_the_user_and_in_no_other() {
    let renamed = UserRenamed {
        user: "u1".into(),
        name: "Countess".into(),
    };
    with_three()
        .given(commented("p1", "u1"))
        .given(commented("p3", "u2"))
        .given(commented("p3", "u1"))
        .given(renamed)
        .then_rows([
            entry("p1", ["u1", "Countess"], &[["u1", "Countess"]]),
            entry("p2", ["u1", "Countess"], &[]),
            entry("p3", ["u2", "Ben"], &[["u2", "Ben"], ["u1", "Countess"]]),
        ]);
}

#[test]
fn a_price_changes_its_own_row() {
    let changed = ProductPriceChanged {
        product: "p2".into(),
        price_cents: 1,
    };
    with_three().given(changed).then_rows([
        entry("p1", ["u1", "Ada"], &[]),
        Entry {
            price_cents: 1,
            ..entry("p2", ["u1", "Ada"], &[])
        },
        entry("p3", ["u2", "Ben"], &[]),
    ]);
}

#[test]
fn what_is_about_nothing_known_fails_and_leaves_nothing() {
    with_three()
        .when_event(offered("p4", "u3"))
        .then_failed("row-missing")
        .then_no_row::<Entry>("p4")
        .when_event(commented("p4", "u1"))
        .then_failed("row-missing")
        .when_event(commented("p1", "u3"))
        .then_failed("row-missing")
        .then_rows::<Mention>([]);
}
