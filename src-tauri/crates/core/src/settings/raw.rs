//! A value from a file, the environment or the system, before it is parsed.

use std::fmt;

use toml::de::DeValue;

/// An unparsed value. It may be a password, so it is not printed.
#[derive(Clone, PartialEq)]
pub enum Raw {
    /// A text; all environment variables are texts.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A list.
    List(Vec<Raw>),
    /// A type that no setting has: a date, a fraction, a table, or a number of more than 64 bits.
    Unsupported,
}

impl fmt::Debug for Raw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text(_) => "Text",
            Self::Integer(_) => "Integer",
            Self::Boolean(_) => "Boolean",
            Self::List(_) => "List",
            Self::Unsupported => "Unsupported",
        })
    }
}

impl Raw {
    pub(super) fn from_toml(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Boolean(value) => Self::Boolean(*value),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                i64::from_str_radix(digits.trim_start_matches('+'), number.radix())
                    .map_or(Self::Unsupported, Self::Integer)
            }
            DeValue::Array(values) => Self::List(
                values
                    .iter()
                    .map(|value| Self::from_toml(value.get_ref()))
                    .collect(),
            ),
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => Self::Unsupported,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(_) | Self::Boolean(_) | Self::List(_) | Self::Unsupported => None,
        }
    }

    /// Whether it equals this value of a file.
    pub(super) fn equals_toml(&self, value: &toml_edit::Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Integer(number) => value.as_integer() == Some(*number),
            Self::Boolean(boolean) => value.as_bool() == Some(*boolean),
            Self::List(_) | Self::Unsupported => false,
        }
    }

    /// Returns the value for a file; `None` for a type that no setting has.
    pub(super) fn to_toml(&self) -> Option<toml_edit::Value> {
        Some(match self {
            Self::Text(text) => text.as_str().into(),
            Self::Integer(number) => (*number).into(),
            Self::Boolean(boolean) => (*boolean).into(),
            Self::List(values) => {
                let values: Option<toml_edit::Array> = values.iter().map(Self::to_toml).collect();
                values?.into()
            }
            Self::Unsupported => return None,
        })
    }
}
