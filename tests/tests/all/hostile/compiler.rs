//! Components that keep a compiler busy: compiling has an end, in memory and in time, and the host goes on.

use std::time::Instant;

use daybook::model::ErrorKind;
use daybook_tests::{TestBook, event};
use serde_json::json;

/// A number as WebAssembly writes it.
fn number(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn section(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind][..], &number(content.len()), content].concat()
}

/// A component of one function: so many locals, and so many branches that each change one of them, so that every local may
/// come from everywhere.
fn many_ways(locals: usize, branches: usize) -> Vec<u8> {
    let mut body = [&[1][..], &number(locals), &[0x7f]].concat();
    for at in 0..branches {
        body.push(0x20);
        body.extend(number(at * 7 % locals));
        body.extend([0x04, 0x40, 0x20]);
        body.extend(number(at * 13 % locals));
        body.extend([0x41, 0x01, 0x6a, 0x21]);
        body.extend(number(at % locals));
        body.push(0x0b);
    }
    for local in 0..locals {
        body.push(0x20);
        body.extend(number(local));
        if local > 0 {
            body.push(0x6a);
        }
    }
    body.push(0x0b);
    let code = [number(1), number(body.len()), body].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 1, 0x7f]),
        section(3, &[1, 0]),
        section(10, &code),
    ]
    .concat();
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &module)].concat()
}

#[test]
fn a_component_that_is_compiled_for_minutes_is_refused_in_words() {
    let mut book = TestBook::with_guests(&["mutable-global"]);
    let before = book.mark();
    // It is compiled, and only then no plugin.
    let error = book.load(&many_ways(20, 200)).unwrap_err();
    assert!(error.message.contains("it is not a plugin"), "{error}");
    let clock = Instant::now();
    let error = book.load(&many_ways(2_000, 30_000)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert!(
        error.message.starts_with("compiling it takes more than"),
        "{error}"
    );
    // Before it is compiled.
    let error = book.load(&many_ways(2_000, 40_000)).unwrap_err();
    let words = "a function of the component has 600196 bytes; one may have 524288";
    assert!(error.message.contains(words), "{error}");
    assert!(clock.elapsed().as_secs() < 120, "{:?}", clock.elapsed());
    assert_eq!(book.mark(), before);
    book.append_one(event("counter.Happened", json!({"n": 1})))
        .unwrap();
}
