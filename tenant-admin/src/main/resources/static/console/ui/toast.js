import {h} from "./dom.js";
import {icon} from "./icons.js";

const GOOD_MILLIS = 4000;
const BAD_MILLIS = 10_000;
const MOST = 4;

function toast(kind, text) {
  const list = document.getElementById("toasts");
  const line = h("div", {class: `toast ${kind}`}, icon(kind === "bad" ? "bad" : "check"), h("span", {}, text));
  list.append(line);
  while (list.children.length > MOST) list.firstChild.remove();
  setTimeout(() => line.remove(), kind === "bad" ? BAD_MILLIS : GOOD_MILLIS);
}

export const done = (text) => toast("good", text);
export const failed = (error) => toast("bad", error.message);

/** Says something to a screen reader only. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}
