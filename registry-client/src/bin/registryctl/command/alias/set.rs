//! `registryctl alias set`.

use clap::Args;

use super::{AliasName, alias};
use crate::arguments::{Build, DryRun, belongs, within};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Format, Table, print};
use crate::resource::time;
use crate::session::Session;

/// Makes an alias point to a release, whether it is new or points elsewhere
///
/// With --expected or --absent, it is moved only from there: of two who move it at once, one is told (exit code 5), and where it points now.
#[derive(Debug, Args)]
pub struct Set {
    /// The alias, for example llama-3-8b@production
    #[arg(value_name = "MODEL@ALIAS", value_parser = alias)]
    alias: AliasName,

    /// The release of the model that it is to point to: a version, a requirement, @ALIAS, latest or id:UUID
    release: String,

    #[command(flatten)]
    build: Build,

    /// Only if it points to this release: its version, @ALIAS or id:UUID
    #[arg(long, visible_alias = "from", value_name = "RELEASE", conflicts_with = "absent")]
    expected: Option<String>,

    /// Only if there is no such alias
    #[arg(long)]
    absent: bool,

    /// Why; kept in the history of the alias
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    #[command(flatten)]
    dry_run: DryRun,
}

impl Set {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { alias: AliasName { model, alias }, release, build, expected, absent, reason, dry_run } = self;
        let client = session.client().await?;
        let release = build.resolve(&client, within(&model, &release)?).await?;
        // The alias belongs to the model of the release, whatever was typed in front of `@`.
        belongs(&release, &model)?;
        let mut set = client.set_release_alias(&release, alias);
        if let Some(expected) = expected {
            let expected = Build::default().resolve(&client, within(&model, &expected)?).await?;
            set = set.expected_release(&expected);
        }
        if absent {
            set = set.expected_absent();
        }
        if let Some(reason) = reason {
            set = set.reason(reason);
        }
        if dry_run.dry_run {
            set = set.validate_only();
        }
        let set = set.send().await?;
        if session.output.format() == Format::Table {
            let mut table = Table::new(["MODEL", "ALIAS", "VERSION", "MOVED", "BY"]);
            table.row([&set.model_name, &set.alias, &release.version, &time(set.update_time.as_ref()), &set.updated_by]);
            print(&table.render())?;
        } else {
            session.output.changed(&set)?;
        }
        dry_run.remind(session);
        Ok(Exit::Done)
    }
}
