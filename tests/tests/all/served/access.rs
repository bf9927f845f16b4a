//! Who asks a served book: tokens, roles, plugins, actors, and TLS.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use daybook::model::ErrorKind;
use daybook::serve::{ServeOptions, TlsFiles, serve};
use daybook::store::{BookDir, NewToken, TokenFile, TokenRole};
use daybook_tests::{Answer, Server, TestBook};
use serde_json::json;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, Stream, crypto::ring};

const DO: &str = "/commands/counter.Do";

fn book() -> (TestBook, TokenFile) {
    let book = TestBook::with_guests(&["mutable-global", "create-loop"]);
    let tokens = TokenFile::of(&BookDir::open(&book.path()).unwrap());
    (book, tokens)
}

fn token(tokens: &TokenFile, name: &str, role: TokenRole, plugins: &[&str]) -> String {
    let plugins = plugins.iter().map(|name| name.parse().unwrap()).collect();
    let name = name.to_owned();
    let expires = None;
    tokens
        .create(NewToken {
            name,
            role,
            plugins,
            expires,
        })
        .unwrap()
}

fn options(listen: &str) -> ServeOptions {
    ServeOptions::new(listen.parse().unwrap())
}

/// A command that is only tried, with this Authorization.
fn ask_as(server: &Server, authorization: &str) -> Answer {
    server.ask(
        "POST",
        "/commands/counter.Do?preview=true",
        &[("authorization", authorization)],
        Some(r#"{"n": 1}"#),
    )
}

#[test]
fn from_the_first_token_on_every_request_needs_one_and_revocation_acts_at_once() {
    let (book, tokens) = book();
    let before = book.head();
    let server = Server::of(book);
    assert_eq!(server.post(DO, &json!({"n": 1})).status, 201);
    let secret = token(&tokens, "anna", TokenRole::Operator, &[]);
    for (method, path) in [("POST", DO), ("GET", "/events"), ("PUT", "/nowhere")] {
        let refused = server.ask(method, path, &[], None);
        assert_eq!((refused.status, refused.problem()), (401, "unauthorized"));
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(server.get("/healthz").status, 200);
    let bearer = format!("Bearer {secret}");
    assert_eq!(ask_as(&server, &bearer).status, 200);
    assert_eq!(
        ask_as(&server, &bearer.replace("Bearer", "bearer")).status,
        200
    );
    tokens.revoke("anna").unwrap();
    let refused = ask_as(&server, &bearer);
    assert_eq!((refused.status, refused.problem()), (401, "unauthorized"));
    assert!(refused.text.contains("revoked"), "{}", refused.text);
    assert_eq!(server.stop().head(), before.next());
}

#[test]
fn tokens_that_are_none_let_nobody_in() {
    let (mut book, tokens) = book();
    let secret = token(&tokens, "anna", TokenRole::Operator, &[]);
    let before = book.mark();
    let server = Server::of(book);
    let mut other = secret.clone();
    let last = if other.pop() == Some('0') { '1' } else { '0' };
    other.push(last);
    let wrong = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        secret.clone(),
        format!("Basic {secret}"),
        format!("Bearer {other}"),
        format!("Bearer {}", secret.to_uppercase()),
        format!("Bearer {secret}{secret}"),
        format!("Bearer {}", &secret[..secret.len() - 1]),
        format!("Bearer {secret},{secret}"),
        format!("Bearer {}", "x".repeat(10_000)),
        format!("Bearer x {secret}"),
    ];
    for authorization in &wrong {
        let refused = ask_as(&server, authorization);
        assert_eq!(refused.status, 401, "{authorization}: {}", refused.text);
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer"), "{challenge}");
    }
    let bearer = format!("Bearer {secret}");
    let twice = [("authorization", &*bearer), ("authorization", &*bearer)];
    assert_eq!(server.ask("GET", "/nowhere", &twice, None).status, 401);
    // A token that ends while the server runs.
    let path = server_path(&tokens);
    let text = std::fs::read_to_string(&path).unwrap();
    let ended = text.replace("\"expires\": null", "\"expires\": \"2020-01-01T00:00:00Z\"");
    assert_ne!(text, ended);
    std::fs::write(&path, ended).unwrap();
    let refused = ask_as(&server, &bearer);
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("expired"), "{}", refused.text);
    // A file that is damaged, or gone, opens nothing.
    std::fs::write(&path, "{").unwrap();
    assert_eq!(ask_as(&server, &bearer).status, 500);
    assert_eq!(server.post(DO, &json!({"n": 1})).status, 500);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(ask_as(&server, &bearer).status, 401);
    assert_eq!(server.post(DO, &json!({"n": 1})).status, 401);
    std::fs::write(&path, text).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, private).unwrap();
    assert_eq!(ask_as(&server, &bearer).status, 200);
    assert_eq!(server.stop().mark(), before);
}

/// Where the tokens lie, as their type shows it.
fn server_path(tokens: &TokenFile) -> std::path::PathBuf {
    let shown = format!("{tokens:?}");
    shown.split('"').nth(1).unwrap().into()
}

#[test]
fn roles_and_plugins_bound_what_a_token_is_good_for() {
    let (book, tokens) = book();
    let secrets = [
        token(&tokens, "r", TokenRole::Reader, &[]),
        token(&tokens, "w", TokenRole::Writer, &[]),
        token(&tokens, "o", TokenRole::Operator, &[]),
        token(&tokens, "p", TokenRole::Writer, &["createloop"]),
    ];
    let server = Server::of(book);
    let command = r#"{"n": -1}"#;
    let event = |plugin: &str| json!({"type": format!("{plugin}.Happened"), "data": {"n": -1}});
    let one = event("counter").to_string();
    let two = json!([event("createloop"), event("counter")]).to_string();
    // Status for reader, writer, operator, and the writer of one plugin.
    let cases = [
        ("GET", "/nowhere", None, [404, 404, 404, 404]),
        ("DELETE", "/nowhere", None, [403, 403, 404, 403]),
        ("POST", "/nowhere", None, [403, 403, 404, 403]),
        (
            "POST",
            "//commands/counter.Do",
            Some(command),
            [403, 403, 404, 403],
        ),
        (
            "POST",
            "/commands/counter.Do?preview=true",
            Some(command),
            [403, 200, 200, 403],
        ),
        (
            "POST",
            "/commands/c%6funter.Do?preview=true",
            Some(command),
            [403, 200, 200, 403],
        ),
        (
            "POST",
            "/commands/createloop.Do?preview=true",
            Some(command),
            [403, 200, 200, 200],
        ),
        (
            "POST",
            "/events?preview=true",
            Some(&*one),
            [403, 200, 200, 403],
        ),
        (
            "POST",
            "/events?preview=true",
            Some(&*two),
            [403, 200, 200, 403],
        ),
    ];
    for (method, path, body, expected) in cases {
        let statuses = secrets.each_ref().map(|secret| {
            let bearer = format!("Bearer {secret}");
            let answer = server.ask(method, path, &[("authorization", &*bearer)], body);
            if answer.status == 403 {
                assert_eq!(answer.problem(), "forbidden");
            }
            answer.status
        });
        assert_eq!(statuses, expected, "{method} {path}");
    }
    let mut book = server.stop();
    book.assert_verified();
}

#[test]
fn the_name_on_the_token_is_the_actor_whatever_the_client_says() {
    let (book, tokens) = book();
    let before = book.recorded().len();
    let server = Server::of(book);
    let send = |headers: &[(&str, &str)]| {
        let event = json!({"type": "counter.Happened", "data": {"n": 1}, "actor": "mallory", "tag": "kept"});
        let sent = server.ask("POST", "/events", headers, Some(&event.to_string()));
        assert_eq!(sent.status, 201, "{}", sent.text);
        let mut headers = headers.to_vec();
        headers.extend([("ce-type", "counter.Happened"), ("ce-actor", "mallory")]);
        let sent = server.ask("POST", "/events", &headers, Some(r#"{"n": 1}"#));
        assert_eq!(sent.status, 201, "{}", sent.text);
        let ran = server.ask(
            "POST",
            DO,
            &headers[..headers.len() - 2],
            Some(r#"{"n": 1}"#),
        );
        assert_eq!(ran.status, 201, "{}", ran.text);
    };
    send(&[]);
    let secret = token(&tokens, "Anna Nováková", TokenRole::Writer, &[]);
    send(&[("authorization", &*format!("Bearer {secret}"))]);
    let book = server.stop();
    let actors: Vec<_> = book
        .recorded()
        .iter()
        .skip(before)
        .map(|stored| {
            let extensions = stored.event.extensions.as_deref().unwrap_or("{}");
            let extensions: serde_json::Value = serde_json::from_str(extensions).unwrap();
            extensions["actor"].as_str().map(str::to_owned)
        })
        .collect();
    let [anna, mallory] = ["Anna Nováková", "mallory"].map(|name| Some(name.to_owned()));
    let expected = [&mallory, &mallory, &None, &anna, &anna, &anna];
    assert_eq!(actors.iter().collect::<Vec<_>>(), expected);
    let commands = book.log().commands(0, 10).unwrap();
    let actors: Vec<_> = commands
        .iter()
        .map(|(_, stored)| stored.command.actor.clone())
        .collect();
    assert_eq!(actors, [None, anna]);
}

#[test]
fn without_tokens_pages_from_elsewhere_are_refused() {
    let (mut book, _) = book();
    let before = book.mark();
    let server = Server::of(book);
    let post = |headers: &[(&str, &str)]| {
        let path = "/commands/counter.Do?preview=true";
        server
            .ask("POST", path, headers, Some(r#"{"n": 1}"#))
            .status
    };
    assert_eq!(post(&[("origin", "http://localhost:3000")]), 200);
    assert_eq!(post(&[("origin", &server.url)]), 200);
    for headers in [
        [("origin", "https://evil.example")],
        [("origin", "null")],
        [("origin", "http://127.0.0.1.evil.example")],
        [("host", "evil.example")],
        [("host", "evil.example:7373")],
    ] {
        assert_eq!(post(&headers), 403, "{headers:?}");
    }
    assert_eq!(server.stop().mark(), before);
}

#[test]
fn an_address_that_others_reach_is_not_served_without_a_valid_token() {
    let (mut book, tokens) = book();
    let path = book.path();
    let refused = |mut options: ServeOptions, require_token: bool| {
        options.require_token = require_token;
        // A refusal ends the book with it.
        let open = daybook_tests::open(&path).unwrap();
        let error = serve(open, options).err().expect("refused");
        assert_eq!(error.kind, ErrorKind::Usage, "{error}");
        let hint = error.hint.unwrap_or_default();
        assert!(hint.contains("daybook token create"), "{hint}");
    };
    drop(book.take());
    refused(options("0.0.0.0:0"), false);
    refused(options("127.0.0.1:0"), true);
    token(&tokens, "anna", TokenRole::Operator, &[]);
    tokens.revoke("anna").unwrap();
    refused(options("[::]:0"), false);
    let secret = token(&tokens, "anna", TokenRole::Operator, &[]);
    book.put(daybook_tests::open(&path).unwrap());
    let mut server = Server::with(book, options("0.0.0.0:0"));
    server.url = server.url.replace("0.0.0.0", "127.0.0.1");
    assert_eq!(server.get("/nowhere").status, 401);
    assert_eq!(ask_as(&server, &format!("Bearer {secret}")).status, 200);
    server.stop();
}

#[test]
fn the_command_line_gives_lists_and_revokes_tokens_while_the_book_is_served() {
    let (book, _) = book();
    let path = book.path();
    let server = Server::of(book);
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
            .args(&arguments[..2])
            .arg(&path)
            .args(&arguments[2..])
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, secret, said) = run(&[
        "token",
        "create",
        "--role",
        "writer",
        "--name",
        "till",
        "--plugin",
        "counter",
        "--expires",
        "90",
    ]);
    assert_eq!(code, Some(0), "{said}");
    let bearer = format!("Bearer {}", secret.trim());
    assert_eq!(ask_as(&server, &bearer).status, 200);
    let (_, listed, _) = run(&["token", "list", "--format", "json"]);
    assert!(
        listed.contains(r#""name":"till""#) && listed.contains(r#""state":"valid""#),
        "{listed}"
    );
    assert!(!listed.contains(&secret.trim()[4..]));
    let (_, table, _) = run(&["token", "list"]);
    assert!(
        table.contains("till") && table.contains("counter"),
        "{table}"
    );
    let (code, ..) = run(&["token", "create", "--role", "reader", "--name", "till"]);
    assert_eq!(code, Some(2));
    let (code, ..) = run(&[
        "token",
        "create",
        "--role",
        "reader",
        "--name",
        "x",
        "--expires",
        "soon",
    ]);
    assert_eq!(code, Some(2));
    assert_eq!(run(&["token", "revoke", "till"]).0, Some(0));
    assert_eq!(run(&["token", "revoke", "nobody"]).0, Some(2));
    assert_eq!(ask_as(&server, &bearer).status, 401);
    server.stop();
}

/// A certificate for localhost and its key, as files.
fn certificate(folder: &Path, name: &str) -> (TlsFiles, rcgen::Certificate) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles {
        certificate: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    (files, made.cert)
}

#[test]
fn a_book_is_served_over_tls_and_plain_text_is_not_understood_there() {
    let (mut book, tokens) = book();
    let secret = token(&tokens, "anna", TokenRole::Operator, &[]);
    let (files, certificate) = certificate(book.folder(), "tls");
    let mut options = options("127.0.0.1:0");
    options.tls = Some(files);
    options.head_time = std::time::Duration::from_secs(1);
    let before = book.mark();
    let server = Server::with(book, options);
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(server.address()).unwrap();
    let mut stream = Stream::new(&mut tls, &mut socket);
    let body = r#"{"n": 1}"#;
    let request = format!(
        "POST /commands/counter.Do?preview=true HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {secret}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Who speaks no TLS, or does not speak at all, is hung up on.
    for bytes in ["GET /healthz HTTP/1.1\r\n\r\n", ""] {
        let mut plain = TcpStream::connect(server.address()).unwrap();
        plain.write_all(bytes.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = plain.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    assert_eq!(server.stop().mark(), before);
}

#[test]
fn certificates_and_keys_that_cannot_serve_are_named_before_the_server_starts() {
    let mut book = TestBook::new();
    let (good, _) = certificate(book.folder(), "good");
    let (other, _) = certificate(book.folder(), "other");
    let empty = book.folder().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    let cases = [
        (&empty, &good.key, ErrorKind::Usage, "holds no certificate"),
        (
            &good.certificate,
            &empty,
            ErrorKind::Usage,
            "holds no private key",
        ),
        (
            &good.certificate,
            &other.key,
            ErrorKind::Usage,
            "cannot serve",
        ),
        (
            &good.key,
            &good.key,
            ErrorKind::Usage,
            "holds no certificate",
        ),
        (
            &book.folder().join("none.pem"),
            &good.key,
            ErrorKind::Io,
            "none.pem",
        ),
    ];
    let path = book.path();
    drop(book.take());
    for (certificate, key, kind, says) in cases {
        let mut options = options("127.0.0.1:0");
        options.tls = Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        });
        let open = daybook_tests::open(&path).unwrap();
        let error = serve(open, options).err().expect("refused");
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
}

#[test]
fn a_subscription_ends_when_its_token_is_revoked() {
    let (book, tokens) = book();
    let secret = token(&tokens, "anna", TokenRole::Reader, &[]);
    let mut options = options("127.0.0.1:0");
    options.heartbeat = std::time::Duration::from_millis(50);
    let server = Server::with(book, options);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let limit = Some(std::time::Duration::from_secs(10));
    stream.set_read_timeout(limit).unwrap();
    write!(
        stream,
        "GET /subscribe HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {secret}\r\n\r\n"
    )
    .unwrap();
    let mut piece = [0; 4096];
    let count = stream.read(&mut piece).unwrap();
    assert!(piece[..count].starts_with(b"HTTP/1.1 200"));
    tokens.revoke("anna").unwrap();
    // Heartbeats that were under way, then the end of the chunks, or of the connection.
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n0\r\n\r\n") {
        match stream.read(&mut piece).expect("an end within its time") {
            0 => break,
            count => heard.extend_from_slice(&piece[..count]),
        }
    }
    drop(server.stop());
}
