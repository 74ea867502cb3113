//! What a command prints: data on standard output, in the form that was asked for, and everything else on standard error.
//!
//! - `table`: rows, for people.
//! - `description`: one thing with all that is known of it, for people.
//!
//! May not: know any call, or what a resource is.

mod description;
mod table;

use std::io::{self, Write as _};
use std::pin::pin;

use clap::{Args, ValueEnum};
use futures_util::{Stream, TryStreamExt as _};
use registry_client::Error;
use serde_json::Value;

use crate::arguments::Limit;
use crate::contract;
use crate::failure::Failure;
use crate::progress::say;
use crate::resource::Resource;
use crate::text;

pub use self::table::Table;

/// What is printed, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// How data is printed
    #[arg(
        short = 'o',
        long = "output",
        env = "REGISTRYCTL_OUTPUT",
        hide_env_values = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        global = true
    )]
    format: Format,

    /// Print nothing but names (of what has none: ids), and say nothing but errors
    #[arg(short, long, global = true)]
    quiet: bool,

    /// When to use colours; `auto` is on a terminal, unless NO_COLOR is set or CLICOLOR_FORCE says otherwise, and NO_COLOR counts for more
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", global = true)]
    color: Color,
}

/// A form of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: columns for lists, and every field for one thing
    Table,
    /// The messages of the contract as JSON: an array for lists, one object for one thing
    Json,
    /// The same, with one object in each line
    Jsonl,
    /// The same as YAML
    Yaml,
    /// Names alone, one in each line, as other commands take them
    Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Output {
    /// Decides about colours, for the whole program.
    pub fn settle_colors(&self) {
        let enabled = match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if is_colorless() => false,
            // What console finds out by itself.
            Color::Auto => return,
        };
        console::set_colors_enabled(enabled);
        console::set_colors_enabled_stderr(enabled);
    }

    /// The form that is asked for.
    pub fn format(&self) -> Format {
        if self.quiet { Format::Name } else { self.format }
    }

    /// Whether nothing is said but errors.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether a program reads what is said about failures, too.
    pub fn is_json(&self) -> bool {
        matches!(self.format, Format::Json | Format::Jsonl)
    }

    /// Says something to people, beside the data.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            say(&text::plain(line));
        }
    }

    /// Says that there are more than were asked for.
    pub fn more(&self, printed: u64) {
        self.say(&format!("there are more than {printed}: say --limit with a greater number, or leave it out"));
    }

    /// Prints all that is known of one thing.
    pub fn one<R: Resource>(&self, resource: &R) -> Result<(), Failure> {
        match self.format() {
            Format::Table => print(&description::of(resource).map_err(Failure::Refused)?),
            Format::Json | Format::Jsonl | Format::Yaml | Format::Name => self.row(resource),
        }
    }

    /// Prints what has become of one thing. If nobody reads that any more, it is said: it is no failure of the change, and not nothing either.
    pub fn changed<R: Resource>(&self, resource: &R) -> Result<(), Failure> {
        self.row(resource).map_err(Failure::untold)
    }

    /// Prints one thing that was only read: for people in one row.
    pub fn row<R: Resource>(&self, resource: &R) -> Result<(), Failure> {
        match self.format() {
            Format::Table => print(&table::of(std::slice::from_ref(resource))),
            Format::Json => print(&pretty(&json(resource)?)?),
            Format::Jsonl => print(&line(&json(resource)?)?),
            Format::Yaml => print(&yaml(&json(resource)?)?),
            Format::Name => print(&name(resource)),
        }
    }

    /// Prints things as they come; a table when all of them are there. Says so if there are more than were asked for.
    pub async fn list<R: Resource>(&self, items: impl Stream<Item = Result<R, Error>>, limit: Limit) -> Result<(), Failure> {
        let (mut items, mut count, mut rows) = (pin!(items), 0_u64, Vec::new());
        let format = self.format();
        while let Some(item) = items.try_next().await? {
            if limit.is_reached(count) {
                self.more(count);
                break;
            }
            match format {
                Format::Table => rows.push(item),
                Format::Json => print(&element(&json(&item)?, count == 0)?)?,
                Format::Jsonl => print(&line(&json(&item)?)?)?,
                Format::Yaml => print(&yaml(&Value::Array(vec![json(&item)?]))?)?,
                Format::Name => print(&name(&item))?,
            }
            count = count.saturating_add(1);
        }
        match (format, count) {
            (Format::Table, _) => print(&table::of(&rows)),
            (Format::Json, 0) => print("[]\n"),
            (Format::Json, _) => print("\n]\n"),
            (Format::Yaml, 0) => print("[]\n"),
            (Format::Jsonl | Format::Yaml | Format::Name, _) => Ok(()),
        }
    }

    /// Prints one of many that come one by one, for as long as they come: for people in one line.
    pub fn streamed<R: Resource>(&self, resource: &R, people: impl FnOnce(&R) -> String) -> Result<(), Failure> {
        match self.format() {
            Format::Table => print(&format!("{}\n", text::plain(&people(resource)))),
            Format::Json | Format::Jsonl => print(&line(&json(resource)?)?),
            Format::Yaml => print(&yaml(&Value::Array(vec![json(resource)?]))?),
            Format::Name => print(&name(resource)),
        }
    }

    /// Prints what has become of one of many, when it is known: for people in one line. As [`changed`](Self::changed) does it.
    pub fn told(&self, value: &Value, people: &str, name: &str) -> Result<(), Failure> {
        let printed = match self.format() {
            Format::Table => print(&format!("{}\n", text::plain(people))),
            Format::Json | Format::Jsonl => print(&line(value)?),
            Format::Yaml => print(&yaml(&Value::Array(vec![value.clone()]))?),
            Format::Name => print(&format!("{}\n", text::plain(name))),
        };
        printed.map_err(Failure::untold)
    }

    /// Says what something has come to: to programs an object on standard output or, where that is taken by data, beside it.
    pub fn summary(&self, value: &Value, lines: &[String], taken: bool) -> Result<(), Failure> {
        match self.format() {
            Format::Table | Format::Name => lines.iter().for_each(|line| self.say(line)),
            Format::Json | Format::Jsonl | Format::Yaml if taken => say(&text::json(value.to_string())),
            Format::Json | Format::Jsonl | Format::Yaml => return self.object(value).map_err(Failure::untold),
        }
        Ok(())
    }

    /// Prints one object that is no message of the contract, for programs.
    pub fn object(&self, value: &Value) -> Result<(), Failure> {
        match self.format() {
            Format::Table | Format::Json => print(&pretty(value)?),
            Format::Jsonl | Format::Name => print(&line(value)?),
            Format::Yaml => print(&yaml(value)?),
        }
    }

    /// Prints one thing that is no message of the contract: an object, or for people a table with one row.
    pub fn value(&self, value: &Value, table: Table, name: &str) -> Result<(), Failure> {
        match self.format() {
            Format::Json => print(&pretty(value)?),
            Format::Yaml => print(&yaml(value)?),
            Format::Table | Format::Jsonl | Format::Name => self.values(std::slice::from_ref(value), table, &[name.to_owned()]),
        }
    }

    /// Prints what is no message of the contract: objects, or for people a table of them.
    pub fn values(&self, values: &[Value], table: Table, names: &[String]) -> Result<(), Failure> {
        match self.format() {
            Format::Table => print(&table.render()),
            Format::Json => print(&pretty(&Value::from(values))?),
            Format::Jsonl => values.iter().try_for_each(|value| print(&line(value)?)),
            Format::Yaml => print(&yaml(&Value::from(values))?),
            Format::Name => names.iter().try_for_each(|name| print(&format!("{}\n", text::plain(name)))),
        }
    }
}

/// Whether nobody wants colours, whatever else the environment says.
#[expect(clippy::disallowed_methods, reason = "a variable of all programs, and no setting of this one")]
fn is_colorless() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Writes to standard output. Whoever reads it may have gone away: then the command ends.
pub fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// The same of what is no text.
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output.write_all(bytes).and_then(|()| output.flush()).map_err(Failure::Output)
}

/// The message as the contract says it in JSON.
pub fn json<R: Resource>(resource: &R) -> Result<Value, Failure> {
    let descriptor = contract::descriptor(R::MESSAGE);
    let message = descriptor.and_then(|descriptor| contract::reflect(descriptor, resource));
    message.and_then(|message| contract::to_json(&message)).map_err(Failure::Refused)
}

/// Nothing for what has only been tried and got no id.
fn name<R: Resource>(resource: &R) -> String {
    let name = resource.name();
    if name.is_empty() { name } else { format!("{}\n", text::plain(&name)) }
}

fn line(value: &Value) -> Result<String, Failure> {
    let line = serde_json::to_string(value).map_err(|error| Failure::Refused(error.to_string()))?;
    Ok(format!("{}\n", text::json(line)))
}

fn pretty(value: &Value) -> Result<String, Failure> {
    let pretty = serde_json::to_string_pretty(value).map_err(|error| Failure::Refused(error.to_string()))?;
    Ok(format!("{}\n", text::json(pretty)))
}

/// One of an array, which is printed as it grows.
fn element(value: &Value, first: bool) -> Result<String, Failure> {
    let separator = if first { "[\n  " } else { ",\n  " };
    Ok(format!("{separator}{}", pretty(value)?.trim_end().replace('\n', "\n  ")))
}

/// What holds characters that deceive is written as JSON, which is YAML too and has escapes for them.
fn yaml(value: &Value) -> Result<String, Failure> {
    let yaml = serde_saphyr::to_string(value).map_err(|error| Failure::Refused(error.to_string()))?;
    if text::is_plain(&yaml) {
        return Ok(if yaml.ends_with('\n') { yaml } else { format!("{yaml}\n") });
    }
    match value {
        Value::Array(items) => items.iter().map(|item| Ok(format!("- {}", line(item)?))).collect(),
        value => line(value),
    }
}
