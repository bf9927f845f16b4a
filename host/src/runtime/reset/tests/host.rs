//! What the host writes into a guest's memory, by whatever way, is put back.

use super::*;

/// The host writes into memory that the guest allocates, and where it says that an answer is to go.
#[test]
fn what_the_host_writes_is_put_back() {
    let text = r#"(component
        (import "answer" (func $answer (param "bytes" u32) (result (list u8))))
        (core module $libc
            (memory (export "memory") 2) (global $at (mut i32) (i32.const 300))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $at)
                (global.set $at (i32.add (global.get $at) (local.get 3)))))
        (core instance $libc (instantiate $libc))
        (alias core export $libc "memory" (core memory $memory))
        (alias core export $libc "realloc" (core func $realloc))
        (core func $lowered (canon lower (func $answer) (memory $memory) (realloc $realloc)))
        (core module $m
            (import "libc" "memory" (memory 1))
            (import "host" "answer" (func $answer (param i32 i32)))
            (func (export "act") (param $at i32) (param $bytes i32) (param $n i32) (result i32) (local $was i32)
                (local.set $was (i32.load8_u (i32.const 40000)))
                (call $answer (local.get $n) (i32.const 40000))
                (i32.add (local.get $was) (i32.load offset=4 (i32.const 40000)))))
        (core instance $i (instantiate $m
            (with "libc" (instance $libc))
            (with "host" (instance (export "answer" (func $lowered))))))
        (func (export "act") (param "given" (list u8)) (param "n" u32) (result u32)
            (canon lift (core func $i "act") (memory $memory) (realloc $realloc)))
    )"#;
    let engine = engine();
    let rewritten = rewrite(&wat::parse_str(text).unwrap()).unwrap();
    let mut guest = Guest::of(&engine, &rewritten);
    let mut fresh = Guest::of(&engine, &rewritten);
    for (given, answered) in [(1, 1), (700, 9_000), (0, 0), (30_000, 257)] {
        let given = Val::List(vec![Val::U8(0x5a); given]);
        assert_eq!(guest.act(&[given, Val::U32(answered)]), Some(answered));
        let resets = guest.resets.as_ref().unwrap();
        assert!(resets.reset(&mut guest.store).unwrap());
        let other = fresh.resets.as_ref().unwrap();
        let difference = resets.difference(&mut guest.store, other, &mut fresh.store);
        assert_eq!(difference.unwrap(), None);
    }
}

/// A module without memory stands between the guest and what writes into its memory, and turns the parameters round.
#[test]
fn what_the_host_writes_by_way_of_another_module_is_put_back() {
    let text = r#"(component
        (import "answer" (func $answer (param "bytes" u32) (result (list u8))))
        (core module $libc
            (memory (export "memory") 2)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 300)))
        (core instance $libc (instantiate $libc))
        (alias core export $libc "memory" (core memory $memory))
        (alias core export $libc "realloc" (core func $realloc))
        (core func $lowered (canon lower (func $answer) (memory $memory) (realloc $realloc)))
        (core module $turns
            (import "host" "answer" (func $answer (param i32 i32)))
            (func (export "turned") (param $at i32) (param $bytes i32)
                (call $answer (local.get $bytes) (local.get $at))))
        (core instance $turns (instantiate $turns
            (with "host" (instance (export "answer" (func $lowered))))))
        (core module $m
            (import "libc" "memory" (memory 1))
            (import "turns" "turned" (func $turned (param i32 i32)))
            (func (export "act") (param $n i32) (result i32) (local $was i32)
                (local.set $was (i32.load8_u (i32.const 40000)))
                (call $turned (i32.const 40000) (local.get $n))
                (i32.add (local.get $was) (i32.load offset=4 (i32.const 40000)))))
        (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "turns" (instance $turns))))
        (func (export "act") (param "n" u32) (result u32) (canon lift (core func $i "act"))))"#;
    check_reset("turned", &wat::parse_str(text).unwrap(), &[7, 1, 900]);
}

/// The last of what an imported function takes may be any number, and no address.
#[test]
fn a_number_that_is_no_address_is_passed_on() {
    let text = r#"(component
        (import "number" (func $number (param "n" u32) (result u32)))
        (core func $lowered (canon lower (func $number)))
        (core module $m
            (import "host" "number" (func $number (param i32) (result i32)))
            (memory 1)
            (func (export "act") (param $n i32) (result i32) (call $number (local.get $n))))
        (core instance $i (instantiate $m (with "host" (instance (export "number" (func $lowered))))))
        (func (export "act") (param "n" u32) (result u32) (canon lift (core func $i "act"))))"#;
    let numbers = [0, 1, 65_535, 65_536, 0x7fff_ffff, 0xffff_ffff];
    check_reset("numbers", &wat::parse_str(text).unwrap(), &numbers);
}

/// What the host answers a call of the contract's or of WASI's with fits in what is saved where the guest says that it goes.
#[test]
fn no_answer_of_the_host_is_larger_than_a_block() {
    use wit_parser::{Resolve, SizeAlign};
    let mut resolve = Resolve::default();
    resolve
        .push_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/v1"))
        .unwrap();
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve);
    let functions = resolve
        .interfaces
        .iter()
        .flat_map(|(_, it)| it.functions.values());
    let mut seen = 0;
    for function in functions {
        let Some(result) = &function.result else {
            continue;
        };
        seen += 1;
        let bytes = sizes.size(result).size_wasm32();
        assert!(
            bytes <= 1 << crate::runtime::reset::layout::BLOCK_SHIFT,
            "{}: {bytes}",
            function.name
        );
    }
    assert!(seen > 5, "{seen}");
}
