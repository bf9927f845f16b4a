use visits::*;

pub fn raise(cx: &Creation, row: Counter) -> Done {
    row.insert(cx)
}
