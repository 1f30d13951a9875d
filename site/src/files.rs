//! Files of the repository that become pages: the README, every page of `docs`, and whatever these lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Site;
use crate::api::overview_path;
use crate::markdown::{Heading, Surroundings, headings, program, render};
use crate::names::Names;
use crate::page::Page;
use crate::text::{escape, relative, resolve};

/// Where the file at `path` of the repository is in the site.
pub(crate) fn out_path(path: &str) -> String {
    let path = path.trim_end_matches('/');
    if path == "README.md" {
        return "index.html".into();
    }
    if let Some(stem) = path.strip_suffix(".md") {
        return format!("{}.html", stem.strip_prefix("docs/").unwrap_or(stem).to_lowercase());
    }
    match path.strip_prefix("include/") {
        Some(header) if header.ends_with(".h") || header.ends_with(".hpp") => overview_path(header),
        _ if is_image(path) => format!("images/{path}"),
        _ => format!("source/{path}.html"),
    }
}

fn is_image(path: &str) -> bool {
    [".svg", ".png"].iter().any(|end| path.ends_with(end))
}

/// Names in a folder, in order.
pub(crate) fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// What the site takes from the repository.
pub(crate) struct Files {
    root: PathBuf,
    /// The README and the pages of `docs`, by path.
    guide: BTreeMap<String, String>,
    images: Site,
}

impl Files {
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut guide = BTreeMap::new();
        guide.insert("README.md".to_owned(), fs::read_to_string(root.join("README.md"))?);
        let mut folders = vec!["docs".to_owned()];
        while let Some(folder) = folders.pop() {
            for name in names_in(&root.join(&folder))? {
                let path = format!("{folder}/{name}");
                if root.join(&path).is_dir() {
                    folders.push(path);
                } else if path.ends_with(".md") {
                    let text = fs::read_to_string(root.join(&path))?;
                    guide.insert(path, text);
                }
            }
        }
        Ok(Self { root: root.to_owned(), guide, images: Site::new() })
    }

    /// A page of the guide as it is written; empty if there is none.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.guide.get(path).map_or("", String::as_str)
    }

    /// The pages of the guide, with their titles, in the order in which the README documents them,
    /// then the others.
    pub(crate) fn guide(&self) -> Vec<(String, String)> {
        let readme = self.text("README.md");
        let readme = readme.split_once("\n## Documentation\n").map_or(readme, |(_, section)| section);
        let place = |path: &str| readme.find(&format!("({path}")).unwrap_or(usize::MAX);
        let mut paths: Vec<_> = self.guide.keys().map(String::as_str).collect();
        paths.sort_by_key(|path| (*path != "README.md", place(path), path.to_owned()));
        paths.into_iter().map(|path| (out_path(path), title(path, self.text(path)))).collect()
    }

    /// Every page, also those that only other pages lead to.
    pub(crate) fn pages(&mut self, names: &Names, complaints: &mut Vec<String>) -> io::Result<Vec<Page>> {
        let mut pages = Vec::new();
        let mut known: BTreeSet<String> = self.guide.keys().cloned().collect();
        let mut open: Vec<String> = known.iter().cloned().collect();
        while let Some(path) = open.pop() {
            let mut wanted = Vec::new();
            let page = self.page(&path, names, &mut wanted, complaints)?;
            pages.extend(page);
            let new = wanted.into_iter().filter(|path| known.insert(path.clone()));
            open.extend(new.collect::<Vec<_>>());
        }
        pages.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(pages)
    }

    pub(crate) fn take_images(&mut self) -> Site {
        std::mem::take(&mut self.images)
    }

    fn page(
        &mut self,
        path: &str,
        names: &Names,
        wanted: &mut Vec<String>,
        complaints: &mut Vec<String>,
    ) -> io::Result<Option<Page>> {
        let here = out_path(path);
        let full = self.root.join(path);
        if here.starts_with("api/") {
            return Ok(None);
        }
        if is_image(path) {
            self.images.insert(here, fs::read(full)?);
            return Ok(None);
        }
        if full.is_dir() {
            return Ok(Some(listing(path, here, &names_in(&full)?, wanted, &self.root)));
        }
        let text = fs::read_to_string(full)?;
        if path.ends_with(".md") {
            let mut around = Around { root: &self.root, path, here: &here, wanted, complaints };
            let rendered = render(&text, &here, names, &mut around);
            return Ok(Some(Page {
                title: title(path, &text),
                html: rendered.html,
                headings: rendered.headings,
                path: here,
            }));
        }
        let is_c = [".c", ".h", ".cpp", ".hpp"].iter().any(|end| path.ends_with(end));
        let mut complain = |what: String| complaints.push(format!("{path}: {what}"));
        let code = if is_c { program(&text, &here, names, &mut complain) } else { escape(&text) };
        let html = format!("<h1>{0}</h1>\n<pre class=\"source\"><code>{code}</code></pre>\n", escape(path));
        Ok(Some(Page { path: here, title: path.into(), html, headings: Vec::new() }))
    }
}

/// The first heading.
fn title(path: &str, text: &str) -> String {
    if path == "README.md" {
        return "Start here".into();
    }
    headings(text).first().map_or_else(|| path.to_owned(), |heading| heading.text.clone())
}

/// A folder that a page leads to.
fn listing(path: &str, here: String, names: &[String], wanted: &mut Vec<String>, root: &Path) -> Page {
    let mut html = format!("<h1>{}</h1>\n<ul>\n", escape(path));
    for name in names {
        let file = format!("{path}/{name}");
        let is_text = fs::read(root.join(&file)).is_ok_and(|bytes| std::str::from_utf8(&bytes).is_ok());
        if is_text {
            let link = relative(&here, &out_path(&file));
            html.push_str(&format!("<li><a href=\"{link}\">{}</a></li>\n", escape(name)));
            wanted.push(file);
        }
    }
    html.push_str("</ul>\n");
    Page { path: here, title: path.into(), html, headings: Vec::new() }
}

/// What surrounds a page that is rendered.
struct Around<'a> {
    root: &'a Path,
    path: &'a str,
    here: &'a str,
    wanted: &'a mut Vec<String>,
    complaints: &'a mut Vec<String>,
}

impl Surroundings for Around<'_> {
    fn target(&mut self, link: &str) -> Option<String> {
        if link.contains("://") || link.starts_with("mailto:") {
            return Some(link.to_owned());
        }
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = if file.is_empty() { Some(self.path.to_owned()) } else { resolve(folder, file) };
        let Some(path) = path.filter(|path| self.root.join(path).exists()) else {
            self.complain(format!("the link {link} leads to no file"));
            return None;
        };
        if !anchor.is_empty() && path.ends_with(".md") {
            let text = fs::read_to_string(self.root.join(&path)).unwrap_or_default();
            let is_there = |heading: &Heading| heading.anchor == anchor;
            if !headings(&text).iter().any(is_there) {
                self.complain(format!("the link {link} leads to no heading of {path}"));
            }
        }
        let anchor = if link.contains('#') { format!("#{anchor}") } else { String::new() };
        let page = relative(self.here, &out_path(&path));
        self.wanted.push(path);
        Some(if page.is_empty() && anchor.is_empty() { "#top".into() } else { page + &anchor })
    }

    fn image(&mut self, link: &str) -> Option<String> {
        self.target(link)
    }

    fn more(&self, html: String) -> String {
        html
    }

    fn complain(&mut self, what: String) {
        self.complaints.push(format!("{}: {what}", self.path));
    }
}
