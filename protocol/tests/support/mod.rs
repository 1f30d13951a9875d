//! The vectors, as values.

use serde_json::Value;

/// One vector.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) fields: Value,
}

impl Vector {
    pub(crate) fn text(&self, field: &str) -> &str {
        self.fields[field].as_str().unwrap_or_else(|| panic!("{} has no {field}", self.name))
    }

    pub(crate) fn bytes(&self, field: &str) -> Vec<u8> {
        unhex(self.text(field))
    }

    pub(crate) fn input(&self) -> &Value {
        &self.fields["input"]
    }
}

/// All vectors, in the order of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(include_str!("../vectors/vectors.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap().iter();
    vectors
        .map(|fields| Vector { name: fields["name"].as_str().unwrap().to_owned(), fields: fields.clone() })
        .collect()
}

/// Whole frames with the names of their vectors: by prefix and format byte, nothing else in the file looks like one.
pub(crate) fn frames() -> Vec<(String, Vec<u8>)> {
    let mut frames = Vec::new();
    for vector in vectors() {
        for field in ["hex", "frameHex"] {
            let Some(text) = vector.fields[field].as_str() else { continue };
            let bytes = unhex(text);
            let is_frame = bytes.len() > 8
                && bytes[..4] == u32::try_from(bytes.len() - 4).unwrap().to_be_bytes()
                && bytes[4] <= 1
                && !vector.name.starts_with("batch_body");
            if is_frame {
                frames.push((vector.name.clone(), bytes));
            }
        }
    }
    assert!(frames.len() > 40, "only {} vectors look like frames", frames.len());
    frames
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    assert!(digits.len().is_multiple_of(2));
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
