// Making elements, and the settings of the page that both pages share.

/** An element: h("button", { class: "primary", onclick: f, "aria-label": "x" }, "text", child). */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Which key does what: legend(["z", "undo"], ...); one entry may name several keys, apart by blanks. */
export function legend(...entries) {
  const parts = entries.map(([keys, action]) => (
    h("span", {}, ...keys.split(" ").map((key) => h("kbd", {}, key)), ` ${action}`)
  ));
  return h("p", { class: "soft keys bar" }, ...parts);
}

/** The data that was put into the page. */
export function pageData() {
  return JSON.parse(document.getElementById("data").textContent);
}

/** A button that changes between the dark and the light scheme, and remembers it for all pages. */
export function themeButton(keep) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const chosen = keep.read();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
  return h("button", {
    "aria-label": "dark or light", title: "dark or light",
    onclick: () => {
      root.dataset.theme = (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
      keep.write(root.dataset.theme);
    },
  }, "◐");
}
