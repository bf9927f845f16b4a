//! Every route with every kind of token: what a token is good for is this table, and nothing beside it.

use std::collections::BTreeSet;

use daybook::serve::{self, Touches};
use daybook::store::{BookDir, NewToken, TokenFile, TokenRole};
use daybook_tests::{Server, TestBook, guest};
use serde_json::{Value as Json, json};

/// How far a token for single plugins reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Any token of the role will do.
    Any,
    /// The plugin that the request names.
    Own,
    /// Others' parts are left out of the answer.
    Part,
    /// None for single plugins.
    Book,
}

use Reach::{Any, Book, Own, Part};

const PUBLIC: Option<TokenRole> = None;
const READER: Option<TokenRole> = Some(TokenRole::Reader);
const WRITER: Option<TokenRole> = Some(TokenRole::Writer);
const OPERATOR: Option<TokenRole> = Some(TokenRole::Operator);

/// A route, the least role, how far tokens for single plugins reach, and a request about something of the plugin `asks`:
/// its path and body. What is changed would be `{"nope": 1}`, which nothing takes: who may ask is told that, and nothing
/// happens.
type Line = (
    &'static str,
    &'static str,
    Option<TokenRole>,
    Reach,
    &'static str,
    &'static str,
);

const NOPE: &str = r#"{"nope": 1}"#;

const TABLE: &[Line] = &[
    ("GET", "/", READER, Any, "/", ""),
    (
        "POST",
        "/commands/{type}",
        WRITER,
        Own,
        "/commands/asks.Nope",
        "{}",
    ),
    (
        "POST",
        "/events",
        WRITER,
        Own,
        "/events?preview=true",
        r#"{"type": "asks.Happened", "data": {"n": 1}}"#,
    ),
    (
        "GET",
        "/events",
        READER,
        Own,
        "/events?type=asks.Happened",
        "",
    ),
    ("GET", "/events/{event}", READER, Own, "/events/EVENT", ""),
    (
        "GET",
        "/commands",
        READER,
        Own,
        "/commands?type=asks.Do",
        "",
    ),
    (
        "GET",
        "/commands/{id}",
        READER,
        Own,
        "/commands/COMMAND",
        "",
    ),
    (
        "GET",
        "/subjects/{subject}",
        READER,
        Book,
        "/subjects/a",
        "",
    ),
    ("POST", "/replays", OPERATOR, Book, "/replays", NOPE),
    (
        "POST",
        "/events/{event}/amend",
        OPERATOR,
        Book,
        "/events/EVENT/amend",
        NOPE,
    ),
    (
        "POST",
        "/events/{event}/redact",
        OPERATOR,
        Book,
        "/events/EVENT/redact",
        NOPE,
    ),
    ("POST", "/redact", OPERATOR, Book, "/redact", NOPE),
    (
        "POST",
        "/events/{event}/undo",
        OPERATOR,
        Book,
        "/events/EVENT/undo",
        NOPE,
    ),
    (
        "POST",
        "/events/{event}/doom",
        OPERATOR,
        Book,
        "/events/EVENT/doom",
        NOPE,
    ),
    ("GET", "/state", READER, Any, "/state", ""),
    ("GET", "/state/{table}", READER, Own, "/state/asks.nope", ""),
    (
        "GET",
        "/state/{table}/",
        READER,
        Own,
        "/state/asks.nope/",
        "",
    ),
    (
        "GET",
        "/state/{table}/{key}",
        READER,
        Own,
        "/state/asks.nope/1",
        "",
    ),
    (
        "POST",
        "/query",
        READER,
        Book,
        "/query",
        r#"{"sql": "SELECT 1"}"#,
    ),
    ("GET", "/versions", READER, Any, "/versions", ""),
    ("POST", "/versions", OPERATOR, Own, "/versions", "COMPONENT"),
    (
        "POST",
        "/versions/{version}/activate",
        OPERATOR,
        Own,
        "/versions/asks@2020-01-01/activate",
        NOPE,
    ),
    (
        "POST",
        "/versions/{version}/certify",
        OPERATOR,
        Own,
        "/versions/asks@2020-01-01/certify",
        NOPE,
    ),
    (
        "POST",
        "/versions/{version}/promote",
        OPERATOR,
        Own,
        "/versions/asks@2020-01-01/promote",
        NOPE,
    ),
    (
        "POST",
        "/versions/{version}/retire",
        OPERATOR,
        Own,
        "/versions/asks@2020-01-01/retire",
        NOPE,
    ),
    (
        "GET",
        "/versions/{version}/why-not",
        READER,
        Own,
        "/versions/asks@2020-01-01/why-not",
        "",
    ),
    ("GET", "/changelog", READER, Any, "/changelog", ""),
    ("GET", "/shadows", READER, Part, "/shadows", ""),
    (
        "POST",
        "/shadows",
        OPERATOR,
        Own,
        "/shadows",
        r#"{"version": "asks@1999-01-01"}"#,
    ),
    (
        "DELETE",
        "/shadows/{version}",
        OPERATOR,
        Own,
        "/shadows/asks@1999-01-01",
        "",
    ),
    ("POST", "/rollback", OPERATOR, Book, "/rollback", NOPE),
    ("GET", "/snapshots", READER, Any, "/snapshots", ""),
    ("GET", "/head", READER, Book, "/head", ""),
    ("GET", "/hashes", READER, Book, "/hashes", ""),
    ("POST", "/snapshots", OPERATOR, Book, "/snapshots", ""),
    ("POST", "/bisect", OPERATOR, Book, "/bisect", NOPE),
    ("POST", "/diff", OPERATOR, Book, "/diff", NOPE),
    (
        "POST",
        "/diff/commands",
        OPERATOR,
        Book,
        "/diff/commands",
        NOPE,
    ),
    ("POST", "/dooms", OPERATOR, Book, "/dooms", NOPE),
    ("POST", "/tasks/late", OPERATOR, Book, "/tasks/late", NOPE),
    ("POST", "/reconcile", OPERATOR, Book, "/reconcile", NOPE),
    ("POST", "/verify", OPERATOR, Book, "/verify", ""),
    ("GET", "/tasks", READER, Book, "/tasks", ""),
    ("GET", "/tasks/{id}", READER, Own, "/tasks/TASK", ""),
    (
        "POST",
        "/tasks/{id}/retry",
        OPERATOR,
        Own,
        "/tasks/TASK/retry",
        NOPE,
    ),
    (
        "POST",
        "/tasks/{id}/edit",
        OPERATOR,
        Own,
        "/tasks/TASK/edit",
        NOPE,
    ),
    (
        "POST",
        "/tasks/{id}/dismiss",
        OPERATOR,
        Own,
        "/tasks/TASK/dismiss",
        NOPE,
    ),
    (
        "POST",
        "/tasks/{id}/cancel",
        OPERATOR,
        Own,
        "/tasks/TASK/cancel",
        NOPE,
    ),
    ("GET", "/gateway", READER, Book, "/gateway", ""),
    ("GET", "/gateway/{kind}", READER, Book, "/gateway/note", ""),
    ("GET", "/log", READER, Book, "/log", ""),
    ("POST", "/log/copy", OPERATOR, Book, "/log/copy", NOPE),
    ("GET", "/schedules", READER, Book, "/schedules", ""),
    (
        "GET",
        "/schedules/{name}",
        READER,
        Book,
        "/schedules/nope",
        "",
    ),
    (
        "PUT",
        "/schedules/{name}",
        OPERATOR,
        Book,
        "/schedules/nope",
        NOPE,
    ),
    (
        "DELETE",
        "/schedules/{name}",
        OPERATOR,
        Book,
        "/schedules/nope",
        "",
    ),
    (
        "POST",
        "/schedules/{name}/pause",
        OPERATOR,
        Book,
        "/schedules/nope/pause",
        "",
    ),
    (
        "POST",
        "/schedules/{name}/resume",
        OPERATOR,
        Book,
        "/schedules/nope/resume",
        "",
    ),
    (
        "POST",
        "/schedules/{name}/run",
        OPERATOR,
        Book,
        "/schedules/nope/run",
        "",
    ),
    (
        "PUT",
        "/gateway/{kind}",
        OPERATOR,
        Book,
        "/gateway/note",
        NOPE,
    ),
    (
        "DELETE",
        "/gateway/{kind}",
        OPERATOR,
        Book,
        "/gateway/note",
        "",
    ),
    // Beyond the head: who may listen is told that there is no such event, and the test goes on.
    (
        "GET",
        "/subscribe",
        READER,
        Own,
        "/subscribe?type=asks.Happened&from=1000000",
        "",
    ),
    ("GET", "/openapi.json", READER, Any, "/openapi.json", ""),
    ("GET", "/api", PUBLIC, Any, "/api", ""),
    ("GET", "/asyncapi.json", READER, Any, "/asyncapi.json", ""),
    ("GET", "/healthz", PUBLIC, Any, "/healthz", ""),
    ("GET", "/readyz", PUBLIC, Any, "/readyz", ""),
    ("GET", "/metrics", READER, Any, "/metrics", ""),
];

/// Who asks: the role of a token that is good for something, and the plugin it is for.
#[derive(Debug)]
struct Asker {
    name: String,
    authorization: Option<String>,
    good: Option<(TokenRole, Option<&'static str>)>,
}

fn askers(tokens: &TokenFile) -> Vec<Asker> {
    let create = |name: &str, role, plugin: Option<&str>| {
        let made = tokens.create(NewToken {
            name: name.to_owned(),
            role,
            plugins: { plugin.into_iter() }
                .map(|name| name.parse().unwrap())
                .collect(),
            expires: None,
        });
        Some(format!("Bearer {}", made.unwrap()))
    };
    let bad = |name: &str, authorization| Asker {
        name: name.to_owned(),
        authorization,
        good: None,
    };
    let expired = create("expired", TokenRole::Operator, None);
    let shown = format!("{tokens:?}");
    let path = shown.split('"').nth(1).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let ended = text.replace("\"expires\": null", "\"expires\": \"2020-01-01T00:00:00Z\"");
    assert_ne!(text, ended);
    std::fs::write(path, ended).unwrap();
    let revoked = create("revoked", TokenRole::Operator, None);
    tokens.revoke("revoked").unwrap();
    let mut askers = vec![
        bad("nobody", None),
        bad("wrong", Some(format!("Bearer dbk_{}", "0".repeat(64)))),
        bad("expired", expired),
        bad("revoked", revoked),
    ];
    for role in [TokenRole::Reader, TokenRole::Writer, TokenRole::Operator] {
        for plugin in [None, Some("asks"), Some("createloop")] {
            let name = format!("{} of {}", role.name(), plugin.unwrap_or("all"));
            askers.push(Asker {
                authorization: create(&name, role, plugin),
                name,
                good: Some((role, plugin)),
            });
        }
    }
    askers
}

/// The refusal that somebody gets; none who may ask.
fn refusal(asker: &Asker, role: Option<TokenRole>, reach: Reach) -> Option<u16> {
    let needed = role?;
    let Some((role, plugin)) = asker.good else {
        return Some(401);
    };
    let reaches = match (plugin, reach) {
        (None, _) | (_, Any | Part) => true,
        (Some(plugin), Own) => plugin == "asks",
        (Some(_), Book) => false,
    };
    (role < needed || !reaches).then_some(403)
}

#[test]
fn every_route_lets_in_whom_the_table_says_and_nobody_else() {
    let mut book = TestBook::with_guests(&["asks-1", "create-loop"]);
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    let event = daybook_tests::event("asks.Happened", json!({"n": 1, "key": "a"}));
    let seq = book.append(vec![event]).unwrap()[0].seq;
    let asked = json!({"n": 1, "key": "a"});
    let command = book.command("asks.Do", asked, false).unwrap().command_id;
    let server = Server::of(book);
    let shown = server.get(&format!("/events/{seq}"));
    let task = shown.json["tasks"][0]["id"]
        .as_str()
        .expect("a task")
        .to_owned();
    let askers = askers(&tokens);
    let head = server.alone(|book| book.head());
    let mut faults = Vec::new();
    for &(method, route, role, reach, path, body) in TABLE {
        let path = path
            .replace("EVENT", &seq.to_string())
            .replace("TASK", &task)
            .replace("COMMAND", &command.to_string());
        let (kind, body) = match body {
            "COMPONENT" => ("application/wasm", Some(guest("asks-1"))),
            "" => ("application/json", None),
            text => ("application/json", Some(text.as_bytes())),
        };
        for asker in &askers {
            let mut headers = vec![("content-type", kind)];
            headers.extend(
                asker
                    .authorization
                    .as_deref()
                    .map(|it| ("authorization", it)),
            );
            let status = server.send(method, &path, &headers, body).status;
            let expected = refusal(asker, role, reach);
            let refused = matches!(status, 401 | 403).then_some(status);
            if refused != expected || status == 500 {
                let name = &asker.name;
                faults.push(format!(
                    "{name}: {method} {route} is {status}, not {expected:?}"
                ));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(server.alone(|book| book.head()), head, "nothing was kept");
    server.stop().assert_verified();
}

#[test]
fn the_table_has_every_route_as_it_is_declared() {
    let declared = serve::routes();
    let lines: BTreeSet<_> = TABLE.iter().map(|line| (line.0, line.1)).collect();
    assert_eq!(lines.len(), TABLE.len(), "a line stands twice");
    let routes: BTreeSet<_> = { declared.iter() }
        .map(|route| (route.method.name(), route.path))
        .collect();
    assert_eq!(lines, routes);
    for route in &declared {
        let is_it = |line: &&Line| (line.0, line.1) == (route.method.name(), route.path);
        let (.., role, reach, _, _) = TABLE.iter().find(is_it).unwrap();
        assert_eq!(*role, route.role, "{}", route.path);
        let touches = match reach {
            Any => matches!(route.touches, Touches::Nothing),
            Book => matches!(route.touches, Touches::Book),
            Own | Part => matches!(route.touches, Touches::Plugin(_)),
        };
        assert!(touches, "{} touches {:?}", route.path, route.touches);
        assert_ne!(route.summary, "", "{}", route.path);
        assert!(!route.good.is_empty(), "{} has no answer", route.path);
        let names = route
            .path
            .split('{')
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap());
        for name in names {
            let known = route
                .parameters
                .iter()
                .any(|parameter| parameter.name == name);
            assert!(known, "{} does not declare {name}", route.path);
        }
    }
}

#[test]
fn a_token_for_one_plugin_neither_sees_nor_turns_what_is_anothers() {
    let book = TestBook::with_guests(&["asks-1", "create-loop"]);
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    let server = Server::of(book);
    let sent = json!([
        {"type": "asks.Happened", "data": {"n": 1, "key": "a"}},
        {"type": "createloop.Happened", "data": {"n": 1}},
    ]);
    let sent = server.post("/events", &sent);
    assert_eq!(sent.status, 201, "{}", sent.text);
    let other = sent.json["events"][1]["seq"].as_u64().unwrap();
    let id = sent.json["events"][1]["id"].as_str().unwrap().to_owned();
    let secret = tokens
        .create(NewToken {
            name: "asks".to_owned(),
            role: TokenRole::Operator,
            plugins: vec!["asks".parse().unwrap()],
            expires: None,
        })
        .unwrap();
    let bearer = format!("Bearer {secret}");
    let ask = |method: &str, path: &str, body: Option<&str>| {
        server.ask(method, path, &[("authorization", &*bearer)], body)
    };
    let cases = [
        ("GET", format!("/events/{other}"), None),
        ("GET", format!("/events/{id}"), None),
        ("GET", "/events".to_owned(), None),
        ("GET", "/events?type=createloop.Happened".to_owned(), None),
        ("GET", "/subscribe".to_owned(), None),
        (
            "GET",
            "/subscribe?type=asks.Happened&type=createloop.Happened".to_owned(),
            None,
        ),
        (
            "GET",
            "/subscribe?type=asks.Happened&tasks=now".to_owned(),
            None,
        ),
        ("GET", "/state/createloop.rows".to_owned(), None),
        (
            "POST",
            "/shadows".to_owned(),
            Some(r#"{"version": "createloop@2020-01-01"}"#),
        ),
        ("POST", "/rollback".to_owned(), Some("{}")),
        ("POST", "/query".to_owned(), Some(r#"{"sql": "SELECT 1"}"#)),
    ];
    for (method, path, body) in cases {
        let answer = ask(method, &path, body);
        assert_eq!(
            (answer.status, answer.problem()),
            (403, "forbidden"),
            "{method} {path}"
        );
    }
    let own = ask("GET", "/events?type=asks.Happened", None);
    assert_eq!(
        own.json["events"].as_array().map(Vec::len),
        Some(1),
        "{}",
        own.text
    );
    server.stop().assert_verified();
}

/// A schema with its references followed.
fn resolved<'a>(api: &'a Json, schema: &'a Json) -> &'a Json {
    match schema["$ref"].as_str().and_then(|it| it.strip_prefix('#')) {
        Some(pointer) => resolved(api, api.pointer(pointer).expect("what is referred to")),
        None => schema,
    }
}

#[test]
fn the_description_says_of_every_answer_and_body_what_it_holds() {
    let server = Server::of(TestBook::with_guests(&["asks-1"]));
    let api = server.get("/openapi.json").json;
    let mut faults = Vec::new();
    let mut seen = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().iter();
            let bodies = operation.get("requestBody").map(|body| ("body", body));
            let all = answers.map(|(status, answer)| (status.as_str(), answer));
            for (name, part) in all.chain(bodies) {
                for content in part["content"].as_object().into_iter().flatten() {
                    seen += 1;
                    let schema = resolved(&api, &content.1["schema"]);
                    let says = match schema["type"].as_str() {
                        Some("object") | None => ["properties", "oneOf", "anyOf"]
                            .iter()
                            .any(|member| schema.get(*member).is_some()),
                        Some("array") => schema.get("items").is_some(),
                        Some(_) => true,
                    };
                    if !says {
                        faults.push(format!("{method} {path} {name}: {schema}"));
                    }
                }
            }
        }
    }
    assert!(seen > 300, "{seen}");
    assert_eq!(faults, Vec::<String>::new());
}
