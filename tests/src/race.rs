//! Owns how tests race: many clients at once, each on a thread of its own.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Answer;

const CONNECTIONS: u64 = 64;

/// Runs `count` requests from 64 connections at the same time, numbered from 0. The answers come in no order.
pub fn race(count: u64, ask: impl Fn(u64) -> Answer + Sync) -> Vec<Answer> {
    let next = AtomicU64::new(0);
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let answer = ask(number);
                    answers.lock().expect("no asker panics").push(answer);
                }
            });
        }
    });
    answers.into_inner().expect("no asker panicked")
}
