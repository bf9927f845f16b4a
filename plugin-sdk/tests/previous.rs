//! Creators that ask the version below: its answer passed on, looked at, changed, added to, dropped, refused and caught.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, made_id};

/// The first version: payments in crowns.
mod first {
    use daybook_sdk::prelude::*;

    /// Money was paid.
    #[derive(Clone, Debug, PartialEq, Event)]
    pub struct Paid {
        pub receipt: String,
        pub crowns: i64,
        pub at: Time,
    }

    /// Pay money.
    #[derive(Command)]
    pub struct Pay {
        pub crowns: i64,
    }

    /// What was paid so far.
    #[derive(Clone, Debug, PartialEq, Table)]
    pub struct Total {
        #[key]
        pub id: i64,
        pub crowns: i64,
    }

    pub struct Till;

    #[plugin(version = "1993-01-01", tables = [Total])]
    impl Till {
        #[materialize]
        fn paid(event: &Event<Paid>, cx: &Materialization) -> Done {
            let new = || Total { id: 1, crowns: 0 };
            let crowns = event.data.crowns;
            Total::update_or_insert(cx, 1, new, |row| row.crowns += crowns)
        }

        #[create]
        fn pay(command: &Command<Pay>, cx: &Creation) -> Decision {
            let crowns = command.data.crowns;
            match crowns {
                ..=0 => reject("nothing", "nothing is paid"),
                13 => fail("unlucky", "13 crowns"),
                _ => {
                    let paid = Paid {
                        receipt: cx.make_id(),
                        crowns,
                        at: cx.now(),
                    };
                    Ok(events![paid.about("till")])
                }
            }
        }
    }
}

/// The second version: other currencies, and a fee.
mod second {
    use daybook_sdk::prelude::*;

    use super::first;

    /// A fee is due.
    #[derive(Clone, Debug, PartialEq, Event)]
    pub struct Charged {
        pub receipt: String,
        pub so_far: i64,
    }

    /// Pay money of any currency.
    #[derive(Command)]
    pub struct Pay {
        pub amount: i64,
        pub rate: i64,
    }

    #[derive(Table)]
    pub struct Total {
        #[key]
        pub id: i64,
        pub crowns: i64,
        #[column(default = 7)]
        pub fees: i64,
    }

    pub struct Till;

    #[plugin(version = "1994-01-01", extends = "1993-01-01", tables = [Total], events = [Charged])]
    impl Till {
        #[create]
        fn pay(command: &Command<Pay>, cx: &Creation) -> Decision {
            let Pay { amount, rate } = command.data;
            let receipt = cx.make_id();
            let crowns = amount * rate;
            let mut events = cx.previous_with(command, &first::Pay { crowns })?;
            let so_far = Total::get(cx, 1)?.map_or(0, |row| row.crowns + row.fees);
            events.push(Charged { receipt, so_far }.into());
            Ok(events)
        }
    }
}

/// The third version: it does with the answer whatever the amount says.
mod third {
    use daybook_sdk::prelude::*;

    use super::{first, second};

    /// Pay money of any currency.
    #[derive(Command)]
    pub struct Pay {
        pub amount: i64,
        pub rate: i64,
    }

    /// Take a payment back.
    #[derive(Command)]
    pub struct Refund {
        pub receipt: String,
    }

    pub struct Till;

    /// No tables and no events of its own: what it answers with, the versions below declare.
    #[plugin(version = "1995-01-01", extends = "1994-01-01")]
    impl Till {
        #[create]
        fn pay(command: &Command<Pay>, cx: &Creation) -> Decision {
            let mut events = match cx.previous(command) {
                Err(Refusal::Rejected(rejection)) if command.data.amount == 0 => {
                    cx.info(rejection.to_string());
                    return Ok(events![]);
                }
                answer => answer?,
            };
            let mut crowns = 0;
            for event in &mut events {
                if let Some(paid) = event.payload::<first::Paid>()? {
                    crowns += paid.crowns;
                }
                event.update(|paid: &mut first::Paid| paid.crowns -= paid.crowns % 10)?;
            }
            if crowns > 1_000 {
                return reject("too-much", format!("{crowns} crowns at once"));
            }
            if crowns < 100 {
                let mut kept = Vec::new();
                for event in events {
                    if event.payload::<second::Charged>()?.is_none() {
                        assert_eq!(event.subject(), Some("till"));
                        kept.push(event);
                    }
                }
                return Ok(kept);
            }
            Ok(events)
        }

        #[create]
        fn refund(command: &Command<Refund>, cx: &Creation) -> Decision {
            cx.previous(command)
        }
    }
}

const NOON: &str = "1993-05-05T12:00:00Z";

fn paid(number: u32, crowns: i64) -> NewEvent {
    let at = Time::parse(NOON).expect("a time");
    let receipt = made_id(number);
    first::Paid {
        receipt,
        crowns,
        at,
    }
    .about("till")
}

fn charged(number: u32, so_far: i64) -> NewEvent {
    let receipt = made_id(number);
    second::Charged { receipt, so_far }.into()
}

fn two() -> Scenario<second::Till> {
    Scenario::new().previous::<first::Till>().at(NOON)
}

fn three() -> Scenario<third::Till> {
    Scenario::new()
        .previous::<second::Till>()
        .previous::<first::Till>()
        .at(NOON)
}

fn pay(amount: i64) -> third::Pay {
    third::Pay { amount, rate: 2 }
}

#[test]
fn the_version_below_is_asked_in_its_own_form_and_ids_are_counted_by_both() {
    let pay = || second::Pay {
        amount: 60,
        rate: 2,
    };
    two()
        .when(pay())
        .then_events([paid(2, 120), charged(1, 0)])
        .then_rows([first::Total { id: 1, crowns: 120 }])
        .when(pay())
        .then_events([paid(4, 120), charged(3, 127)]);
}

#[test]
fn events_are_changed_and_dropped_three_versions_deep() {
    three()
        .when(pay(64))
        .then_events([paid(2, 120), charged(1, 0)])
        .then_rows([first::Total { id: 1, crowns: 120 }])
        .when(pay(8))
        .then_events([paid(4, 10)]);
}

#[test]
fn a_rejection_below_comes_through_or_is_caught_and_a_refusal_may_be_added() {
    three()
        .when(pay(-1))
        .then_rejected("nothing")
        .when(pay(0))
        .then_events([])
        .then_logged("nothing: nothing is paid")
        .when(pay(600))
        .then_rejected("too-much")
        .then_rows::<first::Total>([]);
}

#[test]
fn a_failure_below_is_returned() {
    two()
        .when(second::Pay {
            amount: 13,
            rate: 1,
        })
        .then_failed("unlucky");
}

#[test]
fn where_no_version_below_answers_that_is_the_answer() {
    three()
        .when(third::Refund {
            receipt: "r".into(),
        })
        .then_failed("no-creator-below");
    // Nor where there is no version below in the test.
    Scenario::<third::Till>::new()
        .when(pay(60))
        .then_failed("no-creator-below");
}

#[test]
fn an_event_is_read_and_changed_by_its_type() {
    let own = paid(2, 120);
    assert_eq!(own.payload::<second::Charged>(), Ok(None));
    let mut other = own.clone();
    let is_changed = other.update(|paid: &mut first::Paid| paid.crowns = 1);
    assert_eq!((is_changed, &other), (Ok(true), &paid(2, 1)));
    assert_eq!(other.update(|_: &mut second::Charged| ()), Ok(false));
    assert_eq!(other, paid(2, 1));
}
