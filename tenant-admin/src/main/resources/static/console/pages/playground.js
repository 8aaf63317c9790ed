import {all, creation, get} from "../app/api.js";
import {chat} from "../app/chat.js";
import {may} from "../app/session.js";
import {h, put} from "../ui/dom.js";
import {button, check, empty, field, note, options, perform} from "../ui/parts.js";
import {announce, done} from "../ui/toast.js";
import {labelsOf, tenantPath} from "./tenant/place.js";
import {lane} from "./lane.js";

const STORE = "baton-playground";
const KEY_MINUTES = 60;
const SCOPES = ["chat", "models", "prompt:select"];

// Keys of this tab, by tenant. They leave it when the person signs out.
const keys = () => JSON.parse(sessionStorage.getItem(STORE) ?? "{}");
const remember = (tenantId, key) => sessionStorage.setItem(STORE, JSON.stringify({...keys(), [tenantId]: key}));

const active = (tenant) => tenant.status === "ACTIVE";

/** Chats as a tenant; two prompt versions can answer side by side. */
export async function playgroundPage({parts: [chosen], signal}) {
  const tenants = (await all("/tenants?deleted=false")).filter(active);
  // One that lies beyond the first thousand is asked for by its address.
  if (chosen && !tenants.some(({id}) => id === chosen)) tenants.unshift(...[await get(tenantPath(chosen))].filter(active));
  const tenant = tenants.find(({id}) => id === chosen) ?? tenants[0];
  const head = h("div", {class: "page-head"}, h("div", {}, h("h1", {}, "Playground"),
    h("p", {class: "lead"}, "Chats through the tenant API, as a client of the tenant does.")));
  if (!tenant) return [head, h("div", {class: "card"}, empty("playground", "No active tenant", "Create one first: a chat is always a tenant’s."))];
  const path = tenantPath(tenant.id);
  const [versions, labels] = await Promise.all([all(`${path}/prompts`), labelsOf(path)]);
  const select = h("select", {onchange: () => (location.hash = `#/playground/${encodeURIComponent(select.value)}`)},
    options(tenants.map((one) => [one.id, one.name]), tenant.id));
  return [head, h("div", {class: "stack"}, table(tenant, path, select, versionChoices(tenant, versions, labels), another(tenant, versions, labels), signal))];
}

function versionChoices(tenant, versions, labels) {
  return [["", `Active${tenant.activeVersionId ? ` (${tenant.activeVersionId})` : ""}`],
    ...labels.map((label) => [label.label, `Label ${label.label} (${label.versionId})`]),
    ...versions.map((version) => [version.id, `Version ${version.id}`])];
}

/** What the second lane begins with: a canary where there is one, else another version. */
const another = (tenant, versions, labels) => (labels.find((label) => label.versionId !== tenant.activeVersionId)?.label
  ?? versions.find((version) => version.id !== tenant.activeVersionId)?.id ?? "");

function table(tenant, path, select, choices, other, signal) {
  const key = h("input", {type: "password", autocomplete: "off", spellcheck: "false", placeholder: "bt_…", value: keys()[tenant.id] ?? ""});
  const compare = h("input", {type: "checkbox"});
  const temperature = h("input", {type: "number", min: 0, max: 2, step: 0.1, value: 0.7});
  const maxTokens = h("input", {type: "number", min: 1, step: 1, value: 200});
  const words = h("textarea", {rows: 2, placeholder: "Ask something", "aria-label": "Message", required: true});
  const trouble = h("div", {});
  const lanes = [lane("Answer", choices, ""), lane("Second answer", choices, other)];
  const place = h("div", {class: "lanes"}, lanes[0].element);
  compare.addEventListener("change", () => put(place, compare.checked ? lanes.map((one) => one.element) : lanes[0].element));
  key.addEventListener("change", () => remember(tenant.id, key.value.trim()));
  let running = null;
  signal.addEventListener("abort", () => running?.abort());

  const issue = button("Use a temporary key", async () => {
    const issued = await creation(`${path}/keys`)({
      name: `playground ${new Date().toISOString().slice(11, 19)}`, scopes: SCOPES, expiresAt: new Date(Date.now() + KEY_MINUTES * 60_000).toISOString()});
    key.value = issued.secret;
    remember(tenant.id, issued.secret);
    put(trouble);
    done("A key for this tab, for one hour.");
    words.focus();
  }, {symbol: "key", role: "operator"});
  const stop = button("Stop", () => running?.abort(), {symbol: "stop"});
  const send = h("button", {type: "submit", class: "button primary"}, "Send");
  stop.hidden = true;

  const form = h("form", {class: "composer"}, words, h("div", {class: "row"}, stop, send));
  const ask = async () => {
    const text = words.value.trim();
    if (!text) return;
    if (!key.value) {
      put(trouble, note("warn", `A chat needs a key of the tenant: paste one${may("operator") ? ", or use a temporary one" : ""}.`));
      key.focus();
      return;
    }
    put(trouble);
    words.value = "";
    running = new AbortController();
    send.hidden = true;
    stop.hidden = false;
    const asked = compare.checked ? lanes : lanes.slice(0, 1);
    await Promise.all(asked.map((one) => one.ask(text, (messages, version) => chat({
      key: key.value.trim(), version, messages, temperature: Number(temperature.value), maxTokens: Number(maxTokens.value), signal: running.signal}))));
    running = null;
    send.hidden = false;
    stop.hidden = true;
    announce("The answer is complete.");
    words.focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    perform(form, ask);
  });
  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  return [
    h("section", {class: "card settings", "aria-label": "Settings"},
      h("div", {class: "row bottom wide"},
        h("div", {class: "grow"}, field("Tenant", select)),
        h("div", {class: "grow"}, field("API key", key)), issue,
        h("div", {class: "short"}, field("Temperature", temperature)),
        h("div", {class: "short"}, field("Most tokens", maxTokens))),
      trouble),
    h("div", {class: "spread"}, check("Compare two versions", compare),
      button("Clear", () => lanes.forEach((one) => one.clear()), {style: "ghost small"})),
    place,
    h("section", {class: "card", "aria-label": "Message"}, form),
  ];
}
