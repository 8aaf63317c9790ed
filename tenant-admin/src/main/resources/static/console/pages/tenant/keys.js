import {creation, patch, post, read, remove} from "../../app/api.js";
import {confirmed, dialog, showSecret} from "../../ui/dialog.js";
import {h} from "../../ui/dom.js";
import {ago, instantOf, localOf, time} from "../../ui/format.js";
import {badge, button, card, check, empty, field, options, state} from "../../ui/parts.js";
import {menu} from "../../ui/menu.js";
import {pagedTable} from "../../ui/paged.js";
import {done} from "../../ui/toast.js";
import {keyLimits} from "./limits.js";

const SCOPES = [
  ["chat", "Chat completions"],
  ["models", "List models"],
  ["prompt:select", "Choose a prompt version per request"],
];
const GRACES = [[0, "None: refuse the former secret at once"], [3600, "1 hour"], [86_400, "1 day"], [604_800, "1 week"]];
const SHOWN_ONCE = "Copy it now. Only its hash is stored, so it can not be shown again.";

/** A key's state in one word. */
export function keyState(key) {
  if (key.revokedAt) return "revoked";
  if (key.expiresAt && new Date(key.expiresAt) <= new Date()) return "expired";
  return "active";
}

/** A rotated key's former secret, while it still works. */
const formerSecret = (key) => key.previousSecretUntil && new Date(key.previousSecretUntil) > new Date()
  && h("p", {class: "tiny soft"}, "Former secret until ", time(key.previousSecretUntil));

/** The tenant's API keys. */
export function keysTab({path}) {
  const create = () => button("New key", () => newKey(path, list.refresh), {style: "primary small", symbol: "plus", role: "operator"});
  const list = pagedTable("API keys", () => `${path}/keys`, [
    {title: "Key", cell: (key) => [h("p", {class: "title-cell"}, key.name), h("code", {class: "tiny soft nowrap"}, `${key.prefix}…`)]},
    {title: "Status", cell: (key) => [state(keyState(key)), formerSecret(key)]},
    {title: "Scopes", cell: (key) => h("div", {class: "row"}, (key.scopes ?? []).map((scope) => badge(scope)))},
    {title: "Last used", cell: (key) => key.lastUsedAt ? ago(key.lastUsedAt) : h("span", {class: "soft"}, "Never")},
    {title: "Expires", cell: (key) => key.expiresAt ? time(key.expiresAt) : h("span", {class: "soft"}, "Never")},
    {title: "", actions: true, cell: (key) => keyState(key) === "active" && menu(`Actions for the key ${key.name}`, [
      {label: "Limits", symbol: "usage", action: () => keyLimits(path, key)},
      {label: "Edit", symbol: "edit", role: "operator", action: () => edit(path, key, list.refresh)},
      {label: "Rotate", symbol: "rotate", role: "operator", action: () => rotate(path, key, list.refresh)},
      {label: "Revoke", symbol: "trash", danger: true, role: "operator", action: () => revoke(path, key, list.refresh)},
    ])},
  ], () => empty("key", "No keys yet", "A client of this tenant needs a key to chat.", create()));
  return card("API keys", {lead: "Several at once, each with scopes and an end. A revoked key is refused within a second.", aside: create(), flush: true}, list);
}

/** What an admin may say about a key. */
function keyFields({name = "", scopes = ["chat", "models"], expiresAt = null}) {
  const nameInput = h("input", {required: true, maxlength: 100, value: name, placeholder: "production", autocomplete: "off"});
  const expires = h("input", {type: "datetime-local", value: localOf(expiresAt)});
  const boxes = SCOPES.map(([scope, label]) => [scope, h("input", {type: "checkbox", checked: scopes.includes(scope)}), label]);
  return {
    content: [
      field("Name", nameInput, "To tell it from the others."),
      h("fieldset", {class: "field"}, h("legend", {class: "legend-label"}, "Scopes"), boxes.map(([, box, label]) => check(label, box))),
      field("Expires", expires, "Empty: never."),
    ],
    values: () => ({
      name: nameInput.value,
      scopes: boxes.filter(([, box]) => box.checked).map(([scope]) => scope),
      expiresAt: instantOf(expires.value),
    }),
  };
}

function newKey(path, refresh) {
  const fields = keyFields({});
  const create = creation(`${path}/keys`);
  dialog("New key", {
    content: fields.content,
    submit: "Create key",
    act: async ({close}) => {
      const issued = await create(fields.values());
      close();
      await refresh();
      showSecret(`The key ${issued.name}`, SHOWN_ONCE, issued.secret);
    },
  });
}

async function edit(path, key, refresh) {
  const place = `${path}/keys/${encodeURIComponent(key.id)}`;
  const {body, etag} = await read(place);
  const fields = keyFields(body);
  dialog(`Edit ${key.name}`, {
    content: fields.content,
    act: async () => {
      await patch(place, fields.values(), etag);
      await refresh();
      done("The key is changed.");
    },
  });
}

function rotate(path, key, refresh) {
  const grace = h("select", {}, options(GRACES, 86_400));
  dialog(`Rotate ${key.name}`, {
    content: [h("p", {class: "soft"}, "The key gets a new secret. The former one goes on working during the grace period and is refused after it."),
      field("Grace period", grace)],
    submit: "Rotate key",
    act: async ({close}) => {
      const issued = await post(`${path}/keys/${encodeURIComponent(key.id)}/rotate`, {graceSeconds: Number(grace.value)});
      close();
      await refresh();
      showSecret(`The new secret of ${issued.name}`, SHOWN_ONCE, issued.secret);
    },
  });
}

const revoke = (path, key, refresh) => confirmed(`Revoke ${key.name}?`, {
  text: "Clients that use it are refused within a second, on every node. This can not be undone.",
  submit: "Revoke key",
  act: async () => {
    await remove(`${path}/keys/${encodeURIComponent(key.id)}`);
    await refresh();
    done(`${key.name} is revoked.`);
  },
});
