//! The attribute that makes an `impl` block a plugin.

mod arguments;
mod handlers;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Ident, ItemImpl, LitStr, Type};

use self::arguments::{Arguments, Partition, Place};
use self::handlers::{Handler, check_once, take_handlers};
use crate::attributes::{check_plugin_name, doc_comment, plain_name};

/// Whether the crate is built for itself, and not because another one depends on it. A version that takes types of the version
/// below has its crate as a dependency, and one component has the exports of one plugin. Cargo says which crates it was asked for.
pub fn is_asked_for() -> bool {
    let has = |variable| std::env::var_os(variable).is_some();
    has("CARGO_PRIMARY_PACKAGE") || !has("CARGO_PKG_NAME")
}

/// `is_component`: the crate's component is this plugin.
pub fn expand(arguments: TokenStream, item: TokenStream, is_component: bool) -> TokenStream {
    let mut block = match syn::parse2::<ItemImpl>(item.clone()) {
        Ok(block) => block,
        Err(_) => {
            let message = "`#[plugin]` belongs on an `impl` block: `#[plugin(version = \"2024-01-01\")] impl Bank { .. }`";
            let error = syn::Error::new(Span::call_site(), message).into_compile_error();
            return quote!(#error #item);
        }
    };
    let result = take_handlers(&mut block).and_then(|(materializers, creators)| {
        let arguments = syn::parse2::<Arguments>(arguments)?;
        implementation(&block, &arguments, &materializers, &creators, is_component)
    });
    let implementation = result.unwrap_or_else(syn::Error::into_compile_error);
    quote!(#block #implementation)
}

/// The error for a handler's attribute that no `#[plugin]` has taken off.
pub fn outside(attribute: &str, item: TokenStream) -> TokenStream {
    let message =
        format!("`#[{attribute}]` belongs on a function of an `impl` block with `#[plugin(..)]`");
    let error = syn::Error::new(Span::call_site(), message).into_compile_error();
    quote!(#error #item)
}

fn implementation(
    block: &ItemImpl,
    arguments: &Arguments,
    materializers: &[Handler],
    creators: &[Handler],
    is_component: bool,
) -> syn::Result<TokenStream> {
    let ident = plugin_ident(block)?;
    let Some(version) = &arguments.version else {
        let message = "a plugin's version is a date: `#[plugin(version = \"2024-01-01\")]`";
        return Err(syn::Error::new(Span::call_site(), message));
    };
    if materializers.is_empty() && creators.is_empty() {
        let message = "a plugin has a function with `#[materialize]` or `#[create]`";
        return Err(syn::Error::new_spanned(ident, message));
    }
    check_once(materializers)?;
    check_once(creators)?;
    let name = match &arguments.name {
        Some(name) => name.value(),
        None => ident.to_string().to_lowercase(),
    };
    check_plugin_name(
        &name,
        arguments.name.as_ref().map_or(ident.span(), LitStr::span),
    )?;
    let extends = match &arguments.extends {
        Some(extends) if extends.value() >= version.value() => {
            let message = "a version extends an earlier one";
            return Err(syn::Error::new(extends.span(), message));
        }
        Some(extends) => quote!(::core::option::Option::Some(#extends)),
        None => quote!(::core::option::Option::None),
    };
    let description = match &arguments.description {
        Some(description) => description.value(),
        None => doc_comment(&block.attrs),
    };
    let manifest = manifest(arguments, &description, materializers, creators);
    let materialize_arms = materializers
        .iter()
        .map(|handler| arm(handler, "is_event", "Event"));
    let create_arms = creators
        .iter()
        .map(|handler| arm(handler, "is_command", "Command"));
    let partitions = partitions(arguments)?;
    let exports =
        is_component.then(|| exports(ident, !materializers.is_empty(), !creators.is_empty()));
    Ok(quote! {
        #[automatically_derived]
        impl ::daybook_sdk::Plugin for #ident {
            const NAME: &'static str = #name;
            const VERSION: &'static str = #version;
            const EXTENDS: ::core::option::Option<&'static str> = #extends;

            #manifest

            #partitions

            fn materialize(
                message: ::daybook_sdk::__private::types::Event,
                cx: &::daybook_sdk::Materialization,
            ) -> ::daybook_sdk::Done {
                let full_type = message.event_type.as_str();
                #(#materialize_arms)*
                let _ = cx;
                ::core::result::Result::Err(::daybook_sdk::__private::unhandled::<Self>(full_type))
            }

            fn create(
                message: ::daybook_sdk::__private::types::Command,
                cx: &::daybook_sdk::Creation,
            ) -> ::daybook_sdk::Decision {
                let full_type = message.command_type.as_str();
                #(#create_arms)*
                let _ = cx;
                ::core::result::Result::Err(
                    ::daybook_sdk::__private::unhandled::<Self>(full_type).into(),
                )
            }
        }

        #exports
    })
}

fn plugin_ident(block: &ItemImpl) -> syn::Result<&Ident> {
    if let Some((_, path, _)) = &block.trait_ {
        let message = "`#[plugin]` belongs on an `impl` block of the type itself, not of a trait";
        return Err(syn::Error::new_spanned(path, message));
    }
    match block.self_ty.as_ref() {
        Type::Path(path) if block.generics.params.is_empty() => path.path.require_ident(),
        other => Err(syn::Error::new_spanned(
            other,
            "a plugin is a plain type: `pub struct Bank;`",
        )),
    }
}

fn manifest(
    arguments: &Arguments,
    description: &str,
    materializers: &[Handler],
    creators: &[Handler],
) -> TokenStream {
    let Arguments {
        changes,
        tables,
        reads,
        events,
        tasks,
        ..
    } = arguments;
    let materializes = materializers.iter().map(|handler| &handler.payload);
    let commands = creators.iter().map(|handler| &handler.payload);
    quote! {
        fn manifest() -> ::daybook_sdk::__private::manifest::Manifest {
            ::daybook_sdk::__private::ManifestBuilder::<Self>::new(#description, &[#(#changes),*])
                #(.table::<#tables>())*
                #(.reads::<#reads>())*
                #(.materializes::<#materializes>())*
                #(.event::<#events>())*
                #(.command::<#commands>())*
                #(.task::<#tasks>())*
                .build()
        }
    }
}

/// What is said of partitions, where anything is.
fn partitions(arguments: &Arguments) -> syn::Result<Option<TokenStream>> {
    let Arguments {
        event_partitions,
        table_partitions,
        ..
    } = arguments;
    if event_partitions.is_empty() && table_partitions.is_empty() {
        return Ok(None);
    }
    let events = event_partitions
        .iter()
        .map(|Partition { of, place }| match place {
            Place::Field(field) => {
                let name = plain_name(field);
                quote!(.field::<#of>(#name))
            }
            Place::Subject(prefix) => quote!(.subject::<#of>(#prefix)),
        });
    let tables = table_partitions
        .iter()
        .map(|Partition { of, place }| match place {
            Place::Field(column) => {
                let name = plain_name(column);
                Ok(quote!(.table::<#of>(#name)))
            }
            Place::Subject(prefix) => {
                let message = "a table's partition is in a column: `Account.id`";
                Err(syn::Error::new(prefix.span(), message))
            }
        })
        .collect::<syn::Result<Vec<_>>>()?;
    // A field that there is not is told of where it is written.
    let fields = { event_partitions.iter().chain(table_partitions) }.filter_map(
        |Partition { of, place }| match place {
            Place::Field(field) => Some(quote!(let _ = |it: &#of| { let _ = &it.#field; };)),
            Place::Subject(_) => None,
        },
    );
    Ok(Some(quote! {
        fn partitions() -> ::daybook_sdk::__private::partitions::Partitioning {
            #(#fields)*
            ::daybook_sdk::__private::PartitioningBuilder::<Self>::default()
                #(#events)*
                #(#tables)*
                .build()
        }
    }))
}

/// Hands a message of the handler's type to it.
fn arm(handler: &Handler, is_type: &str, message: &str) -> TokenStream {
    let Handler {
        ident,
        payload,
        returns,
        takes_cx,
    } = handler;
    let is_type = Ident::new(is_type, Span::call_site());
    let message = Ident::new(message, Span::call_site());
    let cx = takes_cx.then(|| quote!(, cx));
    let call = quote_spanned!(*returns=> return Self::#ident(&message #cx););
    quote! {
        if ::daybook_sdk::__private::#is_type::<Self, #payload>(full_type) {
            let message = ::daybook_sdk::#message::<#payload>::decode(message)?;
            #call
        }
    }
}

/// The component's exports: exactly the interfaces the plugin has.
fn exports(ident: &Ident, has_materializers: bool, has_creators: bool) -> TokenStream {
    let materializing = has_materializers.then(|| {
        quote! {
            ::daybook_sdk::wasm::bindings::materializing::export!(
                #ident with_types_in ::daybook_sdk::wasm::bindings::materializing
            );
        }
    });
    let creating = has_creators.then(|| {
        quote! {
            ::daybook_sdk::wasm::bindings::creating::export!(
                #ident with_types_in ::daybook_sdk::wasm::bindings::creating
            );
        }
    });
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            ::daybook_sdk::wasm::bindings::describing::export!(
                #ident with_types_in ::daybook_sdk::wasm::bindings::describing
            );
            #materializing
            #creating
        };
    }
}
