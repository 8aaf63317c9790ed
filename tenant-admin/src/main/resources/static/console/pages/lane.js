import {h, put} from "../ui/dom.js";
import {millis, number} from "../ui/format.js";
import {options} from "../ui/parts.js";

/** One conversation with one prompt version, and what its last answer took. */
export function lane(name, choices, chosen) {
  const version = h("select", {"aria-label": `Prompt version of: ${name}`}, options(choices, chosen));
  const turns = h("div", {class: "turns", tabindex: "0", role: "log", "aria-label": name});
  const measures = h("dl", {class: "measures"});
  const messages = [];
  const clear = () => {
    messages.length = 0;
    put(turns, h("p", {class: "soft"}, "What is asked and answered stands here."));
    measured(measures, {});
  };
  clear();

  async function ask(text, send) {
    if (!messages.length) put(turns);
    messages.push({role: "user", content: text});
    const answer = h("div", {class: "turn assistant waiting"});
    turns.append(h("div", {class: "turn user"}, text), answer);
    const began = performance.now();
    let first = null;
    let content = "";
    let usage = null;
    try {
      for await (const event of send([...messages], version.value)) {
        if (event.text) {
          first ??= performance.now();
          content += event.text;
          answer.classList.remove("waiting");
          answer.textContent = content;
          turns.scrollTop = turns.scrollHeight;
        }
        usage = event.usage ?? usage;
      }
      if (!content) answer.textContent = "(an empty answer)";
    } catch (error) {
      if (error.name !== "AbortError") answer.after(h("div", {class: "turn failed", role: "alert"}, error.message));
      if (!content) answer.remove();
    }
    answer.classList.remove("waiting");
    if (content) messages.push({role: "assistant", content});
    else messages.pop();
    turns.scrollTop = turns.scrollHeight;
    measured(measures, {first: first && first - began, end: performance.now() - (first ?? began), usage});
  }

  return {ask, clear, element: h("section", {class: "card flush lane", "aria-label": name},
    h("div", {class: "lane-head"}, h("h2", {}, name), version), turns, measures)};
}

function measured(place, {first, end, usage}) {
  const rate = usage && first && usage.completion_tokens > 1 ? (usage.completion_tokens - 1) / (end / 1000) : null;
  const cached = usage?.prompt_tokens_details?.cached_tokens;
  const values = [
    ["First token", millis(first)],
    ["Tokens/s", rate ? number(Math.round(rate)) : "–"],
    ["Prompt cached", usage ? `${number(cached ?? 0)} of ${number(usage.prompt_tokens)}` : "–"],
    ["Completion", number(usage?.completion_tokens)],
  ];
  put(place, values.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))));
}
