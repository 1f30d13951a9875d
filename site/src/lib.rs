//! Makes the documentation that `make docs` writes: the C API by subject, from the comments of the headers in
//! `include`, and every page of `docs`, with a link wherever one names something that another describes.
//!
//! Doxygen knows less than is wanted here. A page must read the same on GitHub, whose anchors Doxygen has not, so that
//! links between pages lead nowhere and it does not say so; a name in a code span or a program must lead to its
//! description, and one that does not exist must be an error in prose too. [`header`] reads the headers, [`markdown`]
//! renders, [`names`] knows what is described where, [`api`] and [`files`] make the pages, [`links`] follows every link.

mod api;
mod files;
mod header;
mod links;
mod markdown;
mod names;
mod page;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use files::{Files, out_path};
use header::Header;
use markdown::headings;
use names::Names;
use page::{Navigation, Page, search_index};

/// Every file of the site, by its path below the site's folder.
pub type Site = BTreeMap<String, Vec<u8>>;

/// Makes the site of the repository at `root`. The second part is what is wrong with it, which nobody should publish.
pub fn make(root: &Path) -> io::Result<(Site, Vec<String>)> {
    let mut complaints = Vec::new();
    let headers = read_headers(root)?;
    let mut files = Files::read(root)?;
    let names = names(&headers, &files);
    let navigation = navigation(&headers, &files);

    let mut pages: Vec<Page> =
        headers.iter().flat_map(|header| api::pages(header, &names, &mut complaints)).collect();
    pages.extend(files.pages(&names, &mut complaints)?);
    let mut site: Site =
        pages.iter().map(|page| (page.path.clone(), page.framed(&navigation).into_bytes())).collect();
    site.append(&mut files.take_images());
    site.insert("names.js".into(), search_index(&names, &pages).into_bytes());
    site.insert("search.js".into(), include_bytes!("../assets/search.js").to_vec());
    site.insert("style.css".into(), include_bytes!("../assets/style.css").to_vec());
    complaints.extend(links::broken(&site));
    complaints.sort();
    complaints.dedup();
    Ok((site, complaints))
}

/// Writes `site` below `folder`, in place of what was there.
pub fn write(site: &Site, folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for (path, bytes) in site {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}

fn read_headers(root: &Path) -> io::Result<Vec<Header>> {
    let mut headers = Vec::new();
    for name in files::names_in(&root.join("include"))? {
        if [".h", ".hpp"].iter().any(|end| name.ends_with(end)) {
            headers.push(header::read(&name, &fs::read_to_string(root.join("include").join(&name))?));
        }
    }
    Ok(headers)
}

/// The page with the keys, and the page with what to do about each status.
const KEYS: &str = "docs/CONFIGURATION.md";
const ADVICE: &str = "docs/ERRORS.md";

fn names(headers: &[Header], files: &Files) -> Names {
    let mut names = Names::default();
    for header in headers {
        names.add_header(header, |title| api::section_path(&header.file, title));
    }
    // What pkg-config and CMake call a header's library, and its archive.
    let libraries = headers.iter().filter_map(|header| header.file.strip_suffix(".h"));
    names.add_known(libraries.flat_map(|name| [name.to_owned(), format!("{name}_static")]));
    for line in files.text(KEYS).lines() {
        if let Some((key, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) {
            names.add(key, "key", &out_path(KEYS), &format!("key-{key}"));
        }
    }
    for heading in headings(files.text(ADVICE)).iter().filter(|heading| heading.text.starts_with("ROCKETMQ_"))
    {
        names.add_advice(&heading.text, &out_path(ADVICE), &heading.anchor);
    }
    names
}

fn navigation(headers: &[Header], files: &Files) -> Navigation {
    let mut groups = vec![("Guide".to_owned(), files.guide())];
    for header in headers {
        let mut pages = vec![(api::overview_path(&header.file), "Overview and rules".to_owned())];
        let section = |title: &str| (api::section_path(&header.file, title), api::capital(title));
        pages.extend(header.sections.iter().map(|part| section(&part.title)));
        groups.push((header.file.clone(), pages));
    }
    Navigation(groups)
}

#[cfg(test)]
mod tests;
