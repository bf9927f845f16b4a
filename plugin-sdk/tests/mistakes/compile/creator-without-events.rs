//! A creator that returns an event and no list.

use visits::*;

pub struct Visits;

#[plugin(version = "2024-01-01")]
impl Visits {
    #[create]
    fn raise(command: &Command<Raise>) -> Decision {
        Ok(Raised { counter: command.data.counter.clone(), by: 1 })
    }
}
