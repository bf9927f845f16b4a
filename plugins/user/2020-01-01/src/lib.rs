//! The plugin `user`, version 2020-01-01: users and their names. It knows of nobody who shows them: the plugin `catalog` hears of a new
//! name by itself.

use daybook_sdk::prelude::*;

/// Somebody is a user now.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Registered {
    /// The user's id.
    pub user: String,
    /// What they are called.
    pub name: String,
}

/// A user is called otherwise.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Renamed {
    /// The user's id.
    pub user: String,
    /// What they are called now.
    pub name: String,
}

/// Become a user.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Register {
    /// The id that they are to have, where whoever asks gives ids; absent: one is made.
    #[schemars(length(min = 1, max = 100))]
    pub user: Option<String>,
    /// What they are called; others may be called so too.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
}

/// Call a user otherwise.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Rename {
    /// The user's id.
    pub user: String,
    /// What they are called then.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
}

/// Who there is.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct User {
    /// The user's id.
    #[key]
    pub id: String,
    /// What they are called.
    pub name: String,
}

/// The plugin.
pub struct Users;

#[plugin(
    name = "user",
    version = "2020-01-01",
    description = "Users and their names",
    changes = ["the first version"],
    tables = [User]
)]
impl Users {
    #[materialize]
    fn registered(event: &Event<Registered>, cx: &Materialization) -> Done {
        let Registered { user: id, name } = event.data.clone();
        User { id, name }.insert(cx)
    }

    #[materialize]
    fn renamed(event: &Event<Renamed>, cx: &Materialization) -> Done {
        let Renamed { user: id, name } = event.data.clone();
        User { id, name }.replace(cx)
    }

    #[create]
    fn register(command: &Command<Register>, cx: &Creation) -> Decision {
        let Register { user, name } = command.data.clone();
        let user = user.unwrap_or_else(|| cx.make_id());
        if User::exists(cx, &user) {
            return reject("id-taken", format!("'{user}' is somebody's id already"));
        }
        let subject = format!("user/{user}");
        Ok(events![Registered { user, name }.about(subject)])
    }

    /// To be called as before is no event.
    #[create]
    fn rename(command: &Command<Rename>, cx: &Creation) -> Decision {
        let Rename { user, name } = command.data.clone();
        let Some(known) = User::get(cx, &user)? else {
            return reject("unknown-user", format!("there is no user '{user}'"));
        };
        if known.name == name {
            return Ok(events![]);
        }
        let subject = format!("user/{user}");
        Ok(events![Renamed { user, name }.about(subject)])
    }
}
