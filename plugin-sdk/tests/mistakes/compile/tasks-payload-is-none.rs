//! A task without its derive.

use visits::*;

pub fn tell(cx: &Materialization, counter: Counter) {
    cx.enqueue(counter);
}
