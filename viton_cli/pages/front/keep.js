// What outlives the page: values kept in the browser, files saved and opened by the user.

/** One value under one name in the browser's storage. A browser that keeps nothing (private windows) is no error. */
export class Keep {
  constructor(name) {
    this.name = `viton:${name}`;
    this.works = true;
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.name));
    } catch {
      return null;
    }
  }

  /** Returns whether it was kept. */
  write(value) {
    try {
      localStorage.setItem(this.name, JSON.stringify(value));
      this.works = true;
    } catch {
      this.works = false;
    }
    return this.works;
  }
}

/** Objects as the lines of a JSONL file, offered as a download. */
export function saveLines(name, objects) {
  const text = objects.map((object) => JSON.stringify(object) + "\n").join("");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** The objects of a JSONL file; throws an Error that names the line. */
export function parseLines(text) {
  const objects = [];
  text.split("\n").forEach((line, at) => {
    if (!line.trim()) return;
    let value = null;
    try {
      value = JSON.parse(line);
    } catch { /* named below */ }
    if (value === null || typeof value !== "object") throw new Error(`line ${at + 1} is not a JSON object`);
    objects.push(value);
  });
  return objects;
}

/** A button by which the user opens a JSONL file; `open` gets its objects, `fail` the cause where it is none. */
export function openButton(label, open, fail) {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ".jsonl,.ndjson,.json,.txt";
  input.className = "hidden";
  const button = document.createElement("button");
  button.append(label, input);
  button.addEventListener("click", (event) => event.target !== input && input.click());
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    try {
      open(parseLines(await file.text()));
    } catch (error) {
      fail(`${file.name}: ${error.message}`);
    }
    input.value = "";
  });
  return button;
}
