import {get} from "../../app/api.js";
import {may, showing} from "../../app/session.js";
import {copy} from "../../ui/dialog.js";
import {h} from "../../ui/dom.js";
import {ago, bytes, number} from "../../ui/format.js";
import {badge, button, card, linkButton, state, tile} from "../../ui/parts.js";
import {done} from "../../ui/toast.js";
import {activationPanel} from "./activation.js";
import {crumbs, labelsOf, tenantPath} from "./place.js";

/** One immutable version: its text and what is known about it. */
export async function versionPage({parts: [tenantId, versionId], signal}) {
  const path = tenantPath(tenantId);
  const [tenant, version, labels] = await Promise.all([get(path), get(`${path}/prompts/${encodeURIComponent(versionId)}`), labelsOf(path)]);
  if (!signal.aborted) showing(tenant);
  const active = tenant.activeVersionId === version.id;
  const activation = activationPanel({path, signal}, async (how) => {
    if (how === "active" && !signal.aborted) location.hash = `#${path}/prompts`;
  });
  return [
    crumbs(tenant, path, version.id),
    h("div", {class: "page-head"},
      h("div", {}, h("div", {class: "row"}, h("h1", {}, `Version ${version.id}`), active && state("active"),
        labels.filter((label) => label.versionId === version.id).map((label) => badge(label.label, "label"))),
      h("p", {class: "lead"}, version.message || "No message", " · ", version.author, " · ", ago(version.createdAt))),
      h("div", {class: "row"},
        may("operator") && linkButton("Edit as a new draft", `#${path}/drafts/from-${version.id}`, {symbol: "edit"}),
        !active && tenant.activeVersionId && linkButton(`Compare with ${tenant.activeVersionId}`, `#${path}/compare/${tenant.activeVersionId}/${version.id}`, {symbol: "swap"}),
        !active && button("Activate", () => activation.start(version), {style: "primary", role: "operator"}))),
    h("div", {class: "stack"}, activation.element,
      h("dl", {class: "tiles"},
        tile("Tokens", number(version.tokens)), tile("KV memory", bytes(version.kvBytes)), tile("Characters", number(version.characters)),
        tile("SHA-256", h("code", {class: "small", title: version.sha256}, `${version.sha256.slice(0, 12)}…`))),
      card("Text", {flush: true, aside: button("Copy", async () => {
        await copy(version.text);
        done("Copied.");
      }, {symbol: "copy", style: "small"})}, h("div", {class: "prompt-text", tabindex: "0", role: "group", "aria-label": "Text of the prompt"}, version.text))),
  ];
}
