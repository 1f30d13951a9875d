//! Markdown as HTML: headings with GitHub's anchors, links that lead from page to page, and a link for every name of
//! the library, in prose, in code spans and in programs.

use std::collections::BTreeMap;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

use crate::names::{Context, Names};
use crate::text::{escape, slug};

/// A heading of a page.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    pub(crate) level: u8,
    pub(crate) text: String,
    pub(crate) anchor: String,
}

/// What rendering needs to know of the rest of the site.
pub(crate) trait Surroundings {
    /// Where a link leads, as it stands in the Markdown; `None` where nothing is.
    fn target(&mut self, link: &str) -> Option<String>;
    /// The same of an image.
    fn image(&mut self, link: &str) -> Option<String>;
    /// A place in `text` that is more than text, such as the number of a rule: HTML for it.
    fn more(&self, html: String) -> String;
    /// Something is wrong.
    fn complain(&mut self, what: String);
}

/// Rendered Markdown.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    pub(crate) html: String,
    pub(crate) headings: Vec<Heading>,
}

fn events(text: &str) -> Vec<Event<'_>> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).collect()
}

/// The headings of a page, in order.
pub(crate) fn headings(text: &str) -> Vec<Heading> {
    let mut found = Vec::new();
    let mut taken = BTreeMap::new();
    let mut open: Option<(u8, String)> = None;
    for event in events(text) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => open = Some((level as u8, String::new())),
            Event::End(TagEnd::Heading(_)) => {
                let Some((level, text)) = open.take() else { continue };
                let anchor = slug(&text);
                let count = taken.entry(anchor.clone()).and_modify(|count| *count += 1).or_insert(0);
                let anchor = if *count == 0 { anchor } else { format!("{anchor}-{count}") };
                found.push(Heading { level, text, anchor });
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some((_, text)) = &mut open {
                    text.push_str(&part);
                }
            }
            _ => {}
        }
    }
    found
}

/// Renders `text` for the page `here`.
pub(crate) fn render(text: &str, here: &str, names: &Names, around: &mut impl Surroundings) -> Rendered {
    let headings = headings(text);
    let mut renderer = Renderer {
        here,
        names,
        around,
        headings: headings.iter(),
        out: Vec::new(),
        inside: Inside::default(),
    };
    for event in events(text) {
        renderer.take(event);
    }
    let mut html = String::new();
    html::push_html(&mut html, renderer.out.into_iter());
    Rendered { html, headings }
}

/// Where in the text we are.
#[derive(Default)]
struct Inside {
    /// A block of code: its language and what was read of it.
    code: Option<(String, String)>,
    /// Text in a link or a heading has no links of ours.
    links: u32,
    /// The first cell of a row, and nothing came in it yet: a key that stands here is described here.
    is_row_start: bool,
}

struct Renderer<'a, S> {
    here: &'a str,
    names: &'a Names,
    around: &'a mut S,
    headings: std::slice::Iter<'a, Heading>,
    out: Vec<Event<'a>>,
    inside: Inside,
}

impl<'a, S: Surroundings> Renderer<'a, S> {
    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(end) => self.end(end),
            Event::Text(text) => self.text(&text),
            Event::Code(text) => self.code_span(&text),
            // Comments are for those who write, not for those who read.
            Event::Html(html) | Event::InlineHtml(html) if html.trim_start().starts_with("<!--") => {}
            event => self.out.push(event),
        }
    }

    fn start(&mut self, tag: Tag<'a>) {
        let tag = match tag {
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => {
                        info.split_whitespace().next().unwrap_or_default().to_owned()
                    }
                    CodeBlockKind::Indented => String::new(),
                };
                self.inside.code = Some((language, String::new()));
                return;
            }
            Tag::Heading { level, classes, attrs, .. } => {
                self.inside.links += 1;
                let id = self.headings.next().map(|heading| CowStr::from(heading.anchor.clone()));
                Tag::Heading { level, id, classes, attrs }
            }
            Tag::Link { link_type, dest_url, title, id } => {
                self.inside.links += 1;
                let target = self.around.target(&dest_url);
                let dest_url = target.map_or(dest_url, CowStr::from);
                Tag::Link { link_type, dest_url, title, id }
            }
            Tag::Image { link_type, dest_url, title, id } => {
                let target = self.around.image(&dest_url);
                let dest_url = target.map_or(dest_url, CowStr::from);
                Tag::Image { link_type, dest_url, title, id }
            }
            Tag::Table(alignments) => {
                self.html("<div class=\"table\">".into());
                Tag::Table(alignments)
            }
            Tag::TableRow => {
                self.inside.is_row_start = true;
                Tag::TableRow
            }
            tag => tag,
        };
        self.out.push(Event::Start(tag));
    }

    fn end(&mut self, end: TagEnd) {
        match end {
            TagEnd::CodeBlock => return self.block(),
            TagEnd::Heading(_) => {
                self.inside.links = self.inside.links.saturating_sub(1);
            }
            TagEnd::Link => self.inside.links = self.inside.links.saturating_sub(1),
            TagEnd::TableCell => self.inside.is_row_start = false,
            TagEnd::Table => {
                self.out.push(Event::End(end));
                return self.html("</div>\n".into());
            }
            _ => {}
        }
        self.out.push(Event::End(end));
    }

    fn html(&mut self, html: String) {
        self.out.push(Event::Html(CowStr::from(html)));
    }

    fn inline(&mut self, html: String) {
        self.out.push(Event::InlineHtml(CowStr::from(html)));
    }

    fn text(&mut self, text: &str) {
        if let Some((_, code)) = &mut self.inside.code {
            return code.push_str(text);
        }
        if !text.trim().is_empty() {
            self.inside.is_row_start = false;
        }
        if self.inside.links > 0 {
            return self.out.push(Event::Text(CowStr::from(text.to_owned())));
        }
        let around = &mut *self.around;
        let html = self.names.linked(text, self.here, Context::Prose, &mut |what| around.complain(what));
        let html = self.around.more(html);
        self.inline(html);
    }

    fn code_span(&mut self, text: &str) {
        let names = self.names;
        let anchor = names.anchor(text, self.here).filter(|_| std::mem::take(&mut self.inside.is_row_start));
        let html = match anchor {
            Some(anchor) => format!("<code id=\"{}\">{}</code>", escape(anchor), escape(text)),
            None if self.inside.links > 0 => format!("<code>{}</code>", escape(text)),
            None => {
                let around = &mut *self.around;
                names.code_span(text, self.here, &mut |what| around.complain(what))
            }
        };
        self.inline(html);
    }

    fn block(&mut self) {
        let Some((language, text)) = self.inside.code.take() else { return };
        let code = match language.as_str() {
            "c" | "cpp" => {
                let around = &mut *self.around;
                program(&text, self.here, self.names, &mut |what| around.complain(what))
            }
            _ => escape(&text),
        };
        self.html(format!("<pre class=\"{}\"><code>{code}</code></pre>\n", escape(&language)));
    }
}

/// A program with a link for each name, comments apart from the rest.
pub(crate) fn program(text: &str, here: &str, names: &Names, complain: &mut impl FnMut(String)) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some((start, end)) = comment(rest) {
        html.push_str(&names.linked(rest.get(..start).unwrap_or_default(), here, Context::Code, complain));
        let comment = names.linked(rest.get(start..end).unwrap_or_default(), here, Context::Words, complain);
        html.push_str(&format!("<i>{comment}</i>"));
        rest = rest.get(end..).unwrap_or_default();
    }
    html + &names.linked(rest, here, Context::Code, complain)
}

/// Where the first comment is that is not inside text.
fn comment(text: &str) -> Option<(usize, usize)> {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open && before != '\\' => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '*') if before == '/' => {
                let end =
                    text.get(at..).and_then(|rest| rest.find("*/")).map_or(text.len(), |end| at + end + 2);
                return Some((at - 1, end));
            }
            (None, '/') if before == '/' => {
                let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |end| at + end);
                return Some((at - 1, end));
            }
            _ => {}
        }
        before = if before == '\\' && c == '\\' { ' ' } else { c };
    }
    None
}
