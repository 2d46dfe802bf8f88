//! A value as it was given, in a file, in the environment or by the system, before anything is made of it.

use std::fmt;

use toml::de::DeValue;

/// A value as it was given. It may be a password, so it does not print.
#[derive(Clone, PartialEq)]
pub enum Raw {
    /// A text; everything in the environment is one.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A list.
    List(Vec<Raw>),
    /// Something that no setting takes: a date, a fraction, a table, or a number of more than 64 bits.
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

    /// Whether this is what stands there.
    pub(super) fn equals_toml(&self, value: &toml_edit::Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Integer(number) => value.as_integer() == Some(*number),
            Self::Boolean(boolean) => value.as_bool() == Some(*boolean),
            Self::List(_) | Self::Unsupported => false,
        }
    }

    /// As it is written into a file; none of what no setting takes.
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
