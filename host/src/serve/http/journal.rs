//! The journal: commands with their outcomes, rejected ones too.

use super::answer::{Answer, Tag, answer};
use super::declared::Kind;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{OfJournalled, OfTypes, Read};
use super::usual;
use crate::model::clock;
use crate::model::error::shown;
use crate::store::CommandFilter;
use crate::wire::{AnsweredCommand, Commands};

pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/commands", "commands", list)
            .says("Commands of the journal, with what came of each, a page at a time.")
            .query("type", Kind::Text, "Only those of this type.")
            .query("actor", Kind::Text, "Only those that this one asked for.")
            .query("subject", Kind::Text, "Only those about this.")
            .query(
                "outcome",
                Kind::Choice(&["accepted", "rejected", "failed"]),
                "Only those that came to this.",
            )
            .query(
                "code",
                Kind::Text,
                "Only those that were rejected with this code.",
            )
            .query(
                "since",
                Kind::Text,
                "JsonBody for at this time or later: RFC 3339.",
            )
            .query(
                "until",
                Kind::Text,
                "JsonBody for at this time or earlier: RFC 3339.",
            )
            .query(
                "order",
                Kind::Choice(&["time", "-time"]),
                "Oldest or newest first.",
            )
            .query(
                "limit",
                Kind::Limit(COMMANDS_MAX),
                "Commands of a page; it may have fewer before the end.",
            )
            .query("after", Kind::Seq, "`next` of the page before.")
            .and(usual::read),
        Route::get("/commands/{id}", "journalled", show)
            .says("A command of the journal, with the events that came of it.")
            .path("id", Kind::Text, "The command's id.")
            .and(usual::read),
    ]
}

/// Commands of one page when the client does not say, and at most.
const COMMANDS_DEFAULT: usize = 100;
const COMMANDS_MAX: usize = 1_000;

/// Commands in the order in which they were asked for, or newest first.
async fn list(mut door: Authorized<Read, OfTypes>) -> Result<Answer<Commands>, Problem> {
    let query = &mut door.query;
    let descending = match query.take("order")?.as_deref() {
        None | Some("time") => false,
        Some("-time") => true,
        Some(_) => return Err(Problem::malformed("'order' is time or -time")),
    };
    let outcome = query.take("outcome")?;
    if let Some(unknown) = { outcome.as_deref() }.filter(|it| !OUTCOMES.contains(it)) {
        let text = format!(
            "'outcome' is {}, not '{}'",
            OUTCOMES.join(", "),
            shown(unknown)
        );
        return Err(Problem::malformed(text));
    }
    let mut time = |name: &str| {
        let text = query.take(name)?;
        let read = |text: String| {
            let malformed = || Problem::malformed(format!("'{name}' is a time of RFC 3339"));
            clock::in_utc(&text).ok_or_else(malformed)
        };
        text.map(read).transpose()
    };
    let (since, until) = (time("since")?, time("until")?);
    let filter = CommandFilter {
        command_type: query.take("type")?,
        actor: query.take("actor")?,
        subject: query.take("subject")?,
        outcome,
        code: query.take("code")?,
        since,
        until,
        descending,
        after: query.take_seq("after")?,
    };
    let limit = query.take_limit(COMMANDS_DEFAULT, COMMANDS_MAX)?;
    let head = door.book().live().head;
    let (page, next) = door
        .book()
        .read_log(move |reader| reader.commands(&filter, limit))
        .await?;
    let body = Commands::new(&page, next, head.0);
    answer(door.headers(), &body, head, Tag::Body)
}

const OUTCOMES: [&str; 3] = ["accepted", "rejected", "failed"];

/// A command with what came of it.
async fn show(
    door: Authorized<Read, OfJournalled>,
) -> Result<Answer<AnsweredCommand<'static>>, Problem> {
    let id = door.scope.0.clone();
    let head = door.book().live().head;
    let found = door
        .book()
        .read_log(move |reader| reader.command(&id))
        .await?;
    let body = AnsweredCommand::from(&found);
    answer(door.headers(), &body, head, Tag::Body).map(Answer::described_as)
}
