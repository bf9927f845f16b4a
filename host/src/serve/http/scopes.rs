//! Roles and scopes as types: what a handler's signature says of who may call it. A scope is settled before the body is
//! read, or, where the body names what is touched, before anything is done with it.

use axum::http::{StatusCode, Uri};

use super::declared::{Declared, Touches};
use super::parameters::{Parameters, decoded, segment, seq};
use super::problem::Problem;
use crate::model::error::{Problem as Detail, shown};
use crate::model::{Error, PluginVersion, Seq};
use crate::serve::access::Caller;
use crate::serve::hosted::Hosted;
use crate::store::{EventFilter, TokenRole};

/// The least role that a token must have.
pub trait Role: Send + Sync + 'static {
    /// None where nobody is asked for a token.
    const ROLE: Option<TokenRole>;
}

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $role:expr;)+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl Role for $name {
            const ROLE: Option<TokenRole> = $role;
        }
    )+};
}

roles! {
    /// Whoever reaches the address: a supervisor.
    Anybody = None;
    /// Who reads.
    Read = Some(TokenRole::Reader);
    /// Who sends commands and events.
    Write = Some(TokenRole::Writer);
    /// Who changes what the book is.
    Operate = Some(TokenRole::Operator);
}

/// A request whose sender is known, before its body is read.
pub struct Asking<'a> {
    pub hosted: &'a Hosted,
    pub caller: &'a Caller,
    pub uri: &'a Uri,
    pub declared: &'a Declared,
    pub query: &'a Parameters,
}

impl Asking<'_> {
    /// A part of the path, decoded.
    fn path(&self, name: &str) -> Result<String, Problem> {
        path(self.uri, self.declared, name)
    }
}

/// A part of a request's path by its name in the route, decoded.
pub fn path(uri: &Uri, declared: &Declared, name: &str) -> Result<String, Problem> {
    decoded(raw_path(uri, declared, name), false)
}

/// A part of a request's path by its name in the route, as it was sent.
pub fn raw_path<'a>(uri: &'a Uri, declared: &Declared, name: &str) -> &'a str {
    declared.segment(name).map_or("", |at| segment(uri, at))
}

/// What a request touches. A value of this type proves that its caller may.
pub trait Scope<B>: Sized + Send + Sync + 'static {
    const TOUCHES: Touches;

    /// Refuses a caller whose token does not reach what the request's path and query name.
    fn of(asking: &Asking<'_>) -> impl Future<Output = Result<Self, Problem>> + Send;

    /// Refuses a caller whose token does not reach what the body names.
    fn check_body(&self, _caller: &Caller, _body: &B) -> Result<(), Problem> {
        Ok(())
    }
}

/// A body that names plugins.
pub trait NamesPlugins {
    /// Calls `check` with each plugin, or with a name that begins with it: `bank.Deposit`.
    fn check_each(&self, check: &mut dyn FnMut(&str) -> Result<(), Problem>)
    -> Result<(), Problem>;
}

/// Nothing that is a plugin's.
pub struct AnyPlugin;

impl<B> Scope<B> for AnyPlugin {
    const TOUCHES: Touches = Touches::Nothing;

    async fn of(_: &Asking<'_>) -> Result<Self, Problem> {
        Ok(AnyPlugin)
    }
}

/// All of the book.
pub struct WholeBook;

impl<B> Scope<B> for WholeBook {
    const TOUCHES: Touches = Touches::Book;

    async fn of(asking: &Asking<'_>) -> Result<Self, Problem> {
        asking.caller.check_book().map(|()| WholeBook)
    }
}

/// Each plugin's part of what is listed: the handler leaves out what the caller does not reach.
pub struct OwnPart;

impl<B> Scope<B> for OwnPart {
    const TOUCHES: Touches = Touches::Plugin("what is another's is left out of the answer");

    async fn of(_: &Asking<'_>) -> Result<Self, Problem> {
        Ok(OwnPart)
    }
}

/// The plugin of the version in the path.
pub struct OfVersion(pub PluginVersion);

impl<B> Scope<B> for OfVersion {
    const TOUCHES: Touches = Touches::Plugin("the version in the path");

    async fn of(asking: &Asking<'_>) -> Result<Self, Problem> {
        let version: PluginVersion = asking.path("version")?.parse()?;
        asking.caller.check_plugin(version.plugin.as_str())?;
        Ok(OfVersion(version))
    }
}

/// The plugin of the table in the path.
pub struct OfTable(pub String);

impl<B> Scope<B> for OfTable {
    const TOUCHES: Touches = Touches::Plugin("the table in the path");

    async fn of(asking: &Asking<'_>) -> Result<Self, Problem> {
        let table = asking.path("table")?;
        asking.caller.check_plugin(&table)?;
        Ok(OfTable(table))
    }
}

/// The plugin of the command type in the path.
pub struct OfCommand(pub String);

impl<B> Scope<B> for OfCommand {
    const TOUCHES: Touches = Touches::Plugin("the command's type in the path");

    async fn of(asking: &Asking<'_>) -> Result<Self, Problem> {
        let command_type = asking.path("type")?;
        asking.caller.check_plugin(&command_type)?;
        Ok(OfCommand(command_type))
    }
}

/// Plugins that the body names.
pub struct OfBody;

impl<B: NamesPlugins> Scope<B> for OfBody {
    const TOUCHES: Touches = Touches::Plugin("what the body names");

    async fn of(_: &Asking<'_>) -> Result<Self, Problem> {
        Ok(OfBody)
    }

    fn check_body(&self, caller: &Caller, body: &B) -> Result<(), Problem> {
        body.check_each(&mut |name| caller.check_plugin(name))
    }
}

/// The plugin of a component, which nobody knows before it is compiled: the handler asks as soon as it is, before the
/// component is tried and before the book is told.
pub struct OfComponent;

impl<B> Scope<B> for OfComponent {
    const TOUCHES: Touches = Touches::Plugin("what the component calls itself");

    async fn of(_: &Asking<'_>) -> Result<Self, Problem> {
        Ok(OfComponent)
    }
}

/// The plugin whose event asked for the task in the path.
pub struct OfTask(pub String);

impl<B> Scope<B> for OfTask {
    const TOUCHES: Touches = Touches::Plugin("the event that asked for the task in the path");

    async fn of(asking: &Asking<'_>) -> Result<Self, Problem> {
        let id = asking.path("id")?;
        if !asking.caller.is_for_all() {
            let asked = id.clone();
            let read = asking.hosted.read_log(move |reader| reader.task(&asked));
            asking.caller.check_plugin(&read.await?.row.event_type)?;
        }
        Ok(OfTask(id))
    }
}

/// The plugin of the command of the journal in the path.
pub struct OfJournalled(pub String);

impl<B> Scope<B> for OfJournalled {
    const TOUCHES: Touches = Touches::Plugin("the type of the command in the path");

    async fn of(asking: &Asking<'_>) -> Result<Self, Problem> {
        let id = asking.path("id")?;
        if !asking.caller.is_for_all() {
            let asked = id.clone();
            let read = asking.hosted.read_log(move |reader| reader.command(&asked));
            let command = read.await?.command;
            asking.caller.check_plugin(command.command_type.as_str())?;
        }
        Ok(OfJournalled(id))
    }
}

/// Sources that are named where an id is of several.
const SOURCES_MAX: usize = 10;

/// The plugin of the event in the path, which its position names, or its id.
pub struct OfEvent(pub Seq);

impl<B> Scope<B> for OfEvent {
    const TOUCHES: Touches = Touches::Plugin("the type of the event in the path");

    async fn of(asking: &Asking<'_>) -> Result<Self, Problem> {
        let name = asking.path("event")?;
        let source = asking.query.last("source").map(str::to_owned);
        let hosted = asking.hosted;
        let head = hosted.live().head;
        // An id of digits is asked for with its source.
        let is_seq = name.bytes().all(|byte| byte.is_ascii_digit()) && source.is_none();
        let seq = match is_seq {
            true => Seq(seq("event", &name)?),
            false => find(hosted, name, source, head).await?,
        };
        if seq == Seq::ZERO || seq > head {
            let text = format!("event {seq} is not in the log; its head is {head}");
            return Err(Error::usage(text).problem(Detail::Unknown).into());
        }
        if !asking.caller.is_for_all() {
            let only = EventFilter {
                from: Some(seq),
                to: Some(seq),
                ..EventFilter::default()
            };
            let found = hosted.read_log(move |reader| reader.events(&only, 1));
            for event in found.await? {
                asking.caller.check_plugin(event.event_type.as_str())?;
            }
        }
        Ok(OfEvent(seq))
    }
}

async fn find(
    hosted: &Hosted,
    id: String,
    source: Option<String>,
    head: Seq,
) -> Result<Seq, Problem> {
    let asked = id.clone();
    let found = hosted.read_log(move |reader| reader.find_id(&asked, SOURCES_MAX));
    let mut found = found.await?;
    if let Some(source) = source {
        found.retain(|(_, known)| *known == source);
    }
    match found.as_slice() {
        [] => {
            let id = shown(&id);
            let text = format!("event '{id}' is not in the log; its head is {head}");
            Err(Problem::new(StatusCode::NOT_FOUND, "unknown", text))
        }
        [(seq, _)] => Ok(*seq),
        several => {
            let sources: Vec<_> = several.iter().map(|(_, source)| &**source).collect();
            let text = "several sources have an event with this id; say ?source=";
            Err(Problem::malformed(text).with("sources", sources))
        }
    }
}

/// The plugins of the event types that the query names. Where it names none, and where it asks for what happens to
/// tasks, all of the book is touched.
pub struct OfTypes;

impl<B> Scope<B> for OfTypes {
    const TOUCHES: Touches =
        Touches::Plugin("each `type` in the query, of which there is one at least");

    async fn of(asking: &Asking<'_>) -> Result<Self, Problem> {
        let mut types = asking.query.all("type").peekable();
        if types.peek().is_none() || asking.query.last("tasks").is_some() {
            let check = asking.caller.check_book();
            check.map_err(|problem| problem.with("hint", "?type=plugin.Name, of this plugin"))?;
        }
        for name in types {
            asking.caller.check_plugin(name)?;
        }
        Ok(OfTypes)
    }
}
