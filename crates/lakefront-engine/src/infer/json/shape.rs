//! The shape of JSON values, read without keeping the values.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a value is, or what all values of a column are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Null,
    Boolean,
    Integer,
    Double,
    Text,
    List(Box<Shape>),
    Object(Object),
}

/// Fields in the order of their first appearance.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Object {
    fields: Vec<(String, Shape)>,
    positions: HashMap<String, usize>,
}

/// Two shapes that have no type in common.
#[derive(Debug)]
pub(crate) struct Clash {
    /// Field names from the column down, with dots.
    pub(crate) path: String,
    pub(crate) known: &'static str,
    pub(crate) new: &'static str,
}

impl Object {
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &Shape)> {
        self.fields.iter().map(|(name, shape)| (name.as_str(), shape))
    }

    fn merge_field(&mut self, name: String, shape: Shape) -> Result<(), Clash> {
        match self.positions.get(&name) {
            Some(&at) => self.fields[at].1.merge(shape).map_err(|clash| Clash {
                path: if clash.path.is_empty() { name } else { format!("{name}.{}", clash.path) },
                ..clash
            }),
            None => {
                self.positions.insert(name.clone(), self.fields.len());
                self.fields.push((name, shape));
                Ok(())
            }
        }
    }
}

impl Shape {
    /// Widens this shape so that it holds the other as well.
    pub(crate) fn merge(&mut self, other: Shape) -> Result<(), Clash> {
        use Shape::{Boolean, Double, Integer, List, Null, Object, Text};
        match (&mut *self, other) {
            (_, Null) | (Boolean, Boolean) | (Integer, Integer) | (Double, Double | Integer) | (Text, Text) => {}
            (known @ Null, other) => *known = other,
            (known @ Integer, Double) => *known = Double,
            (List(known), List(other)) => known.merge(*other)?,
            (Object(known), Object(other)) => {
                for (name, shape) in other.fields {
                    known.merge_field(name, shape)?;
                }
            }
            (known, other) => {
                return Err(Clash { path: String::new(), known: known.name(), new: other.name() });
            }
        }
        Ok(())
    }

    /// Fields and elements, nested ones included.
    pub(crate) fn size(&self) -> usize {
        match self {
            Shape::List(item) => 1 + item.size(),
            Shape::Object(object) => 1 + object.fields().map(|(_, shape)| shape.size()).sum::<usize>(),
            _ => 1,
        }
    }

    /// `None` where nothing but `{}` was seen.
    pub(crate) fn data_type(&self) -> Option<DataType> {
        Some(match self {
            Shape::Null | Shape::Text => DataType::Utf8,
            Shape::Boolean => DataType::Boolean,
            Shape::Integer => DataType::Int64,
            Shape::Double => DataType::Float64,
            Shape::List(item) => DataType::List(Arc::new(Field::new("item", item.data_type()?, true))),
            Shape::Object(object) => {
                let fields: Fields = object
                    .fields()
                    .filter_map(|(name, shape)| Some(Field::new(name, shape.data_type()?, true)))
                    .collect();
                if fields.is_empty() {
                    return None;
                }
                DataType::Struct(fields)
            }
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Shape::Null => "null",
            Shape::Boolean => "boolean",
            Shape::Integer => "bigint",
            Shape::Double => "double",
            Shape::Text => "varchar",
            Shape::List(_) => "an array",
            Shape::Object(_) => "an object",
        }
    }

    /// Whether the engine's reader reads such a value into a column of this type; the error is the field's path.
    pub(crate) fn fits(&self, data_type: &DataType) -> Result<(), String> {
        match (self, data_type) {
            (Shape::Null, _)
            | (Shape::Boolean, DataType::Boolean)
            | (Shape::Integer, DataType::Int64 | DataType::Float64)
            | (Shape::Double, DataType::Float64)
            | (Shape::Text, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8) => Ok(()),
            (Shape::List(item), DataType::List(field)) => item.fits(field.data_type()),
            (Shape::Object(object), DataType::Struct(fields)) => {
                fields.iter().try_for_each(|field| match object.positions.get(field.name()) {
                    Some(&at) => object.fields[at].1.fits(field.data_type()).map_err(|path| {
                        if path.is_empty() { field.name().clone() } else { format!("{}.{path}", field.name()) }
                    }),
                    None => Ok(()),
                })
            }
            _ => Err(String::new()),
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Boolean)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Integer)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shape, E> {
        Ok(if i64::try_from(value).is_ok() { Shape::Integer } else { Shape::Double })
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Double)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut shape = Shape::Null;
        while let Some(item) = items.next_element::<Shape>()? {
            shape.merge(item).map_err(mixed)?;
        }
        Ok(Shape::List(Box::new(shape)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut object = Object::default();
        while let Some(name) = entries.next_key::<String>()? {
            if object.fields.len() >= super::MOST_FIELDS {
                entries.next_value::<IgnoredAny>()?;
                return Err(serde::de::Error::custom("too many fields in one object"));
            }
            object.merge_field(name, entries.next_value()?).map_err(mixed)?;
        }
        Ok(Shape::Object(object))
    }
}

fn mixed<E: serde::de::Error>(clash: Clash) -> E {
    E::custom(format_args!("an array holds both {} and {}", clash.known, clash.new))
}
