import {download} from "../app/api.js";
import {h} from "../ui/dom.js";
import {time} from "../ui/format.js";
import {button, empty} from "../ui/parts.js";
import {pagedTable} from "../ui/paged.js";

/** Who changed what: of one tenant, or of all. */
export function auditTable(tenantId) {
  return pagedTable("Audit", () => tenantId ? `/tenants/${encodeURIComponent(tenantId)}/audit` : "/audit", [
    {title: "When", cell: (entry) => time(entry.at)},
    {title: "Who", cell: (entry) => entry.actor},
    {title: "What", cell: (entry) => h("code", {}, entry.action)},
    {title: "Object", cell: (entry) => h("code", {class: "soft tiny"}, entry.objectId)},
    !tenantId && {title: "Tenant", cell: (entry) => entry.tenantId
      ? h("a", {href: `#/tenants/${encodeURIComponent(entry.tenantId)}`}, h("code", {class: "tiny"}, entry.tenantId)) : h("span", {class: "soft"}, "–")},
    {title: "State before → after", cell: (entry) => h("code", {class: "soft tiny nowrap", title: `${entry.before ?? "none"} → ${entry.after ?? "none"}`},
      `${digest(entry.before)} → ${digest(entry.after)}`)},
  ].filter(Boolean), () => empty("audit", "Nothing has been changed yet"), {missing: "The audit log"});
}

const digest = (hash) => hash ? hash.slice(0, 7) : "none";

export function auditPage() {
  return [
    h("div", {class: "page-head"}, h("div", {}, h("h1", {}, "Audit"),
      h("p", {class: "lead"}, "Every change of tenants, keys, prompts, limits and prices, newest first. An entry is written together with its change, or neither is."))),
    h("section", {class: "card flush", "aria-label": "Audit"}, auditTable()),
  ];
}

export const exportAudit = (tenantId) => button("Export", () =>
  download(`/tenants/${encodeURIComponent(tenantId)}/audit/export`, `audit-${tenantId}.ndjson`), {symbol: "download", style: "small"});
