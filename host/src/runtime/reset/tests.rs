//! Components that change whatever there is to change: after a reset each is what a fresh one is, or it says that it is not.

use wasmtime::component::{Component, Instance, Linker, Val};
use wasmtime::{Config, Engine, Store};

use super::{FUEL, Resets, Resetting, rewrite};

mod host;

/// A store that runs a component of this text, as it is or rewritten.
struct Guest {
    store: Store<()>,
    instance: Instance,
    resets: Option<Resets>,
}

fn engine() -> Engine {
    let mut config = Config::new();
    config.consume_fuel(true);
    Engine::new(&config).unwrap()
}

impl Guest {
    fn of(engine: &Engine, bytes: &[u8]) -> Guest {
        let component = Component::new(engine, bytes).unwrap();
        let mut linker = Linker::new(engine);
        // What the host answers a list with: it writes where the guest says.
        linker
            .root()
            .func_wrap("answer", |_, (bytes,): (u32,)| {
                Ok((vec![0xa5_u8; bytes as usize],))
            })
            .unwrap();
        linker
            .root()
            .func_wrap("number", |_, (number,): (u32,)| Ok((number,)))
            .unwrap();
        let mut store = Store::new(engine, ());
        store.set_fuel(FUEL).unwrap();
        let instance = linker.instantiate(&mut store, &component).unwrap();
        let resets = Resetting::of(&component)
            .map(|resetting| resetting.begin(&mut store, &instance).unwrap());
        Guest {
            store,
            instance,
            resets,
        }
    }

    /// What the component's `act` answers; none: it trapped.
    fn act(&mut self, parameters: &[Val]) -> Option<u32> {
        self.store.set_fuel(FUEL).unwrap();
        let act = self.instance.get_func(&mut self.store, "act").unwrap();
        let mut results = [Val::U32(0)];
        act.call(&mut self.store, parameters, &mut results).ok()?;
        let [Val::U32(answer)] = results else {
            panic!("{results:?}");
        };
        Some(answer)
    }

    fn fuel(&self) -> u64 {
        FUEL - self.store.get_fuel().unwrap()
    }
}

/// A component of one module, whose `act` takes a number and gives one.
fn component(module: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $m {module})
            (core instance $i (instantiate $m))
            (func (export "act") (param "n" u32) (result u32) (canon lift (core func $i "act")))
        )"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Calls three times: each call answers as a fresh instance does and takes the same fuel, and what is left is what a fresh
/// instance has.
fn check_reset(what: &str, bytes: &[u8], numbers: &[u32]) {
    let engine = engine();
    let rewritten = rewrite(bytes).unwrap_or_else(|why| panic!("{what}: {why}"));
    let mut reset = Guest::of(&engine, &rewritten);
    for n in numbers {
        let mut original = Guest::of(&engine, bytes);
        let mut fresh = Guest::of(&engine, &rewritten);
        let expected = original.act(&[Val::U32(*n)]);
        assert_eq!(fresh.act(&[Val::U32(*n)]), expected, "{what} of {n}");
        assert_eq!(reset.act(&[Val::U32(*n)]), expected, "{what} of {n}, reset");
        assert_eq!(fresh.fuel(), reset.fuel(), "{what} of {n}");
        let resets = reset.resets.as_ref().expect("it was rewritten");
        if expected.is_none() {
            reset = Guest::of(&engine, &rewritten);
            continue;
        }
        assert!(resets.reset(&mut reset.store).unwrap(), "{what} of {n}");
        let mut fresh = Guest::of(&engine, &rewritten);
        let other = fresh.resets.as_ref().unwrap();
        let difference = resets.difference(&mut reset.store, other, &mut fresh.store);
        assert_eq!(difference.unwrap(), None, "{what} of {n}");
    }
}

/// Calls once: the instance says that it cannot be put back.
fn check_spoiled(what: &str, bytes: &[u8]) {
    let engine = engine();
    let rewritten = rewrite(bytes).unwrap_or_else(|why| panic!("{what}: {why}"));
    let mut guest = Guest::of(&engine, &rewritten);
    assert!(guest.act(&[Val::U32(1)]).is_some(), "{what}");
    let resets = guest.resets.as_ref().unwrap();
    assert!(!resets.reset(&mut guest.store).unwrap(), "{what}");
}

fn check_left_alone(what: &str, bytes: &[u8], why: &str) {
    let told = rewrite(bytes).expect_err(what);
    assert!(told.contains(why), "{what}: {told}");
}

/// A body that stores at an address and answers with what a fresh instance would have there.
fn storing(store: &str) -> Vec<u8> {
    component(&format!(
        r#"(memory 1)
        (data (i32.const 0) "pristine")
        (func (export "act") (param $n i32) (result i32) (local $was i32)
            (local.set $was (i32.load8_u (i32.and (local.get $n) (i32.const 0xffff))))
            {store}
            (local.get $was))"#
    ))
}

#[test]
fn every_way_to_write_to_memory_is_put_back() {
    let stores = [
        "(i32.store (local.get $n) (i32.const -1))",
        "(i32.store8 (local.get $n) (i32.const -1))",
        "(i32.store16 offset=3 (local.get $n) (i32.const -1))",
        "(i64.store offset=250 (local.get $n) (i64.const -1))",
        "(i64.store8 (local.get $n) (i64.const -1))",
        "(i64.store16 (local.get $n) (i64.const -1))",
        "(i64.store32 (local.get $n) (i64.const -1))",
        "(f32.store (local.get $n) (f32.const 3.5))",
        "(f64.store offset=1 (local.get $n) (f64.const 3.5))",
        "(v128.store (local.get $n) (v128.const i64x2 -1 -1))",
        "(v128.store8_lane 3 (local.get $n) (v128.const i64x2 -1 -1))",
        "(v128.store16_lane 3 (local.get $n) (v128.const i64x2 -1 -1))",
        "(v128.store32_lane 3 (local.get $n) (v128.const i64x2 -1 -1))",
        "(v128.store64_lane 1 (local.get $n) (v128.const i64x2 -1 -1))",
        "(memory.fill (local.get $n) (i32.const 7) (i32.const 1000))",
        "(memory.fill (local.get $n) (i32.const 7) (i32.const 0))",
        "(memory.copy (local.get $n) (i32.const 0) (i32.const 700))",
        // Twice in a block, and one after the other over a border.
        "(i32.store8 (local.get $n) (i32.const 1)) (i64.store offset=255 (local.get $n) (i64.const -1))
         (i32.store8 (local.get $n) (i32.const 2))",
    ];
    // In the middle, over borders of blocks, at the end of memory, and beyond it.
    let places = [
        0,
        5,
        250,
        253,
        255,
        256,
        511,
        4_093,
        4_096,
        65_280,
        65_519,
        65_528,
        65_532,
        65_535,
        65_536,
        70_000,
        0x7fff_ffff,
        0xffff_fff0,
        0xffff_ffff,
    ];
    for store in stores {
        check_reset(store, &storing(store), &places);
    }
}

#[test]
fn random_writes_are_put_back() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for round in 0..60 {
        let mut body = String::new();
        for _ in 0..random(40) {
            let offset = random(65_600);
            body += &match random(5) {
                0 => format!(
                    "(i32.store8 offset={offset} (i32.and (local.get $n) (i32.const 255)) (i32.const 9))"
                ),
                1 => format!(
                    "(i64.store offset={offset} (i32.and (local.get $n) (i32.const 1023)) (i64.const -2))"
                ),
                2 => format!(
                    "(memory.fill (i32.const {offset}) (local.get $n) (i32.const {}))",
                    random(3_000)
                ),
                3 => format!(
                    "(memory.copy (i32.const {offset}) (i32.const {}) (i32.const {}))",
                    random(60_000),
                    random(900)
                ),
                _ => format!(
                    "(global.set $g (i32.add (global.get $g) (i32.load8_u (i32.const {}))))",
                    random(65_536)
                ),
            };
        }
        let bytes = component(&format!(
            r#"(memory 1) (global $g (mut i32) (i32.const 3))
            (data (i32.const 60) "some bytes that stand there from the beginning")
            (func (export "act") (param $n i32) (result i32) {body} (global.get $g))"#
        ));
        let numbers: Vec<u32> = (0..4).map(|_| random(1 << 20) as u32).collect();
        check_reset(&format!("round {round}: {body}"), &bytes, &numbers);
    }
}

#[test]
fn every_kind_of_global_is_put_back() {
    let bytes = component(
        r#"(memory 1)
        (global $a (mut i32) (i32.const 1)) (global $b (mut i64) (i64.const 1))
        (global $c (mut f32) (f32.const 1)) (global $d (mut f64) (f64.const 1))
        (global $e (mut v128) (v128.const i64x2 1 2)) (global $f (mut funcref) (ref.null func))
        (func $act (export "act") (param $n i32) (result i32) (local $was i32)
            (local.set $was (global.get $a))
            (global.set $a (local.get $n)) (global.set $b (i64.extend_i32_u (local.get $n)))
            (global.set $c (f32.const nan:0x200001)) (global.set $d (f64.const -0))
            (global.set $e (v128.const i64x2 3 4)) (global.set $f (ref.func $act))
            (local.get $was))"#,
    );
    check_reset("globals", &bytes, &[5, 6, 7]);
}

#[test]
fn a_start_function_and_what_traps_half_way_leave_nothing() {
    let bytes = component(
        r#"(memory 1) (global $g (mut i32) (i32.const 0))
        (func $start (i32.store (i32.const 100) (i32.const 77)) (global.set $g (i32.const 9)))
        (start $start)
        (func (export "act") (param $n i32) (result i32)
            (i32.store (i32.const 100) (i32.add (i32.load (i32.const 100)) (local.get $n)))
            (global.set $g (i32.add (global.get $g) (i32.const 1)))
            (if (i32.eq (local.get $n) (i32.const 3)) (then unreachable))
            (i32.add (i32.load (i32.const 100)) (global.get $g)))"#,
    );
    check_reset("start", &bytes, &[1, 3, 2, 3, 1]);
}

#[test]
fn memory_that_is_taken_is_given_back() {
    let acting = |memory: &str| {
        component(&format!(
            r#"{memory}
            (func (export "act") (param $n i32) (result i32) (local $got i32)
                (local.set $got (memory.grow (i32.and (local.get $n) (i32.const 0xffff))))
                (if (i32.ge_s (local.get $got) (i32.const 0)) (then
                    (if (local.get $n) (then
                        (i32.store offset=65532 (i32.mul (local.get $got) (i32.const 65536)) (local.get $n))))))
                (drop (memory.grow (i32.shr_u (local.get $n) (i32.const 16))))
                (i32.add (i32.mul (memory.size) (i32.const 1000)) (local.get $got)))"#
        ))
    };
    check_reset(
        "grows",
        &acting("(memory 1)"),
        &[0, 1, 128, 5, 0x2_0003, 127, 0],
    );
    check_reset(
        "grows to an end",
        &acting("(memory 2 5)"),
        &[1, 3, 4, 0x3_0001, 0x1_0003, 0],
    );
    check_reset("grows not", &acting("(memory 3 3)"), &[1, 0, 0x1_0001]);
}

#[test]
fn what_is_not_put_back_says_so() {
    let acting = |parts: &str, body: &str| {
        component(&format!(
            r#"(memory 1) {parts}
            (func $act (export "act") (param $n i32) (result i32) {body} (local.get $n))"#
        ))
    };
    let table = "(table $t 4 8 funcref) (elem declare func $act)";
    for (what, parts, body) in [
        ("grows much", "", "(drop (memory.grow (i32.const 129)))"),
        (
            "grows bit by bit",
            "",
            "(drop (memory.grow (i32.const 100))) (drop (memory.grow (i32.const 100)))",
        ),
        (
            "table.set",
            table,
            "(table.set $t (i32.const 1) (ref.func $act))",
        ),
        (
            "table.grow",
            table,
            "(drop (table.grow $t (ref.null func) (i32.const 1)))",
        ),
        (
            "table.fill",
            table,
            "(table.fill $t (i32.const 0) (ref.func $act) (i32.const 1))",
        ),
        (
            "table.copy",
            table,
            "(table.copy (i32.const 0) (i32.const 1) (i32.const 1))",
        ),
        (
            "table.init",
            "(table $t 4 funcref) (elem $e func $act)",
            "(table.init $e (i32.const 0) (i32.const 0) (i32.const 1))",
        ),
        (
            "elem.drop",
            "(table $t 4 funcref) (elem $e func $act)",
            "(elem.drop $e)",
        ),
        ("data.drop", "(data $d \"hidden\")", "(data.drop $d)"),
    ] {
        check_spoiled(what, &acting(parts, body));
    }
    // What only reads of them, and growing by nothing, is put back.
    check_reset(
        "memory.init",
        &acting(
            "(data $d \"hidden\")",
            "(memory.init $d (local.get $n) (i32.const 0) (i32.const 6)) (drop (memory.grow (i32.const 0)))",
        ),
        &[0, 254, 65_530, 65_531],
    );
    // At the start it is a part of what there is at first.
    check_reset(
        "a table of the start",
        &component(
            r#"(memory 1) (table $t 2 funcref) (elem declare func $act)
            (func $start (table.set $t (i32.const 0) (ref.func $act)) (drop (memory.grow (i32.const 2))))
            (start $start)
            (func $act (export "act") (param $n i32) (result i32)
                (i32.store (i32.const 150000) (i32.const 5))
                (ref.is_null (table.get $t (i32.const 0))))"#,
        ),
        &[1, 2],
    );
}

/// Modules that share a memory and a global, as a language's runtime and its libraries do.
#[test]
fn modules_that_share_a_memory_are_put_back_together() {
    let text = r#"(component
        (core module $env
            (memory (export "memory") 1) (global (export "sp") (mut i32) (i32.const 1000))
            (table (export "table") 1 funcref))
        (core module $lib
            (import "env" "memory" (memory 1)) (import "env" "sp" (global $sp (mut i32)))
            (global $own (mut i32) (i32.const 0))
            (func (export "touch") (param $n i32) (result i32)
                (i32.store (i32.const 2000) (local.get $n))
                (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
                (global.set $own (i32.add (global.get $own) (i32.const 1)))
                (i32.add (global.get $own) (global.get $sp))))
        (core module $main
            (import "env" "memory" (memory 1)) (import "lib" "touch" (func $touch (param i32) (result i32)))
            (func (export "act") (param $n i32) (result i32)
                (i32.store (i32.const 3000) (i32.add (i32.load (i32.const 2000)) (i32.const 1)))
                (i32.add (call $touch (local.get $n)) (i32.load (i32.const 3000)))))
        (core instance $env (instantiate $env))
        (alias core export $env "memory" (core memory $memory))
        (alias core export $env "sp" (core global $sp))
        (core instance $given (export "memory" (memory $memory)) (export "sp" (global $sp)))
        (core instance $lib (instantiate $lib (with "env" (instance $given))))
        (core instance $i (instantiate $main (with "env" (instance $given)) (with "lib" (instance $lib))))
        (func (export "act") (param "n" u32) (result u32) (canon lift (core func $i "act")))
    )"#;
    check_reset("shared", &wat::parse_str(text).unwrap(), &[1, 2, 3]);
}

#[test]
fn what_is_built_in_another_way_is_left_alone() {
    let act = r#"(func (export "act") (param i32) (result i32) (local.get 0))"#;
    let left = |what: &str, module: &str, why: &str| {
        check_left_alone(what, &component(&format!("{module} {act}")), why);
    };
    left("no memory", "", "it has no memory");
    left(
        "names that are taken",
        r#"(memory 1) (func (export "daybook:reset/reset"))"#,
        "daybook:reset/reset",
    );
    left(
        "two memories",
        "(memory 1) (memory 1)",
        "more than one memory",
    );
    left("a memory of 64 bits", "(memory i64 1)", "of 64 bits");
    left(
        "a memory as large as one may be",
        "(memory 2000)",
        "too large",
    );
    // A second memory of another module.
    let text = r#"(component
        (core module $other (memory (export "memory") 1))
        (core module $m (memory 1) (func (export "act") (param i32) (result i32) (local.get 0)))
        (core instance (instantiate $other))
        (core instance $i (instantiate $m))
        (func (export "act") (param "n" u32) (result u32) (canon lift (core func $i "act"))))"#;
    check_left_alone("two owners", &wat::parse_str(text).unwrap(), "2 memories");
    let mut text = String::new();
    for _ in 0..20 {
        text = format!("(component {text})");
    }
    check_left_alone("deep", &wat::parse_str(&text).unwrap(), "nested in it");
    // The marks are in the memory that is added: a module that names it is not valid by itself.
    let mut bytes = component(
        r#"(memory 1) (func (export "act") (param i32) (result i32)
            (i32.store8 (i32.const 64) (i32.const 1)) (local.get 0))"#,
    );
    let store = [0x3a, 0x00, 0x00];
    let at = { bytes.windows(3) }.position(|it| it == store).unwrap();
    // The flag for a memory's index takes the place of the alignment, and one byte more: the offset stands for it.
    bytes[at + 1] = 0x40;
    bytes[at + 2] = 0x01;
    check_left_alone("names the second memory", &bytes, "not valid");
}

/// A component with resources of its own: a call that makes a handle leaves it in a table.
#[test]
fn a_call_that_leaves_a_handle_says_so() {
    let text = r#"(component
        (type $r (resource (rep i32)))
        (core func $new (canon resource.new $r))
        (core module $m
            (import "own" "new" (func $new (param i32) (result i32)))
            (memory 1)
            (func (export "act") (param $n i32) (result i32)
                (i32.store (i32.const 8) (local.get $n))
                (if (i32.gt_u (local.get $n) (i32.const 3)) (then (drop (call $new (local.get $n)))))
                (i32.load (i32.const 8))))
        (core instance $i (instantiate $m (with "own" (instance (export "new" (func $new))))))
        (func (export "act") (param "n" u32) (result u32) (canon lift (core func $i "act"))))"#;
    let bytes = wat::parse_str(text).unwrap();
    check_reset("no handle", &bytes, &[1, 2, 3]);
    let engine = engine();
    let mut guest = Guest::of(&engine, &rewrite(&bytes).unwrap());
    assert_eq!(guest.act(&[Val::U32(4)]), Some(4));
    let resets = guest.resets.as_ref().unwrap();
    assert!(!resets.reset(&mut guest.store).unwrap());
}

/// Components in a component, one of which gives the other what it imports, each with a memory of its own.
#[test]
fn components_in_a_component_are_put_back_together() {
    let text = r#"(component
        (component $counts
            (core module $m (memory 1)
                (func (export "count") (param $n i32) (result i32)
                    (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (local.get $n)))
                    (i32.load (i32.const 0))))
            (core instance $i (instantiate $m))
            (func (export "count") (param "n" u32) (result u32) (canon lift (core func $i "count"))))
        (component $acts
            (import "count" (func $count (param "n" u32) (result u32)))
            (core func $lowered (canon lower (func $count)))
            (core module $m
                (import "it" "count" (func $count (param i32) (result i32)))
                (memory 1) (global $g (mut i32) (i32.const 5))
                (func (export "act") (param $n i32) (result i32)
                    (global.set $g (i32.add (global.get $g) (i32.const 1)))
                    (i32.store (i32.const 4) (i32.add (i32.load (i32.const 4)) (global.get $g)))
                    (i32.add (i32.load (i32.const 4)) (call $count (local.get $n)))))
            (core instance $i (instantiate $m (with "it" (instance (export "count" (func $lowered))))))
            (func (export "act") (param "n" u32) (result u32) (canon lift (core func $i "act"))))
        (instance $counting (instantiate $counts))
        (instance $acting (instantiate $acts (with "count" (func $counting "count"))))
        (export "act" (func $acting "act")))"#;
    check_reset("nested", &wat::parse_str(text).unwrap(), &[7, 1, 9]);
}
