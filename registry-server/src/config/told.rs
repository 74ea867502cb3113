//! What the program was told, put together: flags, then the environment, then the file, then defaults, and which of them said what.
//!
//! The arguments are read twice: once to learn which file was named, and again with what is in it in the place of the defaults. So
//! whatever wins over a default wins over the file.
//!
//! May not: know a command.

use super::file::File;
use super::setting::{self, FILE, Setting};
use super::{BadFile, environment, secret_file};
use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

/// What the program was told.
#[derive(Debug)]
pub struct Told<A> {
    /// As the program uses it.
    pub arguments: A,
    /// Each setting of the command that was asked for.
    pub given: Vec<Given>,
    /// What is probably not as it was meant, a sentence each.
    pub doubts: Vec<String>,
}

/// A setting, as it was given. `Debug` leaves out the value.
pub struct Given {
    /// Which.
    pub setting: Setting,
    /// Its values, if there are any, as they can be shown.
    pub shown: Vec<String>,
    /// Who said so.
    pub source: Source,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} by {}", self.setting.key(), self.source)
    }
}

/// Who said what a setting is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This flag.
    Flag(String),
    /// This variable.
    Environment(String),
    /// This line of this file.
    File(PathBuf, usize),
    /// Nobody.
    Default,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "--{flag}"),
            Self::Environment(variable) => f.write_str(variable),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Why the program cannot do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The arguments are wrong, or ask for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The file is wrong.
    #[error(transparent)]
    File(#[from] BadFile),
    /// Something else: a sentence for the operator.
    #[error("{0}")]
    Sentence(String),
}

impl From<String> for Refused {
    fn from(sentence: String) -> Self {
        Self::Sentence(sentence)
    }
}

/// A secret that can be given in two forms: itself, and a file with it. The first is a variable if it is no setting.
const FORMS: [(&str, &str); 3] = [
    ("database_url", "database_url_file"),
    (environment::FIRST_KEY, "bootstrap_admin_key_file"),
    (environment::LEGACY_SALT, "api_key_salt_file"),
];

/// Reads the arguments, the environment and the file.
///
/// # Errors
/// [`Refused`].
pub fn read<A: CommandFactory + FromArgMatches>(arguments: &[OsString]) -> Result<Told<A>, Refused> {
    let command = A::command();
    let plain = without_empty(A::command()).try_get_matches_from(arguments).map_err(|error| named(error, arguments))?;
    let asked = Asked::of(&command, &plain);
    let file = match asked.of_argument(FILE, ArgMatches::get_one::<PathBuf>) {
        Some(path) => Some(File::read(path)?),
        None => None,
    };
    let outdone = outdone(&asked, file.as_ref())?;
    let mut matches = with_file(without_empty(A::command()), file.as_ref(), &outdone).try_get_matches_from(arguments)?;
    let given = given(&Asked::of(&command, &matches), file.as_ref());
    let doubts = doubts(&command, file.as_ref(), &given);
    Ok(Told { arguments: A::from_arg_matches_mut(&mut matches)?, given, doubts })
}

/// The command that was asked for, and its arguments.
struct Asked<'a> {
    command: &'a Command,
    matches: &'a ArgMatches,
}

impl<'a> Asked<'a> {
    fn of(command: &'a Command, matches: &'a ArgMatches) -> Self {
        match matches.subcommand().and_then(|(name, matches)| Some((command.find_subcommand(name)?, matches))) {
            Some((command, matches)) => Self::of(command, matches),
            None => Self { command, matches },
        }
    }

    /// Whether it has such an argument: of what it has not, nothing may be asked.
    fn has(&self, name: &str) -> bool {
        self.command.get_arguments().any(|arg| arg.get_id() == name)
    }

    fn of_argument<T>(&self, name: &'a str, ask: impl FnOnce(&'a ArgMatches, &'a str) -> Option<T>) -> Option<T> {
        if self.has(name) { ask(self.matches, name) } else { None }
    }
}

/// A command for which an empty variable is as if it were not there: it wins over nothing.
fn without_empty(command: Command) -> Command {
    let is_empty = |arg: &Arg| arg.get_env().is_some_and(environment::is_empty);
    let told = |arg: Arg| if is_empty(&arg) { arg.env(Resettable::Reset) } else { arg };
    command.mut_args(told).mut_subcommands(without_empty)
}

/// A command whose defaults are what the file says; what is outdone is as if it had not been said.
fn with_file(command: Command, file: Option<&File>, outdone: &BTreeSet<&str>) -> Command {
    let told = |arg: Arg| {
        if outdone.contains(arg.get_id().as_str()) {
            return arg.env(Resettable::Reset);
        }
        match file.and_then(|file| file.values(arg.get_id().as_str())) {
            Some(values) => arg.default_values(values.to_vec()),
            None => arg,
        }
    };
    command.mut_args(told).mut_subcommands(|command| with_file(command, file, outdone))
}

/// How loudly something is said: what is said louder wins.
fn loudness(asked: &Asked<'_>, file: Option<&File>, name: &str) -> Option<u8> {
    if !asked.has(name) {
        // The secrets that have no flag are variables.
        return environment::raw(name).map(|_| 2);
    }
    match asked.matches.value_source(name) {
        Some(ValueSource::CommandLine) => Some(3),
        Some(ValueSource::EnvVariable) => Some(2),
        Some(_) | None => file.and_then(|file| file.values(name)).map(|_| 1),
    }
}

/// Of the two forms of each secret, the one that counts for less.
fn outdone(asked: &Asked<'_>, file: Option<&File>) -> Result<BTreeSet<&'static str>, Refused> {
    let mut outdone = BTreeSet::new();
    // What a command has no flag for, it does not read.
    for (secret, in_file) in FORMS.into_iter().filter(|(_, in_file)| asked.has(in_file)) {
        match (loudness(asked, file, secret), loudness(asked, file, in_file)) {
            (Some(one), Some(other)) if one == other => {
                let (secret, in_file) = (spoken(secret), spoken(in_file));
                return Err(Refused::Sentence(format!("{secret} and {in_file} are both given: leave one of them out")));
            }
            (Some(one), Some(other)) => drop(outdone.insert(if one > other { in_file } else { secret })),
            (Some(_), None) | (None, Some(_)) | (None, None) => {}
        }
    }
    Ok(outdone)
}

/// A form of a secret, in all the ways in which it can be given.
fn spoken(name: &str) -> String {
    match name {
        environment::FIRST_KEY | environment::LEGACY_SALT => name.to_owned(),
        "api_key_salt_file" => "--api-key-salt-file (or REGISTRY_LEGACY_API_KEY_SALT_FILE)".to_owned(),
        key => format!("--{} (or REGISTRY_{})", key.replace('_', "-"), key.to_uppercase()),
    }
}

/// Each setting of a command, and who said it.
fn given(asked: &Asked<'_>, file: Option<&File>) -> Vec<Given> {
    let known = setting::all().into_iter().filter(|setting| asked.has(setting.key()));
    known.map(|setting| given_once(asked.matches, file, setting)).collect()
}

fn given_once(matches: &ArgMatches, file: Option<&File>, setting: Setting) -> Given {
    let key = setting.key();
    let values: Vec<OsString> = matches.get_raw(key).into_iter().flatten().map(ToOwned::to_owned).collect();
    let source = match matches.value_source(key) {
        Some(ValueSource::CommandLine) => Source::Flag(setting.flag().to_owned()),
        Some(ValueSource::EnvVariable) => Source::Environment(setting.variable().to_owned()),
        Some(_) => match file.and_then(|file| Some((file.path(), file.line_of(key)?))) {
            Some((path, line)) => Source::File(path.to_owned(), line),
            None => Source::Default,
        },
        None => Source::Default,
    };
    let shown = setting.shown(&values);
    Given { setting, shown, source }
}

/// What is probably not as it was meant.
fn doubts(command: &Command, file: Option<&File>, given: &[Given]) -> Vec<String> {
    let mut doubts = environment::unknown(command);
    let holds_password = |file: &File| {
        let url = file.values("database_url").and_then(<[_]>::first);
        url.is_some_and(|url| url.parse::<crate::store::Target>().is_ok_and(|target| target.has_password()))
    };
    if let Some(file) = file.filter(|file| holds_password(file) && secret_file::is_open(file.path())) {
        doubts.push(format!(
            "{}: it holds a password, and everybody on this machine can read it: chmod o= it",
            file.path().display()
        ));
    }
    let named = given.iter().find(|given| given.setting.key() == "database_url_file").and_then(|given| given.shown.first());
    if let Some(path) = named.filter(|path| secret_file::is_open(path.as_ref())) {
        doubts.push(format!("{path}: everybody on this machine can read the URL of the database: chmod o= it"));
    }
    doubts
}

/// The same error, but with the variable if it was one: the parser would name the flag, which nobody has given.
fn named(error: clap::Error, arguments: &[OsString]) -> Refused {
    if !setting::is_of_value(&error) {
        return Refused::Usage(error);
    }
    let is_given = |setting: &Setting| {
        let flag = format!("--{}", setting.flag());
        arguments.iter().any(|given| *given == *flag || given.to_string_lossy().starts_with(&format!("{flag}=")))
    };
    let mut unheard = setting::all().into_iter().filter(|setting| !is_given(setting));
    let refused = unheard.find_map(|setting| {
        let why = setting.refuses(environment::raw(setting.variable())?)?;
        Some(format!("{}: {why}", setting.variable()))
    });
    refused.map_or(Refused::Usage(error), Refused::Sentence)
}
