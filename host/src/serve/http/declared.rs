//! What a route declares of itself: the one place from which the router, the check of tokens, the index and the OpenAPI
//! document know it.

use schemars::{Schema, SchemaGenerator};

use crate::store::TokenRole;

/// A route, as data.
pub struct Declared {
    pub method: Verb,
    /// `/versions/{version}/promote`
    pub path: &'static str,
    /// Its name in the OpenAPI document: `promote`.
    pub id: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The least role of a token. None where nobody is asked for one: a supervisor has none.
    pub role: Option<TokenRole>,
    pub touches: Touches,
    pub parameters: Vec<Parameter>,
    /// Query parameters beside those declared are taken too: filters by column, or what nobody looks at.
    pub takes_any_query: bool,
    /// Somebody does something: the query may name who.
    pub takes_actor: bool,
    pub body: Option<BodyDeclared>,
    /// Statuses of good answers, and what each says.
    pub good: Vec<(u16, &'static str)>,
    /// Statuses of refusals beside those of any request, and what each says.
    pub refusals: Vec<(u16, &'static str)>,
    pub reply: SchemaOf,
    /// Media type of good answers.
    pub media: &'static str,
}

/// The schema of a type, with what it refers to kept by the generator.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The method of a route. A GET is answered to HEAD too, without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Delete => "DELETE",
        }
    }
}

/// What of a book a request touches, and so how far a token for single plugins reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touches {
    /// Nothing that is a plugin's: any token of the role will do.
    Nothing,
    /// All of the book: a token for single plugins will not do.
    Book,
    /// What belongs to a plugin; the text says how the request names it. The token must be for that plugin.
    Plugin(&'static str),
}

/// A parameter of a route.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub place: Place,
    pub name: &'static str,
    pub what: &'static str,
    pub kind: Kind,
}

/// Where a parameter stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    pub fn name(self) -> &'static str {
        match self {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        }
    }
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Text,
    /// Text of so many characters, at least and at most.
    Bounded(usize, usize),
    /// Text that this regular expression describes.
    Pattern(&'static str),
    Choice(&'static [&'static str]),
    /// Several of these, each given by itself.
    Many(&'static str),
    Flag,
    /// A position in the log.
    Seq,
    TaskState,
    /// A position in the log that has an event.
    Event,
    /// A whole number from 1 to this.
    Limit(usize),
    Date,
    /// `plugin.table` of the live state.
    Table,
    /// `plugin@date`
    Version,
}

/// The body of a route.
#[derive(Clone, Copy)]
pub struct BodyDeclared {
    pub media: &'static str,
    pub schema: SchemaOf,
    /// False where an absent body is `{}`.
    pub is_required: bool,
}

impl Declared {
    /// The place of a parameter among the segments of the path, counted from 0.
    pub fn segment(&self, name: &str) -> Option<usize> {
        let is_it = |segment: &str| {
            let inner = segment
                .strip_prefix('{')
                .and_then(|it| it.strip_suffix('}'));
            inner == Some(name)
        };
        self.path.split('/').skip(1).position(is_it)
    }

    /// The names of its query parameters.
    pub fn queries(&self) -> impl Iterator<Item = &'static str> + Clone + '_ {
        let is_query = |parameter: &&Parameter| parameter.place == Place::Query;
        self.parameters.iter().filter(is_query).map(|it| it.name)
    }

    /// True where a request may have a header of this name, in whatever case.
    pub fn takes_header(&self, name: &str) -> bool {
        let is_it =
            |it: &&Parameter| it.place == Place::Header && it.name.eq_ignore_ascii_case(name);
        self.parameters.iter().any(|it| is_it(&it))
    }
}
