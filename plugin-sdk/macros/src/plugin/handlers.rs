//! The handlers of a plugin's `impl` block: the functions with `#[materialize]` or `#[create]`.

use proc_macro2::Span;
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{
    FnArg, GenericArgument, Ident, ImplItem, ImplItemFn, ItemImpl, PathArguments, ReturnType, Type,
};

/// A function with `#[materialize]` or `#[create]`.
pub struct Handler {
    pub ident: Ident,
    pub payload: Type,
    /// What it returns, which is where another type is told of.
    pub returns: Span,
    pub takes_cx: bool,
}

/// Takes the handlers' attributes off and returns the materializers and the creators.
pub fn take_handlers(block: &mut ItemImpl) -> syn::Result<(Vec<Handler>, Vec<Handler>)> {
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
    let ReturnType::Type(_, returned) = &signature.output else {
        return Err(syn::Error::new_spanned(&signature.ident, expected));
    };
    let (ident, payload) = (signature.ident.clone(), payload.clone());
    Ok(Handler {
        ident,
        payload,
        returns: returned.span(),
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

/// Checks that no type has two handlers.
pub fn check_once(handlers: &[Handler]) -> syn::Result<()> {
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
