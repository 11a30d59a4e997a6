use std::fmt::{self, Write};

use serde::ser::{Error, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};

use super::EmitError;
use super::text::{indent, write_key, write_value};

/// Writes one value in block style where the text stands.
///
/// It is the layout of `serde_saphyr`'s own serializer (a property test compares the two), which examines every key
/// and every name of a field for all of YAML's traps and so takes a third of a run.
pub(super) struct BlockWriter<'o> {
    out: &'o mut String,
    place: Place,
}

/// What the value is written behind.
#[derive(Clone, Copy)]
enum Place {
    /// Nothing: it is the document.
    Document,
    /// `key:`, in that column.
    Key(usize),
    /// `- `, in that column.
    Item(usize),
    /// The indentation of an entry whose key it is, in that column.
    Entry(usize),
}

/// Indentation of what is inside, in columns.
const STEP: usize = 2;

impl<'o> BlockWriter<'o> {
    /// A writer of a whole document.
    pub(super) fn document(out: &'o mut String) -> Self {
        Self { out, place: Place::Document }
    }

    /// A scalar that needs no quotes.
    fn plain(self, value: impl fmt::Display) -> Result<(), EmitError> {
        match self.place {
            Place::Entry(_) => return Err(EmitError::custom(format!("a key that is not text: {value}"))),
            Place::Key(_) => self.out.push(' '),
            Place::Document | Place::Item(_) => {}
        }
        writeln!(self.out, "{value}").map_err(EmitError::custom)
    }

    fn entries(self) -> Result<Entries<'o>, EmitError> {
        let column = match self.place {
            Place::Document => 0,
            Place::Key(column) | Place::Item(column) => column + STEP,
            Place::Entry(_) => return Err(EmitError::custom("a key that is a map")),
        };
        Ok(Entries { out: self.out, place: self.place, column, empty: true })
    }
}

impl<'o> Serializer for BlockWriter<'o> {
    type Ok = ();
    type Error = EmitError;
    type SerializeSeq = Items<'o>;
    type SerializeMap = Entries<'o>;
    type SerializeStruct = Entries<'o>;
    type SerializeTuple = Impossible<(), EmitError>;
    type SerializeTupleStruct = Impossible<(), EmitError>;
    type SerializeTupleVariant = Impossible<(), EmitError>;
    type SerializeStructVariant = Impossible<(), EmitError>;

    fn serialize_bool(self, value: bool) -> Result<(), EmitError> {
        self.plain(value)
    }

    fn serialize_i8(self, value: i8) -> Result<(), EmitError> {
        self.plain(value)
    }

    fn serialize_i16(self, value: i16) -> Result<(), EmitError> {
        self.plain(value)
    }

    fn serialize_i32(self, value: i32) -> Result<(), EmitError> {
        self.plain(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), EmitError> {
        self.plain(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), EmitError> {
        self.plain(value)
    }

    fn serialize_u16(self, value: u16) -> Result<(), EmitError> {
        self.plain(value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), EmitError> {
        self.plain(value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), EmitError> {
        self.plain(value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), EmitError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), EmitError> {
        let text = serde_saphyr::to_string(&value)?;
        self.plain(text.trim_end())
    }

    fn serialize_char(self, value: char) -> Result<(), EmitError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), EmitError> {
        match self.place {
            Place::Entry(column) => write_key(self.out, value, column),
            Place::Document => write_value(self.out, value, 0),
            Place::Item(column) => write_value(self.out, value, column),
            Place::Key(column) => {
                self.out.push(' ');
                write_value(self.out, value, column)
            }
        }
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), EmitError> {
        Err(unknown("bytes"))
    }

    fn serialize_none(self) -> Result<(), EmitError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EmitError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EmitError> {
        self.plain("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), EmitError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), EmitError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), EmitError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EmitError> {
        let mut entries = self.entries()?;
        SerializeStruct::serialize_field(&mut entries, variant, value)?;
        SerializeStruct::end(entries)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'o>, EmitError> {
        let column = match self.place {
            Place::Document => 0,
            Place::Key(column) => column,
            Place::Item(column) => column + STEP,
            Place::Entry(_) => return Err(EmitError::custom("a key that is a list")),
        };
        Ok(Items { out: self.out, place: self.place, column, empty: true })
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

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'o>, EmitError> {
        self.entries()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Entries<'o>, EmitError> {
        self.entries()
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

/// Nothing that Concourse has words for.
fn unknown(what: &str) -> EmitError {
    EmitError::custom(format!("a pipeline holds {what}"))
}

/// Goes to the place of an entry or item: the first of what follows `- ` stands in the same line.
fn begin(out: &mut String, place: Place, column: usize, first: bool) {
    match place {
        Place::Item(_) if first => return,
        Place::Key(_) if first => out.push('\n'),
        _ => {}
    }
    indent(out, column);
}

/// The entries of a map or the fields of a struct, as they come.
pub(super) struct Entries<'o> {
    out: &'o mut String,
    place: Place,
    column: usize,
    empty: bool,
}

impl Entries<'_> {
    fn begin(&mut self) {
        begin(self.out, self.place, self.column, self.empty);
        self.empty = false;
    }

    fn close(self) -> Result<(), EmitError> {
        if self.empty { BlockWriter { out: self.out, place: self.place }.plain("{}") } else { Ok(()) }
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = EmitError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EmitError> {
        self.begin();
        key.serialize(BlockWriter { out: self.out, place: Place::Entry(self.column) })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EmitError> {
        value.serialize(BlockWriter { out: self.out, place: Place::Key(self.column) })
    }

    fn end(self) -> Result<(), EmitError> {
        self.close()
    }
}

impl SerializeStruct for Entries<'_> {
    type Ok = ();
    type Error = EmitError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), EmitError> {
        self.begin();
        write_key(self.out, key, self.column)?;
        self.serialize_value(value)
    }

    fn end(self) -> Result<(), EmitError> {
        self.close()
    }
}

/// The items of a list, as they come.
pub(super) struct Items<'o> {
    out: &'o mut String,
    place: Place,
    column: usize,
    empty: bool,
}

impl SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = EmitError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EmitError> {
        begin(self.out, self.place, self.column, self.empty);
        self.empty = false;
        self.out.push_str("- ");
        value.serialize(BlockWriter { out: self.out, place: Place::Item(self.column) })
    }

    fn end(self) -> Result<(), EmitError> {
        if self.empty { BlockWriter { out: self.out, place: self.place }.plain("[]") } else { Ok(()) }
    }
}
