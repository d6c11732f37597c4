"use strict";
/* Data blocks, numbers as text, and CSV. Every text reaches the page as text, never as markup. */
const Data = (() => {
  const MINUS = "\u2212";
  const DASH = "\u2014";

  const block = (id) => JSON.parse(document.getElementById(id).textContent);

  /* Halfway between two decimals goes to the even one, as in the tables that Python writes. */
  const rounded = (value, digits) => {
    const text = String(value);
    const halfway = Number.isInteger(value * 2 ** (digits + 1)) && text.split(".")[1]?.length === digits + 1;
    return halfway && "02468.".includes(text.at(-2)) ? text.slice(0, -1) : value.toFixed(digits);
  };
  const fixed = (value, digits) => rounded(value, digits).replace("-", MINUS);
  const percent = (value) => (value === null ? DASH : `${fixed(100 * value, 1)}%`);
  const points = (value) => {
    if (value === null) return DASH;
    const text = fixed(100 * value, 1);
    if (Number(text.replace(MINUS, "-")) === 0) return "0.0";
    return value > 0 ? `+${text}` : text;
  };
  const number = (value) => (value === null ? DASH : String(value));
  const pValue = (value) => {
    if (value === null) return DASH;
    if (value < 1e-6) return "< 1e-6";
    if (value < 1e-4) return value.toExponential(0);
    if (value > 0.999) return value === 1 ? "1" : "> .999";
    return rounded(value, value < 0.1 ? 4 : 3).replace(/^0/, "");
  };
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  const units = { percent, points, number };

  /* A text cell that a spreadsheet would take for a formula gets an apostrophe; numbers stay as they are. */
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  /* Columns are pairs of a name and its values: as keys of an object, an arm called 7 would come first. */
  const csv = (columns) => {
    const lines = [columns.map(([name]) => cell(name)).join(",")];
    const length = Math.max(0, ...columns.map(([, values]) => values.length));
    for (let row = 0; row < length; row += 1) {
      lines.push(columns.map(([, values]) => cell(values[row])).join(","));
    }
    return `${lines.join("\r\n")}\r\n`;
  };

  const download = (name, columns) => {
    const address = URL.createObjectURL(new Blob([csv(columns)], { type: "text/csv;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = `${name.replace(/[^A-Za-z0-9@._-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "") || "data"}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };

  const element = (tag, properties = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in node) node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };

  return { block, percent, points, number, pValue, counted, units, csv, download, element };
})();
