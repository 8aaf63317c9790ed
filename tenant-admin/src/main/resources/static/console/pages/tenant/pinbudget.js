import {put as replace, read} from "../../app/api.js";
import {dialog} from "../../ui/dialog.js";
import {h} from "../../ui/dom.js";
import {bytes, percent} from "../../ui/format.js";
import {button, card, field, section} from "../../ui/parts.js";
import {done} from "../../ui/toast.js";

const MIB = 1024 * 1024;

/** What the tenant may pin, what it has pinned, and a way to change the former. */
export function pinBudget({path, tenant}) {
  let stored = null;
  const place = section(async () => {
    stored = await read(`${path}/pin-budget`);
    return level(stored.body);
  }, {lines: 1, missing: "A pin budget"});
  const change = () => edit(`${path}/pin-budget`, tenant, stored, place.refresh);
  const view = card("Pin budget", {
    lead: "How much memory this tenant’s pins may keep. The device has a budget for the pins of all.",
    aside: button("Change", change, {style: "small", symbol: "edit", role: "operator"}),
  }, place);
  view.refresh = place.refresh;
  return view;
}

function level({bytes: own, platformBytes, pinnedBytes}) {
  const most = own ?? platformBytes;
  if (most === null) return h("p", {class: "numeric"}, `${bytes(pinnedBytes)} pinned; no budget of its own, the device’s alone holds.`);
  return h("div", {class: "budget"},
    h("progress", {max: Math.max(most, 1), value: Math.min(pinnedBytes, most), class: pinnedBytes > 0.9 * most ? "full" : null, "aria-label": "Pinned memory"}),
    h("p", {class: "small soft numeric"}, `${bytes(pinnedBytes)} of ${bytes(most)} pinned, ${percent(pinnedBytes, most)}; `,
      own === null ? "the platform’s budget for every tenant." : "the tenant’s own budget."));
}

function edit(path, tenant, {body, etag}, refresh) {
  const size = h("input", {type: "number", min: 0, step: "any", value: body.bytes === null ? "" : body.bytes / MIB});
  const platform = body.platformBytes === null ? "the device’s budget alone holds" : `the platform’s ${bytes(body.platformBytes)} hold`;
  dialog(`Pin budget of ${tenant.name}`, {
    content: field("Budget in MiB", size, `Empty: ${platform}. A smaller budget unpins nothing; 0 lets nothing more be pinned.`),
    submit: "Save budget",
    act: async () => {
      await replace(path, {bytes: size.value === "" ? null : Math.round(Number(size.value) * MIB)}, etag);
      await refresh();
      done("The pin budget is saved.");
    },
  });
}
