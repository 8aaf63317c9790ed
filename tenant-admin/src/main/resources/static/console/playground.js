import {chat, get, post, remove} from "./api.js";
import {button, field, form, h, tell} from "./dom.js";

const KEY_MINUTES = 30;

/** A chat as one of a tenant's clients would have it, with a key that expires by itself. */
export async function playgroundView(tenantId, signal) {
  const tenants = (await get("/tenants?limit=100")).data;
  if (tenants.length === 0) return [h("h1", {}, "Playground"), h("p", {}, "Create a tenant first.")];
  const tenant = tenants.find((one) => one.id === tenantId) ?? tenants[0];
  const choice = h("select", {onchange: (event) => location.hash = `#/playground/${encodeURIComponent(event.target.value)}`},
    tenants.map((one) => h("option", {value: one.id, selected: one.id === tenant.id}, one.name)));
  const path = `/tenants/${encodeURIComponent(tenant.id)}/keys`;
  let key = null;
  const messages = [];
  const turns = h("div", {class: "chat", "aria-live": "polite"});
  const facts = h("p", {class: "small muted"}, `Chats as ${tenant.name}, behind its active system prompt.`);
  const question = h("input", {required: true, autocomplete: "off", placeholder: "When are you open on Saturdays?"});
  let running = null;
  signal.addEventListener("abort", () => {
    running?.abort();
    if (key) remove(`${path}/${encodeURIComponent(key.id)}`).catch(() => {});
  });

  const ask = async () => {
    const expiresAt = new Date(Date.now() + KEY_MINUTES * 60_000).toISOString();
    key ??= await post(path, {name: "console playground", expiresAt});
    messages.push({role: "user", content: question.value});
    const answer = h("div", {class: "turn assistant"});
    turns.append(h("div", {class: "turn user"}, question.value), answer);
    question.value = "";
    running = new AbortController();
    const started = performance.now();
    let first = null;
    let text = "";
    try {
      for await (const event of chat(key.secret, messages, running.signal)) {
        if (event.text) {
          first ??= performance.now();
          text += event.text;
          answer.textContent = text;
          turns.scrollTop = turns.scrollHeight;
        }
        if (event.usage) {
          const seconds = (performance.now() - first) / 1000;
          facts.textContent = `${event.usage.prompt_tokens} prompt tokens, ${event.usage.prompt_tokens_details.cached_tokens} of them from the system KV; `
            + `${event.usage.completion_tokens} generated, first after ${Math.round(first - started)} ms, then `
            + `${Math.round((event.usage.completion_tokens - 1) / seconds)} a second`;
        }
      }
      messages.push({role: "assistant", content: text});
    } catch (error) {
      messages.pop();
      if (error.name === "AbortError") tell("Stopped.");
      else answer.replaceWith(h("div", {class: "turn failed"}, error.message));
    } finally {
      running = null;
    }
  };

  return [
    h("h1", {}, "Playground"),
    h("section", {class: "card"}, h("div", {class: "row"}, field("Tenant", choice),
      button("New chat", async () => {
        running?.abort();
        messages.length = 0;
        turns.replaceChildren();
      }, "quiet"))),
    h("section", {class: "card"}, turns, facts,
      form(ask, h("div", {class: "row"}, field("Message", question), h("button", {type: "submit"}, "Send"),
        button("Stop", async () => running?.abort(), "quiet")))),
  ];
}
