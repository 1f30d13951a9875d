//! Reads the headers: what they declare, as far as the tests need it.

use crate::support;

/// A function of the header.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) returns: String,
    pub(crate) name: String,
    pub(crate) parameters: Vec<Parameter>,
}

/// Type and name of a parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// As it stands, with one blank before the stars: `const char *`, `rocketmq_error **`.
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// What the header declares.
#[derive(Debug, Default)]
pub(crate) struct Declarations {
    pub(crate) functions: Vec<Function>,
    /// Names of the opaque structs.
    pub(crate) handles: Vec<String>,
    /// Names of the function types.
    pub(crate) callbacks: Vec<String>,
    /// Enums: name, and the constants with their values.
    pub(crate) enums: Vec<(String, Vec<(String, i64)>)>,
}

/// What the producer's header declares.
pub(crate) fn read() -> Declarations {
    of(&support::header())
}

/// What a header declares.
pub(crate) fn of(header: &str) -> Declarations {
    let mut found = Declarations::default();
    for statement in statements(header) {
        let words = statement.split_whitespace().collect::<Vec<_>>();
        if let Some(start) = words.iter().position(|word| word.ends_with("_API")) {
            found.functions.push(function(&words[start + 1..].join(" ")));
        } else if statement.contains("typedef enum") {
            found.enums.push(constants(&statement));
        } else if statement.contains("(*") {
            let name = statement.split("(*").nth(1).unwrap().split(')').next().unwrap();
            found.callbacks.push(name.into());
        } else if words.contains(&"struct") {
            found.handles.push((*words.last().unwrap()).into());
        } else {
            assert!(words == ["typedef", "int32_t", "rocketmq_status"], "what is this: {statement:?}");
        }
    }
    found
}

impl Declarations {
    pub(crate) fn constants(&self, name: &str) -> &[(String, i64)] {
        &self.enums.iter().find(|(found, _)| found == name).unwrap().1
    }
}

/// The header without comments, directives and the braces of `extern "C"`, split at the semicolons outside of
/// braces.
pub(crate) fn statements(header: &str) -> Vec<String> {
    let mut bare = String::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = after.split_once("*/").unwrap().1;
    }
    bare.push_str(rest);
    let mut code = String::new();
    let mut continues = false;
    for line in bare.lines() {
        if !continues && !line.trim_start().starts_with('#') {
            code.push_str(line);
            code.push('\n');
        }
        continues = line.ends_with('\\') && (continues || line.trim_start().starts_with('#'));
    }
    let code = code.replacen("extern \"C\" {", "", 1);
    let mut found = vec![String::new()];
    let mut depth = 0;
    for c in code.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if c == ';' && depth == 0 {
            found.push(String::new());
        } else {
            found.last_mut().unwrap().push(c);
        }
    }
    let rest = found.pop().unwrap();
    assert_eq!(rest.trim(), "}", "after the last declaration: {rest:?}");
    found.iter().map(|statement| statement.trim().to_owned()).collect()
}

fn function(declaration: &str) -> Function {
    let bare = declaration.replace("ROCKETMQ_CHECK ", "");
    let (head, tail) = bare.split_once('(').unwrap();
    let Parameter { kind: returns, name } = parameter(head);
    let list = tail.strip_suffix(')').unwrap();
    let parameters = if list == "void" { Vec::new() } else { list.split(',').map(parameter).collect() };
    Function { returns, name, parameters }
}

fn parameter(text: &str) -> Parameter {
    let text = text.trim();
    let start = text.rfind([' ', '*']).unwrap() + 1;
    Parameter { kind: text[..start].trim().to_owned(), name: text[start..].to_owned() }
}

fn constants(statement: &str) -> (String, Vec<(String, i64)>) {
    let (_, rest) = statement.split_once('{').unwrap();
    let (body, name) = rest.split_once('}').unwrap();
    let constant = |text: &str| {
        let (name, value) = text.split_once('=').unwrap();
        (name.trim().to_owned(), value.trim().parse().unwrap())
    };
    (name.trim().to_owned(), body.split(',').map(constant).collect())
}
