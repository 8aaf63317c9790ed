import {post, patch, read, remove} from "../../app/api.js";
import {holds, showing} from "../../app/session.js";
import {confirmed, dialog} from "../../ui/dialog.js";
import {h, put} from "../../ui/dom.js";
import {ago, time} from "../../ui/format.js";
import {button, field, linkButton, note, state} from "../../ui/parts.js";
import {menu} from "../../ui/menu.js";
import {done} from "../../ui/toast.js";
import {auditTable, exportAudit} from "../audit.js";
import {keysTab} from "./keys.js";
import {limitsTab} from "./limits.js";
import {tenantPath} from "./place.js";
import {promptsTab} from "./prompts.js";
import {residencyTab} from "./residency.js";
import {usageTab} from "./usage.js";

const TABS = [
  ["prompts", "Prompts", promptsTab],
  ["keys", "Keys", keysTab],
  ["residency", "Residency", residencyTab],
  ["limits", "Limits", limitsTab],
  ["usage", "Usage", usageTab],
  ["audit", "Audit", ({id}) => h("section", {class: "card flush", "aria-label": "Audit"},
    h("div", {class: "spread"}, h("h2", {}, "Changes of this tenant"), exportAudit(id)), auditTable(id))],
];

/** One tenant: what it is and may do, a tab for each part. */
export async function tenantPage({parts: [id, chosen = "prompts"], signal}) {
  const [, , tab] = TABS.find(([name]) => name === chosen) ?? TABS[0];
  const head = h("div", {});
  const context = {id, path: tenantPath(id), signal, tenant: null, refresh: null};
  context.refresh = async () => {
    const {body, etag} = await read(context.path);
    if (signal.aborted) return;
    context.tenant = body;
    showing(body);
    put(head, header(body, etag, context));
  };
  await context.refresh();
  const tabs = h("nav", {class: "tabs", "aria-label": "Parts of the tenant"}, TABS.map(([name, label]) =>
    h("a", {href: `#${context.path}/${name}`, "aria-current": name === chosen ? "page" : null}, label)));
  return [head, tabs, await tab(context)];
}

/** Deleted or restored, every tab offers other things. */
const again = () => window.dispatchEvent(new HashChangeEvent("hashchange"));

function header(tenant, etag, {path, refresh}) {
  const status = tenant.status.toLowerCase();
  const command = (word, words) => async () => {
    await post(`${path}/${word}`);
    await refresh();
    done(words);
  };
  return [
    h("nav", {class: "crumbs", "aria-label": "Breadcrumb"}, h("a", {href: "#/tenants"}, "Tenants"), h("span", {"aria-hidden": "true"}, "/"), h("span", {"aria-current": "page"}, tenant.name)),
    h("div", {class: "page-head"},
      h("div", {}, h("div", {class: "row"}, h("h1", {}, tenant.name), state(tenant.status)),
        h("p", {class: "lead"}, h("code", {}, tenant.id), " · created ", ago(tenant.createdAt), " · ",
          tenant.activeVersionId ? ["active prompt ", h("code", {}, tenant.activeVersionId)] : "no active prompt")),
      h("div", {class: "row"},
        status === "active" && linkButton("Open in playground", `#/playground/${encodeURIComponent(tenant.id)}`, {symbol: "playground"}),
        status === "suspended" && button("Resume", command("resume", "Resumed: its requests are served again."), {symbol: "play", role: "operator"}),
        status === "deleted" && holds("owner") && button("Restore", async () => {
          await post(`${path}/restore`);
          again();
          done("Restored.");
        }, {symbol: "back"}),
        ["active", "suspended"].includes(status) && menu(`More for ${tenant.name}`, [
          {label: "Rename", symbol: "edit", role: "operator", action: () => rename(tenant, etag, path, refresh)},
          status === "active" && {label: "Suspend", symbol: "pause", role: "operator", action: () => confirmed(`Suspend ${tenant.name}?`, {
            text: "Its running answers end with an error, and every request is refused until it is resumed. Nothing is lost.",
            submit: "Suspend", act: command("suspend", "Suspended: its requests are refused from now on.")})},
          {label: "Delete", symbol: "trash", danger: true, role: "owner", action: () => confirmed(`Delete ${tenant.name}?`, {
            text: "Its keys stop working at once. For a while it can be restored; then its prompts, keys and usage are purged for good.",
            submit: "Delete tenant", typed: tenant.name, act: async () => {
              await remove(path, etag);
              again();
              done("Deleted: it can be restored until it is purged.");
            }})},
        ]))),
    status === "suspended" && banner("warn", "This tenant is suspended: its requests are refused."),
    status === "deleted" && banner("bad", "This tenant is deleted. It can be restored until its prompts, keys and usage are purged", tenant.purgeAt && [": ", time(tenant.purgeAt)], "."),
    status === "purging" && banner("bad", "What this tenant owned is being removed."),
  ];
}

const banner = (kind, ...text) => {
  const line = note(kind, ...text);
  line.classList.add("banner");
  return line;
};

function rename(tenant, etag, path, refresh) {
  const name = h("input", {required: true, maxlength: 100, value: tenant.name, autocomplete: "off"});
  dialog("Rename tenant", {
    content: field("Name", name),
    act: async () => {
      await patch(path, {name: name.value}, etag);
      await refresh();
      done("Renamed.");
    },
  });
}
