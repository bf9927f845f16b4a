//! A route and the way to its handler. The handler's signature says who may call it, what body it takes and what it
//! replies; what else there is to say is declared beside it. A handler gets at the book by `Authorized` alone, and that is
//! made here alone, once the caller's token is known to reach what the request touches.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::JsonSchema;
use tracing::Instrument;

use super::answer::{Answer, POSITION};
use super::declared::{Declared, Kind, Parameter, Place, Verb};
use super::guards;
use super::input::Input;
use super::parameters::Parameters;
use super::problem::Problem;
use super::scopes::{self, Asking, Role, Scope};
use super::usual::{self, MIN_POSITION};
use crate::book::Marks;
use crate::model::{Error, Seq};
use crate::serve::access::{Caller, Refusal};
use crate::serve::bodies;
use crate::serve::browser;
use crate::serve::hosted::Hosted;
use crate::serve::metrics::Counting;
use crate::serve::otlp::Traced;

/// What all handlers of a book share.
#[derive(Clone)]
pub struct Shared {
    pub hosted: Hosted,
    /// Every route there is, in the order they are declared in.
    pub routes: Arc<[Arc<Declared>]>,
}

/// A request whose caller may do what the route does, to what the request names: the only way to the book.
pub struct Authorized<R, S> {
    /// What the request touches.
    pub scope: S,
    /// The query, of which no parameter is unknown.
    pub query: Parameters,
    /// Head of the request.
    pub parts: Parts,
    caller: Caller,
    /// Who does it, where the route says that somebody does something.
    actor: Option<String>,
    shared: Shared,
    declared: Arc<Declared>,
    role: PhantomData<fn() -> R>,
}

impl<R, S> Authorized<R, S> {
    pub fn book(&self) -> &Hosted {
        &self.shared.hosted
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Who does it, for the log: the name on the token, or whom the client names where nobody is asked for one.
    pub fn actor(&self) -> Option<String> {
        self.actor.clone()
    }

    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// A part of the path, decoded.
    pub fn path(&self, name: &str) -> Result<String, Problem> {
        scopes::path(&self.parts.uri, &self.declared, name)
    }

    /// A part of the path, as it was sent.
    pub fn raw_path(&self, name: &str) -> &str {
        scopes::raw_path(&self.parts.uri, &self.declared, name)
    }

    /// Every route there is.
    pub fn routes(&self) -> &[Arc<Declared>] {
        &self.shared.routes
    }

    /// What the writer notes for a request that is traced.
    pub fn marks(&self) -> Option<Arc<Marks>> {
        let traced = self.parts.extensions.get::<Traced>();
        traced.map(Traced::marks)
    }
}

/// A function that carries a request out. `M` tells those with a body from those without.
pub trait Handler<M>: Clone + Send + Sync + 'static {
    type Role: Role;
    type Scope: Scope<Self::Body>;
    type Body: Input;
    type Reply: JsonSchema;

    fn call(
        self,
        door: Authorized<Self::Role, Self::Scope>,
        body: Self::Body,
    ) -> impl Future<Output = Result<Answer<Self::Reply>, Problem>> + Send;
}

impl<F, Answering, R, S, B, T> Handler<(R, S, B, T)> for F
where
    F: Fn(Authorized<R, S>, B) -> Answering + Clone + Send + Sync + 'static,
    Answering: Future<Output = Result<Answer<T>, Problem>> + Send,
    R: Role,
    S: Scope<B>,
    B: Input,
    T: JsonSchema,
{
    type Role = R;
    type Scope = S;
    type Body = B;
    type Reply = T;

    async fn call(self, door: Authorized<R, S>, body: B) -> Result<Answer<T>, Problem> {
        self(door, body).await
    }
}

impl<F, Answering, R, S, T> Handler<(R, S, T)> for F
where
    F: Fn(Authorized<R, S>) -> Answering + Clone + Send + Sync + 'static,
    Answering: Future<Output = Result<Answer<T>, Problem>> + Send,
    R: Role,
    S: Scope<()>,
    T: JsonSchema,
{
    type Role = R;
    type Scope = S;
    type Body = ();
    type Reply = T;

    async fn call(self, door: Authorized<R, S>, (): ()) -> Result<Answer<T>, Problem> {
        self(door).await
    }
}

/// A route: what it declares, and how it is carried out.
pub struct Route {
    declared: Declared,
    mount: Mount,
}

type Mount = Box<dyn FnOnce(Shared, Arc<Declared>) -> MethodRouter>;

impl Route {
    pub fn get<M: 'static>(
        path: &'static str,
        id: &'static str,
        handler: impl Handler<M>,
    ) -> Route {
        Route::new(Verb::Get, path, id, handler)
    }

    pub fn post<M: 'static>(
        path: &'static str,
        id: &'static str,
        handler: impl Handler<M>,
    ) -> Route {
        Route::new(Verb::Post, path, id, handler)
    }

    pub fn put<M: 'static>(
        path: &'static str,
        id: &'static str,
        handler: impl Handler<M>,
    ) -> Route {
        Route::new(Verb::Put, path, id, handler)
    }

    pub fn delete<M: 'static>(
        path: &'static str,
        id: &'static str,
        handler: impl Handler<M>,
    ) -> Route {
        Route::new(Verb::Delete, path, id, handler)
    }

    fn new<M: 'static, H: Handler<M>>(
        method: Verb,
        path: &'static str,
        id: &'static str,
        handler: H,
    ) -> Route {
        let filter = match method {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Put => MethodFilter::PUT,
            Verb::Delete => MethodFilter::DELETE,
        };
        let mount = move |shared: Shared, declared: Arc<Declared>| {
            on(filter, move |request: Request| {
                serve(shared.clone(), declared.clone(), handler.clone(), request)
            })
        };
        Route {
            declared: Declared {
                method,
                path,
                id,
                summary: "",
                role: H::Role::ROLE,
                touches: H::Scope::TOUCHES,
                parameters: Vec::new(),
                takes_any_query: false,
                takes_actor: false,
                body: H::Body::declared(),
                good: Vec::new(),
                refusals: Vec::new(),
                reply: |generator| generator.subschema_for::<H::Reply>(),
                media: "application/json",
            },
            mount: Box::new(mount),
        }
    }

    /// What it does, in a sentence.
    pub fn says(mut self, summary: &'static str) -> Route {
        self.declared.summary = summary;
        self
    }

    pub fn path(self, name: &'static str, kind: Kind, what: &'static str) -> Route {
        self.with(Place::Path, name, kind, what)
    }

    pub fn query(self, name: &'static str, kind: Kind, what: &'static str) -> Route {
        self.with(Place::Query, name, kind, what)
    }

    pub fn header(self, name: &'static str, kind: Kind, what: &'static str) -> Route {
        self.with(Place::Header, name, kind, what)
    }

    fn with(mut self, place: Place, name: &'static str, kind: Kind, what: &'static str) -> Route {
        self.declared.parameters.push(Parameter {
            place,
            name,
            what,
            kind,
        });
        self
    }

    /// Query parameters beside those declared are taken too: filters by column, or what nobody looks at.
    pub fn any_query(mut self) -> Route {
        self.declared.takes_any_query = true;
        self
    }

    /// Somebody does something, who is named in the log.
    pub fn acts(mut self) -> Route {
        self.declared.takes_actor = true;
        self.query(
            usual::ACTOR,
            Kind::Text,
            "Who does it; with a token it can only be the token's name.",
        )
    }

    /// The status of a good answer, and what it says.
    pub fn good(mut self, status: u16, what: &'static str) -> Route {
        self.declared.good.push((status, what));
        self
    }

    /// The status of a refusal, and what it says.
    pub fn refuses(mut self, status: u16, what: &'static str) -> Route {
        self.declared.refusals.push((status, what));
        self
    }

    /// The media type of good answers that are not JSON.
    pub fn media(mut self, media: &'static str) -> Route {
        self.declared.media = media;
        self
    }

    /// Changes that several routes share.
    pub fn and(self, change: impl FnOnce(Route) -> Route) -> Route {
        change(self)
    }

    /// What it declares, and the rest.
    pub fn parts(self) -> (Declared, Mount) {
        (self.declared, self.mount)
    }
}

/// Counts a request, lets its caller in or not, reads its body, and has it carried out.
async fn serve<M, H: Handler<M>>(
    shared: Shared,
    declared: Arc<Declared>,
    handler: H,
    request: Request,
) -> Response {
    let server = shared.hosted.server().clone();
    let counting = Counting::begin(request.method(), declared.path);
    let response = answer::<M, H>(shared, declared, handler, request).await;
    counting.end(server.metrics(), response.status());
    response
}

async fn answer<M, H: Handler<M>>(
    shared: Shared,
    declared: Arc<Declared>,
    handler: H,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let has_body = !body.is_end_stream();
    let admitted = admit::<M, H>(&shared.hosted, &declared, &parts, has_body).await;
    let Admitted {
        caller,
        actor,
        scope,
        query,
    } = match admitted {
        Ok(admitted) => admitted,
        Err(refusal) => {
            // A connection that is closed on what its client still sends is reset, and the answer may be lost with it.
            bodies::pass_over(body).await;
            return refusal.into_response();
        }
    };
    let whole = match bodies::read(shared.hosted.server(), body, H::Body::SIZE).await {
        Ok(whole) => whole,
        Err(refusal) => return refusal,
    };
    let is_large = whole.is_large();
    let (bytes, share) = whole.parts();
    let (hosted, is_write) = (shared.hosted.clone(), declared.method != Verb::Get);
    let work = async move {
        let carried_out = async {
            let body = H::Body::read(&parts.headers, bytes)?;
            scope.check_body(&caller, &body)?;
            let door = Authorized {
                scope,
                query,
                parts,
                caller,
                actor,
                shared,
                declared,
                role: PhantomData,
            };
            handler.call(door, body).await
        };
        let mut response = carried_out.await.into_response();
        drop(share);
        // Also where there is no event, and where the answer is no: what this caller saw is there up to here.
        if is_write && !response.headers().contains_key(POSITION) {
            let position = HeaderValue::from(hosted.live().head.0);
            response.headers_mut().insert(POSITION, position);
        }
        response
    };
    if !is_large {
        return work.await;
    }
    // A task of its own: a client that hangs up does not give memory back that its request still takes in the queue.
    tokio::spawn(work.in_current_span())
        .await
        .unwrap_or_else(|error| {
            Problem::from(Error::internal(format!("a request ended early: {error}")))
                .into_response()
        })
}

/// All that is known of a request without its body.
struct Admitted<S> {
    caller: Caller,
    actor: Option<String>,
    scope: S,
    query: Parameters,
}

/// Who sends a request, and that they may.
async fn admit<M, H: Handler<M>>(
    hosted: &Hosted,
    declared: &Declared,
    parts: &Parts,
    has_body: bool,
) -> Result<Admitted<H::Scope>, Refusal> {
    let caller = match H::Role::ROLE {
        None => Caller::nobody(),
        Some(role) => hosted.access().admit(parts, role)?,
    };
    browser::check_content_type(parts, has_body)?;
    guards::check_declared(&parts.headers, declared)?;
    let mut query = Parameters::of(&parts.uri)?;
    let asking = Asking {
        hosted,
        caller: &caller,
        uri: &parts.uri,
        declared,
        query: &query,
    };
    let scope = H::Scope::of(&asking).await?;
    if !declared.takes_any_query {
        query.check_known(declared.queries())?;
    }
    if declared.queries().any(|known| known == MIN_POSITION)
        && let Some(position) = query.take_seq(MIN_POSITION)?
    {
        hosted.reach(Seq(position)).await?;
    }
    let actor = match declared.takes_actor {
        true => caller.named(query.take(usual::ACTOR)?)?,
        false => caller.actor().map(str::to_owned),
    };
    Ok(Admitted {
        caller,
        actor,
        scope,
        query,
    })
}
