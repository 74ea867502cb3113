//! Which contract this is, and of which sources. May not: find out anything; a build knows what it was told, so that equal sources make
//! equal programs.

/// The package of the contract. Another one is another contract.
pub const PACKAGE: &str = "modelregistry.v1";

/// The version of the contract: the first number is that of the package, the second one grows with what is added to it. The tag
/// `contract-v…` of a released one bears the same number.
pub const CONTRACT: &str = "1.0";

/// The commit that this was built from, if the build was told (`REGISTRY_COMMIT`).
pub const COMMIT: Option<&str> = option_env!("REGISTRY_COMMIT");

/// What a program of this version says when it is asked who it is.
#[must_use]
pub fn told(version: &str) -> String {
    format!("{version}\ncontract: {PACKAGE} {CONTRACT}\ncommit: {}", COMMIT.unwrap_or("unknown"))
}
