import {events} from "./api.js";

/**
 * Streams a chat completion as a tenant: yields {text} for every piece, {finish} and at last {usage}. The tenant's key is
 * given: the admin token is no key.
 */
export async function* chat({key, version, messages, temperature, maxTokens, signal}) {
  const headers = {authorization: `Bearer ${key}`, "content-type": "application/json"};
  if (version) headers["baton-prompt-version"] = version;
  const answer = await fetch("/v1/chat/completions", {
    method: "POST", headers, signal,
    body: JSON.stringify({model: "default", messages, stream: true, stream_options: {include_usage: true}, temperature, max_tokens: maxTokens}),
  });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => null);
    throw new Error(problem?.error?.message ?? (answer.status === 404
      ? "The tenant API is not served at this address: the console is on a port of its own. Use the tenant API's address with ./baton chat."
      : `The platform answered ${answer.status}.`));
  }
  for await (const data of events(answer)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new Error(chunk.error.message);
    const choice = chunk.choices?.[0];
    if (choice?.delta?.content) yield {text: choice.delta.content};
    if (choice?.finish_reason) yield {finish: choice.finish_reason};
    if (chunk.usage) yield {usage: chunk.usage};
  }
}
