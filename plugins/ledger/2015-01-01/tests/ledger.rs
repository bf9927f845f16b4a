//! The ledger, told as stories: what was given, what is done, what must come of it.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, made_id};
use ledger_2015_01_01::tables::{Account, Leg, Purpose, Statement};
use ledger_2015_01_01::words::{
    AccountOpened, ClosePeriod, Entry, Kind, OpenAccount, Opening, PeriodClosed, Post, Posted,
    Transfer, Transferred,
};
use ledger_2015_01_01::{FEE, FEES, Ledger};

/// The world, the fees, Ada with 100.00 and Bob with nothing. The world's account is event 1, Ada's 3, Ada's money 4.
fn with_ada_and_bob() -> Scenario<Ledger> {
    Scenario::<Ledger>::new()
        .when(open("world", Kind::Own, None))
        .when(open(FEES, Kind::Own, None))
        .when(open("ada", Kind::Customer, Some(10_000)))
        .when(open("bob", Kind::Customer, None))
}

fn open(account: &str, kind: Kind, opening: Option<i64>) -> OpenAccount {
    OpenAccount {
        account: account.into(),
        kind,
        opening: opening.map(|amount| Opening {
            amount,
            from: "world".into(),
        }),
    }
}

fn legs<const N: usize>(legs: [(&str, i64); N]) -> Vec<Entry> {
    let entry = |(account, amount): (&str, i64)| Entry {
        account: account.into(),
        amount,
    };
    legs.map(entry).into()
}

fn transfer(from: &str, to: &str, amount: i64) -> Transfer {
    Transfer {
        from: from.into(),
        to: to.into(),
        amount,
    }
}

fn close(account: &str) -> ClosePeriod {
    ClosePeriod {
        account: account.into(),
    }
}

#[track_caller]
fn check_balances(scenario: &Scenario<Ledger>, expected: [(&str, i64); 4]) {
    let accounts = scenario.rows::<Account>();
    let balances = accounts.iter().map(|it| (&*it.id, it.balance));
    assert_eq!(balances.collect::<Vec<_>>(), expected);
    assert_eq!(accounts.iter().map(|it| it.balance).sum::<i64>(), 0);
    for account in &accounts {
        let legs = scenario.rows::<Leg>();
        let own = legs.iter().filter(|leg| leg.account == account.id);
        assert_eq!(
            own.map(|leg| leg.amount).sum::<i64>(),
            account.balance,
            "{}",
            account.id
        );
    }
}

#[test]
fn what_an_account_is_opened_with_comes_from_another() {
    let opened = AccountOpened {
        account: "cyd".into(),
        kind: Kind::Customer,
    };
    let posted = Posted {
        transaction: made_id(2),
        legs: legs([("world", -500), ("cyd", 500)]),
    };
    let from = |from: &str, amount| OpenAccount {
        opening: Some(Opening {
            amount,
            from: from.into(),
        }),
        ..open("cyd", Kind::Customer, None)
    };
    let scenario = with_ada_and_bob();
    check_balances(
        &scenario,
        [("ada", 10_000), ("bob", 0), (FEES, 0), ("world", -10_000)],
    );
    scenario
        .when(open("ada", Kind::Own, None))
        .then_rejected("open-already")
        .when(from("bob", 1))
        .then_rejected("below-zero")
        .when(from("cyd", 1))
        .then_rejected("unknown-account")
        .then_no_row::<Account>("cyd")
        .when(from("world", 500))
        .then_events([opened.about("account/cyd"), posted.about("account/world")])
        .then_row(Account {
            id: "cyd".into(),
            kind: Kind::Customer,
            balance: 500,
            period: 1,
            opening: 0,
            period_seq: 6,
        });
}

#[test]
fn a_transaction_adds_up_to_zero_and_has_one_payer_or_is_refused() {
    let post = |legs| Post { legs };
    let scenario = with_ada_and_bob()
        .when(post(legs([("ada", -5), ("bob", 4)])))
        .then_rejected("unbalanced")
        .when(post(legs([("ada", -5), ("cyd", 5)])))
        .then_rejected("unknown-account")
        .when(post(legs([("ada", -5), ("bob", 3), ("bob", 2)])))
        .then_rejected("named-twice")
        .when(post(legs([("ada", -5), ("world", -5), ("bob", 10)])))
        .then_rejected("not-one-payer")
        .when(post(legs([("ada", 0), ("bob", 0)])))
        .then_rejected("not-one-payer")
        .when(post(legs([("ada", -10_001), ("bob", 10_001)])))
        .then_rejected("below-zero");
    check_balances(
        &scenario,
        [("ada", 10_000), ("bob", 0), (FEES, 0), ("world", -10_000)],
    );
    let posted = Posted {
        transaction: made_id(2),
        legs: legs([("ada", -10_000), ("bob", 9_000), ("world", 1_000)]),
    };
    let scenario = scenario
        .when(post(posted.legs.clone()))
        .then_events([posted.about("account/ada")]);
    check_balances(
        &scenario,
        [("ada", 0), ("bob", 9_000), (FEES, 0), ("world", -9_000)],
    );
}

#[test]
fn a_transfer_costs_its_payer_a_fee_which_is_in_its_leg() {
    let transferred = Transferred {
        transaction: made_id(2),
        from: "ada".into(),
        to: "bob".into(),
        amount: 9_990,
        fee: FEE,
    };
    let leg = |account: &str, line, amount, purpose| Leg {
        account: account.into(),
        seq: 6,
        line,
        transaction: made_id(2),
        amount,
        purpose,
    };
    let scenario = with_ada_and_bob()
        .when(transfer("ada", "bob", 9_991))
        .then_rejected("below-zero")
        .when(transfer("ada", "bob", 9_990))
        .then_events([transferred.about("account/ada")])
        .then_row(leg("ada", 1, -10_000, Purpose::Payment))
        .then_row(leg("bob", 2, 9_990, Purpose::Payment))
        .then_row(leg(FEES, 3, 10, Purpose::Fee))
        .when(transfer("ada", "bob", 1))
        .then_rejected("below-zero");
    check_balances(
        &scenario,
        [("ada", 0), ("bob", 9_990), (FEES, 10), ("world", -10_000)],
    );
}

#[test]
fn only_customers_transfer_and_only_where_there_is_an_account_for_fees() {
    with_ada_and_bob()
        .when(transfer("ada", "ada", 1))
        .then_rejected("same-account")
        .when(transfer("ada", "cyd", 1))
        .then_rejected("unknown-account")
        .when(transfer("world", "ada", 1))
        .then_rejected("not-a-customer")
        .when(transfer("ada", FEES, 1))
        .then_rejected("not-a-customer");
    Scenario::<Ledger>::new()
        .when(open("world", Kind::Own, None))
        .when(open("ada", Kind::Customer, Some(100)))
        .when(open("bob", Kind::Customer, None))
        .when(transfer("ada", "bob", 1))
        .then_rejected("unknown-account");
}

#[test]
fn events_that_do_not_add_up_or_take_a_customer_below_zero_fail_and_change_nothing() {
    let posted = |legs| Posted {
        transaction: "t".into(),
        legs,
    };
    let transferred = |from: &str, amount, fee| Transferred {
        transaction: "t".into(),
        from: from.into(),
        to: "bob".into(),
        amount,
        fee,
    };
    let scenario = with_ada_and_bob()
        .when_event(posted(legs([("world", -5), ("bob", 6)])))
        .then_failed("unbalanced")
        .when_event(posted(legs([("bob", -1), ("ada", 1)])))
        .then_failed("below-zero")
        // Ada pays before it is seen that nobody gets it.
        .when_event(posted(legs([("ada", -5), ("cyd", 5)])))
        .then_failed("row-missing")
        .when_event(transferred("ada", 10_000, 1))
        .then_failed("below-zero")
        .when_event(transferred("ada", i64::MAX, 1))
        .then_failed("balance-too-large")
        .when_event(posted(legs([("world", -i64::MAX), ("ada", i64::MAX)])))
        .then_failed("balance-too-large");
    check_balances(
        &scenario,
        [("ada", 10_000), ("bob", 0), (FEES, 0), ("world", -10_000)],
    );
}

#[test]
fn a_closed_period_ends_with_what_its_legs_lead_to_and_the_next_one_begins_with_it() {
    let closed = |period, balance| PeriodClosed {
        account: "ada".into(),
        period,
        balance,
    };
    let statement = |period, opening, closing, seq| Statement {
        account: "ada".into(),
        period,
        opening,
        closing,
        seq,
    };
    let scenario = with_ada_and_bob()
        .when(close("cyd"))
        .then_rejected("unknown-account")
        .when(close("ada"))
        .then_events([closed(1, 10_000).about("account/ada")])
        .when(transfer("ada", "bob", 90))
        .when(transfer("bob", "ada", 30))
        .when(close("ada"))
        .then_events([closed(2, 9_930).about("account/ada")])
        .when(close("ada"))
        .then_rows([
            statement(1, 0, 10_000, 6),
            statement(2, 10_000, 9_930, 9),
            statement(3, 9_930, 9_930, 10),
        ])
        .when(transfer("ada", "bob", 20))
        .then_row(Account {
            id: "ada".into(),
            kind: Kind::Customer,
            balance: 9_900,
            period: 4,
            opening: 9_930,
            period_seq: 10,
        });
    check_balances(
        &scenario,
        [("ada", 9_900), ("bob", 70), (FEES, 30), ("world", -10_000)],
    );
}

#[test]
fn a_period_is_not_closed_with_another_balance_nor_twice() {
    let closed = |account: &str, period, balance| PeriodClosed {
        account: account.into(),
        period,
        balance,
    };
    with_ada_and_bob()
        .when_event(closed("ada", 1, 9_999))
        .then_failed("period-does-not-add-up")
        .when_event(closed("ada", 2, 10_000))
        .then_failed("other-period")
        .when_event(closed("cyd", 1, 0))
        .then_failed("row-missing")
        .then_rows::<Statement>([])
        .given(closed("ada", 1, 10_000))
        .when_event(closed("ada", 1, 10_000))
        .then_failed("other-period");
}

#[test]
fn a_period_of_more_legs_than_one_read_gives_is_closed() {
    let mut scenario = with_ada_and_bob();
    for _ in 0..600 {
        scenario = scenario.given(Posted {
            transaction: "t".into(),
            legs: legs([("ada", -1), ("bob", 1)]),
        });
    }
    scenario.when(close("bob")).then_rows([Statement {
        account: "bob".into(),
        period: 1,
        opening: 0,
        closing: 600,
        seq: 606,
    }]);
}
