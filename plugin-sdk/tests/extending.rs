//! A version that says of a table only what it adds, and takes the other types from the version below.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike};
use daybook_sdk::{Plugin, Table};

/// The first version.
mod first {
    use daybook_sdk::prelude::*;

    /// An account was opened.
    #[derive(Clone, Event)]
    pub struct Opened {
        pub account: i64,
        pub owner: String,
    }

    /// Money came in.
    #[derive(Clone, Event)]
    pub struct Deposited {
        pub account: i64,
        pub amount: i64,
    }

    #[derive(Clone, Debug, PartialEq, Table)]
    #[table(unique(by_owner = [owner]))]
    pub struct Account {
        #[key]
        pub id: i64,
        pub owner: String,
        pub balance: i64,
        #[column(default = 7)]
        pub limit: i64,
    }

    #[derive(Clone, Debug, PartialEq, Table)]
    pub struct Total {
        #[key]
        pub id: i64,
        pub sum: i64,
    }

    pub struct Bank;

    #[plugin(version = "2024-01-01", tables = [Account, Total])]
    impl Bank {
        #[materialize]
        fn opened(event: &Event<Opened>, cx: &Materialization) -> Done {
            let Opened { account, owner } = event.data.clone();
            Account {
                id: account,
                owner,
                balance: 0,
                limit: 0,
            }
            .insert(cx)
        }

        #[materialize]
        fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done {
            let Deposited { account, amount } = event.data;
            Account::update(cx, account, |row| row.balance += amount)?;
            let new = || Total { id: 1, sum: 0 };
            Total::update_or_insert(cx, 1, new, |row| row.sum += amount)
        }
    }
}

/// The second version counts deposits, and reads what the first one writes.
mod second {
    use daybook_sdk::prelude::*;

    use super::first::{self, Deposited, Total};

    #[derive(Clone, Debug, PartialEq, Table)]
    #[table(extends = first::Account, index(by_deposits = [deposits]))]
    pub struct Deposits {
        #[key]
        pub id: i64,
        #[column(default = 0)]
        pub deposits: u32,
        pub last: Option<i64>,
        pub balance: i64,
    }

    pub struct Bank;

    #[plugin(version = "2024-06-01", extends = "2024-01-01", tables = [Deposits])]
    impl Bank {
        #[materialize]
        fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done {
            cx.previous(event)?;
            let Deposited { account, amount } = event.data;
            // A table of the version below needs no declaration.
            Total::update(cx, 1, |row| row.sum += 1)?;
            Deposits::update(cx, account, |row| {
                row.deposits += 1;
                row.last = Some(amount);
                row.balance += 100;
            })
        }
    }
}

/// The third one extends the second one's.
mod third {
    use daybook_sdk::prelude::*;

    use super::first::Opened;
    use super::second;

    /// An account was closed.
    #[derive(Event)]
    pub struct Closed {
        pub account: i64,
    }

    #[derive(Clone, Debug, PartialEq, Table)]
    #[table(extends = second::Deposits)]
    pub struct Account {
        #[column(default = "new")]
        pub state: String,
        #[key]
        pub id: i64,
        pub owner: String,
    }

    pub struct Bank;

    #[plugin(version = "2024-09-01", extends = "2024-06-01", tables = [Account])]
    impl Bank {
        #[materialize]
        fn opened(event: &Event<Opened>, cx: &Materialization) -> Done {
            cx.previous(event)?;
            let account = event.data.account;
            let found = Account::find(cx).prefix(account).first()?;
            if found != Account::get(cx, account)? {
                return fail("differs", "a find and a get");
            }
            Account::update(cx, account, |row| row.state = "open".to_owned())
        }

        #[materialize]
        fn closed(event: &Event<Closed>, cx: &Materialization) -> Done {
            Account::delete(cx, event.data.account)
        }
    }
}

fn opened() -> first::Opened {
    first::Opened {
        account: 1,
        owner: "Ada".to_owned(),
    }
}

fn deposited() -> first::Deposited {
    first::Deposited {
        account: 1,
        amount: 5,
    }
}

/// A version that takes a table's type from the wrong version below.
mod mixed {
    use daybook_sdk::prelude::*;

    use super::first::{Account, Opened};

    pub struct Bank;

    #[plugin(version = "2024-09-01", extends = "2024-06-01")]
    impl Bank {
        #[materialize]
        fn opened(event: &Event<Opened>, cx: &Materialization) -> Done {
            cx.previous(event)?;
            Account::update(cx, event.data.account, |row| row.balance = 1)
        }
    }
}

#[test]
fn a_row_type_of_an_older_version_below_is_refused() {
    Scenario::<mixed::Bank>::new()
        .previous::<second::Bank>()
        .previous::<first::Bank>()
        .when_event(opened())
        .then_failed("other-columns");
}

#[test]
fn the_manifest_has_the_whole_table() {
    let names = |table: &daybook_sdk::contract::manifest::Table| -> Vec<String> {
        table.columns.iter().map(|it| it.name.clone()).collect()
    };
    let second = second::Bank::manifest().tables.remove(0);
    assert_eq!(second.name, "account");
    assert_eq!(
        names(&second),
        ["id", "owner", "balance", "limit", "deposits", "last"]
    );
    assert_eq!(second.primary_key, ["id"]);
    let indexes: Vec<_> = second.indexes.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(indexes, ["by_owner", "by_deposits"]);
    let defaults: Vec<_> = { second.columns.iter() }
        .map(|it| it.default_value.clone())
        .collect();
    let number = |number| Some(Value::Integer(number));
    assert_eq!(defaults, [None, None, None, number(7), number(0), None]);

    let third = third::Bank::manifest().tables.remove(0);
    assert_eq!(
        names(&third),
        [
            "id", "owner", "balance", "limit", "deposits", "last", "state"
        ]
    );
    assert_eq!(third::Account::WHOLE_COLUMNS, names(&third));
    assert_eq!(declared_alike::<third::Bank, second::Bank>(), ["account"]);
}

#[test]
fn an_update_leaves_the_columns_that_the_type_does_not_name() {
    Scenario::<second::Bank>::new()
        .previous::<first::Bank>()
        .given(opened())
        .given(deposited())
        .given(deposited())
        .then_row(second::Deposits {
            id: 1,
            deposits: 2,
            last: Some(5),
            balance: 210,
        })
        .then_row(first::Account {
            id: 1,
            owner: "Ada".to_owned(),
            balance: 210,
            limit: 0,
        })
        .then_row(first::Total { id: 1, sum: 12 });
}

#[test]
fn a_third_version_extends_the_second_ones_type() {
    let account = |state: &str| third::Account {
        state: state.to_owned(),
        id: 1,
        owner: "Ada".to_owned(),
    };
    Scenario::<third::Bank>::new()
        .previous::<second::Bank>()
        .previous::<first::Bank>()
        .given(opened())
        .given(deposited())
        .then_rows([account("open")])
        .then_row(second::Deposits {
            id: 1,
            deposits: 1,
            last: Some(5),
            balance: 105,
        })
        .given(third::Closed { account: 1 })
        .then_no_row::<third::Account>(1)
        .when_event(third::Closed { account: 1 })
        .then_failed("row-missing");
}
