//! Logs what it is asked and what it handles, and asks for a task each time; on n = 12 its creator says no and on n = 13 its
//! materializer fails, both after they logged.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct Logs;

impl Plugin for Logs {
    fn manifest() -> Manifest {
        plain("logs")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        cx.log(Level::Info, &format!("handled {n}"));
        if n == 13 {
            cx.log(Level::Error, "thirteen");
            return Err(Failure {
                code: "thirteen".into(),
                message: "n is 13".into(),
            });
        }
        for line in 0..n.max(1) / 1_000 {
            cx.log(Level::Debug, &format!("{line:0>1000}"));
        }
        cx.enqueue(&Task {
            kind: "note".into(),
            key: None,
            data: "{}".into(),
            not_before: None,
        });
        put(cx, id(&event), n, None);
        Ok(())
    }

    fn create(command: Command, cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let n = n(&command.data);
        cx.log(Level::Warn, &format!("asked {n}"));
        match n {
            12 => Err(CreateError::Rejected(Rejection {
                code: "twelve".into(),
                message: "n is 12".into(),
                details: None,
            })),
            _ => Ok(vec![happened(&command, format!("{{\"n\":{n}}}"))]),
        }
    }
}

export!(Logs);
