//! `registry_proto::method::Method`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::naming::variant;
use crate::schema::{Idempotency, Method, Schema};

pub(crate) fn code(schema: &Schema) -> TokenStream {
    let methods = &schema.methods;
    let names: Vec<Ident> = methods.iter().map(|method| variant(&method.name)).collect();
    let docs = methods.iter().map(|method| format!(" `{}`", method.full_name()));
    let paths: Vec<String> = methods.iter().map(|method| format!("/{}/{}", method.service, method.name)).collect();
    let services = methods.iter().map(|method| &method.service);
    let plain = methods.iter().map(|method| &method.name);
    let policies = methods.iter().map(policy);
    let levels = methods.iter().map(idempotency);
    let streaming = methods.iter().map(|method| method.streaming);
    let takes_stream = methods.iter().map(|method| method.takes_stream);
    quote! {
        use super::{Idempotency, Policy};
        use crate::v1::Role;

        /// Every method of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Method {
            #(#[doc = #docs] #names,)*
        }

        impl Method {
            /// All of them, in the order of the files.
            pub const ALL: &'static [Self] = &[#(Self::#names),*];

            /// The method with this path, as it stands in an HTTP/2 request: "/package.Service/Method".
            #[must_use]
            pub fn from_path(path: &str) -> Option<Self> {
                match path {
                    #(#paths => Some(Self::#names),)*
                    _ => None,
                }
            }

            /// The path: "/package.Service/Method".
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self { #(Self::#names => #paths,)* }
            }

            /// The full name of the service: "package.Service".
            #[must_use]
            pub const fn service(self) -> &'static str {
                match self { #(Self::#names => #services,)* }
            }

            /// The name of the method within its service.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { #(Self::#names => #plain,)* }
            }

            /// Who may call it, and whether that is audited.
            #[must_use]
            pub const fn policy(self) -> Policy {
                match self { #(Self::#names => #policies,)* }
            }

            /// Whether it can be repeated.
            #[must_use]
            pub const fn idempotency(self) -> Idempotency {
                match self { #(Self::#names => #levels,)* }
            }

            /// Whether the answer is a stream of messages, rather than one.
            #[must_use]
            pub const fn is_streaming(self) -> bool {
                match self { #(Self::#names => #streaming,)* }
            }

            /// Whether the call is made with a stream of messages, rather than one.
            #[must_use]
            pub const fn takes_stream(self) -> bool {
                match self { #(Self::#names => #takes_stream,)* }
            }
        }
    }
}

fn policy(method: &Method) -> TokenStream {
    let Method { public, audited, .. } = method;
    let role = variant(&method.min_role);
    quote!(Policy { min_role: Role::#role, public: #public, audited: #audited })
}

fn idempotency(method: &Method) -> TokenStream {
    match method.idempotency {
        Idempotency::NoSideEffects => quote!(Idempotency::NoSideEffects),
        Idempotency::Idempotent => quote!(Idempotency::Idempotent),
        Idempotency::Unknown => quote!(Idempotency::Unknown),
    }
}
