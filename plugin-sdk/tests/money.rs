//! Money, decimals, percent and spans of time: exact in payloads, columns and sums, and never more than a column holds.

use std::panic::{UnwindSafe, catch_unwind};

use daybook_sdk::currency::{CZK, EUR, JPY};
use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use daybook_sdk::{NumberError, Plugin};

type Crowns = Money<CZK, 2>;

/// Interest was paid.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Paid {
    account: i64,
    amount: Crowns,
    rate: Percent<2>,
    price: Decimal<12, 4>,
    #[serde(default)]
    lasted: Duration,
    by: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Table)]
pub struct Account {
    #[key]
    id: i64,
    balance: Crowns,
    rate: Percent<2>,
    price: Option<Decimal<12, 4>>,
    lasted: Duration,
    by: Option<Uuid>,
    #[column(default = "0.00")]
    limit: Money<EUR, 2>,
}

pub struct Bank;

/// Balances.
#[plugin(version = "2024-01-01", tables = [Account])]
impl Bank {
    #[materialize]
    fn paid(event: &Event<Paid>, cx: &Materialization) -> Done {
        let data = &event.data;
        let new = || Account {
            id: data.account,
            balance: Money::ZERO,
            rate: data.rate,
            price: Some(data.price),
            lasted: Duration::ZERO,
            by: data.by,
            limit: "100".parse().unwrap(),
        };
        Account::update_or_insert(cx, data.account, new, |row| {
            row.balance += data.amount + data.rate.of(data.amount, Rounding::HalfEven);
            row.lasted += data.lasted;
        })
    }
}

/// Whole numbers of all sizes, with the ends.
fn whole_numbers() -> impl Iterator<Item = i64> {
    let mut state = 11_u64;
    let random = std::iter::from_fn(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let bits = state ^ (state >> 31);
        Some((bits as i64) >> (bits % 61))
    });
    let ends = [0, 1, -1, 99, -100, (1 << 53) + 1, i64::MAX, i64::MIN];
    ends.into_iter().chain(random).take(20_000)
}

/// What a panic says.
fn words<T>(of: impl FnOnce() -> T + UnwindSafe) -> String {
    let panic = catch_unwind(of).err().expect("it stops");
    panic.downcast_ref::<String>().unwrap().clone()
}

fn check_round_trips<T>(number: T)
where
    T: Column + Copy + PartialEq + std::fmt::Debug + std::fmt::Display,
    T: std::str::FromStr<Err = NumberError> + Payload,
{
    assert_eq!(number.to_string().parse::<T>().unwrap(), number);
    assert_eq!(T::from_value(number.to_value()).unwrap(), number);
    let json = serde_json::to_string(&number).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), number);
    let as_text = format!("\"{number}\"");
    assert_eq!(serde_json::from_str::<T>(&as_text).unwrap(), number);
}

#[test]
fn a_number_is_the_same_after_text_json_and_column() {
    for units in whole_numbers() {
        check_round_trips(Crowns::from_units(units));
        check_round_trips(Money::<JPY, 0>::from_units(units));
        check_round_trips(Money::<JPY, 18>::from_units(units));
        check_round_trips(Decimal::<19, 4>::from_units(units));
        check_round_trips(Decimal::<12, 4>::from_units(units % 1_000_000_000_000));
        check_round_trips(Percent::<3>::from_units(units));
        check_round_trips(Duration::from_units(units));
    }
}

#[test]
fn sums_are_those_of_larger_numbers_or_none() {
    let mut earlier = 7;
    for units in whole_numbers() {
        let (a, b) = (Crowns::from_units(units), Crowns::from_units(earlier));
        let fits = |wide: i128| i64::try_from(wide).ok().map(Crowns::from_units);
        let (wide_a, wide_b) = (i128::from(units), i128::from(earlier));
        assert_eq!(a.checked_add(b), fits(wide_a + wide_b), "{a} + {b}");
        assert_eq!(a.checked_sub(b), fits(wide_a - wide_b), "{a} - {b}");
        assert_eq!(a.checked_mul(earlier), fits(wide_a * wide_b), "{a}");
        assert_eq!(a < b, units < earlier);
        earlier = units;
    }
}

#[test]
fn a_number_is_written_as_people_read_it() {
    let crowns = |units| Crowns::from_units(units).to_string();
    assert_eq!(crowns(1250), "12.50 CZK");
    assert_eq!(crowns(-5), "-0.05 CZK");
    assert_eq!(crowns(i64::MIN), "-92233720368547758.08 CZK");
    assert_eq!(Money::<JPY, 0>::from_units(-7).to_string(), "-7 JPY");
    assert_eq!(Decimal::<12, 4>::from_units(243_500).to_string(), "24.3500");
    assert_eq!(Percent::<1>::from_units(155).to_string(), "15.5 %");
    assert_eq!(Duration::from_minutes(1).to_string(), "60.000000000 s");
    assert_eq!(format!("{:>12}|", Crowns::from_units(5)), "    0.05 CZK|");
}

#[test]
fn a_text_is_read_exactly_or_not_at_all() {
    let units = |text: &str| text.parse::<Crowns>().map(Crowns::units);
    for (text, expected) in [
        ("12.50", 1250),
        ("12.5", 1250),
        ("12", 1200),
        ("-0.05", -5),
        ("12.50 CZK", 1250),
        (" 12.50CZK ", 1250),
        ("92233720368547758.07", i64::MAX),
        ("-92233720368547758.08", i64::MIN),
    ] {
        assert_eq!(units(text), Ok(expected), "{text}");
    }
    for text in [
        "",
        "-",
        ".5",
        "5.",
        "12.505",
        "12.500",
        "1e2",
        "+5",
        "1 000",
        "12,50",
        "12.50 EUR",
        "--1",
        "92233720368547758.08",
        "NaN",
        "1.-5",
    ] {
        assert!(units(text).is_err(), "{text}");
    }
    assert_eq!(
        units("12.505").unwrap_err().to_string(),
        "`12.505` is not money(CZK,2): it has digits, and at most 2 behind a point; it goes from \
         -92233720368547758.08 CZK to 92233720368547758.07 CZK"
    );
}

#[test]
fn what_a_column_does_not_hold_stops_in_words() {
    assert_eq!(
        words(|| Crowns::MAX + Crowns::from_units(1)),
        "92233720368547758.07 CZK + 0.01 CZK does not fit money(CZK,2), which holds \
         -92233720368547758.08 CZK to 92233720368547758.07 CZK"
    );
    type Rate = Decimal<4, 2>;
    let fits = "does not fit decimal(4,2), which holds -99.99 to 99.99";
    let rate = |text: &str| text.parse::<Rate>().unwrap();
    assert_eq!(
        words(move || rate("60") + rate("40")),
        format!("60.00 + 40.00 {fits}")
    );
    assert_eq!(
        words(move || rate("-60") - rate("40")),
        format!("-60.00 - 40.00 {fits}")
    );
    assert_eq!(words(move || rate("60") * 2), format!("60.00 * 2 {fits}"));
    assert_eq!(words(|| Rate::from_units(10_000)), format!("100.00 {fits}"));
    assert!(words(|| -Crowns::MIN).starts_with("-(-92233720368547758.08 CZK) does not fit"));
    assert!(words(|| Crowns::MIN.abs()).contains("does not fit"));
    assert!(words(|| [Crowns::MAX; 2].iter().sum::<Crowns>()).contains("does not fit"));
    assert!(
        words(|| Crowns::from_units(5).times_ratio(1, 0, Rounding::Down)).contains("divided by 0")
    );
    assert!(rate("-60") < rate("40.5"));
}

#[test]
fn a_share_is_rounded_once_and_as_one_says() {
    let crowns = Crowns::from_units;
    let rate: Percent<2> = "4.25".parse().unwrap();
    // 4.25 % of 12.00 is 0.51; of 10.00 it is 0.425.
    assert_eq!(rate.of(crowns(1200), Rounding::Down), crowns(51));
    assert_eq!(rate.of(crowns(1000), Rounding::HalfUp), crowns(43));
    assert_eq!(rate.of(crowns(1000), Rounding::HalfEven), crowns(42));
    assert_eq!(rate.of(crowns(-1000), Rounding::Floor), crowns(-43));
    assert_eq!(
        Crowns::MAX.times_ratio(i64::MAX, i64::MAX, Rounding::Down),
        Crowns::MAX
    );
}

fn paid(amount: &str) -> Paid {
    Paid {
        account: 1,
        amount: amount.parse().unwrap(),
        rate: "1.50".parse().unwrap(),
        price: "24.35".parse().unwrap(),
        lasted: Duration::from_hours(1),
        by: Some(Uuid::from_bytes([0xab; 16])),
    }
}

#[test]
fn rows_keep_what_events_say() {
    Scenario::<Bank>::new()
        .given(paid("100.00"))
        .given(paid("-0.33"))
        .then_row(Account {
            id: 1,
            // 1.50 on 100.00, and -0.00495 on -0.33.
            balance: Money::from_units(10_000 + 150 - 33),
            rate: "1.5".parse().unwrap(),
            price: Some("24.3500".parse().unwrap()),
            lasted: Duration::from_seconds(7_200),
            by: Some("abababab-abab-abab-abab-abababababab".parse().unwrap()),
            limit: Money::from_units(10_000),
        });
}

#[test]
fn a_payload_has_units_of_money_and_texts_of_decimals() {
    assert_eq!(
        serde_json::to_string(&paid("12.50")).unwrap(),
        r#"{"account":1,"amount":1250,"rate":"1.50","price":"24.3500","lasted":3600000000000,"by":"abababab-abab-abab-abab-abababababab"}"#
    );
    let text = r#"{"account":1,"amount":"12.5","rate":"1.50","price":"24.35","lasted":3600000000000,"by":"ABABABAB-abab-abab-abab-abababababab"}"#;
    assert_eq!(serde_json::from_str::<Paid>(text).unwrap(), paid("12.50"));
    for (amount, problem) in [
        (
            "12.5",
            "invalid type: floating point `12.5`, expected money(CZK,2) as whole units: 0.01 CZK is 1",
        ),
        (
            "9223372036854775808",
            "invalid value: integer `9223372036854775808`",
        ),
        ("null", "invalid type: null"),
        ("\"12.505\"", "`12.505` is not money(CZK,2)"),
    ] {
        let error = serde_json::from_str::<Crowns>(amount).unwrap_err();
        assert!(error.to_string().starts_with(problem), "{amount}: {error}");
    }
    for (price, problem) in [
        ("10000", "decimal(4,2) is a text in a payload: \"0.01\""),
        ("\"100\"", "`100` is not decimal(4,2)"),
        ("12.5", "invalid type: floating point `12.5`"),
    ] {
        let error = serde_json::from_str::<Decimal<4, 2>>(price).unwrap_err();
        assert!(error.to_string().starts_with(problem), "{price}: {error}");
    }
}

#[test]
fn columns_and_schemas_say_what_the_numbers_are() {
    let columns = Account::definition().columns;
    let formats = { columns.iter() }
        .map(|column| (column.kind, column.format.as_deref().unwrap_or_default()))
        .collect::<Vec<_>>();
    let integer = |format| (daybook_sdk::ColumnKind::Integer, format);
    assert_eq!(
        formats,
        [
            integer(""),
            integer("money(CZK,2)"),
            integer("percent(2)"),
            integer("decimal(12,4)"),
            integer("duration"),
            (daybook_sdk::ColumnKind::Text, "uuid"),
            integer("money(EUR,2)"),
        ]
    );
    let schema: serde_json::Value =
        serde_json::from_str(&Bank::manifest().events[0].schema).unwrap();
    let properties = &schema["properties"];
    assert_eq!(
        properties["amount"],
        serde_json::json!({ "type": "integer", "format": "int64" })
    );
    assert_eq!(
        properties["price"],
        serde_json::json!({ "type": "string", "pattern": r"^-?[0-9]{1,8}(\.[0-9]{1,4})?$" })
    );
}

#[test]
fn a_span_is_between_two_times() {
    let time = |text| Time::parse(text).unwrap();
    let (start, end) = (time("2024-02-28T23:00:00.5Z"), time("2024-03-01T01:00:00Z"));
    let span = end.since(start);
    assert_eq!(span.to_string(), "93599.500000000 s");
    assert_eq!(span.whole_seconds(), 93_599);
    assert_eq!(start.plus(span), end);
    assert_eq!(end.plus(-span), start);
    assert!(words(move || Time::MAX.plus(span)).contains("beyond the years 1 to 9999"));
    assert!(words(move || Time::MAX.since(time("0001-01-01T00:00:00Z"))).contains("292 years"));
}

#[test]
fn a_uuid_is_read_in_either_case_and_written_in_one() {
    let text = "017F22E2-79b0-7cc3-98c4-dc0c0c07398f";
    let uuid: Uuid = text.parse().unwrap();
    assert_eq!(uuid.to_string(), text.to_lowercase());
    assert_eq!(Uuid::from_bytes(uuid.to_bytes()), uuid);
    for text in [
        "",
        "017f22e279b07cc398c4dc0c0c07398f",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c0739}",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4-dc0c0c0739-f",
    ] {
        assert!(text.parse::<Uuid>().is_err(), "{text}");
    }
}
