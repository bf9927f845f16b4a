//! What stands in `#[plugin(..)]`.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Path, Token, bracketed, parenthesized};

use crate::attributes::{check_plugin_name, check_version};

const OPTIONS: &str = "expected one of `version`, `name`, `extends`, `description`, `changes`, `tables`, `reads`, \
                       `events`, `tasks`, `event_partitions`, `table_partitions`";

#[derive(Default)]
pub struct Arguments {
    pub version: Option<LitStr>,
    pub name: Option<LitStr>,
    pub extends: Option<LitStr>,
    pub description: Option<LitStr>,
    pub changes: Vec<LitStr>,
    pub tables: Vec<Path>,
    pub reads: Vec<Path>,
    pub events: Vec<Path>,
    pub tasks: Vec<Path>,
    pub event_partitions: Vec<Partition>,
    pub table_partitions: Vec<Partition>,
}

/// A type, and where its partition is: `Deposited.account`, or `Closed("account/")` for what follows in the subject.
pub struct Partition {
    pub of: Path,
    pub place: Place,
}

pub enum Place {
    Field(Ident),
    Subject(LitStr),
}

impl Parse for Partition {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let of = input.call(Path::parse_mod_style)?;
        let place = if input.peek(Token![.]) {
            input.parse::<Token![.]>()?;
            Place::Field(input.parse()?)
        } else {
            let prefix;
            parenthesized!(prefix in input);
            Place::Subject(prefix.parse()?)
        };
        Ok(Self { of, place })
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let option = input.parse::<Ident>()?;
            input.parse::<Token![=]>()?;
            match option.to_string().as_str() {
                "version" => {
                    let version = input.parse()?;
                    check_version(&version)?;
                    arguments.version = Some(version);
                }
                "extends" => {
                    let version = input.parse()?;
                    check_version(&version)?;
                    arguments.extends = Some(version);
                }
                "name" => {
                    let name = input.parse::<LitStr>()?;
                    check_plugin_name(&name.value(), name.span())?;
                    arguments.name = Some(name);
                }
                "description" => arguments.description = Some(input.parse()?),
                "changes" => arguments.changes = list(input)?,
                "tables" => arguments.tables = list(input)?,
                "reads" => arguments.reads = list(input)?,
                "events" => arguments.events = list(input)?,
                "tasks" => arguments.tasks = list(input)?,
                "event_partitions" => arguments.event_partitions = list(input)?,
                "table_partitions" => arguments.table_partitions = list(input)?,
                _ => return Err(syn::Error::new(option.span(), OPTIONS)),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

fn list<T: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    let items;
    bracketed!(items in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&items)?
        .into_iter()
        .collect())
}
