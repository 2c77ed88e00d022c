// One result at full size: before and after under a slider, zoom and pan, steps, the edited region, verdicts.
import { h, legend } from "./dom.js";
import { Zoom } from "./zoom.js";

const SEVERITIES = { info: "○ info", warn: "▲ warning", bad: "■ bad" };

/** A dialog over the page. `about(index)` gives what to show; `judge(index, verdict)` is told; `step(index, by)` is next. */
export class Viewer {
  constructor({ about, judge, step, closed }) {
    Object.assign(this, { about, judge, step, index: null, view: "result" });
    this.zoom = new Zoom();
    this.cut = h("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "before and after", id: "slider",
      oninput: () => this.pane.style.setProperty("--cut", `${this.cut.value}%`) });
    this.pane = this.zoom.add(h("div", { class: "pane", tabindex: -1, onpointermove: (event) => this.drag(event) }));
    this.title = h("h1", { class: "grow" });
    this.side = h("aside");
    this.buttons = {
      keep: h("button", { id: "keep", onclick: () => this.mark("keep") }, "Keep"),
      reject: h("button", { id: "reject", onclick: () => this.mark("reject") }, "Reject"),
      steps: h("button", { id: "steps", onclick: () => this.show(this.view === "steps" ? "result" : "steps") }, "Steps"),
      mask: h("button", { id: "mask", onclick: () => this.show(this.view === "mask" ? "result" : "mask") }, "Edited region"),
    };
    const move = (by, sign, name) => h("button", { "aria-label": name, onclick: () => this.go(by) }, sign);
    this.element = h("dialog", { onclose: () => { this.index = null; closed(); } },
      h("div", { class: "bar" }, move(-1, "←", "previous"), move(1, "→", "next"), this.title,
        h("button", { "aria-label": "close", onclick: () => this.element.close() }, "✕")),
      h("div", { class: "stage" }, h("div", { class: "picture" }, this.pane, this.cut), this.side),
      h("div", {}, h("div", { class: "bar" }, this.buttons.keep, this.buttons.reject, this.buttons.steps,
        this.buttons.mask, h("button", { "aria-label": "smaller", onclick: () => this.zoom.by(1 / 1.5) }, "−"),
        h("button", { "aria-label": "larger", onclick: () => this.zoom.by(1.5) }, "+"),
        legend(["← →", "next"], ["k", "keep"], ["x", "reject"], ["u", "neither"], ["s", "steps"], ["m", "region"], ["[ ]", "slider"],
          ["+ − 0", "zoom"]))));
    document.body.append(this.element);
    this.keys = {
      ArrowLeft: () => this.go(-1), ArrowRight: () => this.go(1), k: () => this.mark("keep"), x: () => this.mark("reject"),
      u: () => this.mark(null), s: () => this.buttons.steps.click(), m: () => this.buttons.mask.click(),
      "+": () => this.zoom.by(1.5), "=": () => this.zoom.by(1.5), "-": () => this.zoom.by(1 / 1.5), 0: () => this.zoom.reset(),
      "[": () => this.slide(-10), "]": () => this.slide(10),
    };
  }

  open(index) {
    this.index = index;
    this.zoom.reset();
    this.show("result");
    if (!this.element.open) this.element.showModal();
    this.pane.focus();
  }

  go(by) {
    const next = this.step(this.index, by);
    if (next !== null) this.open(next);
  }

  /** Give a verdict (the same again takes it back). */
  mark(verdict) {
    this.judge(this.index, this.about(this.index).verdict === verdict ? null : verdict);
    this.show(this.view);
  }

  slide(by) {
    this.cut.value = Number(this.cut.value) + by;
    this.cut.dispatchEvent(new Event("input"));
  }

  /** A picture that is not enlarged takes the slider along. */
  drag(event) {
    if (event.buttons !== 1 || this.zoom.scale > 1) return;
    const box = this.pane.getBoundingClientRect();
    this.cut.value = 100 * (event.clientX - box.left) / box.width;
    this.cut.dispatchEvent(new Event("input"));
  }

  show(view) {
    const shown = this.about(this.index);
    this.view = view === "steps" && !shown.strip ? "result" : view === "mask" && !shown.mask ? "result" : view;
    this.title.textContent = `${shown.person} in ${shown.garment}`;
    const layer = (src, alt, name = "") => h("img", { class: `layer ${name}`, src, alt, draggable: "false" });
    const layers = [];
    if (this.view === "steps") layers.push(layer(shown.strip, "every step"));
    else if (shown.full) {
      layers.push(layer(shown.full, "result"));
      if (this.view === "mask") layers.push(layer(shown.mask, "edited region", "mask"));
      else if (shown.photo) {
        const photo = h("img", { src: shown.photo, alt: "photo", draggable: "false", onerror: () => {
          // The photo was moved since the run: its small copy is still beside the results.
          if (shown.small && photo.getAttribute("src") !== shown.small) photo.src = shown.small;
        } });
        layers.push(h("div", { class: "curtain before" }, photo), h("div", { class: "curtain line" }));
      }
    }
    this.pane.replaceChildren(...layers);
    this.cut.classList.toggle("hidden", this.view !== "result" || !shown.photo || !shown.full);
    for (const verdict of ["keep", "reject"]) this.buttons[verdict].setAttribute("aria-pressed", shown.verdict === verdict);
    for (const other of ["steps", "mask"]) this.buttons[other].setAttribute("aria-pressed", this.view === other);
    this.buttons.steps.disabled = !shown.strip;
    this.buttons.mask.disabled = !shown.mask;
    this.side.replaceChildren(
      h("p", { class: `light ${shown.light}` }, shown.lightText),
      ...(shown.lines.length ? [h("ul", {}, ...shown.lines.map(([text, severity, cure]) => h("li", { class: severity },
        h("span", { class: "light" }, SEVERITIES[severity]), ` ${text}`, cure ? h("span", { class: "soft" }, ` — ${cure}`) : "")))] : []),
      h("p", { class: "soft" }, shown.numbers),
      ...(shown.garmentThumb ? [h("img", { src: shown.garmentThumb, alt: `garment ${shown.garment}`, width: 192, height: 256 })] : []),
      ...(shown.full ? [h("p", {}, h("a", { class: "button", href: shown.full, target: "_blank" }, "Open the file"))] : []));
  }
}
