//! Owns the guest programs with which the tests try the host's determinism and its patience. Each is an example of this
//! package, written against the contract itself, because an SDK would not let it misbehave as it must.
//!
//! Unless its file says otherwise, a guest has version 2020-01-01, the table `thing(id, n, text)`, the event `Happened`
//! and the command `Do`, both with the payload `{"n": integer}`; the row of an event has the event's `seq` as its `id`.
//! The handlers that would exhaust something (`loop`, `create-loop`, `recursion`, `memory-bomb`, `many-calls`,
//! `previous-loop`) behave where n is negative.
//!
//! They are built in two commands, one for each list below:
//!
//! ```text
//! RUSTFLAGS="-C link-arg=-zstack-size=65536 -C strip=debuginfo" \
//!     cargo build -p daybook-guests --release --target wasm32-unknown-unknown --example mutable-global …
//! RUSTFLAGS="-C strip=debuginfo" \
//!     cargo build -p daybook-guests --release --target wasm32-wasip2 --example clock …
//! ```
//!
//! and lie in `target/<target>/release/examples/`, under [`file_name`]: 100 KB each, 1.8 MB unless stripped.
//! With `--examples` in place of the names the guests for WASI are built for the other target too, as empty modules.
//!
//! Determinism:
//!
//! | guest | plugin | the host |
//! |---|---|---|
//! | `mutable-global` | `counter` | gives `n` = 1 for every event and command, however many came before |
//! | `tired` | `tired` | gives the same effects however many calls an instance has seen, though its log and its traps differ |
//! | `late-leak` | `lateleak` | certifies it, as the leak comes late; `verify` finds it |
//! | `leaks-memory` | `leaksmemory` | replaces its instance before it has taken much |
//! | `clock` | `clock` | gives both clocks as a function of the event: equal in every run, at any time of day |
//! | `random` | `random` | gives bytes that depend on the event alone: equal in every run, different between events |
//! | `hash-order` | `hashorder` | gives an order that depends on the event alone |
//! | `nan` | `nan` | gives `n` = 0x7ff8000000000000 in every row |
//! | `nan-write` | `nanwrite` | stops n = 0, 1 and 2; keeps n = 3 as 0.0 |
//! | `unordered-sql` | `unordered` | refuses or labels it in certification, once there are two rows |
//! | `stdout` | `stdout` | keeps the row, and puts both lines into the plugin's log |
//! | `files` | `files` | gives `n` = 0: nothing found |
//!
//! Hostile handlers: each ends in a fault that names the limit or the rule, and nothing is kept:
//!
//! | guest | plugin | the host |
//! |---|---|---|
//! | `loop` | `loop` | stops it by fuel |
//! | `create-loop` | `createloop` | stops it by fuel |
//! | `describe-loop` |  | stops it by fuel and refuses to load it |
//! | `recursion` | `recursion` | stops both kinds |
//! | `memory-bomb` | `memorybomb` | stops it at the limit on memory |
//! | `trap-after-writes` | `trapafterwrites` | keeps neither rows nor task of n = 13, and all others |
//! | `giant-row` | `giantrow` | stops an n above its limit on a row |
//! | `many-calls` | `manycalls` | stops it at the limit on calls or by fuel |
//! | `many-writes` | `manywrites` | stops an n above its limit on writes |
//! | `foreign-write` | `thief` | stops it, though the table be loaded |
//! | `sql` | `sql` | answers a plain SELECT, stops everything else |
//! | `wrong-kind` | `wrongkind` | stops it |
//! | `wrong-width` | `wrongwidth` | stops it |
//! | `unknown-table` | `unknowntable` | stops it |
//! | `bad-json-task` | `badjsontask` | stops it |
//! | `undeclared-task` | `undeclaredtask` | stops it |
//! | `undeclared-event` | `undeclaredevent` | stops the command |
//! | `bad-event-payload` | `badeventpayload` | stops the command |
//! | `logs` | `logs` | logs each call, and asks for a task |
//! | `long-log` | `longlog` | cuts the log or stops it, and says so |
//! | `many-finds` | `manyfinds` | stops it at the limit on bytes that are read; n below 1 writes 30 MB |
//! | `many-queries` | `manyqueries` | stops it by fuel, which its SQL uses up |
//! | `log-flood` | `logflood` | stops it by fuel, which passing texts uses up |
//! | `many-tasks` | `manytasks` | stops it at the limit on bytes of effects |
//! | `previous-loop` | `cascade` | stops it by fuel or the limit on calls; needs both versions of `cascade` |
//!
//! Hostile components: each is refused by `load`, with a sentence that names what is wrong:
//!
//! | guest | plugin | the host |
//! |---|---|---|
//! | `lying-tables` |  | names the column |
//! | `lying-types` |  | names the type |
//! | `lying-names` |  | names the table |
//! | `bad-version` |  | names the date |
//! | `extends-itself` |  | names the version |
//! | `unknown-import` |  | names `acme:mail/send` |
//! | `wrong-world` |  | says that it is no plugin |
//! | `big-manifest` |  | says how large a manifest may be |
//! | `heavy-schema` |  | says how many nodes schemas may have |
//!
//! Behaved ones, for what the contract promises:
//!
//! | guest | plugin | the host |
//! |---|---|---|
//! | `equal-ids` | `equalids` | makes ids that all differ, and the same ones in every run of a command |
//! | `find-all` | `findall` | answers as SQL with the same conditions and an ORDER BY would |
//! | `cascade-1` | `cascade` | handles `Happened` and `Other`; n = 7 fails with `seven` |
//! | `cascade-2` | `cascade` | see its file: `previous` twice, never, failed; `Other` and `Do` fall through |
//! | `cascade-3` | `cascade` | see its file: extends the second; reads the payloads of earlier versions as its own |
//! | `materializer-only` | `materializeronly` | runs it, and refuses to run a command by it |
//! | `creator-only` | `creatoronly` | runs it; its events have no effects; n = 13 is rejected, n = 14 fails |
//! | `reverses` | `reverses` | see its file: `UndoHappened` is its own inverse |
//! | `rows-1` | `rows` | inserts, changes, copies and deletes the rows that its payload says |
//! | `rows-2` | `rows` | the same plugin, whose table lacks a column |
//! | `rows-3` | `rows` | see its file: its table lacks a column that its code writes |
//! | `rows-4` | `rows` | the same plugin without its table: it does nothing |
//! | `slow` | `cascade` | see its file: right, and slow |
//! | `asks-1` | `asks` | asks for whatever tasks its event says |
//! | `asks-2` | `asks` | the same of 2020-02-01, whose tasks have another content |
//! | `stack-1`, `stack-2`, `stack-3` | `stack` | three versions whose creators ask each other, as their command says |
//! | `strays-1`, `strays-2`, `strays-3` | `strays` | touches rows beyond its partition, as its event says; the first version says nothing of partitions |
//! | `formats-1`, `formats-2` | `formats` | two versions with a column of each format, whose amounts differ |
//! | `tally-1`, `tally-2` | `tally` | two versions that add up, once and twice: what the simulation runs |

#[cfg(target_arch = "wasm32")]
pub mod asks;
#[cfg(target_arch = "wasm32")]
pub mod contract;
#[cfg(target_arch = "wasm32")]
pub mod formats;
pub mod json;
#[cfg(target_arch = "wasm32")]
pub mod plugin;
#[cfg(target_arch = "wasm32")]
pub mod stack;
#[cfg(target_arch = "wasm32")]
pub mod strays;
#[cfg(target_arch = "wasm32")]
pub mod tally;

/// The guests for `wasm32-unknown-unknown`: core modules with an embedded component type.
pub const UNKNOWN: &[&str] = &[
    "mutable-global",
    "tired",
    "late-leak",
    "leaks-memory",
    "nan",
    "nan-write",
    "unordered-sql",
    "loop",
    "create-loop",
    "describe-loop",
    "recursion",
    "memory-bomb",
    "trap-after-writes",
    "giant-row",
    "many-calls",
    "many-writes",
    "foreign-write",
    "sql",
    "wrong-kind",
    "wrong-width",
    "unknown-table",
    "bad-json-task",
    "undeclared-task",
    "undeclared-event",
    "bad-event-payload",
    "logs",
    "long-log",
    "previous-loop",
    "many-finds",
    "many-queries",
    "log-flood",
    "many-tasks",
    "lying-tables",
    "lying-types",
    "lying-names",
    "bad-version",
    "extends-itself",
    "unknown-import",
    "wrong-world",
    "big-manifest",
    "heavy-schema",
    "equal-ids",
    "find-all",
    "cascade-1",
    "cascade-2",
    "cascade-3",
    "doom-2",
    "materializer-only",
    "creator-only",
    "reverses",
    "rows-1",
    "rows-2",
    "rows-3",
    "rows-4",
    "slow",
    "asks-1",
    "asks-2",
    "stack-1",
    "stack-2",
    "stack-3",
    "strays-1",
    "strays-2",
    "strays-3",
    "formats-1",
    "formats-2",
    "tally-1",
    "tally-2",
];

/// The guests for `wasm32-wasip2`: finished components, which import WASI.
pub const WASI: &[&str] = &["clock", "random", "hash-order", "stdout", "files"];

/// The name of the file that a guest is built into: `mutable_global.wasm`.
pub fn file_name(guest: &str) -> String {
    format!("{}.wasm", guest.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::{UNKNOWN, WASI};
    use std::{fs, path::Path};

    #[test]
    fn every_guest_is_listed_once_for_the_target_it_is_written_for() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        let mut written = (vec![], vec![]);
        for entry in fs::read_dir(examples).expect("the folder of guests") {
            let path = entry.expect("a readable folder").path();
            let source = fs::read_to_string(&path).expect("a guest");
            let name = path.file_stem().and_then(|stem| stem.to_str());
            let name = name.expect("a plain name").to_owned();
            if source.contains("#![cfg(target_os = \"wasi\")]") {
                written.1.push(name);
            } else {
                written.0.push(name);
            }
        }
        written.0.sort_unstable();
        written.1.sort_unstable();
        let sorted = |names: &[&str]| {
            let mut names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(written, (sorted(UNKNOWN), sorted(WASI)));
    }

    #[test]
    fn every_guest_is_an_example_of_the_package() {
        let manifest = include_str!("../Cargo.toml");
        for guest in UNKNOWN.iter().chain(WASI) {
            let example = format!("[[example]]\nname = \"{guest}\"\ncrate-type = [\"cdylib\"]\n");
            assert!(manifest.contains(&example), "{guest}");
        }
    }
}
