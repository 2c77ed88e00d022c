// The page to judge a try-on run on: every result of the folder, filtered, sorted, looked at and given a verdict.
import { h, pageData, themeButton } from "./dom.js";
import { Keep, openButton, saveLines } from "./keep.js";
import { onKeys } from "./keys.js";
import { Rows } from "./rows.js";
import { Viewer } from "./viewer.js";

const data = pageData();
const LIGHTS = { good: "● good", doubtful: "▲ doubtful", bad: "■ bad", failed: "✕ failed" };
const VERDICTS = { keep: "kept", reject: "rejected" };
const [WIDTH, HEIGHT] = [168, 302]; // of a card

// A result as the manifest has it: [person, garment, light, quality, checks, name, files, seconds, changed, cause].
const results = data.results.map(([person, garment, light, quality, checks, name, files, seconds, changed, cause]) => ({
  person: data.people[person], garment: data.garments[garment], light, quality, checks, name, files, seconds, changed, cause,
}));
for (const result of results) {
  result.id = `${result.person.id}\t${result.garment.id}`;
  result.text = [result.person.id, result.garment.id, result.cause ?? "", ...result.checks.map((at) => data.checks[at][0])]
    .join("\n").toLowerCase();
}

const kept = new Keep(`verdicts:${location.pathname}`);
const verdicts = new Map(Object.entries(kept.read() ?? {})); // id -> [verdict, when]
const verdictOf = (result) => verdicts.get(result.id)?.[0] ?? null;
const state = { q: "", person: "", garment: "", light: "", verdict: "", sort: "run", ...Object.fromEntries(new URLSearchParams(location.hash.slice(1))) };
let list = [];

const byName = new Intl.Collator(undefined, { numeric: true });
const SORTS = {
  run: ["as they were made", null],
  worst: ["quality, lowest first", (a, b) => (a.quality ?? 2) - (b.quality ?? 2)],
  best: ["quality, highest first", (a, b) => (b.quality ?? -1) - (a.quality ?? -1)],
  person: ["person", (a, b) => byName.compare(a.person.id, b.person.id)],
  garment: ["garment", (a, b) => byName.compare(a.garment.id, b.garment.id)],
  changed: ["most changed first", (a, b) => (b.changed ?? -1) - (a.changed ?? -1)],
  slow: ["slowest first", (a, b) => (b.seconds ?? -1) - (a.seconds ?? -1)],
};

function url(result, folder, ending, flag) {
  return result.files.includes(flag) ? `${folder}${result.name}${ending}` : null;
}

function card(index) {
  const result = results[index];
  const verdict = verdictOf(result);
  const thumb = url(result, "thumbs/", ".jpg", "t");
  const name = `${result.person.id} in ${result.garment.id}`;
  const picture = result.light === "failed"
    ? h("p", { class: "cause failed", tabindex: 0 }, result.cause ?? "failed")
    : h("button", { class: "open", "aria-label": `look at ${name}`, onclick: () => viewer.open(index) },
      thumb ? h("img", { class: "thumb", src: thumb, alt: name, width: WIDTH, height: 224, loading: "lazy", decoding: "async" }) : "no picture",
      result.garment.thumb ? h("img", { class: "garment", src: result.garment.thumb, alt: "", width: 48, height: 64, loading: "lazy", decoding: "async" }) : null);
  return h("article", { class: `result ${verdict ?? ""}`, "data-index": index }, picture,
    h("p", { title: result.person.id }, result.person.id), h("p", { title: result.garment.id }, result.garment.id),
    h("p", {}, h("span", { class: `light ${result.light}` }, LIGHTS[result.light]),
      result.quality === null ? "" : ` ${result.quality.toFixed(2)}`, verdict ? ` · ${VERDICTS[verdict]}` : ""));
}

const rows = new Rows(WIDTH, HEIGHT, card);
const counts = h("p", { class: "soft grow", id: "counts", role: "status" });
const problem = h("p", { class: "bad hidden", role: "alert" });

function apply() {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  const passes = (result) => (!state.person || result.person.id === state.person)
    && (!state.garment || result.garment.id === state.garment)
    && (!state.light || result.light === state.light)
    && (!state.verdict || (verdictOf(result) ?? "open") === state.verdict)
    && words.every((word) => result.text.includes(word));
  list = results.map((_, index) => index).filter((index) => passes(results[index]));
  const order = SORTS[state.sort]?.[1];
  if (order) list.sort((a, b) => order(results[a], results[b]) || a - b);
  rows.show(list);
  count();
  const set = Object.entries(state).filter(([name, value]) => value && !(name === "sort" && value === "run"));
  history.replaceState(null, "", `#${new URLSearchParams(set)}`);
}

function count() {
  const given = results.map(verdictOf);
  const of = (verdict) => given.filter((one) => one === verdict).length;
  const ahead = data.ahead ? `; the run goes on, ${data.ahead} pairs ahead` : "";
  counts.textContent = `${list.length} of ${results.length} results · ${of("keep")} kept · ${of("reject")} rejected${ahead}`;
}

function judge(index, verdict) {
  const { id } = results[index];
  if (verdict) verdicts.set(id, [verdict, new Date().toISOString()]);
  else verdicts.delete(id);
  if (!kept.write(Object.fromEntries(verdicts))) say("This browser keeps nothing: save the verdicts before you close the page.");
  rows.renew(index);
  count();
}

function say(text) {
  problem.textContent = text;
  problem.classList.toggle("hidden", !text);
}

function save() {
  const lines = results.filter(verdictOf).map((result) => {
    const [verdict, at] = verdicts.get(result.id);
    return { person: result.person.id, garment: result.garment.id, verdict, at };
  });
  saveLines("verdicts.jsonl", lines);
}

function load(lines) {
  const known = new Set(results.map((result) => result.id));
  const found = lines.map(({ person, garment, verdict, at }) => [`${person}\t${garment}`, [verdict, at ?? ""]]);
  const bad = found.findIndex(([id, [verdict]]) => !known.has(id) || !(verdict in VERDICTS));
  if (bad >= 0) throw new Error(`line ${bad + 1} is not a verdict on a result of this page`);
  for (const [id, verdict] of found) verdicts.set(id, verdict);
  kept.write(Object.fromEntries(verdicts));
  say("");
  apply();
}

function about(index) {
  const result = results[index];
  const numbers = [result.quality === null ? null : `quality ${result.quality.toFixed(2)}`,
    result.seconds === null ? null : `${result.seconds.toFixed(1)} s`,
    result.changed === null ? null : `${(100 * result.changed).toFixed(1)} % of the photo changed`];
  const aside = result.files.includes("a") ? "aside/" : "";
  return {
    person: result.person.id, garment: result.garment.id, light: result.light, lightText: LIGHTS[result.light],
    verdict: verdictOf(result), lines: result.checks.map((at) => data.checks[at]), numbers: numbers.filter(Boolean).join(" · "),
    full: url(result, aside, ".png", "f") ?? url(result, aside, ".jpg", "j") ?? url(result, aside, ".webp", "w"),
    strip: url(result, "steps/", ".jpg", "s"), mask: url(result, "edited/", ".png", "m"),
    photo: result.person.photo ?? result.person.thumb, small: result.person.thumb, garmentThumb: result.garment.thumb,
  };
}

function step(index, by) {
  const seen = list.filter((other) => results[other].light !== "failed");
  const at = seen.indexOf(index);
  // A result that no longer passes the filter (a verdict took it out) has no neighbours of its own: the nearest is taken.
  if (at < 0) return seen.find((other) => other > index) ?? seen.at(-1) ?? null;
  return seen[at + by] ?? null;
}

const viewer = new Viewer({ about, judge, step, closed: () => { if (state.verdict) apply(); } });

function choice(name, label, options) {
  const known = options.some(([value]) => value === state[name]);
  if (!known) state[name] = options[0][0];
  return h("select", { id: name, "aria-label": label, onchange: (event) => { state[name] = event.target.value; apply(); } },
    ...options.map(([value, text]) => h("option", { value, selected: value === state[name] }, text)));
}

function counted(values) {
  const numbers = new Map();
  for (const value of values) numbers.set(value, (numbers.get(value) ?? 0) + 1);
  return numbers;
}

function options(all, items, of) {
  const numbers = counted(results.map((result) => of(result).id));
  return [["", all], ...items.filter((item) => numbers.has(item.id)).map((item) => [item.id, `${item.id} (${numbers.get(item.id)})`])];
}

const lights = counted(results.map((result) => result.light));
const lightOptions = Object.entries(LIGHTS).filter(([light]) => lights.has(light)).map(([light, text]) => [light, `${text} (${lights.get(light)})`]);
document.getElementById("page").append(
  h("header", {},
    h("div", { class: "bar" }, h("h1", {}, "Try-on results"), counts,
      data.ahead ? h("button", { onclick: () => location.reload() }, "Reload") : null,
      h("button", { id: "save", onclick: save }, "Save verdicts"), openButton("Open verdicts", load, say), themeButton(new Keep("theme"))),
    h("div", { class: "bar" },
      h("input", { type: "search", id: "q", placeholder: "search", "aria-label": "search names and warnings", value: state.q,
        oninput: (event) => { state.q = event.target.value; apply(); } }),
      choice("person", "person", options("every person", data.people, (result) => result.person)),
      choice("garment", "garment", options("every garment", data.garments, (result) => result.garment)),
      choice("light", "light", [["", "every light"], ...lightOptions]),
      choice("verdict", "verdict", [["", "every verdict"], ["open", "no verdict"], ["keep", "kept"], ["reject", "rejected"]]),
      choice("sort", "sort", Object.entries(SORTS).map(([name, [text]]) => [name, text]))),
    problem),
  rows.element);
onKeys(() => {
  if (viewer.index !== null) return viewer.keys;
  const index = Number(document.activeElement.closest?.(".result")?.dataset.index ?? -1);
  if (index < 0 || results[index].light === "failed") return {};
  const mark = (verdict) => judge(index, verdictOf(results[index]) === verdict ? null : verdict);
  return { k: () => mark("keep"), x: () => mark("reject"), u: () => judge(index, null) };
});
apply();
