//! Products are offered and spoken of by users that another plugin keeps.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, made_id};
use product_2020_01_01::{
    ChangePrice, Comment, Commented, Offer, Offered, PriceChanged, Product, Products, Remark, User,
};

fn offered(product: &str, seller: &str) -> Offered {
    Offered {
        product: product.into(),
        seller: seller.into(),
        title: "A lamp".into(),
        price_cents: 1_999,
    }
}

fn commented(product: &str, number: u32, user: &str) -> Commented {
    Commented {
        product: product.into(),
        number,
        user: user.into(),
        text: "bright".into(),
    }
}

fn comment(product: &str, user: &str) -> Comment {
    Comment {
        product: product.into(),
        user: user.into(),
        text: "bright".into(),
    }
}

fn change_price(product: &str, by: &str, price_cents: i64) -> ChangePrice {
    ChangePrice {
        product: product.into(),
        by: by.into(),
        price_cents,
    }
}

fn product(id: &str, seller: &str, price_cents: i64) -> Product {
    Product {
        id: id.into(),
        seller: seller.into(),
        title: "A lamp".into(),
        price_cents,
    }
}

/// Users u1 and u2; u1 offers the lamp p1.
fn with_a_lamp() -> Scenario<Products> {
    Scenario::new()
        .with_row(User { id: "u1".into() })
        .with_row(User { id: "u2".into() })
        .given(offered("p1", "u1"))
}

#[test]
fn a_product_is_offered_by_a_user_who_is_there() {
    let offer = |seller: &str| Offer {
        product: None,
        seller: seller.into(),
        title: "A lamp".into(),
        price_cents: 1_999,
    };
    with_a_lamp()
        .when(offer("u3"))
        .then_rejected("unknown-user")
        .when(offer("u2"))
        .then_events(events![
            offered(&made_id(1), "u2").about(format!("product/{}", made_id(1)))
        ])
        .then_rows([
            product(&made_id(1), "u2", 1_999),
            product("p1", "u1", 1_999),
        ])
        .when(Offer {
            product: Some("p1".into()),
            ..offer("u2")
        })
        .then_rejected("id-taken")
        .when(Offer {
            product: Some("p2".into()),
            ..offer("u2")
        })
        .then_events(events![offered("p2", "u2").about("product/p2")]);
}

#[test]
fn the_seller_alone_changes_the_price_and_the_same_price_is_no_event() {
    let changed = PriceChanged {
        product: "p1".into(),
        price_cents: 1_500,
    };
    with_a_lamp()
        .when(change_price("p1", "u2", 1_500))
        .then_rejected("not-the-seller")
        .when(change_price("p2", "u1", 1_500))
        .then_rejected("unknown-product")
        .when(change_price("p1", "u1", 1_999))
        .then_events(events![])
        .when(change_price("p1", "u1", 1_500))
        .then_events(events![changed.about("product/p1")])
        .then_rows([product("p1", "u1", 1_500)]);
}

#[test]
fn comments_count_from_one_for_each_product() {
    let remark = |product: &str, number, user: &str| Remark {
        product: product.into(),
        number,
        user: user.into(),
        text: "bright".into(),
    };
    with_a_lamp()
        .given(offered("p2", "u2"))
        .when(comment("p1", "u2"))
        .then_events(events![commented("p1", 1, "u2").about("product/p1")])
        .when(comment("p2", "u2"))
        .then_events(events![commented("p2", 1, "u2").about("product/p2")])
        .when(comment("p1", "u1"))
        .then_events(events![commented("p1", 2, "u1").about("product/p1")])
        .then_rows([
            remark("p1", 1, "u2"),
            remark("p1", 2, "u1"),
            remark("p2", 1, "u2"),
        ])
        .when(comment("p3", "u1"))
        .then_rejected("unknown-product")
        .when(comment("p1", "u3"))
        .then_rejected("unknown-user");
}

#[test]
fn events_about_who_or_what_is_not_there_fail() {
    with_a_lamp()
        .when_event(offered("p2", "u3"))
        .then_failed("row-missing")
        .when_event(commented("p2", 1, "u1"))
        .then_failed("row-missing")
        .when_event(commented("p1", 1, "u3"))
        .then_failed("row-missing")
        .then_rows::<Remark>([]);
}
