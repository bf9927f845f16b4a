//! SQL of a plugin: a plain, deterministic SELECT over its own tables, or the handler is stopped.

use daybook::model::limits;
use daybook_tests::accepted;
use serde_json::json;

use super::{assert_stopped, attempt, book_with, check_events};

/// Statements that are no plain, deterministic SELECT over the plugin's own tables, with what the refusal says.
const SQL: &[(&str, &str)] = &[
    ("UPDATE sql_thing SET n = 9", "it is not a plain SELECT"),
    (
        "INSERT INTO sql_thing VALUES (99, 1, NULL)",
        "it is not a plain SELECT",
    ),
    ("DELETE FROM sql_thing", "it is not a plain SELECT"),
    (
        "DELETE FROM sql_thing RETURNING id",
        "it is not a plain SELECT",
    ),
    (
        "WITH a AS (SELECT 1) INSERT INTO sql_thing SELECT 99, 1, NULL",
        "it is not a plain SELECT",
    ),
    ("DROP TABLE sql_thing", "it is not a plain SELECT"),
    ("CREATE TABLE sql_more (a)", "it is not a plain SELECT"),
    ("CREATE TEMP TABLE more (a)", "it is not a plain SELECT"),
    ("ATTACH 'other.db' AS other", "it is not a plain SELECT"),
    ("DETACH main", "it is not a plain SELECT"),
    ("PRAGMA user_version", "it is not a plain SELECT"),
    (
        "PRAGMA reverse_unordered_selects = 1",
        "it is not a plain SELECT",
    ),
    (
        "SELECT * FROM pragma_table_info('sql_thing')",
        "pragma_table_info",
    ),
    ("COMMIT", "it is not a plain SELECT"),
    ("ROLLBACK", "it is not a plain SELECT"),
    ("BEGIN", "it is not a plain SELECT"),
    ("SAVEPOINT a", "it is not a plain SELECT"),
    ("VACUUM INTO 'copy.db'", "SQL"),
    ("REINDEX", "it is not a plain SELECT"),
    ("ANALYZE", "it is not a plain SELECT"),
    (
        "SELECT random()",
        "it calls 'random', which is not a deterministic function",
    ),
    ("SELECT RANDOM() FROM sql_thing", "it calls 'random'"),
    ("SELECT randomblob(4)", "it calls 'randomblob'"),
    ("SELECT datetime('now')", "it calls 'datetime'"),
    ("SELECT CURRENT_TIMESTAMP", "it calls 'current_timestamp'"),
    ("SELECT date()", "it calls 'date'"),
    ("SELECT unixepoch()", "it calls 'unixepoch'"),
    ("SELECT changes()", "it calls 'changes'"),
    ("SELECT last_insert_rowid()", "it calls 'last_insert_rowid'"),
    ("SELECT sqlite_version()", "it calls 'sqlite_version'"),
    ("SELECT load_extension('x')", "load_extension"),
    (
        "SELECT * FROM sqlite_schema",
        "it reads table 'sqlite_master'",
    ),
    (
        "SELECT * FROM counter_thing",
        "it reads table 'counter_thing'",
    ),
    (
        "SELECT n FROM sql_thing UNION ALL SELECT n FROM counter_thing",
        "it reads table 'counter_thing'",
    ),
    (
        "SELECT (SELECT max(n) FROM counter_thing)",
        "it reads table 'counter_thing'",
    ),
    ("SELECT * FROM _daybook", "it reads table '_daybook'"),
    ("SELECT * FROM nowhere", "no such table: nowhere"),
    ("SELECT 1; COMMIT; ATTACH 'other.db' AS other", "SQL"),
    ("SELECT 1; SELECT 2", "SQL"),
    ("*/ DROP TABLE sql_thing; /*", "SQL"),
    ("SELECT ?1", "SQL has 1 parameters, 0 were given"),
    ("SELECT length(printf('%2000000000d', 1))", "SQL"),
    ("SELECT 1 FROM", "incomplete input"),
    ("SELEC 1", "syntax error"),
    ("", "it is not a plain SELECT"),
    ("EXPLAIN SELECT 1", "SQL refused"),
];

#[test]
fn sql_that_is_no_plain_select_is_stopped_in_materializers() {
    let attempts = SQL
        .iter()
        .map(|(sql, says)| attempt(json!({"sql": sql}), &["sql@2020-01-01", says]))
        .collect();
    check_events(
        "sql",
        "sql",
        attempts,
        Some(json!({"sql": "SELECT count(*), max(n) FROM sql_thing"})),
    );
}

#[test]
fn sql_that_is_no_plain_select_is_stopped_in_creators() {
    let mut book = book_with("sql");
    for (sql, says) in SQL {
        let before = book.mark();
        let reply = book.command("sql.Do", json!({"sql": sql}), false);
        let error = reply
            .map(|reply| format!("{:?}", reply.decision))
            .expect_err(sql);
        assert_stopped(&mut book, before, &error, &[(*says).to_owned()]);
    }
    let reply = book
        .command(
            "sql.Do",
            json!({"sql": "SELECT count(*) AS c FROM sql_thing"}),
            false,
        )
        .unwrap();
    assert_eq!(accepted(reply)[0].event.data, r#"{"text":"[\"c\"] [[0]]"}"#);
}

#[test]
fn sql_without_end_stops_after_a_counted_number_of_steps() {
    let endless =
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(x) FROM c";
    // What the guest has used before is taken off.
    let steps = limits::FUEL_PER_CALL_MAX / limits::FUEL_PER_SQL_STEP;
    let steps = format!("SQL stopped after {}", &(steps - 1).to_string()[..3]);
    let endless_rows =
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c";
    let attempts = vec![
        attempt(
            json!({"sql": endless}),
            &[&steps, "the call's fuel is used up"],
        ),
        attempt(json!({"sql": endless_rows}), &["SQL gives more than"]),
    ];
    check_events("sql", "sql", attempts, Some(json!({"sql": "SELECT 1"})));
}

#[test]
fn functions_over_long_values_are_refused_or_take_time_in_proportion() {
    let refused = [
        ("SELECT instr(printf('%.*c',60000000,'a'), printf('%.*c',30000000,'a')||'b')", "too big"),
        ("SELECT printf('%.*c',1000000,'a') LIKE '%'||printf('%.*c',20000,'a')||'b'", "too complex"),
        ("SELECT printf('%.*c',1000000,'a') GLOB '*'||printf('%.*c',9000,'a')||'b'", "the call's fuel is used up"),
        (
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<60)
             SELECT sum(length(z)) FROM (SELECT n, printf('%.*c',60000000,'x') z FROM c ORDER BY 1-n LIMIT 60)",
            "too big",
        ),
        (
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<60000)
             SELECT sum(length(z)) FROM (SELECT n, printf('%.*c',1000000,'x') z FROM c ORDER BY 1-n)",
            "SQL",
        ),
    ];
    let attempts = refused
        .iter()
        .map(|(sql, says)| attempt(json!({"sql": sql}), &[says]));
    let good = "SELECT length(ltrim(printf('%.*c',300000,'a'), printf('%.*c',300000,'b')||'a')),
                instr(printf('%.*c',1000000,'a'), printf('%.*c',500000,'a')||'b')";
    check_events(
        "sql",
        "sql",
        attempts.take(4).collect(),
        Some(json!({"sql": good})),
    );
    // Temporary space is the host's to give: that it is used up is no failure of the plugin.
    let mut book = book_with("sql");
    let before = book.mark();
    let (sql, says) = refused[4];
    let error = book
        .command("sql.Do", json!({"sql": sql}), false)
        .unwrap_err();
    assert!(error.message.contains(says), "{error}");
    assert_eq!(book.mark(), before);
}

#[test]
fn a_plain_select_may_use_everything_that_is_deterministic() {
    let mut book = book_with("sql");
    for n in 0..3 {
        let data = json!({"sql": format!("SELECT {n}")});
        book.append_one(daybook_tests::event("sql.Happened", data))
            .unwrap();
    }
    let cases = [
        ("SELECT count(*) FROM sql_thing", "3"),
        ("SELECT count(*) FROM (SELECT n FROM sql_thing)", "3"),
        (
            "SELECT count(*) FROM (SELECT n FROM sql_thing) AS inner_rows",
            "3",
        ),
        (
            "WITH a AS (SELECT n FROM sql_thing) SELECT count(*) FROM a",
            "3",
        ),
        (
            "WITH a AS (SELECT n FROM sql_thing) SELECT sum(n) FROM a",
            "3",
        ),
        (
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 5) SELECT sum(x) FROM c",
            "15",
        ),
        (
            "SELECT max(total) FROM (SELECT sum(n) OVER (ORDER BY id) AS total FROM sql_thing)",
            "3",
        ),
        ("SELECT sum(value) FROM json_each('[1,2,3]')", "6"),
        ("SELECT count(*) FROM json_each('[1,2,3]')", "3"),
        (
            "SELECT count(*) FROM sql_thing AS a JOIN sql_thing AS b ON a.id < b.id",
            "3",
        ),
        (
            "SELECT count(*) FROM sql_thing WHERE EXISTS (SELECT 1 FROM sql_thing)",
            "3",
        ),
    ];
    for (sql, expected) in cases {
        let reply = book
            .command("sql.Do", json!({"sql": sql}), true)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        let text = &accepted(reply)[0].event.data;
        assert!(
            text.ends_with(&format!(" [[{expected}]]\"}}")),
            "{sql}: {text}"
        );
    }
}
