import {all, page, post, put as replace, remove} from "../../app/api.js";
import {may} from "../../app/session.js";
import {confirmed, dialog} from "../../ui/dialog.js";
import {h, put} from "../../ui/dom.js";
import {ago, bytes, number} from "../../ui/format.js";
import {badge, button, card, empty, field, linkButton, section, state, table} from "../../ui/parts.js";
import {menu} from "../../ui/menu.js";
import {done} from "../../ui/toast.js";
import {activationPanel} from "./activation.js";
import {labelsOf} from "./place.js";

/** Drafts, versions with their labels, activation and rollback. */
export function promptsTab(context) {
  const {path} = context;
  const activation = activationPanel(context, () => redraw());
  const versions = section(async () => {
    const [list, labels, residency] = await Promise.all([all(`${path}/prompts`), labelsOf(path), all(`${path}/residency`)]);
    return list.length ? versionsTable(context, list, labels, residency, activation, redraw)
      : empty("prompt", "No prompt version yet", "Write the first one: its tokens and memory are shown while you write, and nothing changes before you activate it.",
        may("operator") && linkButton("Write the first prompt", `#${path}/drafts/new`, {style: "primary", symbol: "edit"}));
  });
  const drafts = section(async () => draftsTable(context, redraw), {lines: 2, missing: "Storing drafts"});
  const rollbackPlace = h("span", {});
  const offerRollback = () => put(rollbackPlace, rollbackButton(context, activation));
  offerRollback();
  async function redraw() {
    await context.refresh();
    offerRollback();
    await Promise.all([versions.refresh(), drafts.refresh()]);
  }
  return h("div", {class: "stack"},
    activation.element,
    card("Versions", {lead: "Immutable. A version is filled into memory before chats switch to it, and the one before stays until its answers end.",
      flush: true, aside: h("div", {class: "row"},
        rollbackPlace,
        may("operator") && linkButton("New draft", `#${path}/drafts/new`, {style: "primary small", symbol: "plus"}))}, versions),
    card("Drafts", {lead: "Work in progress, seen by admins only.", flush: true}, drafts));
}

function versionsTable(context, versions, labels, residency, activation, redraw) {
  const {path, tenant} = context;
  const where = new Map(residency.map((kv) => [kv.versionId, kv]));
  return table("Prompt versions", [
    {title: "Version", cell: (version) => h("div", {class: "row"}, h("a", {href: `#${path}/prompts/${version.id}`, class: "title-cell"}, h("code", {}, version.id)),
      version.id === tenant.activeVersionId && state("active"),
      labels.filter((label) => label.versionId === version.id).map((label) => badge(label.label, "label")))},
    {title: "Message", wide: true, cell: (version) => version.message || h("span", {class: "soft"}, "No message")},
    {title: "Author", cell: (version) => version.author},
    {title: "Tokens", end: true, cell: (version) => number(version.tokens ?? where.get(version.id)?.tokens)},
    {title: "Memory", end: true, cell: (version) => h("span", {class: "nowrap"}, bytes(version.kvBytes ?? where.get(version.id)?.bytes))},
    {title: "Residency", cell: (version) => state(where.get(version.id)?.residency ?? "absent")},
    {title: "Published", cell: (version) => ago(version.createdAt)},
    {title: "", actions: true, cell: (version) => h("div", {class: "row end"},
      version.id !== tenant.activeVersionId && button("Activate", () => activation.start(version), {style: "small", role: "operator"}),
      menu(`Actions for version ${version.id}`, versionActions(context, version, versions, labels, redraw)))},
  ], versions);
}

function versionActions({path, tenant}, version, versions, labels, redraw) {
  const other = version.id === tenant.activeVersionId || !tenant.activeVersionId
    ? versions.find((candidate) => candidate.id !== version.id)?.id : tenant.activeVersionId;
  const mine = labels.filter((label) => label.versionId === version.id);
  return [
    {label: "View text", symbol: "eye", href: `#${path}/prompts/${version.id}`},
    other && {label: `Compare with ${other}`, symbol: "swap", href: `#${path}/compare/${other}/${version.id}`},
    {label: "Edit as a new draft", symbol: "edit", role: "operator", href: `#${path}/drafts/from-${version.id}`},
    {label: "Set a label", symbol: "tag", role: "operator", action: () => setLabel(path, version, redraw)},
    ...mine.map((label) => ({label: `Remove label ${label.label}`, symbol: "close", role: "operator", action: async () => {
      await remove(`${path}/labels/${encodeURIComponent(label.label)}`);
      await redraw();
    }})),
  ];
}

function setLabel(path, version, redraw) {
  const name = h("input", {required: true, maxlength: 40, placeholder: "canary", autocomplete: "off", spellcheck: "false"});
  dialog(`Label ${version.id}`, {
    content: field("Label", name, "Names this version for requests that ask for it with the header Baton-Prompt-Version. A label moves: it leaves the version that has it."),
    submit: "Set label",
    act: async () => {
      await replace(`${path}/labels/${encodeURIComponent(name.value.trim())}`, {versionId: version.id}, "*");
      await redraw();
      done(`${name.value.trim()} is ${version.id} now.`);
    },
  });
}

/** Offered while there is a version before the active one. */
function rollbackButton({path, tenant}, activation) {
  const before = tenant.previousVersionId;
  return before && button(`Roll back to ${before}`, () => confirmed(`Roll back to ${before}?`, {
    text: `Chats switch from ${tenant.activeVersionId} back to ${before}. While its keys and values are still held, that is at once.`,
    submit: "Roll back", danger: false,
    act: async () => activation.begin(await post(`${path}/rollback`)),
  }), {symbol: "back", style: "small", role: "operator"});
}

async function draftsTable({path}, redraw) {
  const drafts = (await page(`${path}/drafts`, {limit: 100})).items;
  if (!drafts.length) return empty("edit", "No drafts");
  return table("Drafts", [
    {title: "Draft", wide: true, cell: (draft) => h("a", {class: "title-cell", href: `#${path}/drafts/${encodeURIComponent(draft.id)}`}, draft.title || draft.id)},
    {title: "Last edited by", cell: (draft) => draft.editor ?? draft.author},
    {title: "Changed", cell: (draft) => ago(draft.updatedAt ?? draft.createdAt)},
    {title: "", actions: true, cell: (draft) => menu(`Actions for the draft ${draft.title || draft.id}`, [
      {label: "Delete", symbol: "trash", danger: true, role: "operator", action: () => confirmed("Delete this draft?", {
        text: "Its text is gone. Published versions are not touched.", submit: "Delete draft", act: async () => {
          await remove(`${path}/drafts/${encodeURIComponent(draft.id)}`);
          await redraw();
        }})},
    ])},
  ], drafts);
}
