//! How a log travels to a copy of it: rows of its tables, as bytes. Format 1: a first byte, the book's id, and then tables,
//! each with its columns and rows, until a mark says that all is told.

use std::io::{self, Read, Write};

use super::{Error, Result, Value};

const FORMAT: u8 = 1;

const TABLE: u8 = b'T';
const ROW: u8 = b'R';
const END: u8 = b'E';

/// Bytes of one text or blob, beyond which a stream is not what it should be.
const BYTES_MAX: usize = 256 << 20;

/// A table whose rows follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    pub name: String,
    pub columns: Vec<String>,
    /// These are all of its rows; else they are added to what is there, or take the place of those of their keys.
    pub is_whole: bool,
}

/// A part of the stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Table(CopiedTable),
    /// Of the table that was told last.
    Row(Vec<Value>),
}

/// Writes a stream.
pub struct CopyWriter<W>(W);

impl<W: Write> CopyWriter<W> {
    /// Begins with the book's id.
    pub fn new(mut to: W, book: &str) -> io::Result<Self> {
        to.write_all(&[FORMAT])?;
        bytes(&mut to, book.as_bytes())?;
        Ok(CopyWriter(to))
    }

    pub fn table(&mut self, table: &CopiedTable) -> io::Result<()> {
        let to = &mut self.0;
        to.write_all(&[TABLE, u8::from(table.is_whole)])?;
        bytes(to, table.name.as_bytes())?;
        to.write_all(&(table.columns.len() as u32).to_be_bytes())?;
        let mut columns = table.columns.iter();
        columns.try_for_each(|column| bytes(to, column.as_bytes()))
    }

    pub fn row(&mut self, cells: &[Value]) -> io::Result<()> {
        let to = &mut self.0;
        to.write_all(&[ROW])?;
        for cell in cells {
            match cell {
                Value::Null => to.write_all(b"n")?,
                Value::Integer(number) => {
                    to.write_all(b"i")?;
                    to.write_all(&number.to_be_bytes())?;
                }
                Value::Real(number) => {
                    to.write_all(b"r")?;
                    to.write_all(&number.to_bits().to_be_bytes())?;
                }
                Value::Text(text) => {
                    to.write_all(b"t")?;
                    bytes(to, text.as_bytes())?;
                }
                Value::Blob(blob) => {
                    to.write_all(b"b")?;
                    bytes(to, blob)?;
                }
            }
        }
        Ok(())
    }

    /// All is told.
    pub fn end(mut self) -> io::Result<()> {
        self.0.write_all(&[END])?;
        self.0.flush()
    }
}

fn bytes(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&(bytes.len() as u32).to_be_bytes())?;
    to.write_all(bytes)
}

/// Reads a stream.
pub struct CopyReader<R> {
    from: R,
    /// The book's id.
    pub book: String,
    columns: usize,
}

impl<R: Read> CopyReader<R> {
    pub fn new(mut from: R) -> Result<Self> {
        let [format] = array(&mut from)?;
        if format != FORMAT {
            return Err(Error::unavailable(format!(
                "the copy's stream has format {format}; this daybook reads format {FORMAT}"
            ))
            .hint("follow a server of this version"));
        }
        Ok(CopyReader {
            book: text(&mut from)?,
            from,
            columns: 0,
        })
    }

    /// The next part; None once all is told. A stream that ends before it says so is an error.
    pub fn part(&mut self) -> Result<Option<Part>> {
        let [kind] = array(&mut self.from)?;
        match kind {
            END => Ok(None),
            TABLE => {
                let [is_whole] = array(&mut self.from)?;
                let name = text(&mut self.from)?;
                let count = u32::from_be_bytes(array(&mut self.from)?);
                let columns = (0..count)
                    .map(|_| text(&mut self.from))
                    .collect::<Result<Vec<_>>>()?;
                self.columns = columns.len();
                Ok(Some(Part::Table(CopiedTable {
                    name,
                    columns,
                    is_whole: is_whole == 1,
                })))
            }
            ROW => {
                let cells = (0..self.columns).map(|_| cell(&mut self.from));
                Ok(Some(Part::Row(cells.collect::<Result<Vec<_>>>()?)))
            }
            other => Err(unreadable(format!("a part of kind {other}"))),
        }
    }
}

fn cell(from: &mut impl Read) -> Result<Value> {
    let [kind] = array(from)?;
    Ok(match kind {
        b'n' => Value::Null,
        b'i' => Value::Integer(i64::from_be_bytes(array(from)?)),
        b'r' => Value::Real(f64::from_bits(u64::from_be_bytes(array(from)?))),
        b't' => Value::Text(text(from)?),
        b'b' => Value::Blob(blob(from)?),
        other => return Err(unreadable(format!("a cell of kind {other}"))),
    })
}

fn text(from: &mut impl Read) -> Result<String> {
    String::from_utf8(blob(from)?).map_err(|_| unreadable("a text that is not UTF-8"))
}

fn blob(from: &mut impl Read) -> Result<Vec<u8>> {
    let count = u32::from_be_bytes(array(from)?) as usize;
    if count > BYTES_MAX {
        return Err(unreadable(format!("a value of {count} bytes")));
    }
    // Not made at once: who says how many there are need not send them.
    let mut bytes = Vec::new();
    from.take(count as u64)
        .read_to_end(&mut bytes)
        .map_err(broken)?;
    match bytes.len() == count {
        true => Ok(bytes),
        false => Err(unreadable("an end within a value")),
    }
}

fn array<const N: usize>(from: &mut impl Read) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).map_err(broken)?;
    Ok(bytes)
}

fn broken(error: io::Error) -> Error {
    Error::unavailable(format!("the copy's stream ended early: {error}"))
        .hint("nothing of it was kept; what was copied before is")
}

fn unreadable(what: impl std::fmt::Display) -> Error {
    Error::unavailable(format!("the copy's stream cannot be read: it has {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_stream_that_is_cut_is_refused() {
        let table = CopiedTable {
            name: "things".into(),
            columns: vec!["a".into(), "b".into()],
            is_whole: true,
        };
        let rows = [
            vec![Value::Null, Value::Integer(-7)],
            vec![Value::Text("č".into()), Value::Blob(vec![0, 255])],
            vec![Value::Real(1.5), Value::Text(String::new())],
        ];
        let mut stream = Vec::new();
        let mut writer = CopyWriter::new(&mut stream, "b").unwrap();
        writer.table(&table).unwrap();
        rows.iter().for_each(|row| writer.row(row).unwrap());
        writer.end().unwrap();
        let read = |bytes: &[u8]| -> Result<Vec<Part>> {
            let mut reader = CopyReader::new(bytes)?;
            assert_eq!(reader.book, "b");
            let mut parts = Vec::new();
            while let Some(part) = reader.part()? {
                parts.push(part);
            }
            Ok(parts)
        };
        let mut expected = vec![Part::Table(table)];
        expected.extend(rows.map(Part::Row));
        assert_eq!(read(&stream).unwrap(), expected);
        for end in 0..stream.len() {
            assert!(read(&stream[..end]).is_err(), "cut after {end}");
        }
        assert!(read(&[9]).is_err());
    }
}
