//! Components that export only materializers, or only creators.

use daybook::book::Decision;
use daybook::model::ErrorKind;
use daybook::model::log::CommandOutcome;
use daybook_tests::{TestBook, accepted, event};
use serde_json::json;

#[test]
fn a_plugin_of_materializers_alone_handles_events_and_has_no_commands() {
    let mut book = TestBook::with_guests(&["materializer-only"]);
    book.append_one(event("materializeronly.Happened", json!({"n": 5})))
        .unwrap();
    assert_eq!(book.numbers("SELECT n FROM materializeronly_thing"), [5]);
    let reply = book.command("materializeronly.Do", json!({"n": 5}), false);
    let error = reply
        .map(|reply| reply.command_id)
        .expect_err("there is no creator");
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(
        error
            .message
            .contains("command type 'materializeronly.Do' is not known"),
        "{error}"
    );
    book.assert_verified();
}

#[test]
fn a_plugin_of_creators_alone_answers_commands_and_its_events_have_no_effects() {
    let mut book = TestBook::with_guests(&["creator-only"]);
    let caused = accepted(
        book.command("creatoronly.Do", json!({"n": 5}), false)
            .unwrap(),
    )
    .remove(0);
    assert_eq!(caused.event.data, r#"{"n":5}"#);
    assert_eq!((caused.changes.len(), caused.tasks.len()), (0, 0));

    let before = book.mark();
    match book
        .command("creatoronly.Do", json!({"n": 13}), false)
        .unwrap()
        .decision
    {
        Decision::Rejected(rejection) => {
            assert_eq!(
                (rejection.code.as_str(), rejection.message.as_str()),
                ("thirteen", "n is 13")
            );
            assert_eq!(rejection.details.as_deref(), Some(r#"{"n":13}"#));
        }
        Decision::Accepted(events) => panic!("{events:?}"),
    }
    let error = book
        .command("creatoronly.Do", json!({"n": 14}), false)
        .map(|reply| reply.command_id)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Plugin);
    assert!(
        error.message.contains("failed: fourteen: n is 14"),
        "{error}"
    );
    assert_eq!(book.mark(), before);
    // Every outcome is in the journal; previews are not.
    book.command("creatoronly.Do", json!({"n": 6}), true)
        .unwrap();
    let commands = book.log().commands(0, 10).unwrap();
    let outcomes: Vec<_> = commands
        .iter()
        .map(|(_, stored)| format!("{:?}", stored.command.outcome))
        .collect();
    assert_eq!(outcomes.len(), 3, "{outcomes:?}");
    for (outcome, says) in outcomes
        .iter()
        .zip(["Accepted { events: 1 }", "Rejected", "Failed"])
    {
        assert!(outcome.starts_with(says), "{outcome}");
    }
    book.assert_verified();
}

#[test]
fn what_a_creator_says_at_great_length_is_kept_nowhere() {
    let mut book = TestBook::with_guests(&["creator-only"]);
    for (n, says) in [
        (15, "its rejection has 100017 bytes"),
        (16, "its failure has 80007 bytes"),
    ] {
        let refused = book
            .command("creatoronly.Do", json!({"n": n}), false)
            .map(|reply| reply.command_id)
            .unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Plugin);
        let words = format!("{says}; all its parts together may have 65536");
        assert!(refused.message.contains(&words), "{refused}");
    }
    let commands = book.log().commands(0, 10).unwrap();
    assert_eq!(commands.len(), 2);
    for (_, stored) in commands {
        match stored.command.outcome {
            CommandOutcome::Failed(text) => assert!(text.len() < 200, "{text}"),
            other => panic!("{other:?}"),
        }
    }
}
