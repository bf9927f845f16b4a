use visits::*;

pub fn raise(cx: &Materialization) -> Done {
    Counter::update(cx, "door", |row| row.valeu += 1)
}
