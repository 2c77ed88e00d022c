// The keyboard: one table of keys, asked only where no text is being typed.

/** Call the action of a key: `table()` gives { "ArrowLeft": f, "k": g }. Letters count in either case. */
export function onKeys(table) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    const typing = target instanceof HTMLElement && target.matches("input:not([type=range]), select, textarea");
    if (typing) return;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (target instanceof HTMLInputElement && name.startsWith("Arrow")) return; // a slider uses these itself
    const action = table()[name];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
