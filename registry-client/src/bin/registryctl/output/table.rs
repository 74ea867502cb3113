//! Rows under headers, aligned and whole: nothing is cut, however narrow the terminal is.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement};

use crate::resource::{Column, Resource};
use crate::text;

/// Rows of text.
pub struct Table(comfy_table::Table);

impl Table {
    /// Without rows.
    pub fn new<H: AsRef<str>>(headers: impl IntoIterator<Item = H>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(headers.into_iter().map(|header| Cell::new(header.as_ref())));
        Self(table)
    }

    /// One more.
    pub fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.0.add_row(cells.into_iter().map(|cell| Cell::new(text::plain(cell.as_ref()))));
    }

    /// As text, with the headers in bold if there are colours.
    pub fn render(mut self) -> String {
        for column in self.0.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let rendered = self.0.trim_fmt();
        let (headers, rows) = rendered.split_once('\n').unwrap_or((&rendered, ""));
        let headers = console::style(headers).bold();
        if rows.is_empty() { format!("{headers}\n") } else { format!("{headers}\n{rows}\n") }
    }
}

/// The columns of a kind of resource. One in which nothing stands is left out.
pub(super) fn of<R: Resource>(resources: &[R]) -> String {
    let says =
        |column: &&Column<R>| resources.is_empty() || resources.iter().any(|resource| !(column.value)(resource).is_empty());
    let columns: Vec<&Column<R>> = R::COLUMNS.iter().filter(says).collect();
    let mut table = Table::new(columns.iter().map(|column| column.header));
    for resource in resources {
        table.row(columns.iter().map(|column| (column.value)(resource)));
    }
    table.render()
}
