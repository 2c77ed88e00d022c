// Enlarging and moving the pictures of several panes together, by wheel, pinch, drag, double click, buttons and keys.

const LARGEST = 12;

/** Panes that show the same part of their pictures. `added` elements have the class "pane", their pictures "layer". */
export class Zoom {
  constructor() {
    this.panes = new Set();
    this.pointers = new Map();
    this.reset();
  }

  add(pane) {
    this.panes.add(pane);
    pane.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.by(Math.exp(-event.deltaY / 300), ...this.place(pane, event));
    }, { passive: false });
    pane.addEventListener("dblclick", (event) => {
      if (this.scale > 1) this.reset();
      else this.by(2.5, ...this.place(pane, event));
    });
    pane.addEventListener("pointerdown", (event) => this.pointers.set(event.pointerId, event));
    pane.addEventListener("pointermove", (event) => this.move(pane, event));
    for (const name of ["pointerup", "pointercancel", "pointerleave"])
      pane.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    this.draw();
    return pane;
  }

  reset() {
    [this.scale, this.x, this.y] = [1, 0, 0];
    this.draw();
  }

  /** Enlarge by a factor about a point, given in widths and heights of a pane. */
  by(factor, x = 0.5, y = 0.5) {
    const scale = Math.min(Math.max(this.scale * factor, 1), LARGEST);
    this.x = x - (x - this.x) * (scale / this.scale);
    this.y = y - (y - this.y) * (scale / this.scale);
    this.scale = scale;
    this.draw();
  }

  move(pane, event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const box = pane.getBoundingClientRect();
    const others = [...this.pointers.values()].filter((other) => other.pointerId !== event.pointerId);
    if (others.length) {
      const far = (one) => Math.hypot(one.clientX - others[0].clientX, one.clientY - others[0].clientY) || 1;
      this.by(far(event) / far(before), ...this.place(pane, others[0]));
    } else if (this.scale > 1) {
      this.x += (event.clientX - before.clientX) / box.width;
      this.y += (event.clientY - before.clientY) / box.height;
      this.draw();
    }
    this.pointers.set(event.pointerId, event);
  }

  place(pane, event) {
    const box = pane.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  draw() {
    const inside = (value) => Math.min(Math.max(value, 1 - this.scale), 0);
    [this.x, this.y] = [inside(this.x), inside(this.y)];
    for (const pane of this.panes) {
      pane.style.setProperty("--scale", this.scale);
      pane.style.setProperty("--x", this.x);
      pane.style.setProperty("--y", this.y);
      pane.classList.toggle("zoomed", this.scale > 1);
    }
  }
}
