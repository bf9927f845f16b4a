//! A task with another type in its payload.

use visits::*;

pub fn tell(cx: &Materialization, counter: &Counter) {
    cx.enqueue(Mail { to: counter.value });
}
