//! JSON objects on their way into messages and back. Refuses what would not survive the way.

use prost_types::Struct;

/// What can be stored where the registry takes a JSON object: a [`Struct`], and with the feature `json` also a
/// `serde_json::Value` or `serde_json::Map`.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use registry_client::IntoStruct as _;
/// use serde_json::json;
///
/// assert!(json!({"license": "apache-2.0", "gpus": 8}).into_struct().is_ok());
/// assert!(json!(["not", "an", "object"]).into_struct().is_err());
/// # }
/// ```
pub trait IntoStruct {
    /// The object as a message.
    ///
    /// # Errors
    ///
    /// Says why it cannot be one: because it is no object, or holds an integer that would lose digits.
    fn into_struct(self) -> Result<Struct, String>;
}

impl IntoStruct for Struct {
    fn into_struct(self) -> Result<Struct, String> {
        Ok(self)
    }
}

#[cfg(feature = "json")]
mod with_serde {
    use prost_types::value::Kind;
    use prost_types::{ListValue, Struct, Value};
    use serde_json::{Map, Number, Value as Json};

    use super::IntoStruct;

    /// Every integer up to here is also an IEEE double.
    const MAX_INTEGER: u64 = 1 << 53;

    impl IntoStruct for Map<String, Json> {
        fn into_struct(self) -> Result<Struct, String> {
            object(self)
        }
    }

    impl IntoStruct for Json {
        fn into_struct(self) -> Result<Struct, String> {
            match self {
                Json::Object(map) => object(map),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                    Err("must be a JSON object".to_owned())
                }
            }
        }
    }

    fn object(map: Map<String, Json>) -> Result<Struct, String> {
        let fields = map.into_iter().map(|(key, json)| Ok((key, value(json)?))).collect::<Result<_, String>>()?;
        Ok(Struct { fields })
    }

    fn value(json: Json) -> Result<Value, String> {
        let kind = match json {
            Json::Null => Kind::NullValue(0),
            Json::Bool(value) => Kind::BoolValue(value),
            Json::Number(value) => Kind::NumberValue(number(&value)?),
            Json::String(value) => Kind::StringValue(value),
            Json::Array(values) => {
                Kind::ListValue(ListValue { values: values.into_iter().map(value).collect::<Result<_, _>>()? })
            }
            Json::Object(map) => Kind::StructValue(object(map)?),
        };
        Ok(Value { kind: Some(kind) })
    }

    fn number(number: &Number) -> Result<f64, String> {
        let magnitude = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
        if magnitude.is_some_and(|magnitude| magnitude > MAX_INTEGER) {
            return Err(format!("the integer {number} would lose digits; write it as a string"));
        }
        number.as_f64().ok_or_else(|| format!("the number {number} is out of range"))
    }

    /// A stored JSON object as `serde_json` has it. Whole numbers come back as integers; what JSON has no number for becomes null.
    ///
    /// ```
    /// use registry_client::{IntoStruct as _, to_json};
    /// use serde_json::{Value, json};
    ///
    /// let stored = json!({"layers": 32, "rate": 0.5}).into_struct().unwrap();
    /// assert_eq!(Value::Object(to_json(&stored)), json!({"layers": 32, "rate": 0.5}));
    /// ```
    #[must_use]
    pub fn to_json(object: &Struct) -> Map<String, Json> {
        object.fields.iter().map(|(key, value)| (key.clone(), json(value))).collect()
    }

    fn json(value: &Value) -> Json {
        match &value.kind {
            None | Some(Kind::NullValue(_)) => Json::Null,
            Some(Kind::BoolValue(value)) => Json::Bool(*value),
            Some(Kind::NumberValue(value)) => json_number(*value),
            Some(Kind::StringValue(value)) => Json::String(value.clone()),
            Some(Kind::ListValue(list)) => list.values.iter().map(json).collect(),
            Some(Kind::StructValue(object)) => Json::Object(to_json(object)),
        }
    }

    fn json_number(value: f64) -> Json {
        // Rust prints whole doubles without a fraction, so those that fit read back as integers.
        let integer = value.to_string().parse::<i64>().ok().filter(|integer| integer.unsigned_abs() <= MAX_INTEGER);
        integer.map(Json::from).unwrap_or_else(|| Number::from_f64(value).map_or(Json::Null, Json::Number))
    }
}

#[cfg(feature = "json")]
pub use with_serde::to_json;
