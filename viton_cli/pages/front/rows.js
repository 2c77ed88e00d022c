// Thousands of cards, of which only the rows near the window are in the document.
import { h } from "./dom.js";

const GAP = 12;
const AHEAD = 2; // rows beyond each edge of the window

/** A grid of cards in the flow of the page. `card(index)` makes one; all are `height` pixels high, at least `width` wide. */
export class Rows {
  constructor(width, height, card) {
    Object.assign(this, { width, height, card, list: [], shown: new Map(), columns: 0 });
    this.element = h("div", { class: "rows" });
    new ResizeObserver(() => this.draw()).observe(this.element);
    addEventListener("scroll", () => this.draw(), { passive: true });
    addEventListener("resize", () => this.draw());
  }

  /** Show these, from scratch. */
  show(list) {
    this.list = list;
    this.clear();
    this.draw();
  }

  /** Make a card anew, if it is in the document. */
  renew(index) {
    const old = this.element.querySelector(`[data-index="${index}"]`);
    if (!old) return;
    const focused = old.contains(document.activeElement);
    const card = this.card(index);
    old.replaceWith(card);
    if (focused) card.querySelector("button")?.focus();
  }

  clear() {
    this.element.replaceChildren();
    this.shown.clear();
  }

  draw() {
    const space = this.element.clientWidth;
    if (!space) return;
    const columns = Math.max(Math.floor((space + GAP) / (this.width + GAP)), 1);
    if (columns !== this.columns) {
      this.columns = columns;
      this.clear();
    }
    const step = this.height + GAP;
    const count = Math.ceil(this.list.length / columns);
    this.element.style.height = `${count * step}px`;
    const above = -this.element.getBoundingClientRect().top;
    const first = Math.max(Math.floor(above / step) - AHEAD, 0);
    const end = Math.min(Math.ceil((above + innerHeight) / step) + AHEAD, count);
    for (const [row, element] of this.shown) {
      if (row >= first && row < end) continue;
      element.remove();
      this.shown.delete(row);
    }
    for (let row = first; row < end; row++) {
      if (this.shown.has(row)) continue;
      const cards = this.list.slice(row * columns, (row + 1) * columns).map((index) => this.card(index));
      const style = `top:${row * step}px;height:${this.height}px;grid-template-columns:repeat(${columns},minmax(0,1fr))`;
      const element = h("div", { class: "row", style }, ...cards);
      this.shown.set(row, element);
      // In their order, so that Tab goes from one to the next.
      const next = [...this.shown].filter(([other]) => other > row).sort(([a], [b]) => a - b)[0];
      this.element.insertBefore(element, next ? next[1] : null);
    }
  }
}
