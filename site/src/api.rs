//! The pages of a header: one with its rules and an overview, and one for each of its sections.

use std::collections::BTreeMap;

use crate::header::{Constant, Header, Item, Section, identifiers};
use crate::markdown::{Surroundings, program, render};
use crate::names::Names;
use crate::page::Page;
use crate::text::{escape, relative, slug};

/// The page with the rules and the overview of a header.
pub(crate) fn overview_path(file: &str) -> String {
    format!("api/{}/index.html", file.replace('.', "_"))
}

/// The page of a section of a header.
pub(crate) fn section_path(file: &str, title: &str) -> String {
    format!("api/{}/{}.html", file.replace('.', "_"), slug(title))
}

/// A section's title as a heading.
pub(crate) fn capital(title: &str) -> String {
    let mut letters = title.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// What comments lead to.
struct Comments<'a> {
    header: &'a Header,
    names: &'a Names,
    here: &'a str,
    /// What the comment belongs to, for complaints.
    of: String,
    complaints: &'a mut Vec<String>,
}

impl Comments<'_> {
    fn rule(&self, number: &str) -> Option<String> {
        let is_there = rules(&self.header.preamble).any(|rule| rule.number == number);
        is_there.then(|| format!("{}#{number}", relative(self.here, &overview_path(&self.header.file))))
    }
}

impl Surroundings for Comments<'_> {
    fn target(&mut self, link: &str) -> Option<String> {
        if link.starts_with("http") || link.starts_with('#') {
            return Some(link.to_owned());
        }
        let target = link.strip_prefix("rule:").and_then(|number| self.rule(number));
        if target.is_none() {
            self.complain(format!("the link {link} leads nowhere"));
        }
        target
    }

    fn image(&mut self, _: &str) -> Option<String> {
        None
    }

    /// Keys in quotes and numbers of rules become links.
    fn more(&self, html: String) -> String {
        let key = |part: &str| self.names.key_place(part).map(|place| place.link(self.here, part));
        let parts = html.split("&quot;").map(|part| key(part).unwrap_or_else(|| part.to_owned()));
        self.with_rules(parts.collect::<Vec<_>>().join("&quot;"))
    }

    fn complain(&mut self, what: String) {
        self.complaints.push(format!("{}: the comment of {}: {what}", self.header.file, self.of));
    }
}

impl Comments<'_> {
    fn with_rules(&self, html: String) -> String {
        let Some(rule) =
            identifiers(&html).find(|word| is_rule(word) && self.rule(word).is_some()).map(str::to_owned)
        else {
            return html;
        };
        let link = format!("<a href=\"{}\">{rule}</a>", self.rule(&rule).unwrap_or_default());
        let (before, after) = html.split_once(&rule).unwrap_or((&html, ""));
        format!("{before}{link}{}", self.with_rules(after.to_owned()))
    }
}

fn is_rule(word: &str) -> bool {
    word.strip_prefix('R')
        .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

/// A part of the opening comment: a rule with its number, or a paragraph without one.
struct Rule {
    number: String,
    text: String,
}

fn rules(preamble: &str) -> impl Iterator<Item = Rule> {
    let mut parts: Vec<Rule> = Vec::new();
    let mut is_open = false;
    for line in preamble.lines() {
        let bare = line.trim();
        let (word, rest) = bare.split_once(' ').unwrap_or((bare, ""));
        if is_rule(word) && line.starts_with(' ') {
            parts.push(Rule { number: word.into(), text: rest.trim().into() });
            is_open = true;
        } else if bare.is_empty() {
            is_open = false;
        } else if let (true, Some(part)) = (is_open, parts.last_mut()) {
            // What is in brackets is explained line by line.
            let gap = if bare.starts_with('[') { "\n\n" } else { "\n" };
            part.text = format!("{}{gap}{bare}", part.text);
        } else {
            parts.push(Rule { number: String::new(), text: bare.into() });
            is_open = true;
        }
    }
    parts.into_iter()
}

/// All pages of `header`. What is undocumented or leads nowhere is told.
pub(crate) fn pages(header: &Header, names: &Names, complaints: &mut Vec<String>) -> Vec<Page> {
    let mut pages = vec![Writer::new(header, names, overview_path(&header.file), complaints).overview()];
    for section in &header.sections {
        let path = section_path(&header.file, &section.title);
        pages.push(Writer::new(header, names, path, complaints).section(section));
    }
    pages
}

struct Writer<'a> {
    header: &'a Header,
    names: &'a Names,
    path: String,
    complaints: &'a mut Vec<String>,
    html: String,
}

impl<'a> Writer<'a> {
    const fn new(
        header: &'a Header,
        names: &'a Names,
        path: String,
        complaints: &'a mut Vec<String>,
    ) -> Self {
        Self { header, names, path, complaints, html: String::new() }
    }

    fn page(self, title: String) -> Page {
        Page { path: self.path, title, html: self.html, headings: Vec::new() }
    }

    /// The comment of `of` as HTML.
    fn comment(&mut self, text: &str, of: &str) -> String {
        let has_threads = rules(&self.header.preamble).any(|rule| rule.number == THREADS);
        if has_threads { self.prose(&with_threads(text), of) } else { self.prose(text, of) }
    }

    fn prose(&mut self, text: &str, of: &str) -> String {
        let mut around = Comments {
            header: self.header,
            names: self.names,
            here: &self.path,
            of: of.into(),
            complaints: &mut *self.complaints,
        };
        render(text, &self.path, self.names, &mut around).html
    }

    fn overview(mut self) -> Page {
        let file = self.header.file.clone();
        self.html.push_str(&format!("<h1>{}</h1>\n<p>{}.</p>\n", escape(&file), escape(&self.header.title)));
        let mut in_rules = false;
        for rule in rules(&self.header.preamble) {
            let text = self.prose(&rule.text, "the whole header");
            let is_rule = !rule.number.is_empty();
            if is_rule != in_rules {
                self.html.push_str(if is_rule { "<dl class=\"rules\">\n" } else { "</dl>\n" });
                in_rules = is_rule;
            }
            let part =
                if is_rule { format!("<dt id=\"{0}\">{0}</dt><dd>{text}</dd>\n", rule.number) } else { text };
            self.html.push_str(&part);
        }
        self.html.push_str(if in_rules { "</dl>\n" } else { "" });
        for section in &self.header.sections {
            let path = relative(&self.path, &section_path(&self.header.file, &section.title));
            let (title, anchor) = (capital(&section.title), slug(&section.title));
            self.html
                .push_str(&format!("<h2 id=\"{anchor}\"><a href=\"{path}\">{}</a></h2>\n", escape(&title)));
            self.synopsis(section);
        }
        self.page(file)
    }

    /// A line for each item.
    fn synopsis(&mut self, section: &Section) {
        self.html.push_str("<table class=\"synopsis\">\n");
        let page = section_path(&self.header.file, &section.title);
        for (item, anchor) in section.items.iter().zip(anchors(section)) {
            let link = format!("{}#{anchor}", relative(&self.path, &page));
            let name = escape(&item.names.join(", "));
            let text = self.comment(first_sentence(&item.comment), &name);
            self.html.push_str(&format!(
                "<tr><td><a href=\"{link}\"><code>{name}</code></a></td><td>{text}</td></tr>\n"
            ));
        }
        self.html.push_str("</table>\n");
    }

    fn section(mut self, section: &Section) -> Page {
        let title = capital(&section.title);
        self.html.push_str(&format!("<h1>{}</h1>\n", escape(&title)));
        if section.items.len() > 3 {
            self.synopsis(section);
        }
        for (item, anchor) in section.items.iter().zip(anchors(section)) {
            self.item(item, &anchor);
        }
        self.page(title)
    }

    fn item(&mut self, item: &Item, anchor: &str) {
        let name = item.names.join(", ");
        if item.comment.is_empty() && self.header.file.ends_with(".h") {
            self.complaints.push(format!("{}: {name} has no comment", self.header.file));
        }
        let full = item.within.iter().chain([&name]).map(String::as_str).collect::<Vec<_>>().join("::");
        let further: String =
            item.names.iter().skip(1).map(|name| format!("<span id=\"{name}\"></span>")).collect();
        self.html.push_str(&format!(
            "<section id=\"{anchor}\">{further}\n<h3><code>{}</code></h3>\n",
            escape(&full)
        ));
        let header = self.header;
        let complaints = &mut *self.complaints;
        let code = program(&item.code, &self.path, self.names, &mut |what| {
            complaints.push(format!("{}: {what}", header.file))
        });
        let checked = if item.is_checked {
            "<p class=\"checked\">The compiler warns when its result is ignored.</p>\n"
        } else {
            ""
        };
        let text = self.comment(&item.comment, &name);
        self.html.push_str(&format!("<pre class=\"c\"><code>{code}</code></pre>\n{text}{checked}"));
        if !item.constants.is_empty() {
            self.html.push_str("<table class=\"constants\">\n");
            for constant in &item.constants {
                self.constant(constant);
            }
            self.html.push_str("</table>\n");
        }
        self.html.push_str("</section>\n");
    }

    fn constant(&mut self, constant: &Constant) {
        let Constant { name, value, comment } = constant;
        if comment.is_empty() && self.header.file.ends_with(".h") {
            self.complaints.push(format!("{}: {name} has no comment", self.header.file));
        }
        let text = self.comment(comment, name);
        let more =
            self.names.advice(name).map(|place| place.link(&self.path, "what to do")).unwrap_or_default();
        self.html.push_str(&format!(
            "<tr id=\"{name}\"><td><code>{name}</code></td><td>{}</td><td>{text}{more}</td></tr>\n",
            escape(value)
        ));
    }
}

/// The anchors of a section's items: their names, in C++ with those of their classes, and numbers where functions share
/// one.
fn anchors(section: &Section) -> Vec<String> {
    let mut taken = BTreeMap::new();
    let anchor = |item: &Item| {
        let name =
            item.within.iter().chain(item.names.first()).map(String::as_str).collect::<Vec<_>>().join("-");
        let count = taken.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
        if *count == 1 { name } else { format!("{name}-{count}") }
    };
    section.items.iter().map(anchor).collect()
}

/// Up to the first full stop, but not inside a code span.
fn first_sentence(comment: &str) -> &str {
    let mut in_code = false;
    let mut before = ' ';
    for (at, c) in comment.char_indices() {
        in_code ^= c == '`';
        if before == '.' && c.is_whitespace() && !in_code {
            return comment.get(..at).unwrap_or(comment);
        }
        before = c;
    }
    comment
}

/// The rule about threads.
const THREADS: &str = "R8";

/// From which threads a function may be called is said in brackets: a link to the rule about that.
fn with_threads(comment: &str) -> String {
    let mut text = String::new();
    let mut rest = comment;
    while let Some(open) = rest.find('[') {
        let (before, from) = rest.split_at(open);
        text.push_str(before);
        let close = from.find(']').map_or(from.len(), |close| close + 1);
        let (inside, after) = from.split_at(close);
        let is_mark =
            ["[any", "[wait", "[one"].iter().any(|mark| inside.starts_with(mark)) && !after.starts_with('(');
        text.push_str(inside);
        if is_mark {
            text.push_str(&format!("(rule:{THREADS})"));
        }
        rest = after;
    }
    text + rest
}
