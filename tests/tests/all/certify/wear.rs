//! What many calls in one instance come to: memory, fuel, and when it is replaced. No book is needed for that.

use std::collections::BTreeSet;

use daybook::model::{Budget, Event, Seq, TypeName, limits};
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
    calls_max: u32,
    grown_bytes_max: usize,
    /// Of each instance's first call, and of all others.
    first_fuels: BTreeSet<u64>,
    later_fuels: BTreeSet<u64>,
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
            ..Terms::fresh(Budget::WHOLE)
        };
        let is_first = terms.instance.is_none();
        wear.instances += u32::from(is_first);
        let called = runtime.materialize(&code, &event, Box::new(NoRows(|| {})), terms);
        called.result.unwrap();
        assert!(!called.doubtful);
        match is_first {
            true => wear.first_fuels.insert(called.used.fuel),
            false => wear.later_fuels.insert(called.used.fuel),
        };
        let instance = called.instance.expect("a call that went well");
        wear.calls_max = wear.calls_max.max(instance.calls());
        wear.grown_bytes_max = wear.grown_bytes_max.max(instance.grown_bytes());
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
    // The SDK's allocator begins anew in every call, and each call costs what it costs in a fresh
    // instance, but for a hook that is set once.
    assert_eq!(
        (bank.calls_max, bank.grown_bytes_max),
        (limits::CALLS_PER_INSTANCE_MAX, 0)
    );
    assert_eq!(
        bank.instances,
        200_000_u32.div_ceil(limits::CALLS_PER_INSTANCE_MAX)
    );
    let (Some(first), Some(later)) = (bank.first_fuels.first(), bank.later_fuels.first()) else {
        panic!("{bank:?}");
    };
    assert_eq!((bank.first_fuels.len(), bank.later_fuels.len()), (1, 1));
    assert!(first.abs_diff(*later) < 100, "{first} and {later}");
}

#[test]
fn an_instance_whose_memory_has_grown_is_replaced() {
    let leaks = wear(
        guest("leaks-memory"),
        "leaksmemory.Happened",
        json!({"n": 1}),
        1_000,
    );
    let bytes_max = limits::INSTANCE_GROWTH_BYTES_MAX;
    assert!(leaks.instances > 10 && leaks.calls_max < 100, "{leaks:?}");
    assert!(
        leaks.grown_bytes_max > bytes_max && leaks.grown_bytes_max < 2 * bytes_max,
        "{leaks:?}"
    );
    // An allocator that frees does as well as the SDK's.
    let frees = wear(
        guest("trap-after-writes"),
        "trapafterwrites.Happened",
        json!({"n": 1}),
        10_000,
    );
    assert_eq!(
        frees.instances,
        10_000_u32.div_ceil(limits::CALLS_PER_INSTANCE_MAX)
    );
}
