import {h, id, put} from "./dom.js";
import {button, field, iconButton, note} from "./parts.js";

/**
 * A dialog around a form. The browser's modal <dialog> keeps the focus inside, closes on Escape and gives the focus
 * back. act() runs on submit; when it fails, the dialog stays and says why.
 */
export function dialog(title, {content, submit = "Save", danger = false, act, wide = false, cancel = true}) {
  const heading = id("dialog");
  const trouble = h("div", {});
  const go = submit && h("button", {type: "submit", class: `button primary ${danger ? "danger" : ""}`}, submit);
  const close = () => frame.close();
  const form = h("form", {novalidate: true}, h("h2", {id: heading}, title), content, trouble,
    go && h("div", {class: "foot"}, cancel && button("Cancel", close), go));
  const frame = h("dialog", {"aria-labelledby": heading, class: wide ? "wide" : null}, form,
    h("div", {class: "close"}, iconButton("Close", "close", close, {style: "ghost small"})));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    go.disabled = true;
    try {
      const keepOpen = await act({close});
      if (!keepOpen) close();
    } catch (error) {
      put(trouble, note("bad", error.message));
    } finally {
      go.disabled = false;
    }
  });
  frame.addEventListener("close", () => frame.remove());
  document.body.append(frame);
  frame.showModal();
  (form.querySelector("input, textarea, select") ?? go ?? frame).focus();
  return frame;
}

/** Asks before something is done; with a word to type where it can not be undone at once. */
export function confirmed(title, {text, submit, danger = true, typed, act}) {
  const input = h("input", {autocomplete: "off", spellcheck: "false"});
  dialog(title, {
    content: [h("p", {class: "soft"}, text),
      typed && field(h("span", {}, "Type ", h("b", {}, typed), " to confirm"), input)],
    submit, danger,
    act: () => {
      if (typed && input.value.trim() !== typed) throw new Error(`That is not the name: type ${typed}.`);
      return act();
    },
  });
}

/** A secret that is shown once, with a way to copy it. */
export function showSecret(title, text, secret) {
  const copied = h("span", {class: "small soft", role: "status"});
  dialog(title, {
    content: [note("warn", text), h("div", {class: "secret"}, h("code", {}, secret),
      button("Copy", async () => {
        await copy(secret);
        copied.textContent = "Copied.";
      }, {symbol: "copy", style: "small"})), copied],
    submit: "Done", cancel: false, wide: true,
    act: async () => false,
  });
}

/** Without HTTPS browsers have no clipboard API: the old way then. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = h("textarea", {value: text, class: "hidden-text"});
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
