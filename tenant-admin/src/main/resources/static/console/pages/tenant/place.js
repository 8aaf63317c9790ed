import {all} from "../../app/api.js";
import {h} from "../../ui/dom.js";

export const tenantPath = (id) => `/tenants/${encodeURIComponent(id)}`;

/** Where a page below a tenant is. */
export const crumbs = (tenant, path, here) => h("nav", {class: "crumbs", "aria-label": "Breadcrumb"},
  h("a", {href: "#/tenants"}, "Tenants"), h("span", {"aria-hidden": "true"}, "/"),
  h("a", {href: `#${path}/prompts`}, tenant.name), h("span", {"aria-hidden": "true"}, "/"), h("span", {"aria-current": "page"}, here));

/** Labels of a tenant by version; none where the platform has none. */
export async function labelsOf(path) {
  try {
    return await all(`${path}/labels`);
  } catch (error) {
    if (error.missing) return [];
    throw error;
  }
}
