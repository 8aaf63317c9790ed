import {may} from "../app/session.js";
import {h, id, put, putKeepingFocus} from "./dom.js";
import {icon} from "./icons.js";
import {failed} from "./toast.js";

/** Runs an action of a button: busy meanwhile, a failure is told. */
export async function perform(element, action) {
  if (element.getAttribute("aria-busy") === "true") return;
  element.setAttribute("aria-busy", "true");
  try {
    await action();
  } catch (error) {
    if (error.name !== "AbortError") failed(error);
  } finally {
    element.removeAttribute("aria-busy");
  }
}

/** A button; style is of "primary danger ghost small". With a role, it is there for those who have it. */
export function button(label, action, {style = "", symbol, role, title} = {}) {
  if (role && !may(role)) return null;
  const element = h("button", {type: "button", class: `button ${style}`, title}, symbol && icon(symbol), label);
  element.addEventListener("click", () => perform(element, action));
  return element;
}

export const iconButton = (label, symbol, action, {style = "ghost"} = {}) => {
  const element = h("button", {type: "button", class: `button icon-only ${style}`, "aria-label": label, title: label}, icon(symbol));
  element.addEventListener("click", () => perform(element, action));
  return element;
};

export const linkButton = (label, href, {style = "", symbol} = {}) =>
  h("a", {class: `button ${style}`, href}, symbol && icon(symbol), label);

/** A label, its input and a hint. */
export function field(label, input, hint) {
  input.id ||= id("field");
  const hintId = hint && `${input.id}-hint`;
  if (hintId) input.setAttribute("aria-describedby", hintId);
  return h("div", {class: "field"}, h("label", {for: input.id}, label), input, hint && h("p", {class: "hint", id: hintId}, hint));
}

export const check = (label, input) => h("label", {class: "check"}, input, label);

export const badge = (text, kind = "", symbol) =>
  h("span", {class: `badge ${kind} ${kind && !symbol && kind !== "label" ? "dot" : ""}`}, symbol && icon(symbol), text);

const STATES = {
  active: "good", device: "good", host: "info", disk: "info", resident: "good",
  filling: "warn", restoring: "warn", evicting: "warn", queued: "warn", expiring: "warn",
  suspended: "bad", deleted: "bad", purging: "bad", revoked: "bad", failed: "bad", expired: "bad", drained: "warn",
};

/** A state in its colour. */
export const state = (word) => badge(word[0].toUpperCase() + word.slice(1).toLowerCase().replaceAll("_", " "), STATES[word.toLowerCase()] ?? "");

export function empty(symbol, title, text, action) {
  return h("div", {class: "empty"}, icon(symbol), h("b", {}, title), text && h("p", {}, text), action);
}

/** What a page shows in place of a part that this platform does not have. */
export const notAvailable = (what) =>
  empty("offline", "Not available on this platform", `${what} is not served by the platform that this console talks to.`);

export const note = (kind, ...text) =>
  h("div", {class: `note ${kind}`, role: kind === "bad" ? "alert" : null}, icon({warn: "warn", bad: "bad", good: "check"}[kind] ?? "info"), h("div", {}, ...text));

export const skeleton = (lines = 6) =>
  h("div", {class: "skeleton", role: "status", "aria-label": "Loading"}, Array.from({length: lines}, () => h("i", {})));

/** A card with a title, a line on it and what belongs at its right. */
export const card = (title, {lead, aside, flush} = {}, ...content) =>
  h("section", {class: flush ? "card flush" : "card", "aria-label": title},
    h("div", {class: "spread"}, h("div", {}, h("h2", {}, title), lead && h("p", {class: "soft small"}, lead)), aside), content);

/** One figure at a glance, for a <dl class="tiles">. */
export const tile = (label, value, of) =>
  h("div", {class: "tile"}, h("dt", {}, label), h("dd", {}, value, of && h("span", {class: "of"}, ` ${of}`)));

/**
 * columns: [{title, cell(row), end, actions, wide}]. On a phone each row stands as a card with its titles beside its values; the roles
 * are written out because a table that is laid out otherwise loses its own.
 */
export function table(label, columns, rows) {
  const kind = (column) => column.end ? "end-cell" : column.actions ? "action-cell" : column.wide ? "wide-cell" : null;
  return h("div", {class: "table-scroll", tabindex: "0", role: "group", "aria-label": label}, h("table", {class: "rows", role: "table"},
    h("thead", {role: "rowgroup"}, h("tr", {role: "row"}, columns.map((column) => h("th", {scope: "col", role: "columnheader", class: column.end ? "end-cell" : null},
      column.title || h("span", {class: "hidden-text"}, "Actions"))))),
    h("tbody", {role: "rowgroup"}, rows.map((row) => h("tr", {role: "row"}, columns.map((column) =>
      h("td", {role: "cell", class: kind(column), "data-title": column.title || null}, h("div", {class: "cell"}, column.cell(row)))))))));
}

/**
 * Shows a skeleton, then what the loader gives; a failure with a way to try again. Of overlapping questions the last one is
 * shown. refresh() redraws after a change; renew(), for what is asked again and again, takes nothing away from who uses it: it
 * leaves an open menu alone, and words that have not changed where the focus is.
 */
export function section(load, {lines = 6, missing} = {}) {
  const place = h("div", {class: "section"});
  let asked = 0;
  const read = async () => {
    try {
      return await load();
    } catch (error) {
      if (error.name === "AbortError") return null;
      return missing && error.missing ? notAvailable(missing)
        : empty("bad", "This could not be loaded", error.message, button("Try again", () => {
          place.replaceChildren();
          return place.refresh();
        }));
    }
  };
  const draw = async (wanted) => {
    if (!place.childElementCount) put(place, skeleton(lines));
    const mine = ++asked;
    const content = await read();
    if (content && mine === asked && wanted(content)) putKeepingFocus(place, content);
  };
  place.refresh = () => draw(() => true);
  place.renew = () => draw((content) => !place.querySelector(":popover-open")
    && !(place.contains(document.activeElement) && place.textContent === content.textContent));
  place.refresh();
  return place;
}

/** A choice of few, as buttons side by side: options are [value, label]. */
export function segments(label, options, chosen, choose) {
  const group = h("div", {class: "segments", role: "group", "aria-label": label});
  group.append(...options.map(([value, words]) => h("button", {type: "button", "aria-pressed": String(value === chosen), onclick: (event) => {
    for (const other of group.children) other.setAttribute("aria-pressed", String(other === event.currentTarget));
    choose(value);
  }}, words)));
  return group;
}

export const options = (list, chosen) => list.map(([value, words]) => h("option", {value, selected: value === chosen}, words));
