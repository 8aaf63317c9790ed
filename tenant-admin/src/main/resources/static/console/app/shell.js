import {highestRole, me} from "./session.js";
import {h} from "../ui/dom.js";
import {icon} from "../ui/icons.js";
import {iconButton} from "../ui/parts.js";

const PLACES = [
  ["#/tenants", "Tenants", "tenants"],
  ["#/engine", "Engine", "engine"],
  ["#/usage", "Usage", "usage"],
  ["#/playground", "Playground", "playground"],
  ["#/audit", "Audit", "audit"],
];

/** The frame around every page. */
export function shell(signOut) {
  const who = me()?.subject ?? "admin";
  return h("div", {class: "shell"},
    h("header", {class: "side"},
      h("a", {class: "brand", href: "#/tenants"}, h("img", {src: "icon.svg", alt: "", width: 26, height: 26}), h("span", {}, "Baton")),
      h("nav", {class: "nav", "aria-label": "Main"}, PLACES.map(([href, label, symbol]) => h("a", {href}, icon(symbol), label))),
      h("div", {class: "side-end"},
        h("nav", {class: "nav", "aria-label": "Reference"}, h("a", {href: "/docs", target: "_blank", rel: "noopener"}, icon("docs"), "API reference")),
        themes(),
        h("div", {class: "spread"},
          h("div", {class: "who"}, h("span", {class: "avatar", "aria-hidden": "true"}, who[0].toUpperCase()),
            h("div", {}, h("b", {title: who}, who), h("span", {}, highestRole()))),
          iconButton("Sign out", "out", signOut)))),
    h("main", {id: "main", tabindex: "-1"}));
}

export function markNavigation() {
  for (const link of document.querySelectorAll("header .nav a")) {
    const here = location.hash === link.hash || (link.hash && location.hash.startsWith(`${link.hash}/`));
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function themes() {
  const chosen = localStorage.getItem("baton-theme") ?? "system";
  const choose = (value) => {
    if (value === "system") {
      localStorage.removeItem("baton-theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("baton-theme", value);
      document.documentElement.dataset.theme = value;
    }
  };
  return h("fieldset", {class: "themes"}, h("legend", {class: "hidden-text"}, "Theme"),
    [["light", "Light", "sun"], ["system", "As the system", "screen"], ["dark", "Dark", "moon"]].map(([value, label, symbol]) =>
      h("label", {title: label}, h("input", {type: "radio", name: "theme", value, checked: value === chosen, onchange: () => choose(value)}),
        icon(symbol), h("span", {class: "hidden-text"}, label))));
}
