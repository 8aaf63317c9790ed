import {may} from "../app/session.js";
import {h} from "./dom.js";
import {icon} from "./icons.js";
import {perform} from "./parts.js";

const GAP = 4;

/**
 * A button that opens a menu; items are {label, symbol, action | href, danger, role} or null. Arrow keys move, Escape
 * closes and gives the focus back.
 */
export function menu(label, items) {
  const allowed = items.filter((item) => item && (!item.role || may(item.role)));
  if (!allowed.length) return null;
  const opener = h("button", {type: "button", class: "button ghost icon-only small", "aria-label": label, title: label, "aria-haspopup": "menu", "aria-expanded": "false"}, icon("more"));
  opener.addEventListener("click", () => open(opener, label, allowed));
  return opener;
}

function open(opener, label, items) {
  const list = h("div", {class: "menu", role: "menu", popover: "auto", "aria-label": label}, items.map((item) => entry(item, opener)));
  const entries = () => [...list.querySelectorAll("[role=menuitem]")];
  list.addEventListener("toggle", (event) => {
    opener.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "closed") list.remove();
  });
  list.addEventListener("click", () => list.hidePopover());
  list.addEventListener("keydown", (event) => {
    const all = entries();
    const at = all.indexOf(document.activeElement);
    const to = {ArrowDown: (at + 1) % all.length, ArrowUp: (at + all.length - 1) % all.length, Home: 0, End: all.length - 1}[event.key];
    if (event.key === "Tab") list.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    all[to].focus();
  });
  opener.after(list);
  list.showPopover();
  const at = opener.getBoundingClientRect();
  const below = at.bottom + GAP + list.offsetHeight < innerHeight;
  list.style.left = `${Math.max(GAP, at.right - list.offsetWidth)}px`;
  list.style.top = `${below ? at.bottom + GAP : at.top - GAP - list.offsetHeight}px`;
  entries()[0].focus();
}

function entry(item, opener) {
  if (item.href) return h("a", {href: item.href, role: "menuitem", tabindex: "-1"}, icon(item.symbol), item.label);
  return h("button", {type: "button", role: "menuitem", tabindex: "-1", class: item.danger ? "danger" : null,
    onclick: () => perform(opener, item.action)}, icon(item.symbol), item.label);
}
