import {get, put as replace, read, remove} from "../../app/api.js";
import {may} from "../../app/session.js";
import {dialog} from "../../ui/dialog.js";
import {h, id} from "../../ui/dom.js";
import {number, percent} from "../../ui/format.js";
import {card, field, note, notAvailable, options, perform, section} from "../../ui/parts.js";
import {done} from "../../ui/toast.js";

const LIMITS = [
  ["requestsPerMinute", "Requests per minute", "Admitted in any 60 seconds"],
  ["tokensPerMinute", "Tokens per minute", "Prompt and completion"],
  ["concurrentStreams", "Requests at once", "Streaming or not"],
  ["tokensPerDay", "Tokens per day", "Resets at midnight UTC"],
  ["tokensPerMonth", "Tokens per month", "Resets on the first, UTC"],
  ["maxInputTokens", "Input tokens of a request", "With the system prompt"],
  ["maxOutputTokens", "Output tokens of a request", "The answer at most"],
];
const POLICIES = [["append", "Added after the prompt"], ["refuse", "Refused"]];

/** The tenant's limits, with what is used of them now. */
export function limitsTab({path}) {
  const editor = section(async () => {
    const [{body, etag}, used] = await Promise.all([read(`${path}/limits`), state(path)]);
    return limitsForm(body, used, async (limits) => {
      await replace(`${path}/limits`, limits, etag);
      done("The limits are saved; they are in force within a moment.");
      await editor.refresh();
    });
  }, {missing: "Limits", lines: 9});
  return card("Limits of the tenant", {lead: "All keys together. An empty field is no limit. A key may have stricter limits of its own, under Keys.", flush: true}, editor);
}

/** What is used now, or nothing where the platform does not say. */
async function state(path) {
  try {
    return await get(`${path}/limits/state`);
  } catch (error) {
    if (error.missing) return {};
    throw error;
  }
}

function limitsForm(limits, used, save) {
  const inputs = fields(limits);
  const policy = h("select", {id: id("policy")}, options(POLICIES, limits.clientSystemMessages ?? "append"));
  const trouble = h("div", {});
  const form = h("form", {}, h("div", {class: "limit-rows"}, inputs.map(([name, label, hint, input]) => h("div", {class: "limit-row"},
    h("div", {}, h("label", {for: input.id}, label), h("p", {class: "tiny soft"}, hint)), input, usage(label, used[name]))),
  h("div", {class: "limit-row"}, h("div", {}, h("label", {for: policy.id}, "A client’s system messages"), h("p", {class: "tiny soft"}, "Of the request’s own")), policy, h("span", {}))),
  trouble,
  may("operator") && h("div", {class: "more row end"}, h("button", {type: "submit", class: "button primary"}, "Save limits")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    perform(form, () => save({...values(inputs), clientSystemMessages: policy.value}));
  });
  return form;
}

const fields = (limits) => LIMITS.map(([name, label, hint]) => [name, label, hint,
  h("input", {id: id("limit"), type: "number", min: 1, step: 1, placeholder: "No limit", class: "numeric", value: limits[name] ?? ""})]);

const values = (inputs) => Object.fromEntries(inputs.map(([name, , , input]) => [name, input.value === "" ? null : Number(input.value)]));

/** How much of a limit is used now. */
function usage(label, now) {
  if (!now || now.used === undefined || now.used === null) return h("span", {});
  if (!now.limit) return h("div", {class: "used"}, `${number(now.used)} now`);
  return h("div", {class: "used"},
    h("progress", {max: now.limit, value: Math.min(now.used, now.limit), class: now.used > 0.9 * now.limit ? "full" : null, "aria-label": `${label} used`}),
    h("span", {}, `${number(now.used)} of ${number(now.limit)}, ${percent(now.used, now.limit)}`));
}

/** The limits of one key, in a dialog. */
export async function keyLimits(path, key) {
  const place = `${path}/keys/${encodeURIComponent(key.id)}/limits`;
  let stored;
  try {
    stored = await read(place);
  } catch (error) {
    if (!error.missing) throw error;
    dialog(`Limits of ${key.name}`, {content: notAvailable("Limiting keys"), submit: null});
    return;
  }
  const inputs = fields(stored.body);
  dialog(`Limits of ${key.name}`, {
    content: [note("", "They apply beside the tenant’s: a request must be within both."),
      h("div", {class: "columns pairs"}, inputs.map(([, label, , input]) => field(label, input)))],
    submit: may("operator") ? "Save limits" : null, wide: true,
    act: async () => {
      const limits = values(inputs);
      if (Object.values(limits).every((limit) => limit === null)) await remove(place, stored.etag);
      else await replace(place, {...limits, clientSystemMessages: stored.body.clientSystemMessages}, stored.etag);
      done(`The limits of ${key.name} are saved.`);
    },
  });
}
