//! Assets: they go only from their owners; what went is given back by an undo that history shows; and once consent is asked
//! for, nothing that happened is undone by that, but what would not have been let through is named.

use daybook::model::log::CommandOutcome;
use daybook_tests::{Answer, Server, TestBook, check_pair, plugin, race, refused, version};
use serde_json::{Value as Json, json};

const FIRST: &str = "asset@2020-01-01";
const SECOND: &str = "asset@2021-01-01";

fn command(server: &Server, name: &str, data: Json) -> Answer {
    server.post(&format!("/commands/asset.{name}"), &data)
}

fn swap(server: &Server, asset: &str, owner: &str, recipient: &str) -> Answer {
    let data = json!({"asset": asset, "owner": owner, "recipient": recipient});
    command(server, "SwapAssetOwner", data)
}

/// The position of the one event of an accepted command.
fn seq(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.json["events"].as_array().unwrap().len(), 1);
    answer.json["events"][0]["event"]["seq"].as_u64().unwrap()
}

fn undo(server: &Server, seq: u64) -> Answer {
    let reason = json!({"reason": "given to the wrong one"});
    server.post(&format!("/events/{seq}/undo"), &reason)
}

fn owner(server: &Server, asset: &str) -> Json {
    server.get(&format!("/state/asset.asset/{asset}")).json["row"]["owner"].clone()
}

fn head(server: &Server) -> Json {
    server.get("/").json["head"].clone()
}

/// A served book with a boat of Ann's and a bike of Bob's, under the first version.
fn registered() -> Server {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    for (asset, owner) in [("boat", "ann"), ("bike", "bob")] {
        let data = json!({"asset": asset, "owner": owner});
        seq(&command(&server, "RegisterAsset", data));
    }
    server
}

#[test]
fn a_forged_transfer_leaves_nothing_but_its_entry_in_the_journal() {
    let server = registered();
    let before = server.alone(|book| book.log().counts().unwrap());
    let (position, journal) = (head(&server), 2);
    refused(&swap(&server, "boat", "eve", "eve2"), "not-the-owner");
    refused(&swap(&server, "ship", "eve", "eve2"), "unknown-asset");
    let nobody = swap(&server, "boat", "ann", "");
    assert_eq!((nobody.status, nobody.problem()), (422, "schema"));
    // Neither as an event that is made by hand.
    let data = json!({"asset": "boat", "swap": 1, "owner": "eve", "recipient": "eve2"});
    let event = json!({"type": "asset.AssetOwnerSwapped", "data": data});
    let forged = server.post("/events", &event);
    assert_eq!((forged.status, forged.problem()), (422, "plugin"));
    assert!(forged.text.contains("not-the-owner"), "{}", forged.text);

    assert_eq!(owner(&server, "boat"), "ann");
    assert_eq!(head(&server), position);
    let mut book = server.stop();
    assert_eq!(book.log().counts().unwrap(), before);
    let commands = book.log().commands(0, 100).unwrap();
    let codes = commands
        .iter()
        .skip(journal)
        .map(|(_, stored)| match &stored.command.outcome {
            CommandOutcome::Rejected(rejection) => rejection.code.as_str(),
            other => panic!("{other:?}"),
        });
    assert_eq!(
        codes.collect::<Vec<_>>(),
        ["not-the-owner", "unknown-asset"]
    );
    book.assert_verified();
}

#[test]
fn of_all_who_want_it_at_once_one_gets_it() {
    let server = registered();
    let answers = race(64, |number| {
        swap(&server, "bike", "bob", &format!("buyer-{number}"))
    });
    let (given, others): (Vec<_>, Vec<_>) =
        { answers.iter() }.partition(|answer| answer.status == 201);
    assert_eq!((given.len(), others.len()), (1, 63));
    for answer in others {
        refused(answer, "not-the-owner");
    }
    let recipient = &given[0].json["events"][0]["event"]["data"]["recipient"];
    assert_eq!(&owner(&server, "bike"), recipient);
    server.stop().assert_verified();
}

#[test]
fn undoing_a_swap_is_a_swap_back_that_history_shows() {
    let server = registered();
    let first = seq(&swap(&server, "boat", "ann", "bob"));
    let preview = json!({"preview": true});
    let preview = server.post(&format!("/events/{first}/undo"), &preview);
    assert_eq!(preview.status, 200, "{}", preview.text);
    assert_eq!(owner(&server, "boat"), "bob", "a preview changes nothing");

    let undone = undo(&server, first);
    assert_eq!(undone.status, 200, "{}", undone.text);
    let back = &undone.json["undo"]["event"];
    assert_eq!(back["type"], "asset.AssetOwnerSwapped");
    assert_eq!(
        back["data"],
        json!({"asset": "boat", "swap": 2, "owner": "bob", "recipient": "ann", "undoes": 1})
    );
    assert_eq!(back["undoes"], first.to_string());
    assert_eq!(owner(&server, "boat"), "ann");
    let swaps = server.get("/state/asset.swap?asset=boat&columns=number,undoes,undone_by");
    assert_eq!(
        swaps.json["rows"],
        json!([
            {"number": 1, "undoes": null, "undone_by": 2},
            {"number": 2, "undoes": 1, "undone_by": null},
        ])
    );
    let told = server.get(&format!("/events/{first}")).json;
    assert_eq!(told["undone"], back["seq"], "{told}");
    assert_eq!(undo(&server, first).status, 400, "once is enough");
    server.stop().assert_verified();
}

#[test]
fn what_has_moved_on_is_not_given_back() {
    let server = registered();
    let first = seq(&swap(&server, "boat", "ann", "bob"));
    let second = seq(&swap(&server, "boat", "bob", "cid"));
    let position = head(&server);
    let refusal = undo(&server, first);
    refused(&refusal, "moved-on");
    let words = "it is cid's by swap 2; undo the later swaps first";
    assert!(refusal.text.contains(words), "{}", refusal.text);
    assert_eq!(
        (owner(&server, "boat"), head(&server)),
        (json!("cid"), position)
    );

    // Back with Bob by itself: that is another swap than the one that is to be undone.
    seq(&swap(&server, "boat", "cid", "bob"));
    refused(&undo(&server, first), "moved-on");
    refused(&undo(&server, second), "moved-on");
    assert_eq!(owner(&server, "boat"), "bob");
    server.stop().assert_verified();
}

#[test]
fn consent_refuses_past_swaps_in_a_what_if_and_takes_none_of_them_back_in_the_state() {
    let server = registered();
    let first = seq(&swap(&server, "boat", "ann", "bob"));
    assert_eq!(undo(&server, first).status, 200);
    refused(&swap(&server, "boat", "bob", "eve"), "not-the-owner");
    refused(&swap(&server, "bike", "bob", "bob"), "same-owner");
    let second = seq(&swap(&server, "boat", "ann", "cid"));
    let third = seq(&swap(&server, "bike", "bob", "cid"));

    server.alone(|book| book.load(plugin(SECOND))).unwrap();
    let sides = json!({"base": "recorded", "candidate": SECOND});
    let asked = server.post("/diff/commands", &sides);
    assert_eq!(asked.status, 200, "{}", asked.text);
    // Two registrations, five swaps, one undo.
    assert_eq!(asked.json["summary"]["commands"], 8);
    let by = json!([{"command": "asset.SwapAssetOwner", "turn": "newly refused", "commands": 3}]);
    assert_eq!(asked.json["summary"]["by"], by);
    let turned = { asked.json["turned"].as_array().unwrap().iter() }.map(|it| {
        assert_eq!(it["candidate"]["rejected"], "consent-needed");
        (
            it["data"]["asset"].as_str().unwrap(),
            it["position"].as_u64().unwrap() + 1,
        )
    });
    // Those that made events, by the positions of these: not the forged one, not the one to oneself, not the undo.
    assert_eq!(
        turned.collect::<Vec<_>>(),
        [("boat", first), ("boat", second), ("bike", third)]
    );

    let mut book = server.stop();
    let found = check_pair(&mut book, FIRST, SECOND);
    // Swaps of before have the new column's default, which is a difference of layout alone.
    assert_eq!(found.columns(), []);
    assert!(found.events.is_empty(), "{:?}", found.events);
    assert!(found.final_rows.is_empty(), "{:?}", found.final_rows);

    book.activate_pinned(&version(SECOND)).unwrap();
    let server = Server::of(book);
    assert_eq!(owner(&server, "boat"), "cid", "what happened has happened");
    refused(&swap(&server, "boat", "cid", "dan"), "consent-needed");
    refused(&swap(&server, "boat", "ann", "dan"), "not-the-owner");
    let offer = json!({"asset": "boat", "owner": "cid", "recipient": "dan"});
    let accept = json!({"asset": "boat", "recipient": "dan"});
    refused(
        &command(&server, "AcceptAsset", accept.clone()),
        "not-offered",
    );
    seq(&command(&server, "OfferAsset", offer));
    assert_eq!(owner(&server, "boat"), "cid", "an offer moves nothing");
    let accepted = seq(&command(&server, "AcceptAsset", accept));
    assert_eq!(owner(&server, "boat"), "dan");
    let agreed = server
        .get("/state/asset.swap?agreed=true&columns=asset,number")
        .json;
    assert_eq!(agreed["rows"], json!([{"asset": "boat", "number": 4}]));
    // The inverse is the first version's still.
    assert_eq!(undo(&server, accepted).status, 200);
    assert_eq!(owner(&server, "boat"), "cid");
    server.stop().assert_verified();
}
