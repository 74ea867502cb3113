//! What prost calls things in Rust.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::PACKAGE;

/// A field or a module: `type` becomes `r#type`.
pub(crate) fn field(name: &str) -> Ident {
    let name = name.to_snake_case();
    syn::parse_str(&name).unwrap_or_else(|_| Ident::new_raw(&name, Span::call_site()))
}

/// A type, a variant of a oneof, a method or a field in an enum of ours.
pub(crate) fn variant(name: &str) -> Ident {
    Ident::new(&name.to_upper_camel_case(), Span::call_site())
}

/// A message or an enum by its full name: "modelregistry.v1.ReleaseRef.Name" is `v1::release_ref::Name`.
pub(crate) fn path(full_name: &str) -> TokenStream {
    let local = full_name.strip_prefix(PACKAGE).unwrap_or(full_name).trim_start_matches('.');
    let (outer, name) = local.rsplit_once('.').map_or((None, local), |(outer, name)| (Some(outer), name));
    let modules = outer.into_iter().flat_map(|outer| outer.split('.')).map(field);
    let name = variant(name);
    quote!(v1::#(#modules::)*#name)
}

/// The enum that holds a oneof of a message.
pub(crate) fn oneof(message: &str, oneof: &str) -> TokenStream {
    path(&format!("{message}.{oneof}"))
}
