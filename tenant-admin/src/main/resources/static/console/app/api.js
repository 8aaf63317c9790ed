import {begin, end, token} from "./session.js";

// The admin API: bearer token on each call, RFC 9457 problems, ETags, keyset pages.

const BASE = "/admin/v1";
const GONE = new Set([404, 405, 501]);

/** A refused call, in the server's words. */
export class Problem extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
    this.missing = GONE.has(status);
  }
}

async function parsed(answer) {
  const text = await answer.text();
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function send(method, path, {body, headers = {}, signal, bearer = token()} = {}) {
  const all = {authorization: `Bearer ${bearer}`, ...headers};
  if (body !== undefined) all["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(BASE + path, {method, headers: all, signal, body: body === undefined ? undefined : JSON.stringify(body)});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The platform can not be reached. Is it running?");
  }
  if (answer.ok) return answer;
  if (answer.status === 401 && bearer === token()) {
    end();
    window.dispatchEvent(new Event("signed-out"));
  }
  throw new Problem(answer.status, await parsed(answer));
}

/** Signs in with the static token or an access token of the identity provider. */
export async function signIn(bearer) {
  try {
    const who = await parsed(await send("GET", "/me", {bearer}));
    begin(bearer, who);
  } catch (error) {
    if (error.status === 401) throw new Error("The platform does not accept this token.");
    throw error;
  }
}

export const get = async (path, signal) => parsed(await send("GET", path, {signal}));

/** A resource with its ETag, for a later change of just what was shown. */
export async function read(path) {
  const answer = await send("GET", path);
  return {body: await parsed(answer), etag: answer.headers.get("etag") ?? "*"};
}

/** One page of a list: {items, nextCursor}. */
export async function page(path, {cursor, limit = 50} = {}) {
  const query = new URLSearchParams({limit});
  if (cursor) query.set("cursor", cursor);
  return get(`${path}${path.includes("?") ? "&" : "?"}${query}`);
}

/** At most the first pages of a list, for choices and look-ups. */
export async function all(path, most = 1000) {
  const items = [];
  let cursor = null;
  do {
    const next = await page(path, {cursor, limit: 200});
    items.push(...next.items);
    cursor = next.nextCursor;
  } while (cursor && items.length < most);
  return items;
}

export const post = async (path, body, headers) => parsed(await send("POST", path, {body, headers}));

/** Replaces what had the given ETag; returns the new one. */
export async function put(path, body, etag) {
  return (await send("PUT", path, {body, headers: match(etag)})).headers.get("etag") ?? "*";
}

export const patch = async (path, body, etag) => parsed(await send("PATCH", path, {body, headers: match(etag)}));
export const remove = async (path, etag = "*") => parsed(await send("DELETE", path, {headers: match(etag)}));

const match = (etag) => etag ? {"if-match": etag} : {};

/** Creates once, however often it is sent: the same body keeps its key until the server has answered. */
export function creation(path) {
  let key = "";
  let last = "";
  return async (body) => {
    const text = JSON.stringify(body);
    if (text !== last) {
      key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      last = text;
    }
    const created = await post(path, body, {"idempotency-key": key});
    last = "";
    return created;
  };
}

/** Saves what the path answers as a file. */
export async function download(path, name) {
  const answer = await send("GET", path);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The data of each event of an event stream, as text. */
export async function* events(answer) {
  let rest = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
  }
}

/** Follows a stream of the admin API. */
export async function* follow(path, signal) {
  const answer = await send("GET", path, {signal, headers: {accept: "text/event-stream"}});
  for await (const data of events(answer)) yield JSON.parse(data);
}
