//! A value as it was given, in a file, in the environment or by the system, before anything is made of it.

use std::fmt;

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use toml::de::DeValue;

use super::mistake::Mistake;

/// A value as it was given. It may be a password, so it does not print.
#[derive(Clone, PartialEq)]
pub enum Raw {
    /// A text; everything in the environment is one.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Switch(bool),
    /// A list.
    List(Vec<Raw>),
    /// Something that no setting takes, such as a date.
    Other(&'static str),
}

impl fmt::Debug for Raw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Switch(_) => "a switch",
            Self::List(_) => "a list",
            Self::Other(what) => what,
        })
    }
}

impl Raw {
    pub(super) fn of(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Boolean(value) => Self::Switch(*value),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                i64::from_str_radix(digits.trim_start_matches('+'), number.radix())
                    .map_or(Self::Other("a number beyond all limits"), Self::Number)
            }
            DeValue::Array(values) => {
                Self::List(values.iter().map(|value| Self::of(value.get_ref())).collect())
            }
            DeValue::Float(_) => Self::Other("a fraction"),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    /// Whether this is what stands there.
    pub(super) fn is_written(&self, value: &toml_edit::Value) -> bool {
        match self {
            Self::Text(text) => value.as_str() == Some(text),
            Self::Number(number) => value.as_integer() == Some(*number),
            Self::Switch(switch) => value.as_bool() == Some(*switch),
            Self::List(_) | Self::Other(_) => false,
        }
    }

    pub(super) fn written(&self) -> toml_edit::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Switch(value) => (*value).into(),
            Self::List(values) => values
                .iter()
                .map(Self::written)
                .collect::<toml_edit::Array>()
                .into(),
            Self::Other(_) => "".into(),
        }
    }
}

impl<'de> Deserializer<'de> for &Raw {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        match self {
            Raw::Text(text) => visitor.visit_str(text),
            Raw::Number(number) => visitor.visit_i64(*number),
            Raw::Switch(value) => visitor.visit_bool(*value),
            Raw::List(values) => visitor.visit_seq(SeqDeserializer::new(values.iter())),
            Raw::Other(_) => visitor.visit_unit(),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        match self {
            Raw::Text(text) => {
                StrDeserializer::<Mistake>::new(text.trim()).deserialize_enum(name, variants, visitor)
            }
            Raw::Number(_) | Raw::Switch(_) | Raw::List(_) | Raw::Other(_) => Err(Mistake::one_of(variants)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Mistake> for &Raw {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
