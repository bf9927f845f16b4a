//! The derives of payloads: events, commands, tasks and the types within them.
//!
//! JSON and its schema come from serde and schemars, through a copy of the type that they derive for (serde calls the
//! type itself remote then). So an author names neither crate.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Field, Fields, LitStr, Type};

use crate::attributes::{check_plugin_name, check_type_name, doc_comment, plain_name, snake_case};

pub fn derive_event(input: &DeriveInput) -> TokenStream {
    finish(event(input), input)
}

pub fn derive_command(input: &DeriveInput) -> TokenStream {
    finish(command(input), input)
}

pub fn derive_task(input: &DeriveInput) -> TokenStream {
    finish(task(input), input)
}

pub fn derive_payload(input: &DeriveInput) -> TokenStream {
    payload(input).unwrap_or_else(syn::Error::into_compile_error)
}

/// The trait's implementation with the payload's. After an error the JSON part stays, so that one mistake is reported
/// once and not again at each use of the type.
fn finish(implementation: syn::Result<TokenStream>, input: &DeriveInput) -> TokenStream {
    let json = derive_payload(input);
    let implementation = implementation.unwrap_or_else(syn::Error::into_compile_error);
    quote!(#json #implementation)
}

fn event(input: &DeriveInput) -> syn::Result<TokenStream> {
    let expected = "expected `name = \"Deposited\"` or `type = \"bank.Deposited\"`";
    let (plugin, name) = named_type(input, "event", expected, &mut |_| false)?;
    let ident = &input.ident;
    let description = doc_comment(&input.attrs);
    Ok(quote! {
        #[automatically_derived]
        impl ::daybook_sdk::EventPayload for #ident {
            const NAME: &'static str = #name;
            const PLUGIN: ::core::option::Option<&'static str> = #plugin;
            const DESCRIPTION: &'static str = #description;
        }
    })
}

/// The plugin (none: the one at hand) and the name of a type, as an attribute says them: `name = "Deposited"`, or
/// `type = "bank.Deposited"` for another plugin's. `takes` is asked about what else stands there.
fn named_type(
    input: &DeriveInput,
    attribute_name: &'static str,
    expected: &str,
    takes: &mut dyn FnMut(&syn::Path) -> bool,
) -> syn::Result<(TokenStream, String)> {
    let mut name = None;
    let mut full_type = None;
    for attribute in own_attributes(input, attribute_name) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                name = Some(meta.value()?.parse::<LitStr>()?);
                Ok(())
            } else if meta.path.is_ident("type") {
                full_type = Some(meta.value()?.parse::<LitStr>()?);
                Ok(())
            } else if takes(&meta.path) {
                Ok(())
            } else {
                Err(meta.error(expected))
            }
        })?;
    }
    Ok(match (full_type, name) {
        (Some(full_type), Some(_)) => {
            let message = "`type` holds the name already: leave `name` out";
            return Err(syn::Error::new(full_type.span(), message));
        }
        (Some(full_type), None) => {
            let text = full_type.value();
            let Some((plugin, name)) = text.split_once('.') else {
                let message = "expected a full type such as \"bank.Deposited\"";
                return Err(syn::Error::new(full_type.span(), message));
            };
            check_plugin_name(plugin, full_type.span())?;
            check_type_name(name, full_type.span())?;
            (
                quote!(::core::option::Option::Some(#plugin)),
                name.to_owned(),
            )
        }
        (None, name) => (
            quote!(::core::option::Option::None),
            type_name(name, input)?,
        ),
    })
}

fn command(input: &DeriveInput) -> syn::Result<TokenStream> {
    let expected = "expected `name = \"Deposit\"`, `type = \"bank.Deposit\"` or `open`";
    let mut open = false;
    let mut takes = |path: &syn::Path| {
        let is_open = path.is_ident("open");
        open |= is_open;
        is_open
    };
    let (plugin, name) = named_type(input, "command", expected, &mut takes)?;
    let ident = &input.ident;
    let description = doc_comment(&input.attrs);
    Ok(quote! {
        #[automatically_derived]
        impl ::daybook_sdk::CommandPayload for #ident {
            const NAME: &'static str = #name;
            const PLUGIN: ::core::option::Option<&'static str> = #plugin;
            const DESCRIPTION: &'static str = #description;
            const OPEN: bool = #open;
        }
    })
}

fn task(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut kind = None;
    for attribute in own_attributes(input, "task") {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("kind") {
                kind = Some(meta.value()?.parse::<LitStr>()?);
                Ok(())
            } else {
                Err(meta.error("expected `kind = \"mail\"`"))
            }
        })?;
    }
    let ident = &input.ident;
    let kind = kind.map_or_else(|| snake_case(&plain_name(ident)), |kind| kind.value());
    let description = doc_comment(&input.attrs);
    Ok(quote! {
        #[automatically_derived]
        impl ::daybook_sdk::TaskPayload for #ident {
            const KIND: &'static str = #kind;
            const DESCRIPTION: &'static str = #description;
        }
    })
}

fn type_name(name: Option<LitStr>, input: &DeriveInput) -> syn::Result<String> {
    let (name, span) = match name {
        Some(name) => (name.value(), name.span()),
        None => (plain_name(&input.ident), input.ident.span()),
    };
    check_type_name(&name, span)?;
    Ok(name)
}

fn own_attributes<'a>(
    input: &'a DeriveInput,
    name: &'static str,
) -> impl Iterator<Item = &'a Attribute> {
    input
        .attrs
        .iter()
        .filter(move |attribute| attribute.path().is_ident(name))
}

fn payload(input: &DeriveInput) -> syn::Result<TokenStream> {
    if !input.generics.params.is_empty() {
        let message = "a payload has no type or lifetime parameters: its JSON Schema is one text";
        return Err(syn::Error::new_spanned(&input.generics, message));
    }
    match &input.data {
        Data::Struct(data) if matches!(data.fields, Fields::Unit) => {
            let message = format!(
                "a payload is a JSON object: write `struct {} {{}}`",
                input.ident
            );
            return Err(syn::Error::new_spanned(&input.ident, message));
        }
        Data::Union(_) => {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "a union has no JSON form",
            ));
        }
        Data::Struct(_) | Data::Enum(_) => {}
    }
    let ident = &input.ident;
    let name = plain_name(ident);
    let remote = ident.to_string();
    let shadow_ident = format_ident!("{ident}Json");
    let mut shadow = input.clone();
    shadow.ident = shadow_ident.clone();
    shadow.vis = syn::Visibility::Inherited;
    keep_json_attributes(&mut shadow);
    let field_checks = plain_field_types(&input.data)
        .into_iter()
        .map(|field_type| quote_spanned!(field_type.span()=> check::<#field_type>();));
    Ok(quote! {
        #[doc(hidden)]
        const _: () = {
            use ::daybook_sdk::__private::{schemars, serde};

            // Comes first, so that a field's type without `#[derive(Payload)]` is told of that.
            const _: fn() = || {
                fn check<T: ::daybook_sdk::Payload>() {}
                #(#field_checks)*
            };

            #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
            #[serde(crate = "::daybook_sdk::__private::serde", remote = #remote)]
            #[schemars(crate = "::daybook_sdk::__private::schemars")]
            #[allow(dead_code, reason = "only its implementations are used")]
            #shadow

            #[automatically_derived]
            impl serde::Serialize for #ident {
                fn serialize<S: serde::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    #shadow_ident::serialize(self, serializer)
                }
            }

            #[automatically_derived]
            impl<'de> serde::Deserialize<'de> for #ident {
                fn deserialize<D: serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    #shadow_ident::deserialize(deserializer)
                }
            }

            #[automatically_derived]
            impl schemars::JsonSchema for #ident {
                fn inline_schema() -> bool {
                    <#shadow_ident as schemars::JsonSchema>::inline_schema()
                }

                fn schema_name() -> ::std::borrow::Cow<'static, str> {
                    ::std::borrow::Cow::Borrowed(#name)
                }

                fn schema_id() -> ::std::borrow::Cow<'static, str> {
                    ::std::borrow::Cow::Borrowed(::core::concat!(::core::module_path!(), "::", #name))
                }

                fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                    <#shadow_ident as schemars::JsonSchema>::json_schema(generator)
                }
            }
        };
    })
}

/// Types of the fields that have no attributes of serde's, which may take a field out or write it in another way.
fn plain_field_types(data: &Data) -> Vec<&Type> {
    let fields: Vec<&Field> = match data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data
            .variants
            .iter()
            .flat_map(|variant| &variant.fields)
            .collect(),
        Data::Union(_) => Vec::new(),
    };
    let is_plain = |field: &&Field| {
        let mut names = field.attrs.iter().map(Attribute::path);
        !names.any(|path| path.is_ident("serde") || path.is_ident("schemars"))
    };
    fields
        .into_iter()
        .filter(is_plain)
        .map(|field| &field.ty)
        .collect()
}

/// Leaves the attributes that shape JSON and its schema: serde's, schemars' and doc comments.
fn keep_json_attributes(input: &mut DeriveInput) {
    let keep = |attributes: &mut Vec<Attribute>| {
        attributes.retain(|attribute| {
            let path = attribute.path();
            ["doc", "serde", "schemars", "cfg"]
                .iter()
                .any(|name| path.is_ident(name))
        });
    };
    keep(&mut input.attrs);
    match &mut input.data {
        Data::Struct(data) => data
            .fields
            .iter_mut()
            .for_each(|field| keep(&mut field.attrs)),
        Data::Enum(data) => {
            for variant in &mut data.variants {
                keep(&mut variant.attrs);
                variant
                    .fields
                    .iter_mut()
                    .for_each(|field| keep(&mut field.attrs));
            }
        }
        Data::Union(_) => {}
    }
}
