use visits::*;

pub fn new(name: String) -> Counter {
    Counter { name }
}
