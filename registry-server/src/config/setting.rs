//! A setting, as the definition of its flag says it: every other form of it is derived here.
//!
//! May not: know which settings there are.

use super::{Config, DatabaseUrl, StorageFlag};
use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory};
use std::error::Error;
use std::ffi::OsString;

/// What is not a setting, because it says where the settings are.
pub(super) const FILE: &str = "config";

/// How alike two names must be for one to be meant by the other.
const ALIKE: f64 = 0.85;

/// What a value of the file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A boolean.
    Switch,
    /// An integer.
    Number,
    /// An integer of bytes, or a string such as `50GiB`.
    Size,
    /// A string.
    Text,
    /// An array of strings.
    List,
}

impl Kind {
    /// As a sentence about the file says it.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Switch => "true or false",
            Self::Number => "an integer in decimal digits",
            Self::Size => "an integer in decimal digits, or a string such as \"50GiB\"",
            Self::Text => "a string",
            Self::List => "an array of strings",
        }
    }
}

/// A setting.
#[derive(Debug, Clone)]
pub struct Setting(Arg);

/// All settings of the server, in the order of `--help`.
#[must_use]
pub fn all() -> Vec<Setting> {
    let command = Config::command();
    command.get_arguments().filter(|arg| arg.get_env().is_some() && arg.get_id() != FILE).cloned().map(Setting).collect()
}

impl Setting {
    /// Its name in the file.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.get_id().as_str()
    }

    /// Its flag, without the dashes in front.
    #[must_use]
    pub fn flag(&self) -> &str {
        self.0.get_long().unwrap_or_default()
    }

    /// Its variable.
    #[must_use]
    pub fn variable(&self) -> &str {
        self.0.get_env().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// What it is about.
    #[must_use]
    pub fn area(&self) -> &str {
        self.0.get_help_heading().unwrap_or("Options")
    }

    /// What its value is, in a word or two.
    #[must_use]
    pub fn value_name(&self) -> &str {
        self.0.get_value_names().and_then(<[_]>::first).map_or("", |name| name.as_str())
    }

    /// Its help, as a paragraph.
    #[must_use]
    pub fn help(&self) -> String {
        self.0.get_help().map(ToString::to_string).unwrap_or_default()
    }

    /// What its help says besides: the paragraphs after the first.
    #[must_use]
    pub fn details(&self) -> String {
        let long = self.0.get_long_help().map(ToString::to_string).unwrap_or_default();
        long.split_once("\n\n").map(|(_, rest)| rest.to_owned()).unwrap_or_default()
    }

    /// The words that it may be, if it is one of a few.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let is_words = matches!(self.kind(), Kind::Text);
        self.0.get_possible_values().iter().filter(|_| is_words).map(|value| value.get_name().to_owned()).collect()
    }

    /// What it is if nobody says, where that is a value and not a rule.
    #[must_use]
    pub fn default(&self) -> Option<String> {
        match self.kind() {
            Kind::Switch => Some("false".to_owned()),
            Kind::Number | Kind::Size | Kind::Text | Kind::List => {
                self.0.get_default_values().first().map(|value| value.to_string_lossy().into_owned())
            }
        }
    }

    /// What a value of the file may be.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match (self.0.get_action(), self.value_name()) {
            (ArgAction::SetTrue, _) => Kind::Switch,
            (ArgAction::Append, _) => Kind::List,
            (_, "COUNT" | "BYTES" | "SECONDS") => Kind::Number,
            (_, "SIZE") => Kind::Size,
            (_, _) => Kind::Text,
        }
    }

    /// Whether there can be a secret in it.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.0.is_hide_env_values_set()
    }

    /// Values as they can be shown.
    #[must_use]
    pub fn shown(&self, values: &[OsString]) -> Vec<String> {
        let plain = |value: &OsString| value.to_string_lossy().into_owned();
        let redacted = |value: &OsString| self.redacted(&plain(value)).unwrap_or_else(|| "(set)".to_owned());
        if self.is_secret() { values.iter().map(redacted).collect() } else { values.iter().map(plain).collect() }
    }

    /// What may be told of a value that can hold a secret, if anything.
    fn redacted(&self, value: &str) -> Option<String> {
        match self.key() {
            "database_url" => DatabaseUrl::from(value).shown(),
            "storage_url" => StorageFlag::from(value).shown(),
            _ => None,
        }
    }

    /// Why a value cannot be used, in the words of the flag's rule.
    pub(super) fn refuses(&self, value: OsString) -> Option<String> {
        let arg = self.0.clone().env(Resettable::Reset).default_values(Vec::<&str>::new()).action(ArgAction::Set).num_args(1);
        let mut given = OsString::from(format!("--{}=", self.flag()));
        given.push(value);
        let error = Command::new("").no_binary_name(true).arg(arg).try_get_matches_from([given]).err()?;
        let words = self.words();
        Some(match error.source().map(ToString::to_string) {
            Some(rule) => rule,
            None if words.is_empty() => format!("expected {}", self.value_name()),
            None => format!("expected one of {}", words.join(", ")),
        })
    }
}

/// Whether an error is about a value and not about which arguments there are.
pub(super) fn is_of_value(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::InvalidUtf8)
}

/// The name that was probably meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = known.map(|known| (strsim::jaro_winkler(name, known), known)).filter(|(likeness, _)| *likeness >= ALIKE);
    likeness.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, known)| known)
}
