//! Comments are counted; the rest is the version before's.

use catalog_2020_01_01::{
    Catalog as First, Entry as FirstEntry, ProductOffered, ProductPriceChanged, User, UserRenamed,
};
use catalog_2020_06_01::{Catalog, Entry, ProductCommented};
use daybook_sdk::Plugin;
use daybook_sdk::testing::Scenario;

/// Two products, commented on twice by one user, and never.
fn story<V: Plugin>(scenario: Scenario<V>) -> Scenario<V> {
    let user = |id: &str, name: &str| User {
        id: id.into(),
        name: name.into(),
    };
    let offered = |product: &str| ProductOffered {
        product: product.into(),
        seller: "u1".into(),
        title: "A lamp".into(),
        price_cents: 1_999,
    };
    let commented = || ProductCommented {
        product: "p1".into(),
        user: "u2".into(),
    };
    scenario
        .with_row(user("u1", "Ada"))
        .with_row(user("u2", "Ben"))
        .given(offered("p1"))
        .given(offered("p2"))
        .given(commented())
        .given(commented())
        .given(ProductPriceChanged {
            product: "p1".into(),
            price_cents: 5,
        })
        .given(UserRenamed {
            user: "u2".into(),
            name: "Benjamin".into(),
        })
}

#[test]
fn each_comment_counts_also_a_users_second_and_nothing_else_does() {
    let scenario = story(Scenario::<Catalog>::new().previous::<First>());
    let counts: Vec<_> = { scenario.rows::<Entry>().into_iter() }
        .map(|entry| (entry.product, entry.comments))
        .collect();
    assert_eq!(counts, [("p1".to_owned(), 2), ("p2".to_owned(), 0)]);
}

#[test]
fn the_other_columns_are_as_the_version_before_has_them() {
    let new = story(Scenario::<Catalog>::new().previous::<First>());
    let old = story(Scenario::<First>::new());
    assert_eq!(new.rows::<FirstEntry>(), old.rows::<FirstEntry>());
    assert_eq!(old.rows::<FirstEntry>()[0].commenters.0[0].name, "Benjamin");
}

#[test]
fn what_the_version_before_fails_on_is_not_counted() {
    story(Scenario::<Catalog>::new().previous::<First>())
        .when_event(ProductCommented {
            product: "p1".into(),
            user: "u3".into(),
        })
        .then_failed("row-missing")
        .when_event(ProductCommented {
            product: "p3".into(),
            user: "u2".into(),
        })
        .then_failed("row-missing");
}

#[test]
fn the_table_has_one_column_more() {
    let [new, old] = [Catalog::manifest(), First::manifest()].map(|it| it.tables[0].clone());
    assert_eq!((&new.name, &new.indexes), (&old.name, &old.indexes));
    let (columns, added) = new.columns.split_at(old.columns.len());
    assert_eq!(columns, old.columns);
    let added: Vec<_> = added.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(added, ["comments"]);
}
