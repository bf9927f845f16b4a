//! Tables for people.

use crate::model::error::steers;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// A line under the names, and nothing else.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table whose columns are as wide as what is in them.
pub fn table<T: ToString>(header: impl IntoIterator<Item = T>) -> Table {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.into_iter().map(|name| Cell::new(name.to_string())));
    table
}

/// A cell of text.
pub fn text(content: impl ToString) -> Cell {
    Cell::new(clean(&content.to_string()))
}

/// A cell that lines up with the numbers above and below it.
pub fn number(content: impl ToString) -> Cell {
    Cell::new(content.to_string()).set_alignment(CellAlignment::Right)
}

/// What may safely stand on one line of a terminal: what would steer it is spelled out.
pub fn clean(content: &str) -> String {
    if !content.contains(steers) {
        return content.to_owned();
    }
    let mut text = String::with_capacity(content.len() + 8);
    for c in content.chars() {
        match steers(c) {
            true => text.extend(c.escape_default()),
            false => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_spelled_out() {
        assert_eq!(clean("a\u{1b}[2Jb\nč"), "a\\u{1b}[2Jb\\nč");
        assert_eq!(
            clean("a\u{202e}b\u{2066}\u{feff}c"),
            "a\\u{202e}b\\u{2066}\\u{feff}c"
        );
    }
}
