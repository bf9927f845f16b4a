//! Mistakes that compile, and what the native tests say of them.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use daybook_sdk::Plugin;
use daybook_sdk::testing::Scenario;

use crate::visits::*;

/// Something is tried: the name of a mistake.
#[derive(Clone, Event)]
pub struct Tried {
    mistake: String,
}

/// Try something.
#[derive(Clone, Command)]
pub struct Try {
    mistake: String,
}

/// An event that no list names.
#[derive(Event)]
pub struct Forgotten {}

/// A command that nobody answers.
#[derive(Command)]
pub struct Unanswered {}

/// A measured weight.
#[derive(Clone, Event)]
pub struct Weighed {
    kilos: f64,
}

/// A table that no list names.
#[derive(Table)]
pub struct Visitor {
    #[key]
    name: String,
}

/// A row with other types.
#[derive(Table)]
#[table(unique(by_weight = [weight]))]
pub struct Weight {
    #[key]
    number: u64,
    weight: f64,
}

/// The first version's, with another type than its code had once.
#[derive(Table)]
#[table(name = "weight")]
pub struct NarrowWeight {
    #[key]
    number: u8,
    weight: f64,
}

/// What a handler must not have.
static CALLS: AtomicU64 = AtomicU64::new(0);

pub struct Visits;

#[plugin(
    version = "2024-01-01",
    tables = [Counter, Weight, Till],
    events = [Weighed],
    tasks = []
)]
impl Visits {
    #[materialize]
    fn raised(event: &Event<Raised>, cx: &Materialization) -> Done {
        let Raised { counter, by } = &event.data;
        let new = || Counter {
            name: counter.clone(),
            value: 0,
        };
        Counter::update_or_insert(cx, counter, new, |row| row.value += i64::from(*by))
    }

    #[materialize]
    fn tried(event: &Event<Tried>, cx: &Materialization) -> Done {
        let door = || Counter {
            name: "door".to_owned(),
            value: i64::MAX,
        };
        let weight = |number, weight| Weight { number, weight };
        match event.data.mistake.as_str() {
            "row-written-twice" => door().insert(cx).and_then(|()| door().insert(cx)),
            "row-that-is-not-there" => Counter::delete(cx, "gate"),
            "update-of-no-row" => Counter::update(cx, "gate", |row| row.value = 1),
            "required-row" => Counter::require(cx, "gate").map(drop),
            "overflow" => {
                door().insert(cx)?;
                Counter::update(cx, "door", |row| row.value += 1)
            }
            "overflow-of-money" => {
                let sum = Money::<CZK, 2>::MAX + Money::from_units(1);
                cx.info(sum.to_string());
                Ok(())
            }
            "number-beyond-a-column" => weight(u64::MAX, 1.0).insert(cx),
            "column-of-a-smaller-type" => {
                weight(300, 1.0).insert(cx)?;
                NarrowWeight::get(cx, 44)?;
                NarrowWeight::all(cx).map(drop)
            }
            "nan" => weight(1, f64::NAN).insert(cx),
            "two-rows-in-a-unique-index" => {
                weight(1, 5.0).insert(cx)?;
                weight(2, 5.0).insert(cx)
            }
            "key-changed-by-an-update" => {
                door().insert(cx)?;
                Counter::update(cx, "door", |row| row.name = "gate".to_owned())
            }
            "table-in-no-list" => Visitor {
                name: "Ada".to_owned(),
            }
            .insert(cx),
            "others-table-in-no-list" => Rate::get(cx, "EUR").map(drop),
            "task-in-no-list" => {
                cx.enqueue(Mail {
                    to: "ada".to_owned(),
                });
                Ok(())
            }
            "previous-without-extends" => cx.previous(event),
            "clock-in-a-row" => {
                let now = std::time::UNIX_EPOCH.elapsed().unwrap();
                let value = i64::try_from(now.as_nanos()).unwrap();
                Counter { value, ..door() }.insert(cx)
            }
            "order-in-a-row" => {
                let visitors: HashSet<u32> = (0..50).collect();
                let names: Vec<String> = visitors.iter().map(u32::to_string).collect();
                let name = names.join(" ");
                Counter { name, value: 1 }.insert(cx)
            }
            "memory-between-calls" => {
                let value = CALLS.fetch_add(1, Ordering::Relaxed);
                match value % 2 {
                    0 => Ok(()),
                    _ => fail("odd", "every second call fails"),
                }
            }
            "panic" => {
                let value = Counter::get(cx, "gate")?;
                value.expect("a counter has a value").insert(cx)
            }
            "index-out-of-bounds" => {
                let parts: Vec<&str> = "door".split('/').collect();
                cx.info(parts[1]);
                Ok(())
            }
            "bad-date" => {
                Date::parse("30.7.2018")?;
                Ok(())
            }
            "bad-number" => {
                "12.505".parse::<Money<CZK, 2>>()?;
                Ok(())
            }
            "query-into-another-type" => {
                door().insert(cx)?;
                let rows: Vec<(i64, i64)> =
                    cx.query("SELECT name, value FROM visits_counter", ())?;
                cx.info(format!("{rows:?}"));
                Ok(())
            }
            "query-of-no-column" => {
                let rows: Vec<i64> = cx.query("SELECT valeu FROM visits_counter", ())?;
                cx.info(format!("{rows:?}"));
                Ok(())
            }
            other => fail("no-such-mistake", other),
        }
    }

    #[create]
    fn try_it(command: &Command<Try>, cx: &Creation) -> Decision {
        match command.data.mistake.as_str() {
            "random-in-an-event" => {
                // A hasher of the standard library begins with a random number.
                let random = RandomState::new().hash_one(0);
                let counter = random.to_string();
                Ok(events![Raised { counter, by: 1 }])
            }
            "event-in-no-list" => Ok(events![Forgotten {}]),
            "nan-in-a-payload" => Ok(events![Weighed { kilos: f64::NAN }]),
            "creator-asks-below-without-extends" => cx.previous(command),
            "other-rejection" => reject("limit-reached", "door stands at 98"),
            other => reject("no-such-mistake", other),
        }
    }
}

/// A plugin with two types of one name.
mod twice {
    use super::*;

    /// A counter was raised, in other words.
    #[derive(Event)]
    #[event(name = "Raised")]
    pub struct RaisedOtherwise {
        pub by: String,
    }

    /// Raise a counter, in other words.
    #[derive(Command)]
    #[command(name = "Raise")]
    pub struct RaiseOtherwise {}

    #[derive(Table)]
    #[table(name = "counter")]
    pub struct OtherCounter {
        #[key]
        pub name: String,
    }

    pub struct Events;

    #[plugin(version = "2024-01-01", name = "visits", events = [RaisedOtherwise])]
    impl Events {
        #[materialize]
        fn raised(_: &Event<Raised>) -> Done {
            Ok(())
        }
    }

    pub struct Commands;

    #[plugin(version = "2024-01-01", name = "visits")]
    impl Commands {
        #[create]
        fn one(_: &Command<Raise>) -> Decision {
            Ok(vec![])
        }

        #[create]
        fn two(_: &Command<RaiseOtherwise>) -> Decision {
            Ok(vec![])
        }
    }

    pub struct Tables;

    #[plugin(version = "2024-01-01", name = "visits", tables = [Counter, OtherCounter])]
    impl Tables {
        #[materialize]
        fn raised(_: &Event<Raised>) -> Done {
            Ok(())
        }
    }

    #[derive(Table)]
    #[table(name = "other")]
    pub struct BadDefault {
        #[key]
        pub name: String,
        #[column(default = "12,50")]
        pub price: Money<CZK, 2>,
    }

    pub struct Defaults;

    #[plugin(version = "2024-01-01", name = "visits", tables = [BadDefault])]
    impl Defaults {
        #[materialize]
        fn raised(_: &Event<Raised>) -> Done {
            Ok(())
        }
    }
}

/// A second version that repeats the table and has lost a column.
mod second {
    use super::*;

    #[derive(Table)]
    #[table(name = "counter")]
    pub struct Counter {
        #[key]
        pub name: String,
    }

    pub struct Visits;

    #[plugin(version = "2024-06-01", extends = "2024-01-01", tables = [Counter])]
    impl Visits {
        #[materialize]
        fn raised(event: &Event<Raised>, cx: &Materialization) -> Done {
            cx.previous(event)
        }
    }

    pub struct Third;

    #[plugin(version = "2024-09-01", name = "visits", extends = "2024-06-01")]
    impl Third {
        #[materialize]
        fn raised(event: &Event<Raised>, cx: &Materialization) -> Done {
            cx.previous(event)
        }
    }
}

/// What the test says of a mistake; none where there is no such mistake here.
pub fn told(mistake: &str) -> Option<String> {
    let visits = Scenario::<Visits>::new;
    let attempt = || Try {
        mistake: mistake.to_owned(),
    };
    let run: Box<dyn FnOnce()> = match mistake {
        "unknown-event" => Box::new(move || drop(visits().given_json("visits.Raisd", "{}"))),
        "payload-without-a-member" => {
            Box::new(move || drop(visits().given_json("visits.Raised", r#"{"by":1}"#)))
        }
        "payload-of-another-type" => Box::new(move || {
            drop(visits().given_json("visits.Raised", r#"{"counter":"door","by":-1}"#));
        }),
        "command-without-handler" => Box::new(move || drop(visits().when(Unanswered {}))),
        "random-in-an-event"
        | "event-in-no-list"
        | "nan-in-a-payload"
        | "creator-asks-below-without-extends" => {
            Box::new(move || drop(visits().when(attempt()).then_events([])))
        }
        "other-rejection" => Box::new(move || {
            drop(visits().when(attempt()).then_rejected("limit-reachd"));
        }),
        "event-declared-twice" => Box::new(|| drop(twice::Events::manifest())),
        "command-handled-twice" => Box::new(|| drop(twice::Commands::manifest())),
        "table-declared-twice" => Box::new(|| drop(twice::Tables::manifest())),
        "default-that-is-none" => Box::new(|| drop(twice::Defaults::manifest())),
        "column-lost-by-a-second-version" => {
            Box::new(|| drop(Scenario::<second::Visits>::new().previous::<Visits>()))
        }
        "another-version-below" => {
            Box::new(|| drop(Scenario::<second::Third>::new().previous::<Visits>()))
        }
        "version-below-left-out-of-a-test" => Box::new(|| {
            let raised = Raised {
                counter: "door".to_owned(),
                by: 1,
            };
            drop(Scenario::<second::Third>::new().given(raised));
        }),
        "row-that-a-test-expects" => Box::new(move || {
            let row = Counter {
                name: "door".to_owned(),
                value: 1,
            };
            drop(visits().then_row(row));
        }),
        tried => {
            let mistake = tried.to_owned();
            Box::new(move || drop(visits().given(Tried { mistake })))
        }
    };
    let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
    let words = match panic.downcast::<String>() {
        Ok(words) => *words,
        Err(panic) => panic
            .downcast::<&str>()
            .map_or_else(|_| String::new(), |it| (*it).to_owned()),
    };
    (!words.contains("no-such-mistake")).then_some(words)
}
