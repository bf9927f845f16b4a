//! What the macros say to a mistake: one message that names the mistake and the way out.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{DeriveInput, parse_quote};

use crate::{column, message, plugin, table};

/// The messages of all `compile_error!` in the output.
fn errors(output: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut after_compile_error = false;
    for token in output {
        match token {
            TokenTree::Ident(ident) => after_compile_error = ident == "compile_error",
            TokenTree::Group(group) if after_compile_error => {
                let text = syn::parse2::<syn::LitStr>(group.stream()).unwrap();
                found.push(text.value());
                after_compile_error = false;
            }
            TokenTree::Group(group) => found.extend(errors(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

#[track_caller]
fn check(output: TokenStream, expected: &str) {
    assert_eq!(errors(output), [expected]);
}

#[track_caller]
fn check_plugin(arguments: TokenStream, block: TokenStream, expected: &str) {
    check(plugin::expand(arguments, block, true), expected);
}

fn handlers() -> TokenStream {
    quote! {
        impl Bank {
            #[materialize]
            fn deposited(event: &Event<Deposited>, cx: &Materialization) -> Done { Ok(()) }
        }
    }
}

#[test]
fn a_plugin_without_mistakes_expands_without_errors() {
    let arguments = quote!(
        version = "1994-01-01",
        extends = "1993-01-01",
        tables = [Account]
    );
    let output = plugin::expand(arguments, handlers(), true);
    assert_eq!(errors(output.clone()), Vec::<String>::new());
    let text = output.to_string();
    assert!(text.contains("materializing :: export !"), "{text}");
    assert!(
        !text.contains("creating :: export !"),
        "it has no creator:\n{text}"
    );
}

#[test]
fn a_crate_that_another_version_depends_on_exports_nothing() {
    let arguments = quote!(version = "1993-01-01", tables = [Account]);
    let text = plugin::expand(arguments, handlers(), false).to_string();
    assert!(!text.contains("export !"), "{text}");
    assert!(text.contains("Plugin for Bank"), "{text}");
}

#[test]
fn a_version_must_be_there_and_be_a_date() {
    check_plugin(
        quote!(),
        handlers(),
        "a plugin's version is a date: `#[plugin(version = \"2024-01-01\")]`",
    );
    check_plugin(
        quote!(version = "2023-02-29"),
        handlers(),
        "`2023-02-29` is not a calendar date: a version is written like \"2018-07-30\"",
    );
    check_plugin(
        quote!(version = "1993-01-01", extends = "1994-01-01"),
        handlers(),
        "a version extends an earlier one",
    );
}

#[test]
fn an_unknown_option_lists_the_known_ones() {
    check_plugin(
        quote!(version = "1993-01-01", table = [Account]),
        handlers(),
        "expected one of `version`, `name`, `extends`, `description`, `changes`, `tables`, `reads`, `events`, `tasks`, `event_partitions`, `table_partitions`",
    );
}

#[test]
fn a_plugin_name_takes_lower_case_letters_and_digits() {
    check_plugin(
        quote!(version = "1993-01-01", name = "my-bank"),
        handlers(),
        "`my-bank` cannot name a plugin: it takes a lower-case letter, then lower-case letters and digits",
    );
}

#[test]
fn a_handler_with_another_shape_is_shown_the_right_one() {
    let block = quote! {
        impl Bank {
            #[materialize]
            fn deposited(event: Deposited, cx: &Materialization) -> Done { Ok(()) }
        }
    };
    check_plugin(
        quote!(version = "1993-01-01"),
        block,
        "expected `(event: &Event<Deposited>, cx: &Materialization) -> Done`",
    );
    let block = quote! {
        impl Bank {
            #[create]
            fn deposit(event: &Event<Deposited>, cx: &Creation) -> Decision { Ok(vec![]) }
        }
    };
    check_plugin(
        quote!(version = "1993-01-01"),
        block,
        "expected `(command: &Command<Deposit>, cx: &Creation) -> Decision`",
    );
    let block = quote! {
        impl Bank {
            #[create]
            fn deposit(&self, command: &Command<Deposit>) -> Decision { Ok(vec![]) }
        }
    };
    check_plugin(
        quote!(version = "1993-01-01"),
        block,
        "a handler has no `self`: what a plugin remembers is in its tables",
    );
}

#[test]
fn two_handlers_of_one_type_are_refused() {
    let block = quote! {
        impl Bank {
            #[materialize]
            fn one(event: &Event<Deposited>) -> Done { Ok(()) }
            #[materialize]
            fn two(event: &Event<Deposited>) -> Done { Ok(()) }
        }
    };
    check_plugin(
        quote!(version = "1993-01-01"),
        block,
        "`one` handles this type already",
    );
}

#[test]
fn a_plugin_handles_something() {
    check_plugin(
        quote!(version = "1993-01-01"),
        quote!(impl Bank {}),
        "a plugin has a function with `#[materialize]` or `#[create]`",
    );
}

#[test]
fn attributes_in_the_wrong_place_name_the_right_one() {
    check_plugin(
        quote!(version = "1993-01-01"),
        quote!(
            struct Bank;
        ),
        "`#[plugin]` belongs on an `impl` block: `#[plugin(version = \"2024-01-01\")] impl Bank { .. }`",
    );
    check(
        plugin::outside(
            "create",
            quote!(
                fn deposit() {}
            ),
        ),
        "`#[create]` belongs on a function of an `impl` block with `#[plugin(..)]`",
    );
}

#[test]
fn a_table_needs_a_key_and_names_that_sql_takes() {
    let row: DeriveInput = parse_quote!(
        struct Account {
            id: i64,
        }
    );
    check(
        table::derive(&row),
        "a table has a primary key: mark its column (or columns) with `#[key]`",
    );
    let row: DeriveInput = parse_quote!(
        struct Account {
            #[key]
            Id: i64,
        }
    );
    check(
        table::derive(&row),
        "`Id` cannot name a column: it takes a lower-case letter, then lower-case letters, digits and `_`",
    );
    let row: DeriveInput = parse_quote! {
        #[table(index(by_name = [nam]))]
        struct Account { #[key] id: i64, name: String }
    };
    check(
        table::derive(&row),
        "the index `by_name` names `nam`, which is not a column",
    );
    let row: DeriveInput = parse_quote!(
        struct Account(i64);
    );
    check(
        table::derive(&row),
        "a table's row is a struct with named fields, one for each column",
    );
}

#[test]
fn a_payload_is_an_object_of_one_type() {
    let payload: DeriveInput = parse_quote!(
        struct Closed;
    );
    check(
        message::derive_event(&payload),
        "a payload is a JSON object: write `struct Closed {}`",
    );
    let payload: DeriveInput = parse_quote!(
        struct Closed<T> {
            reason: T,
        }
    );
    check(
        message::derive_payload(&payload),
        "a payload has no type or lifetime parameters: its JSON Schema is one text",
    );
    let payload: DeriveInput = parse_quote! {
        #[event(type = "Deposited")]
        struct Deposited { amount: i64 }
    };
    check(
        message::derive_event(&payload),
        "expected a full type such as \"bank.Deposited\"",
    );
}

#[test]
fn a_column_type_holds_one_value() {
    let expected = "one column holds a newtype (`struct AccountId(i64);`) or an enum without fields; for more, keep a \
                    payload as `Json<..>`";
    let two: DeriveInput = parse_quote!(
        struct Range(i64, i64);
    );
    check(column::derive(&two), expected);
    let with_field: DeriveInput = parse_quote!(
        enum Status {
            Open,
            Closed(String),
        }
    );
    check(column::derive(&with_field), expected);
}
