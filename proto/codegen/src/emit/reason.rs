//! `registry_proto::reason::REASONS`.

use proc_macro2::TokenStream;
use quote::quote;

use crate::naming::variant;
use crate::schema::Schema;

pub(crate) fn code(schema: &Schema) -> TokenStream {
    let reasons = schema.reasons.iter().map(|reason| {
        let (name, code, doc) = (&reason.name, &reason.code, &reason.doc);
        let value = variant(&reason.short_name);
        quote!(Reason { value: ErrorReason::#value, name: #name, code: #code, doc: #doc })
    });
    quote! {
        use super::Reason;
        use crate::v1::ErrorReason;

        /// Every reason that a status can carry, in the order of their numbers.
        pub static REASONS: &[Reason] = &[#(#reasons),*];
    }
}
