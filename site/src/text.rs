//! Text in HTML, in addresses, and as GitHub makes anchors of it.

/// `text` as HTML shows it.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
    html
}

/// The anchor that GitHub gives a heading.
pub(crate) fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// How the page `here` leads to `there`, both below the site's folder.
pub(crate) fn relative(here: &str, there: &str) -> String {
    if here == there {
        return String::new();
    }
    let folders = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (here, there) = (folders(here), folders(there));
    let same = here
        .iter()
        .zip(&there)
        .take(here.len().min(there.len()) - 1)
        .take_while(|(one, other)| one == other)
        .count();
    let up = "../".repeat(here.len() - 1 - same);
    format!("{up}{}", there.get(same..).unwrap_or_default().join("/"))
}

/// `path`, which stands in a file of `folder`, without `.` and `..`; `None` where it leads out.
pub(crate) fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_those_of_github() {
        for (heading, anchor) in [
            ("Where things are", "where-things-are"),
            ("Async 1024 B JSON, pinned", "async-1024-b-json-pinned"),
            ("ROCKETMQ_ERR_TIMEOUT", "rocketmq_err_timeout"),
            ("What is supported?", "what-is-supported"),
            ("C++ – and C", "c--and-c"),
        ] {
            assert_eq!(slug(heading), anchor);
        }
    }

    #[test]
    fn one_page_leads_to_another_wherever_both_are() {
        assert_eq!(relative("index.html", "tour.html"), "tour.html");
        assert_eq!(relative("index.html", "api/x/index.html"), "api/x/index.html");
        assert_eq!(relative("api/x/send.html", "api/x/types.html"), "types.html");
        assert_eq!(relative("api/x/send.html", "tour.html"), "../../tour.html");
        assert_eq!(relative("api/x/send.html", "api/y/send.html"), "../y/send.html");
        assert_eq!(relative("tour.html", "tour.html"), "");
    }

    #[test]
    fn a_path_is_resolved_and_may_not_lead_out() {
        assert_eq!(resolve("docs", "../README.md").as_deref(), Some("README.md"));
        assert_eq!(resolve("docs", "performance/cpu.svg").as_deref(), Some("docs/performance/cpu.svg"));
        assert_eq!(resolve("", "./examples-c/").as_deref(), Some("examples-c"));
        assert_eq!(resolve("docs", "../../x"), None);
    }
}
