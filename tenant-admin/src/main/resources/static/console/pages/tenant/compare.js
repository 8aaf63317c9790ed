import {all, get} from "../../app/api.js";
import {h} from "../../ui/dom.js";
import {number} from "../../ui/format.js";
import {card, empty, notAvailable, options} from "../../ui/parts.js";
import {diffTable} from "./diff.js";
import {crumbs, tenantPath} from "./place.js";

/** Two versions side by side. */
export async function comparePage({parts: [tenantId, before, after]}) {
  const path = tenantPath(tenantId);
  const [tenant, versions] = await Promise.all([get(path), all(`${path}/prompts`)]);
  const choice = (label, chosen, go) => h("label", {class: "row"}, h("span", {class: "soft"}, label),
    h("select", {class: "mono", onchange: (event) => {
      location.hash = go(event.target.value);
    }}, options(versions.map((version) => [version.id, `${version.id}${version.message ? `: ${version.message}` : ""}`]), chosen)));
  return [
    crumbs(tenant, path, "Compare"),
    h("div", {class: "page-head"}, h("div", {}, h("h1", {}, `${before} → ${after}`),
      h("p", {class: "lead"}, "What changed between two versions, line by line.")),
    h("div", {class: "row wide choices"}, choice("From", before, (id) => `#${path}/compare/${id}/${after}`), choice("to", after, (id) => `#${path}/compare/${before}/${id}`))),
    await difference(path, before, after),
  ];
}

async function difference(path, before, after) {
  try {
    const diff = await get(`${path}/prompts/${encodeURIComponent(after)}/diff?against=${encodeURIComponent(before)}`);
    return card("Changes", {flush: true, aside: h("span", {class: "small soft numeric"}, `${number(diff.added)} added, ${number(diff.removed)} removed`)},
      diff.hunks.length ? diffTable(diff.hunks, before, after) : empty("check", "The two versions are the same"));
  } catch (error) {
    if (error.missing) return h("div", {class: "card"}, notAvailable("Comparing versions"));
    throw error;
  }
}
