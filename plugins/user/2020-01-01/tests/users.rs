//! Users come, and are called otherwise.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, made_id};
use user_2020_01_01::{Register, Registered, Rename, Renamed, User, Users};

fn rename(user: &str, name: &str) -> Rename {
    Rename {
        user: user.into(),
        name: name.into(),
    }
}

fn user(id: &str, name: &str) -> User {
    User {
        id: id.into(),
        name: name.into(),
    }
}

fn register(id: Option<&str>) -> Register {
    Register {
        user: id.map(str::to_owned),
        name: "Ada".into(),
    }
}

#[test]
fn a_client_may_give_the_id_and_one_that_is_taken_is_refused() {
    Scenario::<Users>::new()
        .when(register(Some("ada")))
        .then_rows([user("ada", "Ada")])
        .when(register(Some("ada")))
        .then_rejected("id-taken")
        .then_rows([user("ada", "Ada")]);
}

#[test]
fn two_users_may_have_one_name() {
    let register = || register(None);
    let registered = |id: String| {
        let subject = format!("user/{id}");
        Registered {
            user: id,
            name: "Ada".into(),
        }
        .about(subject)
    };
    Scenario::<Users>::new()
        .when(register())
        .then_events(events![registered(made_id(1))])
        .when(register())
        .then_events(events![registered(made_id(2))])
        .then_rows([user(&made_id(1), "Ada"), user(&made_id(2), "Ada")]);
}

#[test]
fn a_new_name_is_the_users_own_and_the_old_one_again_is_no_event() {
    let registered = |id: &str| Registered {
        user: id.into(),
        name: "Ada".into(),
    };
    let renamed = Renamed {
        user: "u1".into(),
        name: "Countess".into(),
    };
    Scenario::<Users>::new()
        .given(registered("u1"))
        .given(registered("u2"))
        .when(rename("u1", "Ada"))
        .then_events(events![])
        .when(rename("u1", "Countess"))
        .then_events(events![renamed.about("user/u1")])
        .then_rows([user("u1", "Countess"), user("u2", "Ada")])
        .when(rename("u3", "Countess"))
        .then_rejected("unknown-user")
        .when_event(Renamed {
            user: "u3".into(),
            name: "Countess".into(),
        })
        .then_failed("row-missing");
}
