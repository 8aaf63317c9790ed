import {end, showing, token} from "./session.js";
import {h, put} from "../ui/dom.js";
import {button, empty, skeleton} from "../ui/parts.js";
import {failed} from "../ui/toast.js";
import {gate} from "./gate.js";
import {markNavigation, shell} from "./shell.js";
import {auditPage} from "../pages/audit.js";
import {comparePage} from "../pages/tenant/compare.js";
import {draftPage} from "../pages/tenant/draft.js";
import {enginePage} from "../pages/engine.js";
import {playgroundPage} from "../pages/playground.js";
import {tenantPage} from "../pages/tenant/tenant.js";
import {tenantsPage} from "../pages/tenants.js";
import {usagePage} from "../pages/usage.js";
import {versionPage} from "../pages/tenant/version.js";

const app = document.getElementById("app");
// What refreshes itself stops when its page is left.
let leave = new AbortController();

const routes = [
  [/^#\/tenants$/, tenantsPage],
  [/^#\/tenants\/([^/]+)$/, tenantPage],
  [/^#\/tenants\/([^/]+)\/drafts\/([^/]+)$/, draftPage],
  [/^#\/tenants\/([^/]+)\/prompts\/([^/]+)$/, versionPage],
  [/^#\/tenants\/([^/]+)\/compare\/([^/]+)\/([^/]+)$/, comparePage],
  [/^#\/tenants\/([^/]+)\/([a-z]+)$/, tenantPage],
  [/^#\/engine$/, enginePage],
  [/^#\/usage$/, usagePage],
  [/^#\/playground(?:\/([^/]+))?$/, playgroundPage],
  [/^#\/audit$/, auditPage],
];

async function show() {
  leave.abort();
  leave = new AbortController();
  const signal = leave.signal;
  showing(null);
  // A dialog belongs to the page it was opened on: "back", or the end of the session, closes it.
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  if (!token()) {
    document.title = "Sign in · Baton";
    put(app, gate(show));
    app.querySelector("input").focus();
    return;
  }
  const [pattern, page] = routes.find(([route]) => route.test(location.hash)) ?? [];
  if (!page) {
    location.replace("#/tenants");
    return;
  }
  if (!app.querySelector(".shell")) put(app, shell(signOut));
  const main = app.querySelector("main");
  markNavigation();
  const waiting = setTimeout(() => signal.aborted || put(main, skeleton(9)), 200);
  try {
    const parts = location.hash.match(pattern).slice(1).map((part) => part && decodeURIComponent(part));
    const content = await page({parts, signal});
    if (signal.aborted) return;
    const fromTab = Boolean(document.activeElement?.closest(".tabs"));
    put(main, content);
    const heading = main.querySelector("h1");
    document.title = `${heading?.textContent ?? "Console"} · Baton`;
    heading?.setAttribute("tabindex", "-1");
    // Who walks through the tabs stays on them; everybody else begins at the heading.
    const start = fromTab && main.querySelector(".tabs [aria-current]") || heading;
    start?.focus({preventScroll: true});
    scrollTo(0, 0);
  } catch (error) {
    if (signal.aborted) return;
    put(main, empty("bad", error.missing ? "This does not exist (any more)" : "This page could not be shown", error.message,
      button("Try again", show)));
  } finally {
    clearTimeout(waiting);
  }
}

function signOut() {
  end();
  history.replaceState(null, "", "#/");
  return show();
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  app.querySelector("main, input")?.focus();
});
window.addEventListener("signed-out", () => {
  failed(new Error("Signed out: the platform does not accept the token any more."));
  show();
});
window.addEventListener("hashchange", show);
show();
