import {creation} from "../app/api.js";
import {may} from "../app/session.js";
import {dialog} from "../ui/dialog.js";
import {afterPause, h} from "../ui/dom.js";
import {ago, plural} from "../ui/format.js";
import {icon} from "../ui/icons.js";
import {button, check, empty, field, state} from "../ui/parts.js";
import {pagedTable} from "../ui/paged.js";
import {announce, done} from "../ui/toast.js";

const SEARCH_PAUSE_MILLIS = 250;
const LIMIT = 100;

/** All tenants, to search in and to add to. */
export function tenantsPage() {
  const words = h("input", {type: "search", placeholder: "Search by name or id", "aria-label": "Search tenants"});
  const deleted = h("input", {type: "checkbox"});
  const query = () => new URLSearchParams({search: words.value.trim(), deleted: deleted.checked});
  const create = () => button("New tenant", newTenant, {style: "primary", symbol: "plus", role: "operator"});
  const list = pagedTable("Tenants", () => `/tenants?${query()}`, [
    {title: "Name", cell: (tenant) => h("a", {class: "title-cell", href: place(tenant)}, tenant.name)},
    {title: "Status", cell: (tenant) => state(tenant.status)},
    {title: "Active prompt", cell: (tenant) => tenant.activeVersionId ? h("code", {}, tenant.activeVersionId) : h("span", {class: "soft"}, "None yet")},
    {title: "Id", cell: (tenant) => h("code", {class: "soft"}, tenant.id)},
    {title: "Created", cell: (tenant) => ago(tenant.createdAt)},
  ], () => words.value.trim() ? empty("search", "Nothing matches", "Try another part of the name or of the id.")
    : empty("tenants", "No tenants yet", may("operator")
      ? "A tenant is a customer of yours: it has API keys, a system prompt and limits of its own." : "Nobody has created one.", create()), {limit: LIMIT});
  const search = async () => {
    await list.refresh();
    announce(plural(list.querySelectorAll("tbody tr").length, "tenant"));
  };
  words.addEventListener("input", afterPause(SEARCH_PAUSE_MILLIS, search));
  deleted.addEventListener("change", search);
  return [
    h("div", {class: "page-head"},
      h("div", {}, h("h1", {}, "Tenants"), h("p", {class: "lead"}, "Each has its own keys, its own limits, and a system prompt whose keys and values stay in the engine’s memory.")),
      create()),
    h("section", {class: "card flush", "aria-label": "Tenants"},
      h("div", {class: "spread"}, h("div", {class: "search"}, icon("search"), words), check("Show deleted", deleted)), list),
  ];
}

const place = (tenant) => `#/tenants/${encodeURIComponent(tenant.id)}`;

function newTenant() {
  const name = h("input", {required: true, maxlength: 100, placeholder: "Northwind Supplies", autocomplete: "off"});
  const create = creation("/tenants");
  dialog("New tenant", {
    content: field("Name", name, "Unique among tenants; it can be changed later."),
    submit: "Create tenant",
    act: async () => {
      const tenant = await create({name: name.value});
      done(`${tenant.name} is there.`);
      location.hash = place(tenant);
    },
  });
}
