import {signedIn, signIn, signOut} from "./api.js";
import {field, form, h, tell} from "./dom.js";
import {auditView} from "./audit.js";
import {engineView} from "./engine.js";
import {playgroundView} from "./playground.js";
import {tenantView} from "./tenant.js";
import {tenantsView} from "./tenants.js";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const out = document.getElementById("sign-out");
// Views that refresh themselves stop when their page is left.
let leave = new AbortController();

const routes = [
  [/^#\/tenants$/, tenantsView],
  [/^#\/tenants\/([^/]+)$/, tenantView],
  [/^#\/engine$/, engineView],
  [/^#\/playground(?:\/([^/]+))?$/, playgroundView],
  [/^#\/audit$/, auditView],
];

async function show() {
  leave.abort();
  leave = new AbortController();
  nav.hidden = out.hidden = !signedIn();
  if (!signedIn()) {
    main.replaceChildren(signInView());
    main.querySelector("input").focus();
    return;
  }
  for (const link of nav.children) {
    const here = location.hash.startsWith(link.getAttribute("href"));
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const [route, view] = routes.find(([pattern]) => pattern.test(location.hash)) ?? [null, null];
  if (!view) {
    location.hash = "#/tenants";
    return;
  }
  const signal = leave.signal;
  try {
    const content = await view(...location.hash.match(route).slice(1).map((part) => part && decodeURIComponent(part)), signal);
    if (!signal.aborted) {
      main.replaceChildren(...content);
      main.focus();
    }
  } catch (error) {
    if (!signal.aborted) main.replaceChildren(h("h1", {}, "This page could not be shown"), h("p", {}, error.message));
  }
}

function signInView() {
  const token = h("input", {type: "password", autocomplete: "current-password", required: true, spellcheck: "false"});
  return h("section", {class: "card narrow"},
    h("h1", {}, "Baton console"),
    h("p", {class: "lead"}, "Sign in with the admin token. ./baton serve prints where it is."),
    form(async () => {
      await signIn(token.value.trim());
      location.hash = "#/tenants";
      await show();
    }, field("Admin token", token), h("p", {}, h("button", {type: "submit"}, "Sign in"))));
}

out.addEventListener("click", () => {
  signOut();
  location.hash = "";
  show();
});
window.addEventListener("signed-out", () => {
  tell("Signed out: the token is not valid any more.", "bad");
  show();
});
window.addEventListener("hashchange", show);
show();
