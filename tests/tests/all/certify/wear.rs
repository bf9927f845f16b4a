//! What many calls in one instance come to: memory and fuel. No book is needed for that.

use std::collections::BTreeSet;

use daybook::model::{Budget, Calls, Event, Seq, TypeName};
use daybook::runtime::{Instances, Terms};
use daybook_tests::{NoRows, guest, plugin, runtime};
use serde_json::{Value as Json, json};

/// Kilobytes of memory that this process has.
fn resident_kilobytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel tells");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("resident memory");
    line.split_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .expect("a number")
}

/// What many calls in kept instances came to.
#[derive(Debug, Default)]
struct Wear {
    instances: u32,
    fuels: BTreeSet<u64>,
}

fn wear(component: &[u8], event_type: &str, data: Json, calls: u32) -> Wear {
    let runtime = runtime();
    let code = runtime.load(component, None).unwrap();
    let event = Event {
        seq: Seq(1),
        id: "e1".into(),
        source: "/tests".into(),
        event_type: TypeName::new(event_type).unwrap(),
        subject: None,
        time: "1993-01-01T00:00:00Z".into(),
        version: None,
        data: data.to_string(),
        extensions: None,
    };
    let mut instances = Instances::default();
    let mut wear = Wear::default();
    for _ in 0..calls {
        let terms = Terms {
            instance: instances.materializing.take(&code),
            calls: Calls::Reset,
            ..Terms::fresh(Budget::WHOLE)
        };
        wear.instances += u32::from(terms.instance.is_none());
        let called = runtime.materialize(&code, &event, Box::new(NoRows(|| {})), terms);
        called.result.unwrap();
        wear.fuels.insert(called.used.fuel);
        let instance = called.instance.expect("it is reset");
        instances.materializing.put(instance);
    }
    wear
}

#[test]
fn memory_does_not_grow_over_200_000_calls() {
    let data = json!({"account": 1, "opened": "1993-01-01", "district": 5, "frequency": "monthly"});
    let worn = |calls| {
        wear(
            plugin("bank@1993-01-01"),
            "bank.AccountOpened",
            data.clone(),
            calls,
        )
    };
    worn(5_000);
    let before = resident_kilobytes();
    let bank = worn(200_000);
    let grown = resident_kilobytes() - before;
    assert!(grown < 20_000, "{grown} kB");
    // Each call costs what it costs in a fresh instance.
    assert_eq!((bank.instances, bank.fuels.len()), (1, 1), "{bank:?}");
}

/// Code that keeps what it takes, and code with an allocator that grows memory in every call.
#[test]
fn memory_that_a_call_takes_is_there_for_the_next_one() {
    for (name, event_type) in [
        ("leaks-memory", "leaksmemory.Happened"),
        ("trap-after-writes", "trapafterwrites.Happened"),
    ] {
        let worn = wear(guest(name), event_type, json!({"n": 1}), 10_000);
        assert_eq!(
            (worn.instances, worn.fuels.len()),
            (1, 1),
            "{name}: {worn:?}"
        );
    }
}
