//! The derive of column types: newtypes, and enums without fields.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, Ident, LitStr, Type, Variant};

use crate::attributes::plain_name;

pub fn derive(input: &DeriveInput) -> TokenStream {
    expand(input).unwrap_or_else(syn::Error::into_compile_error)
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                Ok(newtype(ident, &fields.unnamed[0].ty))
            }
            _ => Err(unfit(ident)),
        },
        Data::Enum(data) => text_enum(input, data),
        Data::Union(_) => Err(unfit(ident)),
    }
}

fn unfit(ident: &Ident) -> syn::Error {
    let message = "one column holds a newtype (`struct AccountId(i64);`) or an enum without fields; for more, keep \
                   a payload as `Json<..>`";
    syn::Error::new_spanned(ident, message)
}

/// A value of the type itself is a default of a column.
fn own_default(ident: &Ident) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::daybook_sdk::ColumnDefault<#ident> for #ident {
            fn default_value(default: #ident) -> ::daybook_sdk::Value {
                ::daybook_sdk::Column::into_value(default)
            }
        }
    }
}

fn newtype(ident: &Ident, inner: &Type) -> TokenStream {
    let own_default = own_default(ident);
    quote! {
        #[automatically_derived]
        impl ::daybook_sdk::Column for #ident {
            const KIND: ::daybook_sdk::ColumnKind = <#inner as ::daybook_sdk::Column>::KIND;
            const NULLABLE: bool = <#inner as ::daybook_sdk::Column>::NULLABLE;
            const CHECKED: () = <#inner as ::daybook_sdk::Column>::CHECKED;

            fn format() -> ::core::option::Option<::std::string::String> {
                <#inner as ::daybook_sdk::Column>::format()
            }

            fn into_value(self) -> ::daybook_sdk::Value {
                ::daybook_sdk::Column::into_value(self.0)
            }

            fn into_column(self, table: &str, column: &str) -> ::daybook_sdk::Value {
                ::daybook_sdk::Column::into_column(self.0, table, column)
            }

            fn to_value(&self) -> ::daybook_sdk::Value {
                ::daybook_sdk::Column::to_value(&self.0)
            }

            fn from_value(
                value: ::daybook_sdk::Value,
            ) -> ::core::result::Result<Self, ::daybook_sdk::ColumnError> {
                <#inner as ::daybook_sdk::Column>::from_value(value).map(Self)
            }
        }

        #own_default

        #[automatically_derived]
        impl<Given> ::daybook_sdk::ColumnDefault<Given> for #ident
        where
            #inner: ::daybook_sdk::ColumnDefault<Given>,
        {
            fn default_value(default: Given) -> ::daybook_sdk::Value {
                <#inner as ::daybook_sdk::ColumnDefault<Given>>::default_value(default)
            }
        }
    }
}

fn text_enum(input: &DeriveInput, data: &DataEnum) -> syn::Result<TokenStream> {
    let ident = &input.ident;
    let rename_all = serde_text(&input.attrs, "rename_all")?;
    let mut texts = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(unfit(ident));
        }
        texts.push(variant_text(variant, rename_all.as_ref())?);
    }
    let variants = data
        .variants
        .iter()
        .map(|variant| &variant.ident)
        .collect::<Vec<_>>();
    let expected = format!("one of {}", texts.join(", "));
    let own_default = own_default(ident);
    Ok(quote! {
        #own_default

        #[automatically_derived]
        impl ::daybook_sdk::Column for #ident {
            const KIND: ::daybook_sdk::ColumnKind = ::daybook_sdk::ColumnKind::Text;

            fn into_value(self) -> ::daybook_sdk::Value {
                ::daybook_sdk::Column::to_value(&self)
            }

            fn to_value(&self) -> ::daybook_sdk::Value {
                ::daybook_sdk::Value::Text(::std::string::String::from(match self {
                    #(Self::#variants => #texts,)*
                }))
            }

            fn from_value(
                value: ::daybook_sdk::Value,
            ) -> ::core::result::Result<Self, ::daybook_sdk::ColumnError> {
                if let ::daybook_sdk::Value::Text(text) = &value {
                    match text.as_str() {
                        #(#texts => return ::core::result::Result::Ok(Self::#variants),)*
                        _ => {}
                    }
                }
                ::core::result::Result::Err(::daybook_sdk::__private::unexpected(#expected, &value))
            }
        }
    })
}

/// The text of a variant: the one it has in JSON, so that column and payload agree.
fn variant_text(variant: &Variant, rename_all: Option<&LitStr>) -> syn::Result<String> {
    if let Some(text) = serde_text(&variant.attrs, "rename")? {
        return Ok(text.value());
    }
    let name = plain_name(&variant.ident);
    let Some(style) = rename_all else {
        return Ok(name);
    };
    Ok(match style.value().as_str() {
        "lowercase" => name.to_lowercase(),
        "UPPERCASE" => name.to_uppercase(),
        "snake_case" => words(&name),
        "kebab-case" => words(&name).replace('_', "-"),
        "SCREAMING_SNAKE_CASE" => words(&name).to_uppercase(),
        "SCREAMING-KEBAB-CASE" => words(&name).to_uppercase().replace('_', "-"),
        "camelCase" => name[..1].to_lowercase() + &name[1..],
        "PascalCase" => name,
        _ => return Err(syn::Error::new(style.span(), "serde knows no such style")),
    })
}

/// serde begins a word at every capital letter.
fn words(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// The value of one of serde's attributes, such as `#[serde(rename_all = "kebab-case")]`.
fn serde_text(attributes: &[Attribute], name: &str) -> syn::Result<Option<LitStr>> {
    let mut text = None;
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident(name) {
                text = Some(meta.value()?.parse()?);
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            } else if meta.input.peek(syn::token::Paren) {
                meta.parse_nested_meta(|_| Ok(()))?;
            }
            Ok(())
        })?;
    }
    Ok(text)
}
