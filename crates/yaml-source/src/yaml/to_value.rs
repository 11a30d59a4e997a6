use foldhash::fast::RandomState;
use serde::ser::{Error, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use super::{EmitError, IndexMap, Value};

/// Typed data as a value, as [`super::emit`] would write it.
///
/// # Errors
///
/// When it holds something that YAML cannot say: a bug of this program.
pub fn to_value(data: &impl Serialize) -> Result<Value, EmitError> {
    data.serialize(ValueMaker)
}

struct ValueMaker;

impl Serializer for ValueMaker {
    type Ok = Value;
    type Error = EmitError;
    type SerializeSeq = Items;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeTuple = Impossible<Value, EmitError>;
    type SerializeTupleStruct = Impossible<Value, EmitError>;
    type SerializeTupleVariant = Impossible<Value, EmitError>;
    type SerializeStructVariant = Impossible<Value, EmitError>;

    fn serialize_bool(self, value: bool) -> Result<Value, EmitError> {
        Ok(Value::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Result<Value, EmitError> {
        Ok(Value::Integer(value.into()))
    }

    fn serialize_i16(self, value: i16) -> Result<Value, EmitError> {
        Ok(Value::Integer(value.into()))
    }

    fn serialize_i32(self, value: i32) -> Result<Value, EmitError> {
        Ok(Value::Integer(value.into()))
    }

    fn serialize_i64(self, value: i64) -> Result<Value, EmitError> {
        Ok(Value::Integer(value))
    }

    fn serialize_u8(self, value: u8) -> Result<Value, EmitError> {
        Ok(Value::Integer(value.into()))
    }

    fn serialize_u16(self, value: u16) -> Result<Value, EmitError> {
        Ok(Value::Integer(value.into()))
    }

    fn serialize_u32(self, value: u32) -> Result<Value, EmitError> {
        Ok(Value::Integer(value.into()))
    }

    fn serialize_u64(self, value: u64) -> Result<Value, EmitError> {
        value.try_into().map(Value::Integer).map_err(EmitError::custom)
    }

    fn serialize_f32(self, value: f32) -> Result<Value, EmitError> {
        Ok(Value::Float(value.into()))
    }

    fn serialize_f64(self, value: f64) -> Result<Value, EmitError> {
        Ok(Value::Float(value))
    }

    fn serialize_char(self, value: char) -> Result<Value, EmitError> {
        Ok(Value::Text(value.into()))
    }

    fn serialize_str(self, value: &str) -> Result<Value, EmitError> {
        Ok(value.into())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Value, EmitError> {
        Err(unknown("bytes"))
    }

    fn serialize_none(self) -> Result<Value, EmitError> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, EmitError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, EmitError> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, EmitError> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, EmitError> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Value, EmitError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, EmitError> {
        Ok(Value::map([(variant, value.serialize(self)?)]))
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, EmitError> {
        Ok(Items(Vec::with_capacity(length.unwrap_or_default())))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, EmitError> {
        Err(unknown("a tuple"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, EmitError> {
        Err(unknown("a tuple"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, EmitError> {
        Err(unknown("a variant with fields"))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Entries, EmitError> {
        Ok(Entries {
            map: IndexMap::with_capacity_and_hasher(length.unwrap_or_default(), RandomState::default()),
            key: String::new(),
        })
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Entries, EmitError> {
        self.serialize_map(Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, EmitError> {
        Err(unknown("a variant with fields"))
    }
}

fn unknown(what: &str) -> EmitError {
    EmitError::custom(format!("no value is {what}"))
}

struct Items(Vec<Value>);

impl SerializeSeq for Items {
    type Ok = Value;
    type Error = EmitError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EmitError> {
        self.0.push(value.serialize(ValueMaker)?);
        Ok(())
    }

    fn end(self) -> Result<Value, EmitError> {
        Ok(Value::List(self.0))
    }
}

struct Entries {
    map: IndexMap<String, Value>,
    /// That of the value that comes next.
    key: String,
}

impl SerializeMap for Entries {
    type Ok = Value;
    type Error = EmitError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EmitError> {
        match key.serialize(ValueMaker)? {
            Value::Text(text) => self.key = text,
            _ => return Err(unknown("a map with a key that is not text")),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EmitError> {
        self.map.insert(std::mem::take(&mut self.key), value.serialize(ValueMaker)?);
        Ok(())
    }

    fn end(self) -> Result<Value, EmitError> {
        Ok(Value::Map(self.map))
    }
}

impl SerializeStruct for Entries {
    type Ok = Value;
    type Error = EmitError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), EmitError> {
        self.map.insert(key.to_owned(), value.serialize(ValueMaker)?);
        Ok(())
    }

    fn end(self) -> Result<Value, EmitError> {
        Ok(Value::Map(self.map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn value_of_data_is_that_data() {
        let data = json!({
            "text": "x", "none": null, "flag": true, "number": -3, "fraction": 0.5,
            "list": [1, "a", [], {}], "map": {"b": 1, "a": {"c": null}},
        });
        let value = to_value(&data).unwrap();
        assert_eq!(value, serde_json::from_value(data.clone()).unwrap());
        assert_eq!(serde_json::to_string(&value).unwrap(), data.to_string());
        assert!(to_value(&u64::MAX).is_err());
        assert!(to_value(&(1, 2)).is_err());
    }
}
