//! The page that lists every setting of the server, written from the definition of its flags so that it cannot say anything else.

use registry_server::config::{Kind, Setting, settings};
use std::fmt::Write;

const INTRODUCTION: &str = "\
# Configuration of the server

A setting has one name: `max_watches` in a file, `--max-watches` as a flag, `REGISTRY_MAX_WATCHES` in the environment. A flag wins over the
environment, the environment over the file, and the file over the default. No file is read but the one that is named, by `--config FILE` or
`REGISTRY_CONFIG=FILE`.

```sh
registry-server config init registry.toml              # writes every setting with its help, all commented out
registry-server config check --config registry.toml    # would the server start with it? 0 or 1, and a sentence
registry-server config show --config registry.toml     # every setting, and who says so; also -o json and -o toml
```

<!-- in another terminal -->
```sh
registry-server --config registry.toml
```

The file is TOML without tables. Its values are read by the same rules as flags: a switch is `true` or `false`, a count is an integer, what can
be repeated is an array of strings, and everything else is a string. A path is relative to the directory in which the server runs, as it is for a
flag. A key that is not a setting, a value of another type and one that the rule of the setting refuses are errors: each is told with its file,
line and key, all at once, and the server does not start. `migrate`, `import`, `backup`, `restore` and `health` read the same file and take from it what
they have flags for.

An empty variable is none: the file and the default stand. A switch that is on in the file is turned off by its variable (`REGISTRY_INSECURE_PLAINTEXT=false`). A variable that begins with `REGISTRY_` and that
nothing reads is named in a warning at the start.

## Secrets

| Secret | Itself | In a file |
|---|---|---|
| URL of the database, if there is a password in it | `REGISTRY_DATABASE_URL` | `database_url_file`, `REGISTRY_DATABASE_URL_FILE` |
| the first API key | `REGISTRY_BOOTSTRAP_ADMIN_KEY` | `bootstrap_admin_key_file`, `REGISTRY_BOOTSTRAP_ADMIN_KEY_FILE` |
| the salt of Catapult's API keys, for `import` | `REGISTRY_LEGACY_API_KEY_SALT` | `REGISTRY_LEGACY_API_KEY_SALT_FILE` |
| credentials of S3 | `AWS_SECRET_ACCESS_KEY` and the others of AWS | `AWS_WEB_IDENTITY_TOKEN_FILE` |

Such a file holds the secret and nothing else; a line break at its end is not part of it. Both forms of a secret said in the same way, such as two
variables, are an error; said in different ways, the one that wins over the other counts. A URL with a password may be in the file with settings too: let nobody
but its owner read that file, or the server warns. Nothing that the server prints or logs repeats a secret: `config show` has `***` in its place.

This page is written from the definition of the flags: change that, then run `REGISTRY_REWRITE=1 cargo test -p registry-tests guards::configuration`.
";

/// The page, in Markdown.
#[must_use]
pub fn render() -> String {
    let (mut page, mut area) = (INTRODUCTION.to_owned(), String::new());
    for setting in settings() {
        if setting.area() != area {
            setting.area().clone_into(&mut area);
            let _ = write!(page, "\n## {area}\n\n| Key | Default | Meaning |\n|---|---|---|\n");
        }
        row(&mut page, &setting);
    }
    page
}

fn row(page: &mut String, setting: &Setting) {
    let help = setting.help();
    // A default that is a rule and not a value is the end of the help.
    let (help, rule) = match help.split_once(" [default: ") {
        Some((help, rule)) => (help.to_owned(), rule.trim_end_matches(']').to_owned()),
        None => (help, "none".to_owned()),
    };
    let default = setting.default().map_or(rule, |default| format!("`{default}`"));
    let mut meaning = format!("{help}.");
    if !setting.details().is_empty() {
        meaning = format!("{meaning} {}", setting.details().replace('\n', " "));
    }
    if setting.words().is_empty() {
        let what =
            if setting.kind() == Kind::Switch { "`true` or `false`".to_owned() } else { format!("`{}`", setting.value_name()) };
        meaning = format!("{meaning} ({what})");
    } else {
        meaning = format!("{meaning} (`{}`)", setting.words().join("`, `"));
    }
    let _ = writeln!(page, "| `{}` | {default} | {} |", setting.key(), meaning.replace('|', "\\|"));
}
