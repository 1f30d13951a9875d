//! What the library calls things, and where each is described, so that every mention leads there.

use std::collections::{BTreeMap, BTreeSet};

use crate::header::{Header, Kind};
use crate::text::{escape, relative};

/// A name's page and the place there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) kind: &'static str,
    /// Below the site's folder.
    pub(crate) page: String,
    pub(crate) anchor: String,
}

/// All names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    places: BTreeMap<String, Place>,
    /// Names that mean something and have no place of their own: packages, macros for the compiler.
    known: BTreeSet<String>,
    /// By their names as they are included.
    headers: BTreeSet<String>,
    /// By statuses: what to do about them.
    advice: BTreeMap<String, Place>,
}

/// Where a name is mentioned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// Between words: a name is shown as code.
    Prose,
    /// In a comment of a program, in a code span beside something else.
    Words,
    /// In a program, or alone in a code span, where nothing but a name makes sense.
    Code,
}

/// What can be said of a mention.
pub(crate) enum Mention<'a> {
    To(&'a Place),
    /// Nothing to lead to.
    Plain,
    /// It looks like a name of the library and is none.
    Unknown,
}

impl Names {
    pub(crate) fn add(&mut self, name: &str, kind: &'static str, page: &str, anchor: &str) {
        let place = Place { kind, page: page.into(), anchor: anchor.into() };
        self.places.entry(name.to_owned()).or_insert(place);
    }

    pub(crate) fn add_known(&mut self, names: impl IntoIterator<Item = String>) {
        self.known.extend(names);
    }

    /// Says where to read what to do about a status.
    pub(crate) fn add_advice(&mut self, status: &str, page: &str, anchor: &str) {
        let place = Place { kind: "advice", page: page.into(), anchor: anchor.into() };
        self.advice.insert(status.to_owned(), place);
    }

    pub(crate) fn advice(&self, status: &str) -> Option<&Place> {
        self.advice.get(status)
    }

    pub(crate) fn add_header(&mut self, header: &Header, section_page: impl Fn(&str) -> String) {
        self.headers.insert(header.file.clone());
        self.known.extend(header.macros.iter().cloned());
        for section in &header.sections {
            let page = section_page(&section.title);
            for item in &section.items {
                let kind = match item.kind {
                    Kind::Function => "function",
                    Kind::Type => "type",
                    Kind::Macro => "macro",
                };
                // Names of C++ stand in their class: alone they would mean something else elsewhere.
                for name in item.names.iter().filter(|_| item.within.is_empty()) {
                    self.add(name, kind, &page, name);
                }
                for constant in &item.constants {
                    self.add(&constant.name, "constant", &page, &constant.name);
                }
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.places.iter().map(|(name, place)| (name.as_str(), place))
    }

    pub(crate) fn key_place(&self, key: &str) -> Option<&Place> {
        self.places.get(key).filter(|place| place.kind == "key")
    }

    /// The anchor of a key that the page `here` describes.
    pub(crate) fn anchor(&self, key: &str, here: &str) -> Option<&str> {
        let place = self.key_place(key).filter(|place| place.page == here)?;
        Some(&place.anchor)
    }

    /// What `name` is, which stands before `after`.
    fn mention(&self, name: &str, after: &str, context: Context) -> Mention<'_> {
        if let Some(header) = [".hpp", ".h"].iter().find(|end| after.starts_with(**end)) {
            let known = self.headers.contains(&format!("{name}{header}"));
            return if known { Mention::Plain } else { Mention::Unknown };
        }
        if let Some(place) = self.places.get(name).filter(|_| !after.starts_with("::")) {
            return Mention::To(place);
        }
        let is_start = after.starts_with('*')
            || after.starts_with('…')
            || after.starts_with("..")
            || name.ends_with('_');
        if self.known.contains(name) || after.starts_with("::") {
            return Mention::Plain;
        }
        if is_start {
            let starts = self.places.keys().any(|known| known.starts_with(name));
            return if starts { Mention::Plain } else { Mention::Unknown };
        }
        let must_be = context == Context::Code || after.starts_with("()") || name.starts_with("ROCKETMQ_");
        if must_be { Mention::Unknown } else { Mention::Plain }
    }

    /// `text` in HTML, with a link for each name. What looks like a name and is none is told to `complain`.
    pub(crate) fn linked(
        &self,
        text: &str,
        here: &str,
        context: Context,
        complain: &mut impl FnMut(String),
    ) -> String {
        let mut html = String::new();
        let mut rest = text;
        while let Some(start) = PREFIXES.iter().filter_map(|prefix| rest.find(prefix)).min() {
            let (before, from) = rest.split_at(start);
            html.push_str(&escape(before));
            let end = from.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(from.len());
            let (name, after) = from.split_at(end);
            let inside =
                before.ends_with(|c: char| c == '_' || c == '-' || c == '/' || c.is_ascii_alphanumeric());
            rest = after;
            match if inside { Mention::Plain } else { self.mention(name, after, context) } {
                Mention::To(place) if context == Context::Prose => {
                    rest = after.strip_prefix("()").unwrap_or(after);
                    let brackets = if rest.len() < after.len() { "()" } else { "" };
                    html.push_str(&format!("<code>{}{brackets}</code>", place.link(here, &escape(name))));
                }
                Mention::To(place) => html.push_str(&place.link(here, &escape(name))),
                Mention::Plain => html.push_str(&escape(name)),
                // In quotes it is text that happens to look like a name.
                Mention::Unknown if before.ends_with('"') => html.push_str(&escape(name)),
                Mention::Unknown => {
                    complain(format!("there is no {name}"));
                    html.push_str(&escape(name));
                }
            }
        }
        html + &escape(rest)
    }

    /// A code span: a key of the configuration, or text that may hold names.
    pub(crate) fn code_span(&self, text: &str, here: &str, complain: &mut impl FnMut(String)) -> String {
        let inner = match self.key(text) {
            Mention::To(place) => place.link(here, &escape(text)),
            Mention::Unknown => {
                complain(format!("there is no key {text}"));
                escape(text)
            }
            Mention::Plain => {
                let bare = text.strip_suffix("()").unwrap_or(text);
                let is_name = !bare.is_empty() && bare.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
                let context = if is_name { Context::Code } else { Context::Words };
                self.linked(text, here, context, complain)
            }
        };
        format!("<code>{inner}</code>")
    }

    /// A key has lower-case parts between dots, and its first part is that of other keys.
    fn key(&self, text: &str) -> Mention<'_> {
        let name = text.split_once('=').map_or(text, |(name, _)| name);
        if let Some(place) = self.key_place(name) {
            return Mention::To(place);
        }
        let parts: Vec<_> = name.split('.').collect();
        let [first, .., last] = parts.as_slice() else { return Mention::Plain };
        let is_part = |part: &&str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if FILES.contains(last) || !parts.iter().all(|part| is_part(part) || *part == "*") {
            return Mention::Plain;
        }
        let keys =
            || self.places.iter().filter(|(_, place)| place.kind == "key").map(|(name, _)| name.as_str());
        let start = name.split('*').next().unwrap_or_default();
        if !keys().any(|key| key.split('.').next() == Some(first))
            || (start != name && keys().any(|key| key.starts_with(start)))
        {
            return Mention::Plain;
        }
        Mention::Unknown
    }
}

/// How names of the library begin.
const PREFIXES: [&str; 2] = ["rocketmq_", "ROCKETMQ_"];

/// Ends of file names, which look like keys.
const FILES: &[&str] = &[
    "c", "h", "hpp", "cpp", "rs", "md", "sh", "so", "a", "svg", "html", "toml", "java", "txt", "pc", "cmake",
];

impl Place {
    /// A link from the page `here`, `html` being what is shown.
    pub(crate) fn link(&self, here: &str, html: &str) -> String {
        format!("<a href=\"{}#{}\">{html}</a>", relative(here, &self.page), self.anchor)
    }
}
