//! The derive of table rows.

mod attributes;
mod extending;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Expr, Field, Fields, Ident, Type};

use self::attributes::{IndexAttribute, TableAttributes, check_indexes, table_attributes};
use crate::attributes::{check_name, plain_name};

struct ColumnField<'a> {
    ident: &'a Ident,
    name: String,
    field_type: &'a Type,
    default: Option<Expr>,
    is_key: bool,
}

pub fn derive(input: &DeriveInput) -> TokenStream {
    expand(input).unwrap_or_else(syn::Error::into_compile_error)
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = named_fields(input)?;
    let columns = fields
        .iter()
        .map(|&field| column(field))
        .collect::<syn::Result<Vec<_>>>()?;
    let keys = columns
        .iter()
        .filter(|column| column.is_key)
        .collect::<Vec<_>>();
    if keys.is_empty() {
        let message = "a table has a primary key: mark its column (or columns) with `#[key]`";
        return Err(syn::Error::new_spanned(&input.ident, message));
    }
    let TableAttributes {
        name,
        plugin,
        extends,
        indexes,
    } = table_attributes(input)?;

    let ident = &input.ident;
    let reference = plugin
        .as_ref()
        .map_or_else(|| name.clone(), |plugin| format!("{plugin}.{name}"));
    let plugin_tokens = match &plugin {
        Some(plugin) => quote!(::core::option::Option::Some(#plugin)),
        None => quote!(::core::option::Option::None),
    };
    let column_names = columns
        .iter()
        .map(|column| &column.name)
        .collect::<Vec<_>>();
    let column_idents = columns
        .iter()
        .map(|column| column.ident)
        .collect::<Vec<_>>();
    check_indexes(&indexes, &column_idents)?;
    let column_types = columns
        .iter()
        .map(|column| column.field_type)
        .collect::<Vec<_>>();
    let key_names = keys.iter().map(|column| &column.name);
    let key_positions = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.is_key)
        .map(|(position, _)| position);
    let key_types = keys
        .iter()
        .map(|column| column.field_type)
        .collect::<Vec<_>>();
    let key_type = match key_types.as_slice() {
        [only] => quote!(#only),
        several => quote!((#(#several),*)),
    };
    let defaults = columns.iter().map(default_tokens);
    let index_definitions = indexes.iter().map(index_definition);
    let index_constants = indexes.iter().map(|index| {
        let constant = format_ident!("{}", plain_name(&index.name).to_uppercase());
        let name = plain_name(&index.name);
        let doc = format!("The index `{name}`.");
        quote! {
            #[doc = #doc]
            pub const #constant: ::daybook_sdk::Index<Self> = ::daybook_sdk::Index::new(#name);
        }
    });
    let own = plugin.is_none().then(|| {
        quote! {
            #[automatically_derived]
            impl ::daybook_sdk::OwnTable for #ident {}
        }
    });
    let whole = (plugin.is_none() && extends.is_none()).then(|| {
        quote! {
            #[automatically_derived]
            impl ::daybook_sdk::WholeRow for #ident {}
        }
    });
    let (name, reference) = match &extends {
        None => (quote!(#name), quote!(#reference)),
        Some(extended) => (
            quote!(<#extended as ::daybook_sdk::Table>::NAME),
            quote!(<#extended as ::daybook_sdk::Table>::REFERENCE),
        ),
    };
    let whole_columns = match &extends {
        None => quote! {
            const WHOLE_KINDS: &'static [::daybook_sdk::ColumnKind] =
                &[#(<#column_types as ::daybook_sdk::Column>::KIND),*];
        },
        Some(extended) => extending::constants(extended, &columns),
    };
    let checks = extends
        .as_ref()
        .map(|extended| extending::checks(ident, extended, &columns));
    let definition = quote! {
        manifest::Table {
            name: ::std::string::String::from(#name),
            columns: ::std::vec![#(manifest::Column {
                name: ::std::string::String::from(#column_names),
                kind: <#column_types as ::daybook_sdk::Column>::KIND,
                format: <#column_types as ::daybook_sdk::Column>::format(),
                nullable: <#column_types as ::daybook_sdk::Column>::NULLABLE,
                default_value: #defaults,
            }),*],
            primary_key: ::std::vec![#(::std::string::String::from(#key_names)),*],
            indexes: ::std::vec![#(#index_definitions),*],
        }
    };
    let key_checks = keys.iter().map(|key| {
        let key_type = key.field_type;
        let message = format!(
            "`{}` is a `#[key]` column and cannot be an Option: a primary key is never null",
            key.name
        );
        quote_spanned! {key_type.span()=>
            const _: () = ::core::assert!(!<#key_type as ::daybook_sdk::Column>::NULLABLE, #message);
        }
    });
    let definition = match &extends {
        None => definition,
        Some(extended) => quote! {
            ::daybook_sdk::__private::extended_table(
                <#extended as ::daybook_sdk::Table>::definition(),
                #definition,
            )
        },
    };
    Ok(quote! {
        #[automatically_derived]
        impl ::daybook_sdk::Table for #ident {
            const NAME: &'static str = #name;
            const PLUGIN: ::core::option::Option<&'static str> = #plugin_tokens;
            const REFERENCE: &'static str = #reference;
            const COLUMNS: &'static [&'static str] = &[#(#column_names),*];
            const KEY_COLUMNS: &'static [usize] = &[#(#key_positions),*];
            #whole_columns
            type Key = #key_type;

            fn into_row(self) -> ::std::vec::Vec<::daybook_sdk::Value> {
                ::std::vec![#(<#column_types as ::daybook_sdk::Column>::into_column(
                    self.#column_idents,
                    #reference,
                    #column_names,
                )),*]
            }

            fn from_row(
                row: ::std::vec::Vec<::daybook_sdk::Value>,
            ) -> ::core::result::Result<Self, ::daybook_sdk::Failure> {
                let mut values = row.into_iter();
                ::core::result::Result::Ok(Self {
                    #(#column_idents: ::daybook_sdk::__private::next_column::<#column_types>(
                        &mut values,
                        #reference,
                        #column_names,
                    )?),*
                })
            }

            fn definition() -> ::daybook_sdk::__private::manifest::Table {
                use ::daybook_sdk::__private::manifest;
                #definition
            }
        }

        #(#key_checks)*
        #(const _: () = <#column_types as ::daybook_sdk::Column>::CHECKED;)*

        #[allow(dead_code, reason = "an index may be for SQL alone")]
        impl #ident {
            #(#index_constants)*
        }

        #own
        #whole
        #checks
    })
}

fn named_fields(input: &DeriveInput) -> syn::Result<Vec<&Field>> {
    if !input.generics.params.is_empty() {
        let message = "a table's row has no type or lifetime parameters";
        return Err(syn::Error::new_spanned(&input.generics, message));
    }
    match &input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Named(_)) => {
            Ok(data.fields.iter().collect())
        }
        _ => {
            let message = "a table's row is a struct with named fields, one for each column";
            Err(syn::Error::new_spanned(&input.ident, message))
        }
    }
}

fn column(field: &Field) -> syn::Result<ColumnField<'_>> {
    let Some(ident) = &field.ident else {
        return Err(syn::Error::new_spanned(field, "a column has a name"));
    };
    let name = plain_name(ident);
    check_name("column", &name, ident.span())?;
    let mut default = None;
    let mut is_key = false;
    for attribute in &field.attrs {
        if attribute.path().is_ident("key") {
            attribute.meta.require_path_only()?;
            is_key = true;
        } else if attribute.path().is_ident("column") {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("default") {
                    default = Some(meta.value()?.parse::<Expr>()?);
                    Ok(())
                } else {
                    Err(meta.error("expected `default = 0`"))
                }
            })?;
        }
    }
    Ok(ColumnField {
        ident,
        name,
        field_type: &field.ty,
        default,
        is_key,
    })
}

fn default_tokens(column: &ColumnField<'_>) -> TokenStream {
    let field_type = column.field_type;
    match &column.default {
        None => quote!(::core::option::Option::None),
        Some(default) => quote_spanned! {default.span()=>
            ::core::option::Option::Some(
                <#field_type as ::daybook_sdk::ColumnDefault<_>>::default_value(#default),
            )
        },
    }
}

fn index_definition(index: &IndexAttribute) -> TokenStream {
    let name = plain_name(&index.name);
    let columns = index.columns.iter().map(plain_name);
    let is_unique = index.is_unique;
    quote! {
        manifest::Index {
            name: ::std::string::String::from(#name),
            columns: ::std::vec![#(::std::string::String::from(#columns)),*],
            unique: #is_unique,
        }
    }
}
