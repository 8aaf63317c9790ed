import {all, download, get, put as replace, read} from "../app/api.js";
import {may} from "../app/session.js";
import {bars} from "../ui/chart.js";
import {dialog} from "../ui/dialog.js";
import {h} from "../ui/dom.js";
import {money, number, percent} from "../ui/format.js";
import {button, card, empty, field, section, segments, table, tile} from "../ui/parts.js";
import {done} from "../ui/toast.js";

const MINUTE = 60_000;
const RANGES = {
  hour: {label: "Last hour", bucket: "minute", size: MINUTE, count: 60},
  day: {label: "24 hours", bucket: "hour", size: 60 * MINUTE, count: 24},
  month: {label: "30 days", bucket: "day", size: 24 * 60 * MINUTE, count: 30},
};
const KINDS = ["promptTokens", "cachedTokens", "completionTokens", "requests", "cost"];

/** Usage of all tenants, and what tokens cost. */
export function usagePage() {
  return [
    h("div", {class: "page-head"}, h("div", {}, h("h1", {}, "Usage"),
      h("p", {class: "lead"}, "Requests, tokens and cost of all tenants, from the ledger that is settled with every request.")),
    button("Prices", prices, {symbol: "tag"})),
    usageCard({path: "/usage", name: "all", groups: [["tenant", "By tenant"], ["promptVersion", "By prompt version"], ["finish", "By finish"]]}),
  ];
}

/** Figures, charts and a split of one range of time. */
export function usageCard({path, csv, name, groups}) {
  let range = RANGES.hour;
  let group = groups[0][0];
  const body = section(() => usage(path, range, group, groups), {missing: "Usage accounting", lines: 9});
  const choose = (change) => {
    change();
    return body.refresh();
  };
  const view = h("div", {class: "stack"},
    h("div", {class: "spread"},
      segments("Range", Object.entries(RANGES).map(([key, one]) => [key, one.label]), "hour", (key) => choose(() => (range = RANGES[key]))),
      h("div", {class: "row"},
        segments("Split", groups, group, (key) => choose(() => (group = key))),
        csv && button("CSV", () => download(`${csv}?${query(range)}`, `usage-${name}.csv`), {symbol: "download", style: "small"}))),
    body);
  return view;
}

function query({bucket, size, count}) {
  const end = Math.ceil((Date.now() + 1) / size) * size;
  return new URLSearchParams({from: new Date(end - count * size).toISOString(), to: new Date(end).toISOString(), bucket});
}

async function usage(path, range, group, groups) {
  const parameters = query(range);
  const grouped = new URLSearchParams(parameters);
  grouped.set("groupBy", group);
  const [series, split, price, names] = await Promise.all([get(`${path}?${parameters}`), all(`${path}?${grouped}`), currency(), namesFor(path, group)]);
  const start = Date.parse(parameters.get("from"));
  const buckets = Array.from({length: range.count}, () => Object.fromEntries(KINDS.map((kind) => [kind, 0])));
  for (const item of series.items) {
    const at = Math.floor((Date.parse(item.start) - start) / range.size);
    if (buckets[at]) for (const kind of KINDS) buckets[at][kind] += Number(item[kind] ?? 0);
  }
  const sum = (kind) => buckets.reduce((total, bucket) => total + bucket[kind], 0);
  const labels = buckets.map((_, at) => label(start + at * range.size, range.bucket));
  const column = (kind) => buckets.map((bucket) => bucket[kind]);
  return h("div", {class: "stack"},
    h("dl", {class: "tiles"},
      tile("Requests", number(sum("requests"))),
      tile("Prompt tokens", number(sum("promptTokens"))),
      tile("Of them cached", percent(sum("cachedTokens"), sum("promptTokens"))),
      tile("Completion tokens", number(sum("completionTokens"))),
      price ? tile("Cost", money(sum("cost"), price)) : tile("Cost", "–", "no price set")),
    h("div", {class: "columns"},
      card("Tokens", {}, bars("Tokens", labels, [
        {name: "Prompt, cached", colour: 0, values: column("cachedTokens")},
        {name: "Prompt, computed", colour: 1, values: buckets.map((bucket) => Math.max(0, bucket.promptTokens - bucket.cachedTokens))},
        {name: "Completion", colour: 2, values: column("completionTokens")},
      ])),
      card("Requests", {}, bars("Requests", labels, [{name: "Requests", colour: 3, values: column("requests")}]))),
    card(groups.find(([key]) => key === group)[1], {flush: true}, splitTable(split, group, price, names)));
}

/** What ids of a group are called: tenants and keys have names. */
async function namesFor(path, group) {
  if (group !== "tenant" && group !== "key") return new Map();
  const named = await all(group === "tenant" ? "/tenants" : path.replace(/usage$/, "keys"));
  return new Map(named.map((one) => [one.id, one.name]));
}

function splitTable(items, group, price, names) {
  const rows = new Map();
  for (const item of items) {
    const name = item[group] ?? "–";
    const row = rows.get(name) ?? {name, requests: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0, cost: 0};
    for (const kind of KINDS) row[kind] += Number(item[kind] ?? 0);
    rows.set(name, row);
  }
  const sorted = [...rows.values()].sort((a, b) => b.promptTokens + b.completionTokens - a.promptTokens - a.completionTokens);
  if (!sorted.length) return empty("usage", "Nothing was used in this time");
  return table("Split", [
    {title: "Name", cell: (row) => splitName(row.name, group, names)},
    {title: "Requests", end: true, cell: (row) => number(row.requests)},
    {title: "Prompt", end: true, cell: (row) => number(row.promptTokens)},
    {title: "Cached", end: true, cell: (row) => `${number(row.cachedTokens)} (${percent(row.cachedTokens, row.promptTokens)})`},
    {title: "Completion", end: true, cell: (row) => number(row.completionTokens)},
    {title: "Cost", end: true, cell: (row) => price ? money(row.cost, price) : "–"},
  ], sorted);
}

function splitName(id, group, names) {
  const shown = names.has(id) ? h("span", {class: "title-cell"}, names.get(id)) : h("code", {}, id);
  return group === "tenant" ? h("a", {href: `#/tenants/${encodeURIComponent(id)}/usage`}, shown) : shown;
}

function label(at, bucket) {
  const date = new Date(at);
  return bucket === "day" ? date.toLocaleDateString("en", {month: "short", day: "numeric"})
    : date.toLocaleTimeString("en", {hour: "2-digit", minute: "2-digit", hour12: false});
}

/** In which the cost is told; null before a price was set. */
async function currency() {
  try {
    return (await get("/prices")).currency;
  } catch (error) {
    if (error.missing) return null;
    throw error;
  }
}

const PRICES = [["promptPerMillion", "Prompt, computed"], ["cachedPerMillion", "Prompt, cached"], ["completionPerMillion", "Completion"]];

async function prices() {
  const {body, etag} = await read("/prices");
  const unit = h("input", {required: true, value: body.currency ?? "USD", maxlength: 3, pattern: "[A-Z]{3}"});
  const inputs = PRICES.map(([name, words]) => [name, words, h("input", {type: "number", min: 0, step: "any", required: true, value: body[name] ?? 0})]);
  dialog("Prices", {
    content: [h("p", {class: "soft"}, "Per million tokens, from now on: what was used before keeps the price it had."),
      field("Currency", unit, "Three letters, such as USD."), inputs.map(([, words, input]) => field(words, input))],
    submit: may("owner") ? "Save prices" : null,
    act: async () => {
      await replace("/prices", {currency: unit.value, ...Object.fromEntries(inputs.map(([name, , input]) => [name, Number(input.value)]))}, etag);
      done("The prices are saved.");
    },
  });
}
