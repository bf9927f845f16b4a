//! A catalog that follows users and products: what a page shows is what a join of its owners' tables gives, at every moment; it comes
//! back from the log alone; and a column added later is right for what was there before it.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use daybook::diff::{Difference, FinalKind};
use daybook::model::Value;
use daybook_tests::{Answer, Random, Server, TestBook, check_pair, plugin, race, workspace};
use serde_json::{Value as Json, json};

const FIRST: &str = "catalog@2020-01-01";
const SECOND: &str = "catalog@2020-06-01";
const OWNERS: [&str; 2] = ["user@2020-01-01", "product@2020-01-01"];

fn served() -> Server {
    Server::of(TestBook::with_plugins(&[OWNERS[0], OWNERS[1], FIRST]))
}

/// Panics unless it is accepted with one event, of which it gives this field.
fn told(server: &Server, command: &str, data: &Json, field: &str) -> String {
    let answer = server.post(&format!("/commands/{command}"), data);
    assert_eq!(answer.status, 201, "{}", answer.text);
    let field = &answer.json["events"][0]["event"]["data"][field];
    field.as_str().expect("a text").to_owned()
}

fn register(server: &Server, name: &str) -> String {
    told(server, "user.Register", &json!({ "name": name }), "user")
}

fn offer(server: &Server, seller: &str, title: &str) -> String {
    let offer = json!({"seller": seller, "title": title, "price_cents": 1_999});
    told(server, "product.Offer", &offer, "product")
}

fn comment(server: &Server, product: &str, user: &str) -> Answer {
    let comment = json!({"product": product, "user": user, "text": "bright"});
    server.post("/commands/product.Comment", &comment)
}

fn rename(server: &Server, user: &str, name: &str) -> Answer {
    let rename = json!({"user": user, "name": name});
    server.post("/commands/user.Rename", &rename)
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => panic!("not a text: {other:?}"),
    }
}

/// What the catalog shows of each product: title, price, seller, seller's name, commenters.
fn shown(book: &TestBook) -> BTreeMap<String, Json> {
    let sql = "SELECT product, json_array(title, price_cents, seller, seller_name, json(commenters)) FROM catalog_entry";
    { book.rows(sql).into_iter() }
        .map(|row| (text(&row[0]), json_of(&row[1])))
        .collect()
}

/// The same, from the tables of those who own it.
fn joined(book: &TestBook) -> BTreeMap<String, Json> {
    let sql = "SELECT p.id, json_array(p.title, p.price_cents, p.seller, u.name) \
               FROM product_product p JOIN user_user u ON u.id = p.seller";
    let comments = "SELECT c.product, json_object('user', u.id, 'name', u.name) \
                    FROM product_comment c JOIN user_user u ON u.id = c.user ORDER BY c.product, c.number";
    let mut commenters: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for row in book.rows(comments) {
        let of = commenters.entry(text(&row[0])).or_default();
        let commenter = json_of(&row[1]);
        if !of.contains(&commenter) {
            of.push(commenter);
        }
    }
    { book.rows(sql).into_iter() }
        .map(|row| {
            let product = text(&row[0]);
            let mut shown = json_of(&row[1]);
            let names = commenters.remove(&product).unwrap_or_default();
            shown.as_array_mut().expect("a list").push(json!(names));
            (product, shown)
        })
        .collect()
}

fn json_of(value: &Value) -> Json {
    serde_json::from_str(&text(value)).expect("JSON")
}

#[test]
fn however_many_write_at_once_a_page_shows_what_a_join_gives_also_when_built_anew() {
    let server = served();
    let users: Vec<String> = (0..6)
        .map(|number| register(&server, &format!("user {number}")))
        .collect();
    let products: Vec<String> = (0..10)
        .map(|number| offer(&server, &users[number % 4], &format!("thing {number}")))
        .collect();
    let mut random = Random::new(6);
    let wishes: Vec<(u64, usize, usize)> = (0..600)
        .map(|_| {
            let [user, product] = [6, 10].map(|end| random.below(end) as usize);
            (random.below(6), user, product)
        })
        .collect();
    let answers = race(600, |number| {
        let (wish, user, product) = wishes[number as usize];
        let (user, product) = (&users[user], &products[product]);
        match wish {
            0 | 1 => rename(&server, user, &format!("name {}", number % 40)),
            2 => {
                let price = json!({"product": product, "by": user, "price_cents": 1 + number % 5});
                server.post("/commands/product.ChangePrice", &price)
            }
            3 => {
                let offer = json!({"seller": user, "title": "more", "price_cents": 5});
                server.post("/commands/product.Offer", &offer)
            }
            _ => comment(&server, product, user),
        }
    });
    let count = |status: u16| answers.iter().filter(|it| it.status == status).count();
    // An equal price or name is no event; a price that another asks for is refused.
    assert_eq!(count(200) + count(201) + count(422), 600);
    assert!(count(201) > 300, "{} did something", count(201));
    let not_sellers = { wishes.iter() }
        .filter(|(wish, user, product)| *wish == 2 && *user != product % 4)
        .count();
    assert_eq!(count(422), not_sellers);
    for refused in answers.iter().filter(|it| it.status == 422) {
        assert_eq!(refused.json["code"], "not-the-seller", "{}", refused.text);
    }

    let mut book = server.stop();
    let page = shown(&book);
    assert_eq!(page, joined(&book));
    assert!(page.len() > 50, "{} products", page.len());
    let before = book.mark();
    book.reopen_after(|path| fs::remove_dir_all(path.join("projections")).unwrap());
    assert_eq!(book.mark(), before);
    assert_eq!(shown(&book), page);
    book.assert_verified();
}

#[test]
fn a_new_name_changes_each_row_in_which_it_stands_with_the_event_itself() {
    let server = served();
    let [ada, ben] = ["Ada", "Ben"].map(|name| register(&server, name));
    let [lamp, desk] = ["lamp", "desk"].map(|title| offer(&server, &ada, title));
    let [sofa, _chair] = ["sofa", "chair"].map(|title| offer(&server, &ben, title));
    for _ in 0..2 {
        assert_eq!(comment(&server, &sofa, &ada).status, 201);
    }
    assert_eq!(comment(&server, &lamp, &ada).status, 201);
    let renamed = rename(&server, &ada, "Countess");
    assert_eq!(renamed.status, 201, "{}", renamed.text);
    let mut touched = Vec::new();
    for change in renamed.json["events"][0]["changes"].as_array().unwrap() {
        if change["table"] == "catalog.entry" {
            touched.push(change["key"]["product"].as_str().unwrap().to_owned());
        }
    }
    touched.sort();
    touched.dedup();
    let mut expected = [lamp.clone(), desk, sofa.clone()];
    expected.sort();
    assert_eq!(touched, expected);
    // A page that is read right after the answer shows it.
    let row = |product: &str| {
        let path = format!("/state/catalog.entry/{product}");
        let row = server.get(&path).json["row"].clone();
        json!([row["seller_name"], row["commenters"]])
    };
    let countess = json!([{"user": ada, "name": "Countess"}]);
    assert_eq!(row(&lamp), json!(["Countess", countess]));
    assert_eq!(row(&sofa), json!(["Ben", countess]));
    let same = rename(&server, &ada, "Countess");
    assert_eq!((same.status, &same.json["events"]), (200, &json!([])));
    server.stop().assert_verified();
}

#[test]
fn what_names_nobody_is_refused_by_all_three_or_kept_by_none() {
    let server = served();
    let ada = register(&server, "Ada");
    let lamp = offer(&server, &ada, "lamp");
    let code = |command: &str, data: Json| {
        let answer = server.post(&format!("/commands/{command}"), &data);
        assert_eq!(answer.status, 422, "{}", answer.text);
        answer.json["code"].clone()
    };
    let offer = json!({"seller": "nobody", "title": "lamp", "price_cents": 5});
    assert_eq!(code("product.Offer", offer), "unknown-user");
    let price = json!({"product": "nothing", "by": ada, "price_cents": 5});
    assert_eq!(code("product.ChangePrice", price), "unknown-product");
    let name = json!({"user": "nobody", "name": "Ben"});
    assert_eq!(code("user.Rename", name), "unknown-user");
    let free = json!({"seller": ada, "title": "lamp", "price_cents": 0});
    let free = server.post("/commands/product.Offer", &free);
    assert_eq!((free.status, free.problem()), (422, "schema"));

    let before = server.get("/").json["head"].clone();
    let said = json!({"product": lamp, "number": 1, "user": "nobody", "text": "bright"});
    let event = json!({"type": "product.Commented", "data": said});
    let refused = server.post("/events", &event);
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("row-missing"), "{}", refused.text);
    assert_eq!(server.get("/").json["head"], before);
    let mut book = server.stop();
    assert_eq!(book.numbers("SELECT count(*) FROM product_comment"), [0]);
    assert_eq!(book.numbers("SELECT count(*) FROM catalog_mention"), [0]);
    assert_eq!(shown(&book), joined(&book));
    book.assert_verified();
}

/// Waits until the shadow has caught up.
fn wait_for_shadow(server: &Server) {
    let begun = Instant::now();
    loop {
        let shadows = server.get("/shadows");
        let shadow = &shadows.json["shadows"][0];
        if shadow["ready"] == true && shadow["lag"] == 0 {
            return;
        }
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(120), "{}", shadows.text);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_column_that_is_added_counts_what_was_before_it_and_what_comes_meanwhile() {
    let server = served();
    let users = ["Ada", "Ben", "Cyd"].map(|name| register(&server, name));
    let products: Vec<String> = ["lamp", "desk", "sofa", "chair"]
        .iter()
        .map(|title| offer(&server, &users[0], title))
        .collect();
    // The last one is never commented on.
    let mut third_of_lamp = 0;
    for (product, times) in [3, 1, 2].into_iter().enumerate() {
        for time in 0..times {
            // Of the lamp, the third comment is Ada's second: who commented twice stands there once.
            let user = &users[[0, 1, 0][time]];
            let said = comment(&server, &products[product], user);
            assert_eq!(said.status, 201, "{}", said.text);
            if (product, time) == (0, 2) {
                third_of_lamp = said.json["events"][0]["event"]["seq"].as_u64().unwrap();
            }
        }
    }
    assert_eq!(rename(&server, &users[0], "Countess").status, 201);

    let mut book = server.stop();
    book.load(plugin(SECOND)).unwrap();
    let found = check_pair(&mut book, FIRST, SECOND);
    // The column is in every row that is written; one row is written that was not, by a second comment of the same user.
    let mut written_anew = Vec::new();
    for event in &found.events {
        for difference in &event.differences {
            match difference {
                Difference::Column {
                    table,
                    column,
                    base,
                    ..
                } => {
                    let at = (table.as_str(), column.as_str(), base);
                    assert_eq!(at, ("catalog.entry", "comments", &None));
                }
                Difference::Row {
                    table,
                    key,
                    base: None,
                    candidate: Some("update"),
                } => written_anew.push((event.seq.0, table.as_str(), text(&key[0]))),
                other => panic!("event {}: {other:?}", event.seq),
            }
        }
    }
    let lamp = products[0].clone();
    assert_eq!(written_anew, [(third_of_lamp, "catalog.entry", lamp)]);
    let finally: BTreeMap<String, &FinalKind> = { found.final_rows.iter() }
        .map(|row| (text(&row.key[0]), &row.kind))
        .collect();
    // The fourth has the new column's default, which is no difference.
    assert_eq!(finally.len(), products.len() - 1);
    for (product, count) in products.iter().zip([3, 1, 2]) {
        let column = ("comments".to_owned(), None, Some(Value::Integer(count)));
        assert_eq!(*finally[product], FinalKind::Changed(vec![column]));
    }

    // In force while users go on: beside the live state first, then in its place.
    let server = Server::of(book);
    let path = "plugins/catalog/2020-06-01/expect.toml";
    let expect = fs::read_to_string(workspace::root().join(path)).unwrap();
    let begun = server.post("/shadows", &json!({"version": SECOND, "expect": expect}));
    assert_eq!(begun.status, 202, "{}", begun.text);
    let talk = || {
        let answers = race(100, |number| {
            let (product, user) = (number as usize % 3, number as usize % 2);
            comment(&server, &products[product], &users[user])
        });
        assert!(answers.iter().all(|answer| answer.status == 201));
    };
    talk();
    wait_for_shadow(&server);
    let promote = format!("/versions/{SECOND}/promote");
    let promoted = server.post(&promote, &json!({}));
    assert_eq!(promoted.status, 200, "{}", promoted.text);
    let said = server.get(&format!("/state/catalog.entry/{}", products[0]));
    assert_eq!(said.json["row"]["comments"], 3 + 34, "{}", said.text);
    talk();

    let mut book = server.stop();
    let counts = book.rows("SELECT product, comments FROM catalog_entry ORDER BY product");
    let counted = "SELECT id, (SELECT count(*) FROM product_comment WHERE product = id) \
                   FROM product_product ORDER BY id";
    assert_eq!(counts, book.rows(counted));
    let mut by_product: BTreeMap<String, &Value> = BTreeMap::new();
    for row in &counts {
        by_product.insert(text(&row[0]), &row[1]);
    }
    let of = |product: usize| by_product[&products[product]];
    let expected = [3 + 34 + 34, 1 + 33 + 33, 2 + 33 + 33, 0].map(Value::Integer);
    assert_eq!([0, 1, 2, 3].map(of), [0, 1, 2, 3].map(|it| &expected[it]));
    assert_eq!(shown(&book), joined(&book));
    let before = book.mark();
    book.reopen_after(|path| fs::remove_dir_all(path.join("projections")).unwrap());
    assert_eq!(book.mark(), before);
    book.assert_verified();
}
