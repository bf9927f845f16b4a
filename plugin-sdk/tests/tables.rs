//! Tables as types: what every kind of column keeps, how rows are found, and what a mistake says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;

/// An account's number: not to be mixed up with other numbers.
#[derive(Column, Payload, Clone, Copy, PartialEq, Debug)]
pub struct AccountId(i64);

#[derive(Column, Payload, Clone, Copy, PartialEq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Open,
    ClosedForGood,
    #[serde(rename = "frozen!")]
    Frozen,
}

#[derive(Payload, Clone, PartialEq, Debug)]
pub struct Tag {
    name: String,
    weight: u8,
}

/// Every kind of column at once.
#[derive(Table, Clone, PartialEq, Debug)]
pub struct Everything {
    #[key]
    id: AccountId,
    #[key]
    day: Date,
    small: i32,
    count: u32,
    large: u64,
    flag: bool,
    share: f64,
    name: String,
    bytes: Vec<u8>,
    status: Status,
    at: Time,
    tags: Json<Vec<Tag>>,
    note: Option<String>,
}

#[derive(Table, Clone, PartialEq, Debug)]
#[table(name = "line", index(by_kind = [kind, amount]), unique(by_reference = [reference]))]
pub struct StatementLine {
    #[key]
    account: i64,
    #[key]
    number: i64,
    kind: String,
    amount: i64,
    reference: Option<i64>,
}

/// Owned by another plugin; only these columns are read.
#[derive(Table, Clone, PartialEq, Debug)]
#[table(plugin = "rates", name = "rate")]
pub struct Rate {
    #[key]
    currency: String,
    cents: i64,
}

#[derive(Event)]
pub struct Kept {}

/// What a test wants to be done: the names of the cases below.
#[derive(Event)]
pub struct Tried {
    case: String,
}

pub struct Keeper;

#[plugin(version = "2024-01-01", tables = [Everything, StatementLine], reads = [Rate])]
impl Keeper {
    #[materialize]
    fn kept(_: &Event<Kept>, cx: &Materialization) -> Done {
        everything().insert(cx)?;
        let read = Everything::require(cx, (AccountId(7), everything().day))?;
        if read != everything() {
            return fail("changed", format!("{read:?}"));
        }
        Ok(())
    }

    #[materialize]
    fn tried(event: &Event<Tried>, cx: &Materialization) -> Done {
        match event.data.case.as_str() {
            "find" => find(cx),
            "pages" => pages(cx),
            "writes" => writes(cx),
            "query" => query(cx),
            "foreign" => foreign(cx),
            "no row" => StatementLine::delete(cx, (1, 99)),
            "nan" => infinite(cx, f64::NAN),
            "zero" => infinite(cx, -0.0),
            "new key" => StatementLine::update(cx, (1, 1), |row| row.number = 2),
            "too large" => {
                let large = u64::MAX;
                Everything {
                    large,
                    ..everything()
                }
                .insert(cx)
            }
            other => fail("unknown-case", other),
        }
    }
}

fn everything() -> Everything {
    Everything {
        id: AccountId(7),
        day: Date::new(2024, 2, 29).unwrap(),
        small: -5,
        count: 4_000_000_000,
        large: 1 << 62,
        flag: true,
        share: 0.25,
        name: "Žofie \"Z\"".into(),
        bytes: vec![0, 255],
        status: Status::ClosedForGood,
        at: Time::parse("2024-02-29T23:59:59.25+02:00").unwrap(),
        tags: Json(vec![Tag {
            name: "vip".into(),
            weight: 3,
        }]),
        note: None,
    }
}

fn infinite(cx: &Materialization, share: f64) -> Done {
    Everything {
        share,
        ..everything()
    }
    .insert(cx)
}

fn line(account: i64, number: i64, kind: &str, amount: i64) -> StatementLine {
    StatementLine {
        account,
        number,
        kind: kind.into(),
        amount,
        reference: None,
    }
}

/// The keys of the rows found.
fn keys(rows: Vec<StatementLine>) -> Vec<(i64, i64)> {
    rows.iter().map(|row| (row.account, row.number)).collect()
}

fn find(cx: &Materialization) -> Done {
    let find = || StatementLine::find(cx);
    let by_kind = || find().by(StatementLine::BY_KIND);
    assert_eq!(keys(find().rows()?), [(1, 1), (1, 2), (1, 3), (2, 1)]);
    assert_eq!(keys(find().prefix(1).after(1).rows()?), [(1, 2), (1, 3)]);
    assert_eq!(keys(find().prefix(1).from(2).before(3).rows()?), [(1, 2)]);
    assert_eq!(keys(find().prefix((1, 3)).rows()?), [(1, 3)]);
    assert_eq!(
        keys(find().to((1, 2)).descending().rows()?),
        [(1, 2), (1, 1)]
    );
    assert_eq!(keys(find().descending().limit(2).rows()?), [(2, 1), (1, 3)]);
    assert_eq!(
        keys(by_kind().prefix("in").rows()?),
        [(1, 3), (1, 1), (2, 1)]
    );
    assert_eq!(
        keys(by_kind().prefix("in").from(50).rows()?),
        [(1, 1), (2, 1)]
    );
    assert_eq!(keys(by_kind().after(("in", 50)).rows()?), [(1, 2)]);
    let last = by_kind().descending().first()?;
    assert_eq!(last, Some(line(1, 2, "out", 20)));
    assert_eq!(find().prefix(9).first()?, None);
    Ok(())
}

fn pages(cx: &Materialization) -> Done {
    for number in 0..1_234 {
        line(5, number, "in", number).insert(cx)?;
    }
    let mut seen = Vec::new();
    StatementLine::find(cx).prefix(5).each(|row| {
        seen.push(row.number);
        Ok(())
    })?;
    assert_eq!(seen, (0..1_234).collect::<Vec<_>>());
    seen.clear();
    let backwards = StatementLine::find(cx).prefix(5).descending().limit(501);
    backwards.each(|row| {
        seen.push(row.number);
        Ok(())
    })?;
    assert_eq!(seen, (733..1_234).rev().collect::<Vec<_>>());
    assert_eq!(StatementLine::all(cx)?.len(), 1_234 + 4);
    Ok(())
}

fn writes(cx: &Materialization) -> Done {
    let taken = line(1, 1, "in", 1).insert(cx).unwrap_err();
    assert_eq!(taken.to_string(), "row-exists: keeper line (1, 1)");
    let missing = line(9, 9, "in", 1).replace(cx).unwrap_err();
    assert_eq!(missing.to_string(), "row-missing: keeper line (9, 9)");
    let missing = StatementLine::update(cx, (9, 9), |row| row.amount += 1).unwrap_err();
    assert_eq!(missing.to_string(), "row-missing: keeper line (9, 9)");
    assert!(StatementLine::exists(cx, (1, 2)));
    StatementLine::delete(cx, (1, 2))?;
    assert!(!StatementLine::exists(cx, (1, 2)));
    line(1, 2, "in", 7).upsert(cx)?;
    line(1, 2, "in", 8).upsert(cx)?;
    let sum = StatementLine::update_or_insert(
        cx,
        (1, 2),
        || line(1, 2, "in", 100),
        |row| {
            row.amount += 1;
            row.amount
        },
    )?;
    assert_eq!(sum, 9);
    let sum = StatementLine::update_or_insert(
        cx,
        (1, 4),
        || line(1, 4, "in", 100),
        |row| {
            row.amount += 1;
            row.amount
        },
    )?;
    assert_eq!(sum, 101);
    let referred = |number| StatementLine {
        reference: Some(33),
        ..line(3, number, "in", 1)
    };
    referred(1).insert(cx)?;
    let twice = referred(2).upsert(cx).unwrap_err();
    let expected =
        "unique-violated: keeper line (3, 2): another row has its values in by_reference";
    assert_eq!(twice.to_string(), expected);
    referred(1).upsert(cx)
}

fn query(cx: &Materialization) -> Done {
    let sql =
        "SELECT kind, sum(amount) FROM keeper_line WHERE account = ?1 GROUP BY kind ORDER BY kind";
    let sums = cx.query::<(String, i64)>(sql, 1)?;
    assert_eq!(sums, [("in".to_owned(), 60), ("out".to_owned(), 20)]);
    let sql = "SELECT max(cents) FROM rates_rate WHERE currency = ?2 OR currency = ?1";
    assert_eq!(cx.query::<Option<i64>>(sql, ("USD", "CHF"))?, [None]);
    let wrong = cx.query::<i64>("SELECT 1, 2", ()).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "bad-query-row: expected 1 columns, got 2"
    );
    let wrong = cx.query::<(i64,)>("SELECT 'one'", ()).unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "bad-query-row: column 1: expected an integer, got \"one\""
    );
    Ok(())
}

fn foreign(cx: &Materialization) -> Done {
    assert_eq!(Rate::require(cx, "EUR")?.cents, 2_500);
    assert_eq!(
        cx.query::<i64>("SELECT cents FROM rates_rate", ())?,
        [2_500]
    );
    let missing = Rate::require(cx, "USD")
        .err()
        .map(|failure| failure.to_string());
    assert_eq!(missing.as_deref(), Some("row-missing: rates rate \"USD\""));
    Ok(())
}

fn with_lines() -> Scenario<Keeper> {
    Scenario::new()
        .with_row(line(1, 1, "in", 50))
        .with_row(line(1, 2, "out", 20))
        .with_row(line(1, 3, "in", 10))
        .with_row(line(2, 1, "in", 50))
}

fn tried(case: &str) -> Tried {
    let case = case.into();
    Tried { case }
}

/// What the panic says with which the host would stop the plugin.
fn fault(case: &str) -> String {
    let scenario = || {
        with_lines().when_event(tried(case));
    };
    let panic = catch_unwind(AssertUnwindSafe(scenario)).expect_err("a fault stops the plugin");
    *panic.downcast::<String>().expect("a fault has a text")
}

#[test]
fn every_kind_of_column_keeps_its_value() {
    Scenario::<Keeper>::new()
        .given(Kept {})
        .then_rows([everything()]);
}

#[test]
fn rows_are_found_by_key_and_index() {
    with_lines().given(tried("find"));
}

#[test]
fn reads_in_pages_see_every_row_once() {
    with_lines().given(tried("pages"));
}

#[test]
fn writes_keep_the_rules_and_say_which_was_broken() {
    with_lines().given(tried("writes"));
}

#[test]
fn sql_gives_typed_rows() {
    with_lines().given(tried("query"));
}

#[test]
fn another_plugins_rows_are_read() {
    let currency = "EUR".into();
    let cents = 2_500;
    with_lines()
        .with_row(Rate { currency, cents })
        .given(tried("foreign"));
}

#[test]
fn deleting_a_row_that_is_not_there_fails() {
    with_lines()
        .when_event(tried("no row"))
        .then_failed("row-missing");
}

#[test]
fn a_real_is_finite_and_zero_has_no_sign() {
    assert_eq!(
        fault("nan"),
        "fault: keeper.everything.share = NaN: a real is finite"
    );
    let kept = with_lines().given(tried("zero")).rows::<Everything>();
    assert_eq!(kept[0].share.to_bits(), 0.0_f64.to_bits());
}

#[test]
fn an_update_stays_with_its_row() {
    let expected = "an update of line changed its key; delete the row and insert another instead";
    assert_eq!(fault("new key"), expected);
}

#[test]
fn a_number_beyond_the_column_is_a_fault() {
    let expected = "everything.large = 18446744073709551615: too large for a column, at most 9223372036854775807 fits";
    assert_eq!(fault("too large"), expected);
}
