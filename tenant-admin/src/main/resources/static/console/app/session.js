// The token lives in this tab only: sessionStorage goes with it.

const TOKEN = "baton-token";
const ME = "baton-me";
const RANKS = ["auditor", "operator", "owner"];

export const token = () => sessionStorage.getItem(TOKEN);
export const me = () => JSON.parse(sessionStorage.getItem(ME) ?? "null");

export function begin(newToken, newMe) {
  sessionStorage.setItem(TOKEN, newToken);
  sessionStorage.setItem(ME, JSON.stringify(newMe));
}

export function end() {
  sessionStorage.removeItem(TOKEN);
  sessionStorage.removeItem(ME);
  sessionStorage.removeItem("baton-playground");
}

const rank = () => Math.max(-1, ...(me()?.roles ?? []).map((role) => RANKS.indexOf(role)));

/** Whether the person's role includes the given one; the server decides in the end. */
export const holds = (role) => rank() >= RANKS.indexOf(role);

// Of a deleted tenant everything can be read and nothing changed.
let unchangeable = false;

/** Says of the page that is shown whether its tenant can be changed. */
export function showing(tenant) {
  unchangeable = ["deleted", "purging"].includes(tenant?.status.toLowerCase());
}

/** Whether what needs this role is offered on the page that is shown. */
export const may = (role) => !unchangeable && holds(role);
export const highestRole = () => RANKS[rank()] ?? "no role";
