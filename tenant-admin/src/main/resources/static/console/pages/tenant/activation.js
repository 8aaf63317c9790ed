import {get, post} from "../../app/api.js";
import {h, pause, put} from "../../ui/dom.js";
import {number, percent} from "../../ui/format.js";
import {button, note, perform} from "../../ui/parts.js";
import {announce, done} from "../../ui/toast.js";

const POLL_MILLIS = 400;
const RETRY_MILLIS = 1500;
const WORDS = {queued: "Waiting for its turn", filling: "Filling", resident: "Resident, switching", active: "Active", failed: "Failed", cancelled: "Cancelled"};
const ENDED = new Set(["active", "failed", "cancelled"]);

/**
 * Starts activations and shows them until they end, and then calls ended with how: the prompt is filled first, beside live traffic, and chats switch
 * when it is resident.
 */
export function activationPanel({path, signal}, ended) {
  const element = h("div", {hidden: true});

  async function follow(job) {
    const bar = h("progress", {max: 1, value: 0, "aria-label": `Activation of ${job.versionId}`});
    const words = h("span", {class: "soft numeric"});
    const cancel = button("Cancel", () => post(`/activations/${encodeURIComponent(job.id)}/cancel`), {style: "small", symbol: "close"});
    put(element, h("section", {class: "card activation", "aria-label": "Activation"},
      h("div", {class: "spread"}, h("div", {class: "row wide"}, h("h2", {}, "Activating ", h("code", {}, job.versionId)), words), cancel), bar));
    element.hidden = false;
    let quarter = 0;
    let current = job;
    while (!signal.aborted) {
      const state = current.state.toLowerCase();
      const total = current.totalTokens || 1;
      bar.max = total;
      bar.value = state === "active" || state === "resident" ? total : current.filledTokens || 0;
      words.textContent = state === "filling" && current.totalTokens
        ? `${number(current.filledTokens)} of ${number(total)} tokens, ${percent(current.filledTokens, total)}` : WORDS[state] ?? state;
      if (ENDED.has(state)) return finish(current, state);
      if (Math.floor(4 * bar.value / total) > quarter) {
        quarter = Math.floor(4 * bar.value / total);
        announce(`Activation ${percent(bar.value, total)}`);
      }
      await pause(POLL_MILLIS, signal);
      current = await latest(current, words);
    }
  }

  /** The job now; while the platform does not say, what was known. The job goes on all the same. */
  async function latest(job, words) {
    try {
      return await get(`/activations/${encodeURIComponent(job.id)}`, signal);
    } catch (error) {
      if (signal.aborted || (error.status >= 400 && error.status < 500)) throw error;
      words.textContent = "No answer from the platform, asking again";
      await pause(RETRY_MILLIS, signal);
      return job;
    }
  }

  /** Shows an accepted job; the panel goes on by itself. */
  function begin(job) {
    perform(element, () => follow(job));
  }

  /** What it changed is drawn before it is told: whoever reads the word and opens a menu keeps it. */
  async function finish(job, state) {
    if (state === "active") {
      element.hidden = true;
    } else {
      put(element, note(state === "failed" ? "bad" : "", state === "failed" ? `${job.versionId} could not be activated. ${job.error ?? ""}`
        : `The activation of ${job.versionId} was cancelled; nothing has changed.`));
    }
    await ended(state);
    if (state === "active") done(`${job.versionId} is active: every new chat uses it.`);
  }

  return {
    element,
    begin,
    start: async (version) => begin(await post(`${path}/prompts/${encodeURIComponent(version.id)}/activate`)),
  };
}
