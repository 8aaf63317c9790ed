import {usageCard} from "../usage.js";
import {h} from "../../ui/dom.js";
import {millis, number, time} from "../../ui/format.js";
import {card, empty, state} from "../../ui/parts.js";
import {pagedTable} from "../../ui/paged.js";

/** What the tenant used: charts, then the ledger. */
export function usageTab({path, id}) {
  return h("div", {class: "stack"},
    usageCard({path: `${path}/usage`, csv: `${path}/usage/export`, name: id, groups: [["key", "By key"], ["promptVersion", "By prompt version"], ["finish", "By finish"]]}),
    card("Ledger", {lead: "One entry for each request, however it ended, newest first.", flush: true},
      pagedTable("Ledger", () => `${path}/usage/requests`, [
        {title: "When", cell: (entry) => time(entry.at)},
        {title: "Request", cell: (entry) => h("code", {class: "soft tiny"}, entry.requestId)},
        {title: "Version", cell: (entry) => h("code", {}, entry.promptVersion ?? "–")},
        {title: "Prompt", end: true, cell: (entry) => number(entry.promptTokens)},
        {title: "Cached", end: true, cell: (entry) => number(entry.cachedTokens)},
        {title: "Completion", end: true, cell: (entry) => number(entry.completionTokens)},
        {title: "First token", end: true, cell: (entry) => millis(entry.timeToFirstTokenMillis)},
        {title: "Duration", end: true, cell: (entry) => millis(entry.durationMillis)},
        {title: "End", cell: (entry) => state(entry.finish)},
      ], () => empty("usage", "No requests yet"), {missing: "The usage ledger"})));
}
