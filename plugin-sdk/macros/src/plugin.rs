//! The attribute that makes an `impl` block a plugin.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    FnArg, GenericArgument, Ident, ImplItem, ImplItemFn, ItemImpl, LitStr, Path, PathArguments,
    Token, Type, bracketed,
};

use crate::attributes::{check_plugin_name, check_version, doc_comment};

const OPTIONS: &str = "expected one of `version`, `name`, `extends`, `description`, `changes`, `tables`, `reads`, \
                       `events`, `tasks`";

#[derive(Default)]
struct Arguments {
    version: Option<LitStr>,
    name: Option<LitStr>,
    extends: Option<LitStr>,
    description: Option<LitStr>,
    changes: Vec<LitStr>,
    tables: Vec<Path>,
    reads: Vec<Path>,
    events: Vec<Path>,
    tasks: Vec<Path>,
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

/// A function with `#[materialize]` or `#[create]`.
struct Handler {
    ident: Ident,
    payload: Type,
    takes_cx: bool,
}

pub fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
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
        implementation(&block, &arguments, &materializers, &creators)
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

/// Takes the handlers' attributes off and returns the materializers and the creators.
fn take_handlers(block: &mut ItemImpl) -> syn::Result<(Vec<Handler>, Vec<Handler>)> {
    let mut materializers = Vec::new();
    let mut creators = Vec::new();
    let mut errors: Option<syn::Error> = None;
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        let is_materializer = take_attribute(function, "materialize");
        let is_creator = take_attribute(function, "create");
        let handler = match (is_materializer, is_creator) {
            (false, false) => continue,
            (true, true) => Err(syn::Error::new_spanned(
                &function.sig.ident,
                "a function handles an event or a command, not both",
            )),
            (true, false) => handler(function, "Event").map(|handler| materializers.push(handler)),
            (false, true) => handler(function, "Command").map(|handler| creators.push(handler)),
        };
        if let Err(error) = handler {
            match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            }
        }
    }
    errors.map_or(Ok((materializers, creators)), Err)
}

fn take_attribute(function: &mut ImplItemFn, name: &str) -> bool {
    let before = function.attrs.len();
    function.attrs.retain(|attribute| {
        attribute
            .path()
            .segments
            .last()
            .is_none_or(|segment| segment.ident != name)
    });
    function.attrs.len() < before
}

fn handler(function: &ImplItemFn, message: &str) -> syn::Result<Handler> {
    let signature = &function.sig;
    if let Some(receiver) = signature.receiver() {
        let message = "a handler has no `self`: what a plugin remembers is in its tables";
        return Err(syn::Error::new_spanned(receiver, message));
    }
    if let Some(token) = &signature.asyncness {
        return Err(syn::Error::new_spanned(
            token,
            "a handler is not async: it computes, and waits for nothing",
        ));
    }
    let expected = match message {
        "Event" => "expected `(event: &Event<Deposited>, cx: &Materialization) -> Done`",
        _ => "expected `(command: &Command<Deposit>, cx: &Creation) -> Decision`",
    };
    if !(1..=2).contains(&signature.inputs.len()) {
        return Err(syn::Error::new_spanned(&signature.ident, expected));
    }
    let payload = match &signature.inputs[0] {
        FnArg::Typed(argument) => payload_type(&argument.ty, message),
        FnArg::Receiver(_) => None,
    };
    let Some(payload) = payload else {
        return Err(syn::Error::new_spanned(&signature.inputs[0], expected));
    };
    let (ident, payload) = (signature.ident.clone(), payload.clone());
    Ok(Handler {
        ident,
        payload,
        takes_cx: signature.inputs.len() == 2,
    })
}

/// `T` of `&Event<T>`
fn payload_type<'a>(argument: &'a Type, message: &str) -> Option<&'a Type> {
    let Type::Reference(reference) = argument else {
        return None;
    };
    let Type::Path(path) = reference.elem.as_ref() else {
        return None;
    };
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match (segment.ident == message, arguments.args.first()?) {
        (true, GenericArgument::Type(payload)) => Some(payload),
        _ => None,
    }
}

fn implementation(
    block: &ItemImpl,
    arguments: &Arguments,
    materializers: &[Handler],
    creators: &[Handler],
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
    let exports = exports(ident, !materializers.is_empty(), !creators.is_empty());
    Ok(quote! {
        #[automatically_derived]
        impl ::daybook_sdk::Plugin for #ident {
            const NAME: &'static str = #name;
            const VERSION: &'static str = #version;
            const EXTENDS: ::core::option::Option<&'static str> = #extends;

            #manifest

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

fn check_once(handlers: &[Handler]) -> syn::Result<()> {
    let written = |handler: &Handler| handler.payload.to_token_stream().to_string();
    for (position, handler) in handlers.iter().enumerate() {
        let same = |other: &&Handler| written(other) == written(handler);
        if let Some(first) = handlers[..position].iter().find(same) {
            let message = format!("`{}` handles this type already", first.ident);
            return Err(syn::Error::new(handler.payload.span(), message));
        }
    }
    Ok(())
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

/// Hands a message of the handler's type to it.
fn arm(handler: &Handler, is_type: &str, message: &str) -> TokenStream {
    let Handler {
        ident,
        payload,
        takes_cx,
    } = handler;
    let is_type = Ident::new(is_type, Span::call_site());
    let message = Ident::new(message, Span::call_site());
    let cx = takes_cx.then(|| quote!(, cx));
    quote! {
        if ::daybook_sdk::__private::#is_type::<Self, #payload>(full_type) {
            let message = ::daybook_sdk::#message::<#payload>::decode(message)?;
            return Self::#ident(&message #cx);
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
