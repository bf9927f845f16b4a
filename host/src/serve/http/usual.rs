//! What several routes declare alike.

use super::declared::Kind;
use super::route::Route;

/// What a read is refused for that costs more than anybody may ask for.
pub const TOO_MUCH: &str = "It takes too long or gives too much.";

/// Why an operation is not possible.
const NOT_NOW: &str = "As things are it cannot be done; the detail says why.";

/// What an operation is refused for where a plugin's code is at fault.
pub const PLUGIN_FAILED: &str = "The plugin failed on an event of the log; nothing changed.";

/// Who does something.
pub const ACTOR: &str = "actor";

/// The position that an answer must know of.
pub const MIN_POSITION: &str = "min-position";

/// A read that waits, for a while, until the book is so far.
pub fn min_position(route: Route) -> Route {
    route
        .query(
            MIN_POSITION,
            Kind::Seq,
            "Wait, a while, until this event is in what is read: Daybook-Position of a write.",
        )
        .refuses(409, "The book is not at min-position yet; see Retry-After.")
}

/// A read whose answer a client may keep and ask for again.
pub fn read(route: Route) -> Route {
    min_position(route)
        .good(
            200,
            "What was asked for, and in Daybook-Position where it was read.",
        )
        .refuses(304, "The client has it already.")
        .refuses(422, TOO_MUCH)
}

/// What keeps nothing where it is wanted.
pub fn preview(route: Route) -> Route {
    route.query(
        "preview",
        Kind::Flag,
        "Run it in full, report what would happen, keep nothing.",
    )
}

/// What every write understands, and is refused for.
pub fn write(route: Route) -> Route {
    preview(route)
        .header(
            "If-Match",
            Kind::Pattern("^\"[0-9]{1,15}\"$"),
            "The seq of the subject's last event, quoted; \"0\" for none.",
        )
        .header(
            "Daybook-Expect",
            Kind::Text,
            "Rows as they were read: [{\"table\", \"key\", \"hashes\"}].",
        )
        .header(
            "traceparent",
            Kind::Text,
            "W3C trace context: becomes correlation and causation ids of the events.",
        )
        .refuses(
            409,
            "A row named in Daybook-Expect changed since it was read: `changed` says where.",
        )
        .refuses(
            412,
            "The subject is not at the position in If-Match: `position` says where it is.",
        )
        .refuses(
            422,
            "The plugin rejected it (`code`, `message`), it failed, its payload does not fit the schema (`pointer`), or its id was used for something else.",
        )
}

/// What an operation is refused for that works on history.
pub fn operation(route: Route) -> Route {
    route.refuses(409, NOT_NOW).refuses(422, PLUGIN_FAILED)
}

/// About the version in the path.
pub fn of_version(route: Route) -> Route {
    route.path("version", Kind::Version, "plugin@date")
}
