use visits::*;

#[derive(Table)]
pub struct Visitor {
    #[key]
    pub fullName: String,
}
