//! What one column of the bank's files may hold: codes, dates, amounts. Whatever else it holds is an error
//! that says where.

use crate::ImportError;

/// Where a value stands, for messages.
pub struct Place {
    /// Which kind of record is read.
    pub file: &'static str,
    /// Line in the uncompressed file, from 1.
    pub line: u64,
}

impl Place {
    fn wrong(&self, column: &'static str, value: &str, expected: &'static str) -> ImportError {
        ImportError::Value {
            file: self.file,
            line: self.line,
            column,
            value: value.to_owned(),
            expected,
        }
    }

    /// The English word for a code.
    pub fn word(
        &self,
        column: &'static str,
        code: &str,
        words: &[(&str, &'static str)],
        expected: &'static str,
    ) -> Result<&'static str, ImportError> {
        let found = words.iter().find(|(known, _)| *known == code);
        found
            .map(|(_, word)| *word)
            .ok_or_else(|| self.wrong(column, code, expected))
    }

    /// The English word for a code; none where the column is empty.
    pub fn optional_word(
        &self,
        column: &'static str,
        code: &str,
        words: &[(&str, &'static str)],
        expected: &'static str,
    ) -> Result<Option<&'static str>, ImportError> {
        match code.trim() {
            "" => Ok(None),
            code => self.word(column, code, words, expected).map(Some),
        }
    }

    /// `1993-01-31`, checked for its shape; a day that no month has is left to the plugin to refuse.
    pub fn date<'a>(&self, column: &'static str, text: &'a str) -> Result<&'a str, ImportError> {
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| {
                if at == 4 || at == 7 {
                    byte == b'-'
                } else {
                    byte.is_ascii_digit()
                }
            });
        if shape {
            Ok(text)
        } else {
            Err(self.wrong(column, text, "a date as YYYY-MM-DD"))
        }
    }

    /// `930131` as `1993-01-31`: the files are from the nineties.
    pub fn short_date(&self, column: &'static str, text: &str) -> Result<String, ImportError> {
        if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.wrong(column, text, "a date as YYMMDD"));
        }
        Ok(format!("19{}-{}-{}", &text[..2], &text[2..4], &text[4..]))
    }

    /// `3372.70` as 337270.
    pub fn cents(&self, column: &'static str, text: &str) -> Result<i64, ImportError> {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let amount = text.split_once('.').and_then(|(whole, fraction)| {
            let exact =
                fraction.len() == 2 && !whole.is_empty() && digits(whole) && digits(fraction);
            if exact {
                format!("{whole}{fraction}").parse().ok()
            } else {
                None
            }
        });
        amount.ok_or_else(|| self.wrong(column, text, "an amount with two decimals"))
    }
}
