//! Cuts a header into comments, preprocessor lines, scopes and declarations.

/// A piece of a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// With its marks.
    Comment {
        text: &'a str,
        /// It belongs to what follows.
        is_attached: bool,
    },
    /// A whole `#if` that holds nothing else, lines of `#define`, or a single line.
    Directives(&'a str),
    /// `namespace x`, `extern "C"`, `class x`, up to the brace.
    Open(&'a str),
    Close,
    /// `public`, `protected` or `private`.
    Access(&'a str),
    Declaration {
        /// Without the body of a function or of an enum.
        head: &'a str,
        whole: &'a str,
    },
}

/// All pieces of `text`. Inside an enum the commas end declarations.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (piece, length) = next(rest);
        rest = rest.get(length.max(1)..).unwrap_or_default();
        let gap = rest.len() - rest.trim_start().len();
        let is_near = rest.get(..gap).is_some_and(|gap| gap.matches('\n').count() < 2);
        rest = rest.trim_start();
        match piece {
            Some(Piece::Comment { text, is_attached }) => {
                found.push(Piece::Comment { text, is_attached: is_attached || is_near });
            }
            Some(piece) => found.push(piece),
            None => {}
        }
    }
    found
}

/// The piece that `text` begins with, and its length.
fn next(text: &str) -> (Option<Piece<'_>>, usize) {
    let upto = |length: usize| text.get(..length).unwrap_or(text);
    if text.starts_with("/*") {
        let length = text.find("*/").map_or(text.len(), |end| end + 2);
        return (Some(Piece::Comment { text: upto(length), is_attached: text.starts_with("/**") }), length);
    }
    if text.starts_with("//") {
        let length = lines_while(text, |line| line.trim_start().starts_with("//"));
        return (Some(Piece::Comment { text: upto(length), is_attached: text.starts_with("///") }), length);
    }
    if text.starts_with('#') {
        let length = directives(text);
        return (Some(Piece::Directives(upto(length))), length);
    }
    if text.starts_with(['}', ';', ',']) {
        return (text.starts_with('}').then_some(Piece::Close), 1);
    }
    for label in ["public", "protected", "private"] {
        if text.strip_prefix(label).is_some_and(|rest| rest.trim_start().starts_with(':')) {
            return (Some(Piece::Access(label)), text.find(':').map_or(text.len(), |end| end + 1));
        }
    }
    declaration(text)
}

fn lines_while(text: &str, holds: impl Fn(&str) -> bool) -> usize {
    text.split_inclusive('\n').take_while(|line| holds(line)).map(str::len).sum()
}

/// The length of the preprocessor lines at the start of `text`: of a whole `#if` that holds nothing else, of lines of
/// `#define`, or of one.
fn directives(text: &str) -> usize {
    let mut lines = logical_lines(text);
    let first = lines.next().unwrap_or_default();
    let mut length = first.len();
    if word(first) == "define" {
        return length + lines.take_while(|line| word(line) == "define").map(str::len).sum::<usize>();
    }
    let mut depth = i32::from(word(first).starts_with("if"));
    while depth > 0 {
        let Some(line) =
            lines.next().filter(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        else {
            return first.len();
        };
        depth += i32::from(word(line).starts_with("if")) - i32::from(word(line) == "endif");
        length += line.len();
    }
    length
}

/// Lines with those that they continue in.
fn logical_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut continues = false;
    text.split_inclusive(move |c| {
        let ends = c == '\n' && !continues;
        continues = c == '\\';
        ends
    })
}

/// What a preprocessor line is.
fn word(line: &str) -> &str {
    let bare = line.trim_start().strip_prefix('#').unwrap_or_default().trim_start();
    bare.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default()
}

/// What opens a scope whose content is declarations again.
const SCOPES: &[&str] = &["namespace", "extern \"C\"", "class ", "struct ", "inline namespace"];

fn declaration(text: &str) -> (Option<Piece<'_>>, usize) {
    let end = End::find(text);
    let head = text.get(..end.head).unwrap_or(text).trim();
    if end.opens && SCOPES.iter().any(|scope| head.starts_with(scope)) && !head.contains('(') {
        return (Some(Piece::Open(head)), end.head + 1);
    }
    let whole = text.get(..end.whole).unwrap_or(text);
    (Some(Piece::Declaration { head, whole }), end.whole)
}

fn is_comment(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.starts_with("/*") || text.starts_with("//"))
}

/// Where a declaration ends.
struct End {
    /// Before the semicolon or the brace.
    head: usize,
    /// Behind the semicolon, or behind the body.
    whole: usize,
    opens: bool,
}

impl End {
    fn find(text: &str) -> Self {
        let mut round = 0_i32;
        for (at, c) in text.char_indices() {
            match c {
                '(' => round += 1,
                ')' => round -= 1,
                ';' if round == 0 => return Self { head: at, whole: at + 1, opens: false },
                '{' if round == 0 => return Self::with_body(text, at),
                // Between constants of an enum, whose last has neither.
                '}' if round == 0 => return Self { head: at, whole: at, opens: false },
                '/' if round == 0 && is_comment(text.get(at..)) => {
                    return Self { head: at, whole: at, opens: false };
                }
                _ => {}
            }
        }
        Self { head: text.len(), whole: text.len(), opens: false }
    }

    /// A body begins at `open`; what follows up to a semicolon belongs to a type.
    fn with_body(text: &str, open: usize) -> Self {
        let mut depth = 0_i32;
        let bytes = text.get(open..).unwrap_or_default();
        let close = bytes.char_indices().find_map(|(at, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            (depth == 0).then_some(open + at + 1)
        });
        let close = close.unwrap_or(text.len());
        let head = text.get(..open).unwrap_or_default();
        let is_type = ["typedef", "enum", "class ", "struct "].iter().any(|word| head.starts_with(word));
        let tail = text.get(close..).and_then(|tail| tail.find(';')).filter(|_| is_type);
        Self { head: open, whole: tail.map_or(close, |tail| close + tail + 1), opens: true }
    }
}
