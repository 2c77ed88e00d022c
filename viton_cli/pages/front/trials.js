// The page on which people say which of two results is better. Pictures are numbers here: which method made them is in
// key.json, which the page does not know.
import { h, legend, pageData, themeButton } from "./dom.js";
import { Keep, openButton, saveLines } from "./keep.js";
import { onKeys } from "./keys.js";
import { Zoom } from "./zoom.js";

const data = pageData();
const page = document.getElementById("page");
const theme = themeButton(new Keep("theme"));
const last = new Keep(`sheet:${data.sheet}`); // who was at work here
let session = null;

/** One rater at work on one list. */
class Session {
  constructor(rater, list, answers = null) {
    [this.rater, this.list] = [rater, list];
    this.trials = data.lists[list - 1];
    this.kept = new Keep(`sheet:${data.sheet}:${list}:${rater}`);
    this.answers = answers ?? this.kept.read() ?? [];
    this.saved = false;
    last.write({ rater, list });
    this.kept.write(this.answers);
  }

  get at() {
    return this.answers.length;
  }

  get done() {
    return this.at >= this.trials.length;
  }

  answer(choice, seconds) {
    this.answers.push({ choice, seconds: Math.round(seconds * 100) / 100, at: new Date().toISOString() });
    this.saved = false;
    this.kept.write(this.answers);
  }

  undo() {
    if (!this.answers.pop()) return false;
    this.kept.write(this.answers);
    return true;
  }

  save() {
    const lines = this.answers.map(({ choice, seconds, at }, number) => (
      { sheet: data.sheet, rater: this.rater, list: this.list, trial: number + 1, choice, seconds, at }
    ));
    saveLines(`answers-${data.sheet}-${this.list}-${this.rater.replace(/[^\p{L}\p{N}]+/gu, "_")}.jsonl`, lines);
    this.saved = true;
  }

  /** The session that a saved file is of. */
  static of(lines) {
    if (!lines.length) throw new Error("no answers in this file");
    const { sheet, rater, list } = lines[0];
    if (lines.some((line) => line.sheet !== data.sheet)) throw new Error("answers to another sheet");
    if (lines.some((line) => line.rater !== rater || line.list !== list)) throw new Error("answers of several raters");
    const answers = lines.map(({ choice, seconds, at }) => ({ choice, seconds, at }));
    const known = data.lists[list - 1] && typeof rater === "string";
    const whole = answers.every((answer) => [0, 1, 2].includes(answer.choice));
    if (!known || !whole || lines.some((line, at) => line.trial !== at + 1)) throw new Error("not answers to this sheet");
    return new Session(rater, list, answers);
  }
}

function showStart(problem = "") {
  session = null;
  const before = last.read() ?? {};
  const hinted = Number(new URLSearchParams(location.hash.slice(1)).get("list")) || before.list || 1;
  const rater = h("input", { id: "rater", required: true, maxlength: 60, autocomplete: "off", value: before.rater ?? "" });
  const list = h("select", { id: "list" }, ...data.lists.map((_, at) => (
    h("option", { value: at + 1, selected: at + 1 === hinted }, `${at + 1}`)
  )));
  const form = h("form", { class: "card", onsubmit: (event) => {
    event.preventDefault();
    begin(new Session(rater.value.trim(), Number(list.value)));
  } },
  h("div", { class: "bar" }, h("h1", { class: "grow" }, "Which is better?"), theme),
  h("p", {}, `You will see a person, a garment, and two pictures of that person in that garment, ${data.lists[0].length} times. ${data.question} Where you cannot say, guess.`),
  h("p", {}, "Answers stay in this browser until you save them as a file, and you can stop and carry on at any time."),
  problem ? h("p", { class: "note", role: "alert" }, problem) : null,
  h("label", {}, "Your name", rater),
  h("label", { class: data.lists.length > 1 ? "" : "hidden" }, "Your list, as you were told", list),
  h("button", { class: "primary", type: "submit" }, "Begin, or carry on"),
  openButton("Carry on from a saved file", (lines) => begin(Session.of(lines)), showStart));
  // The file button is in the form, and is not to send it.
  form.querySelectorAll("button:not([type])").forEach((button) => button.setAttribute("type", "button"));
  page.replaceChildren(form);
}

function begin(started) {
  session = started;
  if (session.done) showDone();
  else showTrial();
}

function picture(number) {
  return `data:image/jpeg;base64,${data.pictures[number]}`;
}

let current = null; // the trial on the screen: { answer, zoom, stop }

function showTrial() {
  current?.stop();
  const zoom = new Zoom();
  const [person, garment, left, right] = session.trials[session.at];
  const pane = (number, name) => zoom.add(h("div", { class: "pane" }, h("img", { class: "layer", alt: name, src: picture(number), draggable: "false" })));
  const figure = (number, name) => h("figure", {}, h("figcaption", {}, name), pane(number, name));
  const choice = (number, at) => h("figure", { class: "result" }, pane(number, `result ${at}`),
    h("button", { class: "choice primary", id: `choose${at}`, disabled: true, onclick: () => current.answer(at) }, `${at}`));
  const clock = h("div", { class: data.seconds ? "clock" : "hidden" });
  const body = h("div", { class: "trial" },
    h("div", { class: "given" }, figure(person, "person"), figure(garment, "garment")), choice(left, 1), choice(right, 2));
  page.replaceChildren(
    h("div", { class: "bar" },
      h("span", { class: "grow", id: "place" }, `${session.at + 1} of ${session.trials.length}`),
      h("button", { "aria-label": "smaller", onclick: () => zoom.by(1 / 1.5) }, "−"),
      h("button", { "aria-label": "larger", onclick: () => zoom.by(1.5) }, "+"),
      h("button", { id: "undo", disabled: session.at === 0, onclick: undo }, "Undo"),
      h("button", { id: "save", onclick: () => session.save() }, "Save"), theme),
    h("progress", { value: session.at, max: session.trials.length, "aria-label": "progress" }), clock,
    h("p", { class: "question" }, data.question),
    session.kept.works ? "" : h("p", { class: "note" }, "This browser keeps nothing: save your answers before you close the page."),
    body,
    legend(["1 2", "choose"], ["z", "undo"], ["+ − 0", "zoom; wheel, pinch and drag work too"]));
  run(body, clock, zoom);
}

/** Start the clock when all pictures are there; until then, and after the time is up, nothing can be chosen. */
async function run(body, clock, zoom) {
  const began = { at: null };
  let timer = null;
  const own = current = {
    zoom,
    stop: () => clearTimeout(timer),
    answer: (choice) => {
      if (current !== own || began.at === null) return;
      own.stop();
      session.answer(choice, (performance.now() - began.at) / 1000);
      begin(session);
    },
  };
  await Promise.all([...body.querySelectorAll("img")].map((image) => image.decode()));
  if (current !== own) return;
  began.at = performance.now();
  body.querySelectorAll("button.choice").forEach((button) => { button.disabled = false; });
  if (!data.seconds) return;
  clock.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], { duration: 1000 * data.seconds, fill: "forwards" });
  timer = setTimeout(() => {
    session.answer(0, data.seconds);
    current = null;
    body.classList.add("covered");
    body.querySelectorAll("button.choice").forEach((button) => { button.disabled = true; });
    const on = h("button", { class: "primary", id: "on", onclick: () => begin(session) }, "Time is up. Go on");
    body.before(on);
    on.focus();
  }, 1000 * data.seconds);
}

function undo() {
  if (session?.undo()) showTrial();
}

function showDone() {
  current = null;
  page.replaceChildren(h("div", { class: "card" },
    h("div", { class: "bar" }, h("h1", { class: "grow" }, "Thank you"), theme),
    h("p", { id: "done" }, `All ${session.trials.length} trials are answered. Save the file and give it to whoever asked you.`),
    h("button", { class: "primary", id: "save", onclick: () => session.save() }, "Save the answers"),
    h("button", { id: "undo", onclick: undo }, "Undo the last one"),
    h("button", { onclick: () => showStart() }, "Another rater")));
}

onKeys(() => {
  if (!session) return {};
  const zoom = current?.zoom;
  return {
    1: () => current?.answer(1), 2: () => current?.answer(2), z: undo, Backspace: undo,
    "+": () => zoom?.by(1.5), "=": () => zoom?.by(1.5), "-": () => zoom?.by(1 / 1.5), 0: () => zoom?.reset(),
  };
});
addEventListener("beforeunload", (event) => {
  if (session?.at && !session.kept.works && !session.saved) event.preventDefault();
});
showStart();
