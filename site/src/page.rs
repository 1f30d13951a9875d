//! What all pages of the site share: the frame, the way to every other page, the search.

use crate::markdown::Heading;
use crate::names::Names;
use crate::text::{escape, relative};

/// A page without its frame.
#[derive(Debug)]
pub(crate) struct Page {
    /// Below the site's folder.
    pub(crate) path: String,
    pub(crate) title: String,
    pub(crate) html: String,
    pub(crate) headings: Vec<Heading>,
}

/// A group of pages in the navigation: its title, and each page's path and title.
pub(crate) type Group = (String, Vec<(String, String)>);

/// The pages that every page leads to.
#[derive(Debug, Default)]
pub(crate) struct Navigation(pub(crate) Vec<Group>);

const NAME: &str = "rocketmq-producer";

impl Navigation {
    fn html(&self, page: &Page) -> String {
        let mut html = String::new();
        for (title, pages) in &self.0 {
            html.push_str(&format!("<h2>{}</h2>\n<ul>\n", escape(title)));
            for (path, title) in pages {
                let is_here = *path == page.path;
                let mark = if is_here { " aria-current=\"page\"" } else { "" };
                let link = if is_here { "#top".to_owned() } else { relative(&page.path, path) };
                html.push_str(&format!("<li><a href=\"{link}\"{mark}>{}</a>", escape(title)));
                if is_here {
                    html.push_str(&contents(page));
                }
                html.push_str("</li>\n");
            }
            html.push_str("</ul>\n");
        }
        html
    }
}

/// The parts of a long page.
fn contents(page: &Page) -> String {
    let parts: Vec<_> = page.headings.iter().filter(|heading| heading.level == 2).collect();
    if parts.len() < 2 {
        return String::new();
    }
    let item = |heading: &&Heading| {
        format!("<li><a href=\"#{}\">{}</a></li>\n", heading.anchor, escape(&heading.text))
    };
    format!("<ul>\n{}</ul>", parts.iter().map(item).collect::<String>())
}

impl Page {
    /// The whole of it.
    pub(crate) fn framed(&self, navigation: &Navigation) -> String {
        let root = "../".repeat(self.path.matches('/').count());
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} · {NAME}</title>\n\
             <link rel=\"stylesheet\" href=\"{root}style.css\">\n<script src=\"{root}names.js\" defer></script>\n\
             <script src=\"{root}search.js\" defer></script>\n</head>\n<body id=\"top\" data-root=\"{root}\">\n<nav>\n\
             <p class=\"name\"><a href=\"{home}\">{NAME}</a> <small>{version}</small></p>\n\
             <input type=\"search\" placeholder=\"Search ( / )\" aria-label=\"Search\">\n<ol class=\"found\"></ol>\n\
             {navigation}</nav>\n<main>\n{html}</main>\n</body>\n</html>\n",
            title = escape(&self.title),
            home = if self.path == "index.html" { "#top".to_owned() } else { format!("{root}index.html") },
            version = env!("CARGO_PKG_VERSION"),
            navigation = navigation.html(self),
            html = self.html,
        )
    }
}

/// What the search knows: every name, every page and every heading, as a script, since a page that is opened as a file
/// may fetch nothing.
pub(crate) fn search_index(names: &Names, pages: &[Page]) -> String {
    let mut rows = Vec::new();
    for (name, place) in names.iter() {
        rows.push((name.to_owned(), place.kind, format!("{}#{}", place.page, place.anchor)));
    }
    for page in pages {
        rows.push((page.title.clone(), "page", page.path.clone()));
        for heading in page.headings.iter().filter(|heading| matches!(heading.level, 2 | 3)) {
            let text = format!("{} – {}", heading.text, page.title);
            rows.push((text, "part", format!("{}#{}", page.path, heading.anchor)));
        }
    }
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let row = |(text, kind, link): &(String, &str, String)| {
        format!("[{},{},{}]", quoted(text), quoted(kind), quoted(link))
    };
    format!("const NAMES = [\n{}\n];\n", rows.iter().map(row).collect::<Vec<_>>().join(",\n"))
}
