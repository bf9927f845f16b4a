//! A plugin that has an inverse of its own: `UndoHappened` asks for `Reversed`, which takes the row away again that `Happened`
//! made; but on n = 7 it refuses, and on n = 8 it does nothing.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct Reverses;

impl Plugin for Reverses {
    fn manifest() -> Manifest {
        let mut manifest = plain("reverses");
        manifest
            .events
            .push(event_type("reverses", "Reversed", SCHEMA_OF_N));
        manifest.materializes.push("reverses.Reversed".into());
        manifest.commands.push(CommandType {
            name: "reverses.UndoHappened".into(),
            description: "take it back".into(),
            schema: SCHEMA_OF_N.into(),
        });
        manifest
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        match event.event_type.as_str() {
            "reverses.Reversed" => {
                let gone = cx.delete("thing", &[Value::Integer(n)]);
                gone.expect("what is reversed has happened");
            }
            _ => put(cx, n, 1, None),
        }
        Ok(())
    }

    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let n = n(&command.data);
        let data = format!("{{\"n\":{n}}}");
        let happened = happened(&command, data);
        if command.command_type != "reverses.UndoHappened" {
            return Ok(vec![happened]);
        }
        match n {
            7 => Err(CreateError::Rejected(Rejection {
                code: "for-ever".into(),
                message: "sevens stay".into(),
                details: None,
            })),
            8 => Ok(vec![]),
            _ => Ok(vec![NewEvent {
                event_type: "reverses.Reversed".into(),
                ..happened
            }]),
        }
    }
}

export!(Reverses);
