import {h} from "../../ui/dom.js";

// Hunks as the platform gives them: lines of kind CONTEXT, REMOVED, ADDED with their numbers.

/** Pairs what was removed with what was added in its place. */
function rows(lines) {
  const result = [];
  let removed = [];
  let added = [];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) result.push([removed[at], added[at]]);
    removed = [];
    added = [];
  };
  for (const line of lines) {
    if (line.kind === "REMOVED") removed.push(line);
    else if (line.kind === "ADDED") added.push(line);
    else {
      flush();
      result.push([line, line]);
    }
  }
  flush();
  return result;
}

/**
 * What two lines have in common at both ends, whole words, so that only the middle is marked. Lines that have little in common are
 * other lines, not changed ones: nothing is marked then.
 */
function marked(text, other, tag) {
  if (other === undefined || text === other) return text;
  let start = 0;
  while (start < text.length && start < other.length && text[start] === other[start]) start++;
  let end = 0;
  while (end < text.length - start && end < other.length - start && text.at(-1 - end) === other.at(-1 - end)) end++;
  while (start > 0 && /\w/.test(text[start - 1])) start--;
  while (end > 0 && /\w/.test(text.at(-end))) end--;
  if (start + end < Math.min(text.length, other.length) / 2) return text;
  return [text.slice(0, start), h(tag, {}, text.slice(start, text.length - end)), text.slice(text.length - end)];
}

function cells(line, other, kind, number, tag) {
  if (!line) return [h("td", {class: "none"}), h("td", {class: "none"})];
  const style = line.kind === "CONTEXT" ? "" : kind;
  return [h("td", {class: `line-number ${style}`}, number ?? ""),
    h("td", {class: style}, line.kind === "CONTEXT" ? line.text : marked(line.text, other?.text, tag))];
}

/** The old text at the left, the new one at the right. */
export function diffTable(hunks, before, after) {
  return h("div", {class: "table-scroll", tabindex: "0", role: "group", "aria-label": `Changes from ${before} to ${after}`}, h("table", {class: "diff"},
    h("caption", {class: "hidden-text"}, `Lines of ${before} and ${after} side by side`),
    h("colgroup", {}, h("col", {class: "number"}), h("col", {}), h("col", {class: "number"}), h("col", {})),
    h("thead", {class: "hidden-text"}, h("tr", {}, ["Line", before, "Line", after].map((title) => h("th", {scope: "col"}, title)))),
    hunks.map((hunk) => h("tbody", {},
      h("tr", {class: "hunk"}, h("td", {colspan: 4}, `Lines ${hunk.oldStart} and ${hunk.newStart}`)),
      rows(hunk.lines).map(([old, fresh]) => h("tr", {},
        cells(old, fresh, "removed", old?.oldLine, "del"), cells(fresh, old, "added", fresh?.newLine, "ins")))))));
}
