use visits::*;

pub fn tell(cx: &Materialization, counter: &Counter) {
    cx.enqueue(Mail { to: counter.value });
}
