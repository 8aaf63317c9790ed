import {get} from "./api.js";
import {h, table, time} from "./dom.js";

const PAGE = 100;

/** Who changed what, newest first. */
export async function auditView() {
  const entries = [];
  const list = h("section", {class: "card"});
  const more = async () => {
    const last = entries.at(-1);
    const page = await get(`/audit?limit=${PAGE}${last ? `&after=${encodeURIComponent(last.id)}` : ""}`);
    entries.push(...page.data);
    list.replaceChildren(
      table([
        {title: "When", cell: (entry) => time(entry.at)},
        {title: "Who", cell: (entry) => entry.actor},
        {title: "What", cell: (entry) => h("code", {}, entry.action)},
        {title: "Object", cell: (entry) => h("code", {}, entry.objectId)},
        {title: "Tenant", cell: (entry) => h("a", {href: `#/tenants/${encodeURIComponent(entry.tenantId)}`}, entry.tenantId)},
      ], entries, "Nothing has been changed yet."),
      page.has_more ? h("p", {}, h("button", {type: "button", class: "quiet small", onclick: more}, "More")) : "");
  };
  await more();
  return [h("h1", {}, "Audit"), h("p", {class: "lead"}, "Every change of tenants, keys and prompts, written together with the change."), list];
}
