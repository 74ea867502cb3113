//! The regular expressions, each once.

use heck::ToShoutySnakeCase;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::PACKAGE;

#[derive(Default)]
pub(super) struct Patterns(Vec<(String, Ident)>);

impl Patterns {
    /// The static that holds the pattern. It is named after the first field with that pattern.
    pub(super) fn get(&mut self, pattern: &str, field: &str) -> Ident {
        if let Some((_, name)) = self.0.iter().find(|(known, _)| known == pattern) {
            return name.clone();
        }
        let local = field.strip_prefix(PACKAGE).unwrap_or(field).replace('.', "_");
        let name = Ident::new(&local.to_shouty_snake_case(), Span::call_site());
        self.0.push((pattern.to_owned(), name.clone()));
        name
    }

    pub(super) fn code(&self) -> TokenStream {
        let statics = self.0.iter().map(|(pattern, name)| quote!(static #name: Pattern = Pattern::new(#pattern);));
        quote!(#(#statics)*)
    }
}
