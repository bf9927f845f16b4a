//! What stands in `#[table(..)]`: the table's name, its owner and its indexes.

use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Ident, LitStr, Path, Token, bracketed};

use crate::attributes::{check_name, check_plugin_name, plain_name, snake_case};

/// What `#[table(..)]` says.
pub struct TableAttributes {
    pub name: String,
    pub plugin: Option<String>,
    /// The type of the version below whose table this one adds to.
    pub extends: Option<Path>,
    pub indexes: Vec<IndexAttribute>,
}

/// `index(by_district = [district])`
pub struct IndexAttribute {
    pub name: Ident,
    pub columns: Vec<Ident>,
    pub is_unique: bool,
}

pub fn table_attributes(input: &DeriveInput) -> syn::Result<TableAttributes> {
    let mut name = None;
    let mut plugin = None;
    let mut extends = None;
    let mut indexes = Vec::new();
    for attribute in input
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("table"))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                let text = meta.value()?.parse::<LitStr>()?;
                check_name("table", &text.value(), text.span())?;
                name = Some(text.value());
                Ok(())
            } else if meta.path.is_ident("plugin") {
                let text = meta.value()?.parse::<LitStr>()?;
                check_plugin_name(&text.value(), text.span())?;
                plugin = Some(text.value());
                Ok(())
            } else if meta.path.is_ident("extends") {
                extends = Some(extended_type(meta.value()?)?);
                Ok(())
            } else if meta.path.is_ident("index") || meta.path.is_ident("unique") {
                let is_unique = meta.path.is_ident("unique");
                meta.parse_nested_meta(|index| {
                    let name = index.path.require_ident()?.clone();
                    let list;
                    let value = index.value()?;
                    bracketed!(list in value);
                    let columns = Punctuated::<Ident, Token![,]>::parse_terminated(&list)?;
                    let columns = columns.into_iter().collect();
                    indexes.push(IndexAttribute { name, columns, is_unique });
                    Ok(())
                })
            } else {
                Err(meta.error(
                    "expected `name = \"account\"`, `plugin = \"bank\"`, `extends = first::Account`, \
                     `index(by_district = [district])` or `unique(by_name = [name])`",
                ))
            }
        })?;
    }
    if let Some(extended) = &extends
        && (name.is_some() || plugin.is_some())
    {
        let message =
            "a type that extends another one is of the same table: leave `name` and `plugin` out";
        return Err(syn::Error::new_spanned(extended, message));
    }
    let name = match name {
        Some(name) => name,
        None => {
            let name = snake_case(&plain_name(&input.ident));
            check_name("table", &name, input.ident.span())?;
            name
        }
    };
    Ok(TableAttributes {
        name,
        plugin,
        extends,
        indexes,
    })
}

/// A type, and not the name of a table, of which nothing else is known here.
fn extended_type(value: ParseStream<'_>) -> syn::Result<Path> {
    if value.peek(LitStr) {
        let message = "`extends` takes the row type of the version below, which says what its columns are: \
                       `extends = first::Account`";
        return Err(value.error(message));
    }
    value.parse()
}

/// Checks that indexes have names of their own, and name columns of the table.
pub fn check_indexes(indexes: &[IndexAttribute], columns: &[&Ident]) -> syn::Result<()> {
    for (position, index) in indexes.iter().enumerate() {
        let name = plain_name(&index.name);
        check_name("index", &name, index.name.span())?;
        if indexes[..position]
            .iter()
            .any(|other| other.name == index.name)
        {
            let message = format!("the index `{name}` is declared twice");
            return Err(syn::Error::new(index.name.span(), message));
        }
        if index.columns.is_empty() {
            let message = format!("the index `{name}` names no column");
            return Err(syn::Error::new(index.name.span(), message));
        }
        for column in &index.columns {
            if !columns.contains(&column) {
                let message = format!("the index `{name}` names `{column}`, which is not a column");
                return Err(syn::Error::new(column.span(), message));
            }
        }
    }
    Ok(())
}
