use visits::*;

pub struct Lowered {
    pub counter: String,
}

pub fn lower(counter: String) -> Decision {
    Ok(events![Lowered { counter }])
}
