//! A row type that names the one of the version below and says only what it adds: `#[table(extends = first::Account)]`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use super::ColumnField;

/// What the type says of all the table's columns, beside its own: constants of its `Table`.
pub fn constants(extended: &Path, columns: &[ColumnField<'_>]) -> TokenStream {
    let names = columns
        .iter()
        .map(|column| &column.name)
        .collect::<Vec<_>>();
    let types = columns.iter().map(|column| column.field_type);
    let extended = quote!(<#extended as ::daybook_sdk::Table>);
    quote! {
        const WHOLE_COLUMNS: &'static [&'static str] = &{
            use ::daybook_sdk::__private::{joined, joined_length};
            const LENGTH: usize = joined_length(#extended::WHOLE_COLUMNS, &[#(#names),*]);
            joined::<_, LENGTH>(
                (#extended::WHOLE_COLUMNS, #extended::WHOLE_COLUMNS),
                (&[#(#names),*], &[#(#names),*]),
            )
        };
        const WHOLE_KINDS: &'static [::daybook_sdk::ColumnKind] = &{
            use ::daybook_sdk::__private::{joined, joined_length};
            const LENGTH: usize = joined_length(#extended::WHOLE_COLUMNS, &[#(#names),*]);
            joined::<_, LENGTH>(
                (#extended::WHOLE_COLUMNS, #extended::WHOLE_KINDS),
                (&[#(#names),*], &[#(<#types as ::daybook_sdk::Column>::KIND),*]),
            )
        };
        const PLACES: ::core::option::Option<&'static [usize]> = ::core::option::Option::Some(&[#(
            match ::daybook_sdk::__private::place(Self::WHOLE_COLUMNS, #names) {
                ::core::option::Option::Some(place) => place,
                ::core::option::Option::None => 0,
            }
        ),*]);
    }
}

/// What is wrong is told where it is written, while the version is compiled.
pub fn checks(ident: &Ident, extended: &Path, columns: &[ColumnField<'_>]) -> TokenStream {
    let columns = columns.iter().map(|column| {
        let ColumnField {
            name, field_type, ..
        } = column;
        let has_default = column.default.is_some();
        let other_kind = format!(
            "the extended table keeps `{name}` as another kind: give it the type that it has there"
        );
        let not_there = format!(
            "`{name}` is not a column of the extended table, whose rows the version below writes without it: if it is a new \
             one, give it a default, `#[column(default = ..)]`, or make it an Option"
        );
        quote_spanned! {column.ident.span()=>
            const _: () = match ::daybook_sdk::__private::place(
                <#extended as ::daybook_sdk::Table>::WHOLE_COLUMNS,
                #name,
            ) {
                ::core::option::Option::Some(at) => ::core::assert!(
                    <#extended as ::daybook_sdk::Table>::WHOLE_KINDS[at] as u8
                        == <#field_type as ::daybook_sdk::Column>::KIND as u8,
                    #other_kind
                ),
                ::core::option::Option::None => ::core::assert!(
                    #has_default || <#field_type as ::daybook_sdk::Column>::NULLABLE,
                    #not_there
                ),
            };
        }
    });
    let key = quote_spanned! {extended.span()=>
        const _: () = ::core::assert!(
            ::daybook_sdk::__private::has_key_of::<#ident, #extended>(),
            "a type that extends another one has the same `#[key]` columns, in the same order"
        );
    };
    quote! {
        #(#columns)*
        #key
        const _: fn() = || {
            fn check<T: ::daybook_sdk::OwnTable>() {}
            check::<#extended>();
        };
    }
}
