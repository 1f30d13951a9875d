//! Follows every link of the finished site.

use std::collections::BTreeSet;

use crate::Site;
use crate::text::resolve;

/// Links that lead nowhere, ids that are there twice.
pub(crate) fn broken(site: &Site) -> Vec<String> {
    let mut found = Vec::new();
    for (path, bytes) in site.iter().filter(|(path, _)| path.ends_with(".html")) {
        let html = String::from_utf8_lossy(bytes);
        let mut ids = BTreeSet::new();
        found.extend(
            values(&html, "id")
                .filter(|id| !ids.insert(*id))
                .map(|id| format!("{path}: the id {id} is there twice")),
        );
        for link in values(&html, "href").chain(values(&html, "src")) {
            if !leads_somewhere(site, path, link) {
                found.push(format!("{path}: the link {link} leads nowhere"));
            }
        }
    }
    found
}

/// The values of an attribute. The site's own HTML has them in double quotes; in text these are escaped.
fn values<'a>(html: &'a str, attribute: &str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {attribute}=\"");
    html.match_indices(&start)
        .map(|(at, _)| at + start.len())
        .collect::<Vec<_>>()
        .into_iter()
        .filter_map(|at| html.get(at..)?.split('"').next())
}

fn leads_somewhere(site: &Site, from: &str, link: &str) -> bool {
    if link.contains("://") || link.starts_with("mailto:") {
        return true;
    }
    let link = link.replace("%25", "%");
    let (file, anchor) =
        link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let target = if file.is_empty() { Some(from.to_owned()) } else { resolve(folder, file) };
    let Some(bytes) = target.and_then(|target| site.get(&target)) else { return false };
    let html = String::from_utf8_lossy(bytes);
    anchor.is_none_or(|anchor| values(&html, "id").any(|id| id == anchor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_without_a_target_and_ids_that_come_twice_are_found() {
        let page = |html: &str| html.as_bytes().to_vec();
        let mut site = Site::new();
        site.insert(
            "index.html".into(),
            page("<a href=\"api/a.html#one\"> <a href=\"#top\"> <p id=\"top\"> <p id=\"top\">"),
        );
        site.insert(
            "api/a.html".into(),
            page(
                "<a href=\"../index.html\"> <a href=\"b.html\"> <img src=\"x.svg\"> <a href=\"https://a/b\">",
            ),
        );
        assert_eq!(
            broken(&site),
            [
                "api/a.html: the link b.html leads nowhere",
                "api/a.html: the link x.svg leads nowhere",
                "index.html: the id top is there twice",
                "index.html: the link api/a.html#one leads nowhere",
            ]
        );
    }
}
