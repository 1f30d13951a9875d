//! A validator of JSON Schema, as far as `docs/STATISTICS.md` uses it: a word that it does not know fails.

use serde_json::{Map, Value};

/// What is wrong with `value` by `schema`, each with its path.
pub(super) fn check(schema: &Value, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    Check { root: schema }.value("", schema, value, &mut wrong);
    wrong
}

struct Check<'a> {
    root: &'a Value,
}

impl Check<'_> {
    fn value(&self, path: &str, schema: &Value, value: &Value, wrong: &mut Vec<String>) {
        let rules = schema.as_object().unwrap_or_else(|| panic!("{path}: no schema: {schema}"));
        for (word, rule) in rules {
            let holds = match word.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                "$ref" => {
                    let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    self.value(path, &self.root["$defs"][name], value, wrong);
                    true
                }
                "type" => match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_i64(),
                    other => panic!("{path}: the type {other} is not known here"),
                },
                "const" => value == rule,
                "enum" => rule.as_array().unwrap().contains(value),
                "minimum" => value.as_i64().is_some_and(|number| number >= rule.as_i64().unwrap()),
                "maximum" => value.as_i64().is_some_and(|number| number <= rule.as_i64().unwrap()),
                "maxItems" => {
                    value.as_array().is_some_and(|list| list.len() as u64 <= rule.as_u64().unwrap())
                }
                "pattern" => value
                    .as_str()
                    .is_some_and(|text| text.starts_with(rule.as_str().unwrap().strip_prefix('^').unwrap())),
                "items" => {
                    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
                        self.value(&format!("{path}[{index}]"), rule, element, wrong);
                    }
                    true
                }
                "properties" => {
                    self.members(path, rule.as_object().unwrap(), value, wrong);
                    true
                }
                "required" => {
                    let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                    rule.as_array().unwrap().iter().all(has)
                }
                // Looked at with the properties.
                "additionalProperties" => *rule == Value::Bool(false),
                word => panic!("{path}: the word {word} is not known here"),
            };
            if !holds {
                wrong.push(format!("{path}: {value} is not by {word} {rule}"));
            }
        }
    }

    /// Each member in the schema is there and the other way round.
    fn members(&self, path: &str, known: &Map<String, Value>, value: &Value, wrong: &mut Vec<String>) {
        let Some(members) = value.as_object() else { return };
        for (name, member) in members {
            match known.get(name) {
                Some(schema) => self.value(&format!("{path}.{name}"), schema, member, wrong),
                None => wrong.push(format!("{path}.{name} is not in the schema")),
            }
        }
        let missing = known.keys().filter(|name| !members.contains_key(*name));
        wrong.extend(missing.map(|name| format!("{path}.{name} is missing")));
    }
}

/// Every object of a schema, which must require all its members: none is left out of a snapshot.
pub(super) fn objects(schema: &Value) -> Vec<&Map<String, Value>> {
    let mut found = Vec::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        match schema {
            Value::Object(members) => {
                if members.get("type") == Some(&Value::from("object")) {
                    found.push(members);
                }
                open.extend(members.values());
            }
            Value::Array(elements) => open.extend(elements),
            _ => {}
        }
    }
    found
}
