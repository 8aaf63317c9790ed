// The admin API. The token lives in this tab only: sessionStorage goes with it.

const TOKEN = "baton-admin-token";
const BASE = "/admin/v1";

export const signedIn = () => sessionStorage.getItem(TOKEN) !== null;

export async function signIn(token) {
  sessionStorage.setItem(TOKEN, token);
  try {
    await get("/tenants?limit=1");
  } catch (error) {
    sessionStorage.removeItem(TOKEN);
    throw error.status === 401 ? new Error("That is not the admin token.") : error;
  }
}

export const signOut = () => sessionStorage.removeItem(TOKEN);

/** A refused call: the problem document's words. */
export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail || title || `The server answered ${status}.`);
    this.status = status;
  }
}

async function call(method, path, body) {
  const headers = {authorization: `Bearer ${sessionStorage.getItem(TOKEN)}`};
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(BASE + path, {method, headers, body: body === undefined ? undefined : JSON.stringify(body)});
  } catch {
    throw new Error("The server can not be reached.");
  }
  const text = await answer.text();
  const content = text ? JSON.parse(text) : null;
  if (!answer.ok) {
    if (answer.status === 401 && path !== "/tenants?limit=1") {
      signOut();
      window.dispatchEvent(new Event("signed-out"));
    }
    throw new Problem(answer.status, content?.title, content?.detail);
  }
  return content;
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const remove = (path) => call("DELETE", path);

/**
 * Streams a chat completion as a tenant. Yields {text} for every piece and at last {usage}.
 * The tenant's key is passed in: the admin token is no key.
 */
export async function* chat(key, messages, signal) {
  const answer = await fetch("/v1/chat/completions", {
    method: "POST",
    headers: {authorization: `Bearer ${key}`, "content-type": "application/json"},
    body: JSON.stringify({model: "default", messages, stream: true, stream_options: {include_usage: true}, max_tokens: 400}),
    signal,
  });
  if (!answer.ok) throw new Error((await answer.json()).error?.message ?? `The server answered ${answer.status}.`);
  let rest = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data:")) continue;
      const data = line.slice(5).trim();
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Error(chunk.error.message);
      if (chunk.usage) yield {usage: chunk.usage};
      const text = chunk.choices[0]?.delta?.content;
      if (text) yield {text};
    }
  }
}
