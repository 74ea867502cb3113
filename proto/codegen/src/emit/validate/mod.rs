//! `registry_proto::validate`: an `impl Validate` for every message that a request can hold.

mod leaf;
mod patterns;
mod shape;

use proc_macro2::TokenStream;
use quote::quote;

use self::patterns::Patterns;
use super::mask::{field_enum, mask_type};
use crate::error::Error;
use crate::naming;
use crate::schema::{Field, Message, Schema, Shape};

pub(super) use shape::is_set;

pub(crate) fn code(schema: &Schema) -> Result<TokenStream, Error> {
    let masked: Vec<&str> = schema.masked()?.iter().map(|message| message.full_name.as_str()).collect();
    let mut patterns = Patterns::default();
    let mut impls = Vec::new();
    for message in schema.inputs() {
        check_recursion(schema, message)?;
        impls.push(if masked.contains(&message.full_name.as_str()) {
            masked_impl(schema, message, &mut patterns)?
        } else {
            plain_impl(schema, message, &mut patterns)?
        });
    }
    let patterns = patterns.code();
    Ok(quote! {
        use crate::mask::*;
        use crate::v1;
        use crate::validate::{Collector, Conditions, Pattern, Validate, number, text, time};
        #patterns
        #(#impls)*
    })
}

/// A message that holds itself is a filter, whose depth is limited. A longer circle would have no limit.
fn check_recursion(schema: &Schema, message: &Message) -> Result<(), Error> {
    if message.is_recursive() && !message.name().ends_with("Filter") {
        return Err(Error::at(&message.full_name, "holds itself, and only a …Filter can: its depth is limited"));
    }
    let mut reached: Vec<&str> = Vec::new();
    let mut next: Vec<&Message> = vec![message];
    while let Some(current) = next.pop() {
        for name in current.inputs().filter_map(|field| field.kind.message()) {
            if name == message.full_name && current.full_name != message.full_name {
                return Err(Error::at(&message.full_name, format_args!("holds itself by way of {}", current.full_name)));
            }
            if !reached.contains(&name) {
                reached.push(name);
                next.extend(schema.message(name));
            }
        }
    }
    Ok(())
}

fn plain_impl(schema: &Schema, message: &Message, patterns: &mut Patterns) -> Result<TokenStream, Error> {
    let owner = quote!(self);
    let mut checks = Vec::new();
    for field in message.inputs() {
        checks.extend(statement(schema, message, field, &owner, patterns)?);
    }
    let path = naming::path(&message.full_name);
    let at = if checks.is_empty() { quote!(_) } else { quote!(at) };
    let checks = quote!(#(#checks)*);
    if !message.is_recursive() {
        return Ok(quote! {
            impl Validate for #path {
                fn validate(&self, #at: &mut Collector) {
                    #checks
                }
            }
        });
    }
    let conditions = message.inputs().map(|field| conditions(message, field));
    Ok(quote! {
        impl Validate for #path {
            fn validate(&self, at: &mut Collector) {
                at.filter(self, |at| { #checks });
            }
        }

        impl Conditions for #path {
            fn conditions(&self) -> usize {
                #(#conditions)+*
            }
        }
    })
}

/// A resource, of which an update checks what it writes.
fn masked_impl(schema: &Schema, message: &Message, patterns: &mut Patterns) -> Result<TokenStream, Error> {
    let owner = quote!(message);
    let mut checks = Vec::new();
    for field in message.inputs() {
        let Some(statement) = statement(schema, message, field, &owner, patterns)? else { continue };
        checks.push(match when(message, field, &owner) {
            Some(condition) => quote!(if #condition { #statement }),
            None => statement,
        });
    }
    let (path, mask, function) = (naming::path(&message.full_name), mask_type(message), masked_fn(message));
    Ok(quote! {
        impl Validate for #path {
            fn validate(&self, at: &mut Collector) {
                #function(self, None, at);
            }
        }

        /// With a mask: the fields that it names, and what else is set and cannot be changed.
        fn #function(message: &#path, mask: Option<#mask>, at: &mut Collector) {
            #(#checks)*
        }
    })
}

fn masked_fn(message: &Message) -> proc_macro2::Ident {
    naming::field(message.name())
}

/// When a field of a resource is checked; `None` means always.
fn when(message: &Message, field: &Field, owner: &TokenStream) -> Option<TokenStream> {
    if field.is_precondition() {
        return None;
    }
    if field.behavior.immutable {
        let set = is_set(field, owner);
        return Some(quote!(mask.is_none() || #set));
    }
    let (enumeration, variant) = (field_enum(message), naming::variant(&field.name));
    Some(quote!(mask.is_none_or(|mask| mask.contains(#enumeration::#variant))))
}

fn statement(
    schema: &Schema,
    message: &Message,
    field: &Field,
    owner: &TokenStream,
    patterns: &mut Patterns,
) -> Result<Option<TokenStream>, Error> {
    if message.masked_resource()?.is_some_and(|resource| resource.name == field.name) {
        return Ok(Some(masked_field(message, field)));
    }
    if field.partial {
        return partial_field(schema, field).map(Some);
    }
    if field.shape == Shape::OneofMember {
        return shape::oneof(message, field, owner, patterns);
    }
    let body = shape::body(field, owner, patterns)?;
    let name = &field.name;
    Ok(body.map(|body| quote!(at.field(#name, |at| #body);)))
}

/// The resource in the request of an Update.
fn masked_field(request: &Message, field: &Field) -> TokenStream {
    let update_mask = request.fields.iter().find(|field| field.kind.message() == Some(crate::schema::FIELD_MASK));
    let update_mask = update_mask.map(|field| naming::field(&field.name));
    checked_as_masked(field, &quote!(self.#update_mask.as_ref()))
}

/// A resource that need not be whole: the fields that are set are checked.
fn partial_field(schema: &Schema, field: &Field) -> Result<TokenStream, Error> {
    let named = field.kind.message();
    if !schema.masked()?.iter().any(|resource| Some(resource.full_name.as_str()) == named) {
        return Err(Error::at(&field.full_name, "is `partial`, and only a resource with an Update method can be"));
    }
    Ok(checked_as_masked(field, &quote!(None)))
}

fn checked_as_masked(field: &Field, update_mask: &TokenStream) -> TokenStream {
    let resource =
        Message { full_name: field.kind.message().unwrap_or_default().to_owned(), fields: Vec::new(), oneofs: Vec::new() };
    let (function, mask) = (masked_fn(&resource), mask_type(&resource));
    let (name, ident) = (&field.name, naming::field(&field.name));
    let missing = if field.behavior.required { quote!(at.missing()) } else { quote!({}) };
    quote! {
        at.field(#name, |at| match &self.#ident {
            Some(value) => #function(value, Some(#mask::named(#update_mask, value)), at),
            None => #missing,
        });
    }
}

/// How many conditions a field of a filter stands for. A filter within it counts as one even if it is empty.
fn conditions(message: &Message, field: &Field) -> TokenStream {
    let ident = naming::field(&field.name);
    match (field.kind.message(), field.shape) {
        (Some(name), Shape::Repeated) if name == message.full_name => {
            quote!(self.#ident.iter().map(|filter| filter.conditions().max(1)).sum::<usize>())
        }
        (Some(_), Shape::Repeated) => quote!(self.#ident.len()),
        _ => {
            let set = is_set(field, &quote!(self));
            quote!(usize::from(#set))
        }
    }
}
