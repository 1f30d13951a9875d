// Finds names, pages and headings as one types. NAMES comes from names.js: [text, kind, link].
"use strict";

const field = document.querySelector("nav input");
const list = document.querySelector("nav .found");
const root = document.body.dataset.root;
const SHOWN_MAX = 30;

// What begins with the words comes first, then what is shorter.
function rank(text, words) {
  const lower = text.toLowerCase();
  if (!words.every((word) => lower.includes(word))) return Infinity;
  const bare = lower.replace(/^rocketmq_/, "");
  return (bare.startsWith(words[0]) ? 0 : 1000) + text.length;
}

function show() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  list.replaceChildren();
  if (words.length === 0) return;
  NAMES.map((row) => [rank(row[0], words), row])
    .filter(([place]) => place < Infinity)
    .sort((one, other) => one[0] - other[0])
    .slice(0, SHOWN_MAX)
    .forEach(([, [text, kind, link]]) => {
      const item = document.createElement("li");
      const anchor = document.createElement("a");
      anchor.href = root + link;
      anchor.textContent = text;
      const what = document.createElement("small");
      what.textContent = " " + kind;
      item.append(anchor, what);
      list.append(item);
    });
}

field.addEventListener("input", show);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter") list.querySelector("a")?.click();
  if (event.key === "Escape") { field.value = ""; show(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  }
});
