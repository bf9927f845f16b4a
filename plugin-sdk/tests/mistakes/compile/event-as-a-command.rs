//! An event where a command belongs.

use visits::*;

pub struct Visits;

#[plugin(version = "2024-01-01")]
impl Visits {
    #[create]
    fn raise(_: &Command<Raised>) -> Decision {
        Ok(vec![])
    }
}
