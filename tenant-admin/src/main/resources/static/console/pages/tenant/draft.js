import {creation, get, post, put as replace, read} from "../../app/api.js";
import {showing} from "../../app/session.js";
import {dialog} from "../../ui/dialog.js";
import {afterPause, h, put} from "../../ui/dom.js";
import {bytes, number, percent, plural} from "../../ui/format.js";
import {button, card, field, note} from "../../ui/parts.js";
import {done} from "../../ui/toast.js";
import {crumbs, tenantPath} from "./place.js";

const PREVIEW_PAUSE_MILLIS = 350;
// Texts that were changed and not saved, so that a visit to another page does not lose them.
const unsaved = new Map();

/** Writes a draft; what it would cost is shown while it is written. The id "new" or "from-v3" is not stored yet. */
export async function draftPage({parts: [tenantId, draftId], signal}) {
  const path = tenantPath(tenantId);
  const [tenant, stored] = await Promise.all([get(path), draft(path, draftId)]);
  if (!signal.aborted) showing(tenant);
  const place = `${path}/${draftId}`;
  const title = h("input", {maxlength: 100, value: unsaved.get(place)?.title ?? stored.title ?? "", placeholder: "What this draft is about", autocomplete: "off"});
  const text = h("textarea", {class: "code", spellcheck: "true", value: unsaved.get(place)?.text ?? stored.text});
  const cost = h("div", {class: "stack tight", "aria-live": "polite"});
  const preview = afterPause(PREVIEW_PAUSE_MILLIS, () => show(cost, path, text.value));
  const changed = () => unsaved.set(place, {title: title.value, text: text.value});
  text.addEventListener("input", () => {
    changed();
    preview();
  });
  title.addEventListener("input", changed);
  show(cost, path, text.value);

  const create = creation(`${path}/drafts`);
  const register = creation(`${path}/prompts`);
  let etag = stored.etag;
  const save = async () => {
    const body = {title: title.value, text: text.value};
    if (!etag) {
      const made = await create(body);
      unsaved.delete(place);
      history.replaceState(null, "", `#${path}/drafts/${encodeURIComponent(made.id)}`);
      window.dispatchEvent(new HashChangeEvent("hashchange"));
    } else {
      etag = await replace(`${path}/drafts/${encodeURIComponent(draftId)}`, body, etag);
      unsaved.delete(place);
    }
    done("The draft is saved.");
  };
  const publish = () => publishing(async (message) => {
    if (etag) etag = await replace(`${path}/drafts/${encodeURIComponent(draftId)}`, {title: title.value, text: text.value}, etag);
    const version = etag ? await post(`${path}/drafts/${encodeURIComponent(draftId)}/publish`, {message}) : await register({text: text.value, message});
    unsaved.delete(place);
    done(`${version.id} is published; activate it when you like.`);
    location.hash = `#${path}/prompts`;
  });
  return [
    crumbs(tenant, path, "Draft"),
    h("div", {class: "page-head"},
      h("div", {}, h("h1", {}, etag ? "Draft" : "New draft"), h("p", {class: "lead"}, stored.from ? `Begun from ${stored.from}.` : "Seen by admins only until it is published as a version.")),
      h("div", {class: "row"}, button("Save draft", save, {role: "operator"}), button("Publish", publish, {style: "primary", role: "operator"}))),
    h("div", {class: "editor"},
      h("div", {class: "stack tight"}, field("Title", title), field("System prompt", text)),
      h("div", {class: "aside"}, card("What it costs", {}, cost))),
  ];
}

async function draft(path, id) {
  if (id === "new") return {text: ""};
  if (id.startsWith("from-")) {
    const from = id.slice("from-".length);
    return {text: (await get(`${path}/prompts/${encodeURIComponent(from)}`)).text, from};
  }
  const {body, etag} = await read(`${path}/drafts/${encodeURIComponent(id)}`);
  return {...body, etag};
}

async function show(place, path, text) {
  if (!text) {
    put(place, h("p", {class: "soft"}, "Tokens, memory and the context that is left are shown while you write."));
    return;
  }
  try {
    const preview = await post(`${path}/prompts/preview`, {text});
    put(place, costs(preview, text));
  } catch (error) {
    put(place, note("bad", error.message));
  }
}

function costs(preview, text) {
  const left = preview.remainingContext ?? preview.remainingTokens;
  return [
    h("dl", {class: "facts"},
      h("dt", {}, "Tokens"), h("dd", {class: "strong"}, number(preview.tokens)),
      h("dt", {}, "KV memory"), h("dd", {class: "strong"}, bytes(preview.kvBytes)),
      h("dt", {}, "Context left"), h("dd", {}, number(left)),
      h("dt", {}, "Shared by all chats"), h("dd", {}, percent(preview.sharedTokens, preview.tokens)),
      h("dt", {}, "Characters"), h("dd", {}, number([...text].length))),
    h("div", {class: "budget"},
      h("progress", {max: preview.contextLength, value: preview.tokens, class: left < preview.contextLength / 10 ? "full" : null, "aria-label": "Context taken by the prompt"}),
      h("p", {class: "tiny soft"}, `${percent(preview.tokens, preview.contextLength)} of the context of ${plural(preview.contextLength, "token")}`)),
    preview.fits === false && note("bad", "This leaves no room to answer: it can not be activated."),
    (preview.warnings ?? []).map((warning) => note("warn", `Line ${warning.line}: ${warning.message}`)),
  ];
}


function publishing(act) {
  const message = h("input", {maxlength: 200, placeholder: "Shorter answers about returns", autocomplete: "off"});
  dialog("Publish as a version", {
    content: [h("p", {class: "soft"}, "A version never changes. Publishing does not activate it: chats go on with the active one."),
      field("Message", message, "What changed, for those who read the list.")],
    submit: "Publish",
    act: async () => act(message.value),
  });
}
