//! What was measured, as a table and as JSON.

use super::machine::Machine;
use super::rounds::Spread;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What is wanted of a ratio, or of a quantity if there is nothing beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// At least that.
    AtLeast(f64),
    /// At most that.
    AtMost(f64),
    /// To be known.
    None,
}

impl Target {
    fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtLeast(least) => Some(value >= least),
            Self::AtMost(most) => Some(value <= most),
            Self::None => None,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {}", number(least)),
            Self::AtMost(most) => format!("≤ {}", number(most)),
            Self::None => String::new(),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// F1 to F13.
    pub figure: &'static str,
    /// What was done, where, by how many.
    pub work: String,
    /// In what both sides are measured: `1/s`, `ms`, `MiB`.
    pub unit: &'static str,
    /// The registry.
    pub ours: Spread,
    /// What was beside it, and what that is called.
    pub beside: Option<(String, Spread)>,
    /// Of each round, ours to what was beside it; what the target is for, if it is there.
    pub ratio: Option<Spread>,
    /// What is wanted.
    pub target: Target,
    /// Whatever else was seen, such as percentiles.
    pub seen: Vec<(String, String)>,
}

impl Row {
    /// One quantity, with nothing beside it.
    #[must_use]
    pub fn alone(figure: &'static str, work: impl Into<String>, unit: &'static str, ours: Spread, target: Target) -> Self {
        Self { figure, work: work.into(), unit, ours, beside: None, ratio: None, target, seen: Vec::new() }
    }

    /// Something else that was seen.
    #[must_use]
    pub fn saw(mut self, what: impl Into<String>, value: impl Into<String>) -> Self {
        self.seen.push((what.into(), value.into()));
        self
    }

    /// A line of the table, in Markdown.
    #[must_use]
    pub fn line(&self) -> String {
        let beside = self.beside.as_ref().map(|(name, spread)| format!("{name} {}", number(spread.median))).unwrap_or_default();
        let ratio = self.ratio.as_ref().map(Spread::text).unwrap_or_default();
        let met = self.is_met().map_or("", |met| if met { "yes" } else { "**no**" });
        let seen: Vec<_> = self.seen.iter().map(|(what, value)| format!("{what} {value}")).collect();
        let ours = if self.ratio.is_some() { number(self.ours.median) } else { self.ours.text() };
        let cells = [
            self.figure,
            &self.work,
            &format!("{ours} {}", self.unit),
            &beside,
            &ratio,
            &self.target.text(),
            met,
            &seen.join(", "),
        ];
        format!("| {} |", cells.join(" | "))
    }

    fn is_met(&self) -> Option<bool> {
        self.target.is_met(self.ratio.as_ref().unwrap_or(&self.ours).median)
    }
}

/// All lines, and where they come from.
#[derive(Debug)]
pub struct Report {
    /// Where it was measured.
    pub machine: Machine,
    /// What chance began with.
    pub seed: u64,
    /// The lines.
    pub rows: Vec<Row>,
}

impl Report {
    /// A table for people, in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!("{}\nSeed {}.\n\n", self.machine, self.seed);
        text.push_str("| | work | registry | beside it | ratio (least to most) | target | met | also seen |\n|---|---|---|---|---|---|---|---|\n");
        for row in &self.rows {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", row.line());
        }
        text
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let rows: Vec<_> = self.rows.iter().map(row).collect();
        json!({ "machine": self.machine.json(), "seed": self.seed, "rows": rows })
    }
}

fn row(row: &Row) -> Value {
    let Row { figure, work, unit, ours, beside, ratio, target, seen } = row;
    let seen: serde_json::Map<_, _> = seen.iter().map(|(what, value)| (what.clone(), json!(value))).collect();
    json!({
        "figure": figure,
        "work": work,
        "unit": unit,
        "registry": ours.json(),
        "beside": beside.as_ref().map(|(name, spread)| json!({ "name": name, "measured": spread.json() })),
        "ratio": ratio.as_ref().map(Spread::json),
        "target": target.text(),
        "met": row.is_met(),
        "seen": seen,
    })
}

/// Three digits that mean something.
#[must_use]
pub fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        one if one >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
