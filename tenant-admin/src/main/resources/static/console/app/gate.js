import {signIn} from "./api.js";
import {h, put} from "../ui/dom.js";
import {field, note} from "../ui/parts.js";

/** Sign in: the static token of development, or an access token of the identity provider. */
export function gate(next) {
  const token = h("input", {type: "password", autocomplete: "current-password", required: true, spellcheck: "false"});
  const trouble = h("div", {});
  const go = h("button", {type: "submit", class: "button primary"}, "Sign in");
  const form = h("form", {class: "stack tight"},
    field("Token", token, "The admin token, which ./baton serve wrote to data/admin-token, or an access token of your identity provider."),
    trouble, go);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      await signIn(token.value.trim().replace(/^Bearer\s+/i, ""));
      await next();
    } catch (error) {
      put(trouble, note("bad", error.message));
      token.setAttribute("aria-invalid", "true");
      token.focus();
    } finally {
      go.disabled = false;
    }
  });
  return h("main", {class: "gate", id: "main", tabindex: "-1"}, h("div", {class: "card stack"},
    h("div", {class: "brand"}, h("img", {src: "icon.svg", alt: "", width: 30, height: 30}), "Baton"),
    h("div", {}, h("h1", {}, "Sign in"), h("p", {class: "soft"}, "The console of this platform's admins.")), form));
}
