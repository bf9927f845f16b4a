//! Commands that follow from an event, in the harness: asked for, seen by the test, and not run.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, run_later, run_now};

/// A guest has left.
#[derive(Event)]
pub struct Left {
    room: i64,
}

/// Clean a room.
#[derive(Clone, Command)]
pub struct Clean {
    room: i64,
}

/// Lock a door of another plugin.
#[derive(Command)]
#[command(type = "doors.Lock")]
pub struct Lock {
    door: i64,
}

#[derive(Debug, PartialEq, Table)]
pub struct Room {
    #[key]
    id: i64,
    clean: bool,
}

pub struct Hotel;

#[plugin(version = "2024-01-01", tables = [Room], tasks = [RunNow, RunLater])]
impl Hotel {
    #[materialize]
    fn left(event: &Event<Left>, cx: &Materialization) -> Done {
        let room = event.data.room;
        cx.run_now(&Lock { door: room });
        cx.enqueue(cx.later(&Clean { room }).with_key("maid"));
        Room {
            id: room,
            clean: false,
        }
        .upsert(cx)
    }

    #[create]
    fn clean(command: &Command<Clean>) -> Decision {
        reject("busy", format!("room {}", command.data.room))
    }
}

#[test]
fn commands_that_follow_are_tasks_named_by_their_plugin_and_not_run() {
    let clean = Clean { room: 7 };
    Scenario::<Hotel>::new()
        .given(Left { room: 7 })
        .then_tasks([
            run_now::<Hotel>(&Lock { door: 7 }),
            run_later::<Hotel>(&clean).with_key("maid"),
        ])
        .then_row(Room {
            id: 7,
            clean: false,
        });
}

#[test]
#[should_panic(expected = "hotel.Clean")]
fn a_command_that_is_run_now_is_not_one_that_is_run_later() {
    let clean = Clean { room: 7 };
    Scenario::<Hotel>::new()
        .given(Left { room: 7 })
        .then_tasks([
            run_now::<Hotel>(&Lock { door: 7 }),
            run_now::<Hotel>(&clean).with_key("maid"),
        ]);
}
