//! Blocks of code in Markdown.

use std::fs;
use std::path::Path;

use crate::program::root;

/// What stands between two fences.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// Its file, below the repository.
    pub(crate) page: String,
    /// The first line of its text, from 1 on.
    pub(crate) line: usize,
    pub(crate) language: String,
    /// What the comment above it says.
    comment: String,
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn is_program(&self) -> bool {
        self.text.contains("int main(")
    }

    /// Functions and whatever stands beside them, rather than statements.
    pub(crate) fn is_at_file_scope(&self) -> bool {
        let code = self.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("/*"));
        code.is_some_and(|line| {
            ["static ", "struct ", "#include"].iter().any(|start| line.starts_with(start))
        })
    }

    /// What the comment above says of `name`: `name: value`, or the value is empty.
    pub(crate) fn mark(&self, name: &str) -> Option<&str> {
        let marks = self.comment.split(", ").map(|mark| mark.split_once([':', ' ']).unwrap_or((mark, "")));
        marks.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value.trim())
    }
}

/// The blocks of the README and of every page of `docs`, page after page.
pub(crate) fn all_blocks() -> Vec<Block> {
    let mut pages = vec!["README.md".to_owned()];
    below("docs", &mut pages);
    assert!(pages.len() > 5, "{pages:?}");
    pages.iter().flat_map(|page| blocks(page)).collect()
}

fn below(folder: &str, pages: &mut Vec<String>) {
    let mut names: Vec<_> =
        fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        let path = format!("{folder}/{}", name.to_str().unwrap());
        if root().join(&path).is_dir() {
            below(&path, pages);
        } else if Path::new(&path).extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    let mut comment = "";
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, Some(language)) => {
                let comment = comment.trim_start_matches("<!-- ").trim_end_matches(" -->").to_owned();
                open = Some(Block {
                    page: page.into(),
                    line: number + 2,
                    language: language.into(),
                    comment,
                    text: String::new(),
                });
            }
            (None, None) => {}
        }
        comment = if line.starts_with("<!-- ") { line } else { "" };
    }
    assert!(open.is_none(), "{page}: a block is not closed");
    found
}

/// `output` without what is another one each time: ids, and which queue was chosen.
pub(crate) fn abstracted(output: &str) -> String {
    output.trim_end().lines().map(abstracted_line).collect::<Vec<_>>().join("\n")
}

fn abstracted_line(line: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let mut before = "";
    for word in line.split(' ') {
        let bare = word.trim_end_matches(':');
        let is_id = bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_queue = before == "queue" && word.bytes().all(|byte| byte.is_ascii_digit());
        words.push(if is_id {
            "ID"
        } else if is_queue {
            "N"
        } else {
            word
        });
        before = word;
    }
    words.join(" ")
}

#[test]
fn what_differs_each_time_is_abstracted_and_nothing_else() {
    let one = "stored as 7F0000010A5B5A3C20C41F0E2D4B0001 in queue 2 of broker-a";
    let other = "stored as 7F0000010A5B5A3C20C41F0E2D4B0002 in queue 3 of broker-a\n";
    assert_eq!(abstracted(one), abstracted(other));
    assert_ne!(abstracted(one), abstracted(&other.replace("broker-a", "broker-b")));
    assert_ne!(abstracted("offset 1"), abstracted("offset 2"));
}
