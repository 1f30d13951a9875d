//! Reads a C or C++ header: its opening comment, its sections, and in each what is declared with the comment before it.

mod lexer;

use lexer::{Piece, pieces};

/// A header of `include`.
#[derive(Debug, Default)]
pub(crate) struct Header {
    /// As it is included.
    pub(crate) file: String,
    /// What it is, from its first line.
    pub(crate) title: String,
    /// The rest of the opening comment.
    pub(crate) preamble: String,
    pub(crate) sections: Vec<Section>,
    /// Macros and whatever else preprocessor lines name.
    pub(crate) macros: Vec<String>,
}

/// What stands below a comment of dashes and a title.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Function,
    Type,
    Macro,
}

/// Something that is declared.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    /// One but for macros that share a comment.
    pub(crate) names: Vec<String>,
    /// The declaration without its comment, and without what only the compiler wants to know.
    pub(crate) code: String,
    pub(crate) comment: String,
    pub(crate) constants: Vec<Constant>,
    /// The classes and structs of C++ around it.
    pub(crate) within: Vec<String>,
    /// Whether a result that is ignored is a warning.
    pub(crate) is_checked: bool,
}

/// A constant of an enum.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Constant {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) comment: String,
}

/// Reads `text`, which is the header `file`.
pub(crate) fn read(file: &str, text: &str) -> Header {
    let mut reader =
        Reader { header: Header { file: file.into(), ..Header::default() }, ..Reader::default() };
    for piece in pieces(text) {
        reader.take(&piece);
    }
    let mut header = reader.header;
    header.sections.retain(|section| !section.items.is_empty());
    header
}

/// What stands before the first title.
const MACROS: &str = "macros";

#[derive(Default)]
struct Reader {
    header: Header,
    /// The comment that the next declaration has.
    comment: Option<String>,
    /// What is open: a class by its name, anything else by nothing.
    scopes: Vec<Option<Scope>>,
}

struct Scope {
    name: String,
    is_public: bool,
}

impl Reader {
    fn take(&mut self, piece: &Piece<'_>) {
        match *piece {
            Piece::Comment { text, is_attached } => self.comment(text, is_attached),
            Piece::Directives(text) => self.directives(text),
            Piece::Open(head) => self.open(head),
            Piece::Close => drop(self.scopes.pop()),
            Piece::Access(label) => {
                if let Some(Some(scope)) = self.scopes.last_mut() {
                    scope.is_public = label == "public";
                }
            }
            Piece::Declaration { head, whole } => self.declaration(head, whole),
        }
        if !matches!(piece, Piece::Comment { .. }) {
            self.comment = None;
        }
    }

    fn comment(&mut self, text: &str, is_attached: bool) {
        let bare = stripped(text);
        if self.header.title.is_empty() {
            let (first, rest) = bare.split_once('\n').unwrap_or((&bare, ""));
            let title = first.split_once(" - ").map_or(first, |(_, title)| title);
            self.header.title = title.trim().trim_end_matches('.').to_owned();
            self.header.preamble = rest.trim_matches('\n').to_owned();
            self.header.sections.push(Section { title: MACROS.into(), items: Vec::new() });
        } else if let Some(title) = bare.strip_prefix("---") {
            let title = title.trim_matches(['-', ' ', '\n']).to_owned();
            self.header.sections.push(Section { title, items: Vec::new() });
        } else {
            self.comment = is_attached.then_some(bare);
        }
    }

    fn directives(&mut self, text: &str) {
        let names = |line: &str| {
            let line = line.trim_start().trim_start_matches('#').trim_start();
            let name = line.strip_prefix("define ")?;
            Some(name.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next()?.to_owned())
        };
        let mut defined: Vec<String> = text.lines().filter_map(names).collect();
        defined.dedup();
        self.header.macros.extend(identifiers(text).map(str::to_owned));
        if let (false, Some(comment)) = (defined.is_empty(), self.comment.take()) {
            defined.sort();
            defined.dedup();
            let code = text.trim_end().to_owned();
            self.push(Kind::Macro, defined, code, comment);
        }
    }

    fn open(&mut self, head: &str) {
        if !["class ", "struct "].iter().any(|word| head.starts_with(word)) {
            return self.scopes.push(None);
        }
        // Base classes come after a colon.
        let own = head.split(':').next().unwrap_or(head);
        let name = own.split_whitespace().rfind(|word| *word != "final").unwrap_or_default().to_owned();
        let comment = self.comment.take().unwrap_or_default();
        self.push(Kind::Type, vec![name.clone()], format!("{};", head.trim()), comment);
        self.scopes.push(Some(Scope { name, is_public: head.starts_with("struct ") }));
    }

    fn declaration(&mut self, head: &str, whole: &str) {
        if self.scopes.iter().flatten().any(|scope| !scope.is_public) {
            return;
        }
        let Some((kind, name)) = named(head, whole) else { return };
        let comment = self.comment.take().unwrap_or_default();
        let constants = if whole.contains('{') { constants(head, whole) } else { Vec::new() };
        let code = match constants.is_empty() {
            true => code(head, whole),
            false if head.starts_with("typedef") => format!("{head} {{ … }} {name};"),
            false => format!("{head} {{ … }};"),
        };
        self.push(kind, vec![name], code, comment);
        if let Some(item) = self.header.sections.last_mut().and_then(|section| section.items.last_mut()) {
            item.constants = constants;
            item.is_checked = head.contains("_CHECK");
        }
    }

    fn push(&mut self, kind: Kind, names: Vec<String>, code: String, comment: String) {
        // A header without titles has one section beside its macros.
        if kind != Kind::Macro && self.header.sections.last().is_some_and(|section| section.title == MACROS) {
            self.header.sections.push(Section { title: "declarations".into(), items: Vec::new() });
        }
        let within = self.scopes.iter().flatten().map(|scope| scope.name.clone()).collect();
        let item = Item { kind, names, code, comment, constants: Vec::new(), within, is_checked: false };
        if let Some(section) = self.header.sections.last_mut() {
            section.items.push(item);
        }
    }
}

/// The text of a comment, without what marks it as one.
fn stripped(comment: &str) -> String {
    let body = comment.strip_prefix("/**").or_else(|| comment.strip_prefix("/*"));
    let Some(body) = body.map(|body| body.strip_suffix("*/").unwrap_or(body)) else {
        let line = |line: &str| line.trim_start().trim_start_matches(['/', '!']).to_owned();
        return comment
            .lines()
            .map(line)
            .map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned())
            .collect::<Vec<_>>()
            .join("\n");
    };
    let line = |line: &str| {
        let line = line.trim_end();
        let bare = line.trim_start();
        let text = bare.strip_prefix('*').unwrap_or(bare);
        text.strip_prefix(' ').unwrap_or(text).to_owned()
    };
    body.lines().map(line).collect::<Vec<_>>().join("\n").trim_matches('\n').trim_end().to_owned()
}

/// What kind of thing is declared, and its name.
fn named(head: &str, whole: &str) -> Option<(Kind, String)> {
    let last = |text: &str| identifiers(text).last().map(str::to_owned);
    if head.starts_with("typedef") || head.starts_with("using ") {
        let name = match (head.split_once("(*"), whole.rsplit_once('}')) {
            (Some((_, name)), _) => identifiers(name).next().map(str::to_owned),
            (None, Some((_, name))) => last(name),
            (None, None) if head.starts_with("using ") => identifiers(head).nth(1).map(str::to_owned),
            (None, None) => last(head),
        };
        return Some((Kind::Type, name?));
    }
    if head.starts_with("enum ") {
        let name = identifiers(head).find(|word| !["enum", "class", "struct"].contains(word))?;
        return Some((Kind::Type, name.to_owned()));
    }
    if head.starts_with("friend ")
        || head.starts_with("class ")
        || head.starts_with("struct ")
        || head.starts_with("static_assert")
        || head.contains("= delete")
    {
        return None;
    }
    match head.split_once('(') {
        Some((before, _)) => Some((Kind::Function, last(before)?)),
        // A field, a constant.
        None => Some((Kind::Type, last(head.split('=').next().unwrap_or(head))?)),
    }
}

/// The names in `text`.
pub(crate) fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    let part = |c: char| c != '_' && !c.is_ascii_alphanumeric();
    text.split(part).filter(|word| word.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic()))
}

/// A declaration as people read it: no macros of the library, and each parameter on a line if they are many.
fn code(head: &str, whole: &str) -> String {
    if whole.contains('{') && head.starts_with("typedef") {
        return whole.trim().to_owned();
    }
    let is_macro = |word: &&str| {
        ["_API", "_CHECK"].iter().any(|end| word.ends_with(end))
            && word.chars().all(|c| c == '_' || c.is_ascii_uppercase())
    };
    let words: Vec<_> = head.split_whitespace().filter(|word| !is_macro(word)).collect();
    // A constructor's first values are nobody's business.
    let line = words.join(" ");
    let line = format!("{};", line.split(" : ").next().unwrap_or(&line).trim_end_matches(';'));
    // Of a function type the parameters are those in the second brackets.
    let open = line.find(")(").map(|at| at + 1).or_else(|| line.find('('));
    let (Some(open), Some(close), true) = (open, line.rfind(')'), line.chars().count() > CODE_COLUMNS) else {
        return line;
    };
    let (Some(before), Some(list), Some(after)) =
        (line.get(..=open), line.get(open + 1..close), line.get(close..))
    else {
        return line;
    };
    let parameters: Vec<_> = list.split(", ").collect();
    format!("{before}\n    {}{after}", parameters.join(",\n    "))
}

/// A longer declaration has a line for each parameter.
const CODE_COLUMNS: usize = 92;

/// The constants of an enum.
fn constants(head: &str, whole: &str) -> Vec<Constant> {
    let is_enum = head.split_whitespace().take(2).any(|word| word == "enum");
    let Some(body) = whole.split_once('{').map(|(_, body)| body).filter(|_| is_enum) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut comment = String::new();
    for piece in pieces(body) {
        match piece {
            Piece::Comment { text, .. } => comment = stripped(text),
            Piece::Declaration { whole, .. } => {
                for constant in whole.trim_end_matches(';').split(',') {
                    let (name, value) = constant.split_once('=').unwrap_or((constant, ""));
                    let Some(name) = identifiers(name).next() else { continue };
                    found.push(Constant {
                        name: name.into(),
                        value: value.trim().into(),
                        comment: std::mem::take(&mut comment),
                    });
                }
            }
            _ => break,
        }
    }
    found
}

#[cfg(test)]
mod tests;
