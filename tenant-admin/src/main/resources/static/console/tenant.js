import {get, patch, post, remove} from "./api.js";
import {badge, button, bytes, field, form, h, number, table, tell, time} from "./dom.js";

const POLL_MILLIS = 500;
const PREVIEW_DELAY_MILLIS = 400;

/** One tenant: status, keys, prompt versions with activation, and where its system KVs are. */
export async function tenantView(id, signal) {
  const path = `/tenants/${encodeURIComponent(id)}`;
  const head = h("div", {});
  const keys = h("section", {class: "card"});
  const prompts = h("section", {class: "card"});

  const drawHead = async () => {
    const tenant = await get(path);
    const suspended = tenant.status.toLowerCase() === "suspended";
    head.replaceChildren(
      h("div", {class: "spread"},
        h("div", {}, h("h1", {}, tenant.name), h("p", {class: "lead"}, badge(tenant.status), " ", h("code", {}, tenant.id), " since ", time(tenant.createdAt))),
        h("div", {class: "row"},
          h("a", {href: `#/playground/${encodeURIComponent(id)}`}, "Try it in the playground"),
          button(suspended ? "Resume" : "Suspend", async () => {
            await post(`${path}/${suspended ? "resume" : "suspend"}`);
            tell(suspended ? "Resumed." : "Suspended: its keys are refused from now on.");
            await drawHead();
          }, suspended ? "quiet" : "danger"))));
    return tenant;
  };
  const drawKeys = () => keysSection(path, keys, drawKeys);
  const drawPrompts = async () => promptsSection(path, prompts, await drawHead(), signal, drawPrompts);
  await Promise.all([drawKeys(), drawPrompts()]);
  return [head, keys, prompts];
}

async function keysSection(path, section, redraw) {
  const list = (await get(`${path}/keys`)).data;
  const name = h("input", {required: true, maxlength: 100, placeholder: "production"});
  section.replaceChildren(
    h("h2", {}, "API keys"),
    table([
      {title: "Name", cell: (key) => key.name},
      {title: "Key", cell: (key) => h("code", {}, `${key.prefix}…`)},
      {title: "Status", cell: (key) => badge(keyStatus(key))},
      {title: "Created", cell: (key) => time(key.createdAt)},
      {title: "Expires", cell: (key) => key.expiresAt ? time(key.expiresAt) : h("span", {class: "muted"}, "never")},
      {title: "", actions: true, cell: (key) => keyStatus(key) === "active" && button("Revoke", async () => {
        if (!confirm(`Revoke the key "${key.name}"? Clients that use it are refused at once.`)) return;
        await remove(`${path}/keys/${encodeURIComponent(key.id)}`);
        tell("Revoked.");
        await redraw();
      }, "danger small")},
    ], list, "No keys yet."),
    form(async () => {
      const issued = await post(`${path}/keys`, {name: name.value});
      await redraw();
      section.append(h("p", {}, "Copy it now, it is not shown again:", h("code", {class: "secret"}, issued.secret)));
    }, h("div", {class: "row"}, field("New key", name), h("button", {type: "submit"}, "Issue"))));
}

const keyStatus = (key) => key.revokedAt ? "revoked" : key.expiresAt && new Date(key.expiresAt) < new Date() ? "expired" : "active";

async function promptsSection(path, section, tenant, signal, redraw) {
  const [versions, residency] = await Promise.all([get(`${path}/prompts`), get(`${path}/residency`)]);
  const resident = new Map(residency.data.map((kv) => [kv.versionId, kv]));
  const state = (version) => resident.get(version.id);
  const activation = h("div", {"aria-live": "polite"});
  section.replaceChildren(
    h("h2", {}, "System prompt"),
    table([
      {title: "Version", cell: (version) => [h("code", {}, version.id), version.id === tenant.activeVersionId ? [" ", badge("active")] : ""]},
      {title: "Message", cell: (version) => version.message || h("span", {class: "muted"}, "–")},
      {title: "Tokens", number: true, cell: (version) => number(version.tokens ?? state(version)?.tokens)},
      {title: "Residency", cell: (version) => [badge(state(version)?.residency ?? "ABSENT"), state(version)?.pinned ? " pinned" : ""]},
      {title: "Memory", number: true, cell: (version) => bytes(state(version)?.bytes ?? 0)},
      {title: "Hits", number: true, cell: (version) => number(state(version)?.hits ?? 0)},
      {title: "Registered", cell: (version) => time(version.createdAt)},
      {title: "", actions: true, cell: (version) => actions(path, version, tenant, state(version), activation, signal, redraw)},
    ], versions.data, "No prompt yet: register the first version below."),
    activation,
    editor(path, redraw));
}

function actions(path, version, tenant, kv, activation, signal, redraw) {
  const command = (word, style = "quiet small") => button(word, async () => {
    await post(`${path}/prompts/${encodeURIComponent(version.id)}/${word.toLowerCase()}`);
    await redraw();
  }, style);
  const onDevice = kv?.residency === "DEVICE";
  return [
    version.id !== tenant.activeVersionId && button("Activate", async () => {
      await follow(await post(`${path}/prompts/${encodeURIComponent(version.id)}/activate`), activation, signal);
      await redraw();
    }, "small"), " ",
    !onDevice && command("Warm"), " ",
    kv?.pinned ? command("Unpin") : command("Pin"), " ",
    onDevice && command("Evict"),
  ];
}

/** Shows an activation job until it ends: the prompt is filled first, switched when resident. */
async function follow(job, place, signal) {
  const bar = h("progress", {max: 1, value: 0, "aria-label": "Activation"});
  const words = h("p", {class: "small muted"});
  place.replaceChildren(bar, words);
  while (!signal.aborted) {
    const state = job.state.toLowerCase();
    bar.max = job.totalTokens || 1;
    bar.value = state === "active" ? bar.max : job.filledTokens || 0;
    words.textContent = state === "filling" ? `filling: ${number(job.filledTokens)} of ${number(job.totalTokens)} tokens` : state;
    if (state === "active") return tell("Active: every new chat uses it.");
    if (state === "failed") throw new Error(job.error ?? "The activation failed.");
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLIS));
    job = await get(`/activations/${encodeURIComponent(job.id)}`);
  }
}

/** A new version, with its cost shown while it is written. */
function editor(path, redraw) {
  const text = h("textarea", {required: true, spellcheck: "true"});
  const message = h("input", {maxlength: 200, placeholder: "what changed"});
  const cost = h("p", {class: "small muted", "aria-live": "polite"}, "Tokens and memory are shown while you write.");
  let timer;
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (!text.value) return;
      try {
        const preview = await post(`${path}/prompts/preview`, {text: text.value});
        cost.textContent = `${number(preview.tokens)} tokens, ${bytes(preview.kvBytes)} of KV memory; leaves ${number(preview.remainingTokens)} of `
          + `${number(preview.contextLength)} tokens for a chat`;
      } catch (error) {
        cost.textContent = error.message;
      }
    }, PREVIEW_DELAY_MILLIS);
  });
  return h("details", {}, h("summary", {}, "Register a new version"), form(async () => {
    const version = await post(`${path}/prompts`, {text: text.value, message: message.value});
    tell(`Version ${version.id} is registered; activate it when you like.`);
    await redraw();
  }, field("Prompt", text), cost, h("div", {class: "row"}, field("Message", message), h("button", {type: "submit"}, "Register"))));
}
