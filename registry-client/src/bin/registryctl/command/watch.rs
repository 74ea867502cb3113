//! `registryctl watch`: what changes, while it changes.

use std::time::Duration;

use clap::Args;
use futures_util::StreamExt as _;
use registry_client::{Event, StartOverReason, WatchItem, Watching};
use serde_json::{Value, json};

use crate::event_filter::Filter;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress;
use crate::session::Session;
use crate::text;

/// How often the registry says how far it has come when an end is waited for.
const SOON: Duration = Duration::from_secs(1);

/// Follows what changes, and goes on by itself when the connection breaks
///
/// An event is a line; with -o json or jsonl, an object in a line. On standard error it says what becomes of the connection and, when it ends, where another
/// watch goes on (--from). If events are lost, because it was away for longer than they are kept or because it is another registry now, it says that it
/// starts over: whoever keeps a copy lists everything again. With -o json or jsonl, what it says are objects, too.
#[derive(Debug, Args)]
pub struct Watch {
    /// Begin after this revision; 0 is the oldest that is kept. Without it, what changes from now on
    #[arg(long, value_name = "REVISION")]
    from: Option<i64>,

    /// End when everything up to this revision has been told; `now` is the revision of the registry when the watch begins
    #[arg(long, value_name = "REVISION", value_parser = until)]
    until: Option<Until>,

    /// End after so many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Also the resources as they are after the change, for -o json, jsonl and yaml
    #[arg(long)]
    full: bool,

    #[command(flatten)]
    filter: Filter,
}

#[derive(Debug, Clone, Copy)]
enum Until {
    Now,
    Revision(i64),
}

fn until(text: &str) -> Result<Until, String> {
    match text {
        "now" => Ok(Until::Now),
        _ => text.parse().map(Until::Revision).map_err(|_| "is neither a revision nor `now`".to_owned()),
    }
}

impl Watch {
    pub(super) async fn run(self, session: &Session) -> Result<Exit, Failure> {
        let Self { from, until, count, full, filter } = self;
        let client = session.client().await?;
        let mut watch = client.watch().filter(filter.message(&client).await?);
        if let Some(revision) = from {
            watch = watch.after_revision(revision);
        }
        if full {
            watch = watch.include_resource();
        }
        if until.is_some() {
            watch = watch.progress_interval(SOON);
        }
        let followed = Followed { items: watch.stream(), until, left: count, begun: false, session };
        followed.follow().await?;
        Ok(Exit::Done)
    }
}

/// A watch while it lasts. However it ends, it says where another one goes on, if it has begun.
struct Followed<'a> {
    items: Watching,
    until: Option<Until>,
    left: Option<u64>,
    /// Whether it was connected at all.
    begun: bool,
    session: &'a Session,
}

impl Followed<'_> {
    async fn follow(mut self) -> Result<(), Failure> {
        while let Some(item) = self.items.next().await {
            match item? {
                WatchItem::Event(event) => {
                    self.session.output.streamed(&*event, line)?;
                    self.left = self.left.map(|left| left.saturating_sub(1));
                }
                WatchItem::Connected { current_revision, resumed } => self.connected(current_revision, resumed),
                WatchItem::Disconnected(error) => {
                    let text = format!("the connection is broken, and is tried again: {}", error.message());
                    self.tell(&text, json!({"disconnected": {"message": error.message()}}));
                }
                WatchItem::StartedOver { lost_after, from, reason } => self.started_over(lost_after, from, reason),
                // Another kind tells nothing that a line would be printed for.
                _ => {}
            }
            if self.is_done() {
                break;
            }
        }
        Ok(())
    }

    fn connected(&mut self, current: i64, resumed: bool) {
        self.begun = true;
        if let Some(Until::Now) = self.until {
            self.until = Some(Until::Revision(current));
        }
        let how = if resumed { "connected again, and nothing is missing" } else { "connected" };
        self.tell(
            &format!("{how}: the registry is at revision {current}"),
            json!({"connected": {"currentRevision": current, "resumed": resumed}}),
        );
    }

    fn started_over(&self, lost_after: i64, from: i64, reason: StartOverReason) {
        let why = match reason {
            StartOverReason::Compacted => "they are no longer kept",
            StartOverReason::OtherRegistry => "it is another registry now, or an older state of it",
            // One that this program does not know.
            _ => "the registry does not have them",
        };
        self.tell(
            &format!(
                "starting over: events after revision {lost_after} are lost ({why}); list everything again, and go on from {from}"
            ),
            json!({"startedOver": {"lostAfter": lost_after, "from": from, "reason": format!("{reason:?}")}}),
        );
    }

    fn is_done(&self) -> bool {
        let reached = match (self.until, self.items.revision()) {
            (Some(Until::Revision(until)), Some(through)) => through >= until,
            (Some(Until::Revision(_) | Until::Now) | None, _) => false,
        };
        reached || self.left == Some(0)
    }

    /// Beside the data.
    fn tell(&self, text: &str, value: Value) {
        let output = &self.session.output;
        if output.is_json() && !output.is_quiet() {
            progress::say(&text::json(value.to_string()));
        } else {
            output.say(text);
        }
    }
}

impl Drop for Followed<'_> {
    fn drop(&mut self) {
        if let Some(revision) = self.items.revision().filter(|_| self.begun) {
            self.tell(&format!("go on with --from {revision}"), json!({"ended": {"through": revision}}));
        }
    }
}

/// As the columns of a list are.
fn line(event: &Event) -> String {
    let time = event.event_time.as_ref().map(ToString::to_string).unwrap_or_default();
    let happened = event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_");
    let kind = event.resource_kind().as_str_name().trim_start_matches("RESOURCE_KIND_");
    let Event { revision, resource_name, actor, .. } = event;
    let fields = event.changed_fields.as_ref().map(|mask| format!("  ({})", mask.paths.join(","))).unwrap_or_default();
    format!("{time}  {revision}  {happened:<13}  {kind:<13}  {resource_name}  by {actor}{fields}")
}
