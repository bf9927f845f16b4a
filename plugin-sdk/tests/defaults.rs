//! Defaults of columns, of every type that a column may have.

use daybook_sdk::currency::CZK;
use daybook_sdk::prelude::*;

#[derive(Column, Clone, Copy, PartialEq, Debug)]
pub struct Points(i64);

/// A newtype around a newtype.
#[derive(Column, Clone, Copy, PartialEq, Debug)]
pub struct Score(Points);

#[derive(Column, Clone, PartialEq, Debug)]
pub struct Code(String);

#[derive(Column, Clone, Copy, PartialEq, Debug)]
pub struct Fee(Money<CZK, 2>);

#[derive(Column, Clone, Copy, PartialEq, Debug)]
pub struct Ratio(f64);

#[derive(Column, Clone, Copy, PartialEq, Debug)]
pub struct Since(Date);

#[derive(Column, Clone, Copy, PartialEq, Debug)]
pub struct Flag(bool);

#[derive(Column, Clone, Copy, PartialEq, Debug)]
pub struct Small(u8);

#[derive(Column, Clone, Copy, PartialEq, Debug)]
pub struct Maybe(Option<i64>);

#[derive(Column, Clone, Copy, PartialEq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    WideOpen,
    Closed,
}

#[derive(Table)]
pub struct Row {
    #[key]
    id: i64,
    #[column(default = 0)]
    points: Points,
    #[column(default = Points(1))]
    more_points: Points,
    #[column(default = 2)]
    score: Score,
    #[column(default = Points(3))]
    other_score: Score,
    #[column(default = "A1")]
    code: Code,
    #[column(default = "12.50")]
    fee: Fee,
    #[column(default = Money::from_units(-5))]
    other_fee: Fee,
    #[column(default = 0.5)]
    ratio: Ratio,
    #[column(default = "2024-02-29")]
    since: Since,
    #[column(default = true)]
    flag: Flag,
    #[column(default = 7)]
    small: Small,
    #[column(default = Some(8))]
    maybe: Maybe,
    #[column(default = Some(Points(9)))]
    maybe_points: Option<Points>,
    #[column(default = Status::WideOpen)]
    status: Status,
    #[column(default = "4.25")]
    rate: Percent<2>,
    #[column(default = "1.5")]
    span: Duration,
    #[column(default = -1)]
    limit: i64,
    #[column(default = Json(vec![1]))]
    list: Json<Vec<u8>>,
}

#[test]
fn a_newtype_takes_the_defaults_of_what_is_within() {
    let kept = |name: &str| {
        let columns = Row::definition().columns;
        let column = columns.into_iter().find(|column| column.name == name);
        column.and_then(|column| column.default_value)
    };
    let (whole, text) = (
        |number| Some(Value::Integer(number)),
        |text: &str| Some(Value::Text(text.to_owned())),
    );
    assert_eq!(kept("id"), None);
    for (name, expected) in [
        ("points", whole(0)),
        ("more_points", whole(1)),
        ("score", whole(2)),
        ("other_score", whole(3)),
        ("code", text("A1")),
        ("fee", whole(1250)),
        ("other_fee", whole(-5)),
        ("ratio", Some(Value::Real(0.5))),
        ("since", text("2024-02-29")),
        ("flag", whole(1)),
        ("small", whole(7)),
        ("maybe", whole(8)),
        ("maybe_points", whole(9)),
        ("status", text("wide-open")),
        ("rate", whole(425)),
        ("span", whole(1_500_000_000)),
        ("limit", whole(-1)),
        ("list", text("[1]")),
    ] {
        assert_eq!(kept(name), expected, "{name}");
    }
}
