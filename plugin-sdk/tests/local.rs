//! Dates and times without a zone.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;

/// A shop's hours were set.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct HoursSet {
    shop: String,
    opens: LocalDateTime,
}

#[derive(Clone, Debug, PartialEq, Table)]
#[table(index(by_opens = [opens]))]
pub struct Shop {
    #[key]
    name: String,
    opens: LocalDateTime,
    #[column(default = "9999-12-31T23:59:59")]
    closes: LocalDateTime,
}

pub struct Mall;

#[plugin(version = "2024-01-01", tables = [Shop])]
impl Mall {
    #[materialize]
    fn set(event: &Event<HoursSet>, cx: &Materialization) -> Done {
        let HoursSet { shop, opens } = event.data.clone();
        let row = Shop {
            name: shop,
            opens,
            closes: opens,
        };
        row.upsert(cx)?;
        let by_time = Shop::find(cx).by(Shop::BY_OPENS).rows()?;
        match by_time.is_sorted_by_key(|row| row.opens) {
            true => Ok(()),
            false => fail("not-sorted", format!("{by_time:?}")),
        }
    }
}

fn local(text: &str) -> LocalDateTime {
    LocalDateTime::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_text_is_read_and_written_in_one_form() {
    for (text, written) in [
        ("2018-07-30T12:00:00", "2018-07-30T12:00:00"),
        ("2018-07-30 12:00:00", "2018-07-30T12:00:00"),
        ("2018-07-30t12:00:00.5", "2018-07-30T12:00:00.500"),
        ("2018-07-30T12:00:00.000", "2018-07-30T12:00:00"),
        (
            "0001-01-01T00:00:00.000000001",
            "0001-01-01T00:00:00.000000001",
        ),
        ("9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999"),
    ] {
        assert_eq!(local(text).to_string(), written);
        assert_eq!(local(written), local(text));
        assert_eq!(local(text).to_value(), Value::Text(written.to_owned()));
        let json = serde_json::to_string(&local(text)).unwrap();
        assert_eq!(json, format!("{written:?}"));
        assert_eq!(
            serde_json::from_str::<LocalDateTime>(&json).unwrap(),
            local(text)
        );
    }
}

#[test]
fn a_zone_and_what_no_clock_shows_are_refused() {
    for text in [
        "",
        "2018-07-30",
        "2018-07-30T12:00",
        "2018-07-30T12:00:00Z",
        "2018-07-30T12:00:00+02:00",
        "2018-07-30T12:00:00.",
        "2018-07-30T12:00:00.1234567890",
        "2018-02-29T12:00:00",
        "2018-06-30T23:59:60",
        "2018-07-30T24:00:00",
        "0000-01-01T00:00:00",
        "10000-01-01T00:00:00",
    ] {
        assert!(LocalDateTime::parse(text).is_err(), "{text}");
    }
    assert_eq!(
        LocalDateTime::parse("2018-07-30T12:00:00Z")
            .unwrap_err()
            .to_string(),
        "`2018-07-30T12:00:00Z` is not a date and a time without a zone, like 2018-07-30T12:00:00"
    );
}

#[test]
fn texts_have_the_order_of_the_times() {
    let mut state = 5_u64;
    let mut times = Vec::new();
    for _ in 0..20_000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let seconds = (state >> 20) as i64 % 253_402_300_799;
        let nanos = [
            0,
            500_000_000,
            1,
            999_999_999,
            1_000,
            (state % 1_000_000_000) as u32,
        ];
        let nanos = nanos[(state >> 60) as usize % 6];
        let time = Time::from_unix(seconds, nanos).unwrap();
        times.push(LocalDateTime::of(time, 0).unwrap());
        // Often in one second, where fractions decide.
        times.push(LocalDateTime::of(Time::from_unix(0, nanos).unwrap(), 0).unwrap());
    }
    let mut texts: Vec<_> = times.iter().map(|time| time.to_text()).collect();
    times.sort();
    texts.sort();
    let expected: Vec<_> = times.iter().map(|time| time.to_text()).collect();
    assert_eq!(texts, expected);
}

#[test]
fn an_instant_is_a_reading_of_a_clock_with_its_offset() {
    let noon = Time::parse("2018-07-30T12:00:00.25Z").unwrap();
    let prague = LocalDateTime::of(noon, 120).unwrap();
    assert_eq!(prague.to_string(), "2018-07-30T14:00:00.250");
    assert_eq!(prague.to_time(120), Some(noon));
    assert_eq!(
        (
            prague.hour(),
            prague.minute(),
            prague.second(),
            prague.nanos()
        ),
        (14, 0, 0, 250_000_000)
    );
    assert_eq!(prague.date(), Date::new(2018, 7, 30).unwrap());
    let made = LocalDateTime::new(prague.date(), 14, 0, 0).unwrap();
    assert_eq!(made.with_nanos(250_000_000), Some(prague));
    assert_eq!(made.with_nanos(1_000_000_000), None);
    assert_eq!(LocalDateTime::new(prague.date(), 24, 0, 0), None);
    assert_eq!(local("0001-01-01T00:00:00").to_time(1), None);
    assert_eq!(LocalDateTime::of(Time::MAX, 1), None);
}

#[test]
fn rows_keep_them_and_indexes_order_them() {
    let set = |shop: &str, opens: &str| HoursSet {
        shop: shop.to_owned(),
        opens: local(opens),
    };
    Scenario::<Mall>::new()
        .given(set("a", "2018-07-30T08:00:00.5"))
        .given(set("b", "2018-07-30T08:00:00"))
        .given(set("c", "0999-07-30T08:00:00"))
        .then_row(Shop {
            name: "a".to_owned(),
            opens: local("2018-07-30T08:00:00.500"),
            closes: local("2018-07-30T08:00:00.5"),
        })
        .when_json(
            "mall.HoursSet",
            r#"{"shop":"d","opens":"2018-07-30T08:00:00Z"}"#,
        )
        .then_failed("bad-payload");
}
