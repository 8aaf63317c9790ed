import {all, post} from "../../app/api.js";
import {h, repeat} from "../../ui/dom.js";
import {ago, bytes, number, percent} from "../../ui/format.js";
import {badge, card, empty, section, state, table} from "../../ui/parts.js";
import {menu} from "../../ui/menu.js";
import {done} from "../../ui/toast.js";
import {pinBudget} from "./pinbudget.js";

const REFRESH_MILLIS = 2000;
const DONE = {warm: "is warm", pin: "is pinned", unpin: "is not pinned any more", evict: "is evicted"};

/** Where the tenant's system KVs are, and the commands about them. */
export function residencyTab(context) {
  const {path, tenant, signal} = context;
  const budget = pinBudget(context);
  const list = section(async () => {
    const [versions, residency] = await Promise.all([all(`${path}/prompts`), all(`${path}/residency`)]);
    const where = new Map(residency.map((kv) => [kv.versionId, kv]));
    const rows = versions.map((version) => ({version, kv: where.get(version.id)}));
    return rows.length ? systemKvs(rows, tenant, command) : empty("engine", "Nothing to hold yet", "Publish a prompt version first.");
  });
  const command = (word, version) => async () => {
    const kv = await post(`${path}/prompts/${encodeURIComponent(version.id)}/${word}`);
    await Promise.all([list.refresh(), budget.refresh()]);
    done(kv.residency === "FILLING" ? `${version.id} is being filled.` : `${version.id} ${DONE[word]}.`);
  };
  repeat(REFRESH_MILLIS, signal, list.renew);
  return h("div", {class: "stack"}, budget, card("System KVs", {lead: "The keys and values of each version in the engine. A pinned one is never evicted; one in use neither.", flush: true}, list));
}

const pinned = (kv) => h("span", {title: kv.pinnedAt ? `Since ${new Date(kv.pinnedAt).toLocaleString("en")}` : null},
  badge(kv.pinnedBy ? `Pinned by ${kv.pinnedBy}` : "Pinned", "info", "pin"));

function systemKvs(rows, tenant, command) {
  return table("System KVs", [
    {title: "Version", cell: ({version}) => h("div", {class: "row"}, h("code", {class: "title-cell"}, version.id), version.id === tenant.activeVersionId && state("active"))},
    {title: "Residency", cell: ({kv}) => h("div", {class: "row"}, state(kv?.residency ?? "absent"),
      kv?.residency === "FILLING" && h("span", {class: "soft small numeric"}, percent(kv.filledTokens, kv.tokens)),
      kv?.pinned && pinned(kv))},
    {title: "Tokens", end: true, cell: ({version, kv}) => number(kv?.tokens ?? version.tokens)},
    {title: "Memory", end: true, cell: ({kv}) => h("span", {class: "nowrap"}, bytes(kv?.bytes ?? 0))},
    {title: "Chats now", end: true, cell: ({kv}) => number(kv?.sequences ?? 0)},
    {title: "Hits", end: true, cell: ({kv}) => number(kv?.hits ?? 0)},
    {title: "Fills", end: true, cell: ({kv}) => number(kv?.fills ?? 0)},
    {title: "Evictions", end: true, cell: ({kv}) => number(kv?.evictions ?? 0)},
    {title: "Last use", cell: ({kv}) => ago(kv?.lastUsed)},
    {title: "", actions: true, cell: ({version, kv}) => menu(`Commands for ${version.id}`, [
      kv?.residency !== "DEVICE" && {label: "Warm", symbol: "flame", role: "operator", action: command("warm", version)},
      kv?.pinned ? {label: "Unpin", symbol: "pin", role: "operator", action: command("unpin", version)}
        : {label: "Pin", symbol: "pin", role: "operator", action: command("pin", version)},
      kv?.residency === "DEVICE" && {label: "Evict", symbol: "out", danger: true, role: "operator", action: command("evict", version)},
    ])},
  ], rows);
}
