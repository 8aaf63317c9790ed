import {get, post} from "./api.js";
import {badge, field, form, h, table, tell, time} from "./dom.js";

const PAGE = 50;

/** All tenants, and a form for one more. */
export async function tenantsView(signal) {
  const name = h("input", {required: true, maxlength: 100, placeholder: "Northwind Bicycles"});
  const list = h("section", {class: "card"});
  const tenants = [];
  const more = async () => {
    const last = tenants.at(-1);
    const page = await get(`/tenants?limit=${PAGE}${last ? `&after=${encodeURIComponent(last.id)}` : ""}`);
    tenants.push(...page.data);
    list.replaceChildren(
      table([
        {title: "Name", cell: (tenant) => h("a", {href: `#/tenants/${encodeURIComponent(tenant.id)}`}, tenant.name)},
        {title: "Status", cell: (tenant) => badge(tenant.status)},
        {title: "Active prompt", cell: (tenant) => tenant.activeVersionId ? h("code", {}, tenant.activeVersionId) : h("span", {class: "muted"}, "none")},
        {title: "Created", cell: (tenant) => time(tenant.createdAt)},
      ], tenants, "No tenants yet: create the first one above."),
      page.has_more ? h("p", {}, h("button", {type: "button", class: "quiet small", onclick: more}, "More")) : "");
  };
  await more();
  return [
    h("h1", {}, "Tenants"),
    h("p", {class: "lead"}, "Each has its own API keys and its own system prompt, whose keys and values stay in the engine's memory."),
    h("section", {class: "card"}, form(async () => {
      const tenant = await post("/tenants", {name: name.value});
      tell(`${tenant.name} is there.`);
      location.hash = `#/tenants/${encodeURIComponent(tenant.id)}`;
    }, h("div", {class: "row"}, field("New tenant", name), h("button", {type: "submit"}, "Create")))),
    list,
  ];
}
