//! What version 2015-07-01 does otherwise than 2015-01-01, and that it does nothing else otherwise.

use daybook_sdk::Plugin;
use daybook_sdk::testing::{Scenario, declared_alike};
use ledger_2015_01_01 as first;
use ledger_2015_01_01::tables::{Account, Statement};
use ledger_2015_01_01::words::{AccountOpened, ClosePeriod, Entry, Kind, Posted, Transfer};
use ledger_2015_07_01::{Ledger, Leg, Purpose, Transferred};

/// The world, the fees, Ada with 100.00 and Bob with nothing: five events.
fn with_ada_and_bob<V: Plugin>(scenario: Scenario<V>) -> Scenario<V> {
    let accounts = [
        ("world", Kind::Own),
        (first::FEES, Kind::Own),
        ("ada", Kind::Customer),
        ("bob", Kind::Customer),
    ];
    let opened = accounts.map(|(account, kind)| AccountOpened {
        account: account.into(),
        kind,
    });
    let scenario = opened.into_iter().fold(scenario, Scenario::given);
    let legs = [("world", -10_000), ("ada", 10_000)];
    scenario.given(Posted {
        transaction: "opening".into(),
        legs: legs
            .map(|(account, amount)| Entry {
                account: account.into(),
                amount,
            })
            .into(),
    })
}

fn under_july() -> Scenario<Ledger> {
    with_ada_and_bob(Scenario::<Ledger>::new().previous::<first::Ledger>())
}

fn transferred(amount: i64, fee: i64) -> Transferred {
    Transferred {
        transaction: "t".into(),
        from: "ada".into(),
        to: "bob".into(),
        amount,
        fee,
    }
}

fn leg(account: &str, line: i64, amount: i64, purpose: Purpose) -> Leg {
    Leg {
        account: account.into(),
        seq: 6,
        line,
        transaction: "t".into(),
        amount,
        purpose,
    }
}

/// The legs of the transfer, which is event 6.
fn legs_of_it(scenario: &Scenario<Ledger>) -> Vec<Leg> {
    let legs = scenario.rows::<Leg>().into_iter();
    legs.filter(|leg| leg.seq == 6).collect()
}

#[test]
fn a_payer_has_a_leg_for_the_payment_and_one_for_the_fee() {
    let scenario = under_july().given(transferred(90, 10));
    let expected = [
        leg("ada", 1, -90, Purpose::Payment),
        leg("ada", 4, -10, Purpose::Fee),
        leg("bob", 2, 90, Purpose::Payment),
        leg(first::FEES, 3, 10, Purpose::Fee),
    ];
    assert_eq!(legs_of_it(&scenario), expected);
}

#[test]
fn a_transfer_without_a_fee_has_no_leg_for_it() {
    let scenario = under_july().given(transferred(90, 0));
    let expected = [
        leg("ada", 1, -90, Purpose::Payment),
        leg("bob", 2, 90, Purpose::Payment),
        leg(first::FEES, 3, 0, Purpose::Fee),
    ];
    assert_eq!(legs_of_it(&scenario), expected);
}

#[test]
fn balances_and_statements_are_the_version_befores() {
    fn story<V: Plugin>(scenario: Scenario<V>) -> (Vec<Account>, Vec<Statement>, usize) {
        let transfer = |from: &str, to: &str, amount| Transfer {
            from: from.into(),
            to: to.into(),
            amount,
        };
        let close = || ClosePeriod {
            account: "ada".into(),
        };
        let scenario = with_ada_and_bob(scenario)
            .when(transfer("ada", "bob", 500))
            .when(close())
            .when(transfer("bob", "ada", 490))
            .when(transfer("bob", "ada", 1))
            .then_rejected("below-zero")
            .when(transfer("ada", "bob", 200))
            .when(close());
        (
            scenario.rows(),
            scenario.rows(),
            scenario.rows::<Leg>().len(),
        )
    }
    let (accounts, statements, legs) = story(Scenario::<first::Ledger>::new());
    assert_eq!((accounts.len(), statements.len()), (4, 2));
    let new = story(Scenario::<Ledger>::new().previous::<first::Ledger>());
    assert_eq!(
        new,
        (accounts, statements, legs + 3),
        "a leg for each of three transfers"
    );
}

#[test]
fn what_fails_in_the_version_before_fails_here_and_leaves_no_leg() {
    let scenario = under_july()
        .when_event(transferred(9_991, 10))
        .then_failed("below-zero");
    assert!(legs_of_it(&scenario).is_empty());
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Ledger, first::Ledger>(),
        ["leg", "ledger.Transferred"]
    );
}
