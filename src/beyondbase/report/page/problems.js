"use strict";
/* The table of all problems of a pair: sorted, searched, and opened to the completions. */
const Problems = (() => {
  const { element } = Data;
  const PAGE = 100;
  const CUT = 20000;
  const GROUPS = ["all problems", "both solve it", "only the base", "only the other arm", "neither"];

  const groupOf = (base, other) => (base && other ? 1 : base ? 2 : other ? 3 : 4);

  const columns = (data) => [
    ["problem", data.id],
    ...(data.level ? [["level", data.level]] : []),
    [`${data.base} n`, data.base_n], [`${data.base} c`, data.base_c],
    [`${data.other} n`, data.other_n], [`${data.other} c`, data.other_c],
    ["Fisher p", data.fisher_p],
    ["solved by", data.id.map((_, index) => GROUPS[groupOf(data.base_c[index], data.other_c[index])])],
  ];

  const rowsOf = (data) => data.id.map((id, index) => {
    const base = data.base_c[index] / data.base_n[index];
    const other = data.other_c[index] / data.other_n[index];
    return {
      index, id, level: data.level ? data.level[index] : null, base, other, difference: other - base,
      fisher: data.fisher_p[index], group: groupOf(data.base_c[index], data.other_c[index]), find: `${id}\n${data.level?.[index] ?? ""}`.toLowerCase(),
    };
  });

  const heads = (data) => [
    { key: "id", name: "Problem" },
    ...(data.level ? [{ key: "level", name: "Level" }] : []),
    { key: "base", name: data.base },
    { key: "other", name: data.other },
    { key: "difference", name: "Difference, points" },
    { key: "fisher", name: "Fisher p" },
    { key: "group", name: "Solved by" },
  ];

  const compare = (left, right) =>
    typeof left === "number" && typeof right === "number" ? left - right : String(left ?? "").localeCompare(String(right ?? ""), "en", { numeric: true });

  const completion = (data, example) => {
    const text = example.text;
    const shown = element("pre", { dir: "auto", tabIndex: 0, role: "region", "aria-label": "completion", textContent: text.slice(0, CUT) });
    const body = [shown];
    if (text.length > CUT) {
      const more = element("button", { type: "button", textContent: `Show all ${text.length.toLocaleString("en")} characters` });
      more.addEventListener("click", () => { shown.textContent = text; more.remove(); });
      body.push(more);
    }
    const title = element("summary", {}, element("bdi", { textContent: example.arm }), `: ${example.outcome}`);
    return element("details", { className: `completion ${example.outcome}` }, title, ...body);
  };

  const completionsOf = (data) => {
    const found = new Map();
    if (!data.completions) return found;
    for (const example of Data.block(data.completions)) {
      if (example.arm === data.base || example.arm === data.other) {
        found.set(example.problem_id, [...(found.get(example.problem_id) ?? []), example]);
      }
    }
    return found;
  };

  const build = (host) => {
    const data = Data.block(host.dataset.from);
    const rows = rowsOf(data);
    const columnHeads = heads(data);
    const completions = completionsOf(data);
    const state = { key: "fisher", down: false, query: "", group: 0, limit: PAGE, open: new Set() };

    const search = element("input", { type: "search", placeholder: "problem or level" });
    const group = element("select", {}, ...GROUPS.map((name, value) => element("option", { value: String(value), textContent: value === 2 ? `only ${data.base}` : value === 3 ? `only ${data.other}` : name })));
    const save = element("button", { type: "button", className: "download", textContent: "Download CSV" });
    save.setAttribute("aria-label", `Download CSV: all problems of ${data.other} and ${data.base}`);
    const count = element("output", {});
    const body = element("tbody");
    const head = element("tr");
    const more = element("button", { type: "button" });

    const cells = (row) => {
      const own = completions.get(row.id) ?? [];
      const name = element("th", { scope: "row" }, row.id);
      if (own.length) {
        const open = element("button", { type: "button", className: "reveal", textContent: Data.counted(own.length, "completion") });
        open.setAttribute("aria-expanded", String(state.open.has(row.id)));
        open.addEventListener("click", () => { state.open[state.open.has(row.id) ? "delete" : "add"](row.id); show(); [...body.querySelectorAll("tr")].find((line) => line.dataset.problem === row.id)?.querySelector("button")?.focus(); });
        name.append(" ", open);
      }
      const value = (text) => element("td", { className: "num", textContent: text });
      const line = element("tr", {}, name,
        ...(data.level ? [element("td", { textContent: row.level ?? "" })] : []),
        value(`${data.base_c[row.index]}/${data.base_n[row.index]}`),
        value(`${data.other_c[row.index]}/${data.other_n[row.index]}`),
        value(Data.points(row.difference)),
        value(Data.pValue(row.fisher)),
        element("td", { textContent: ["", "both", data.base, data.other, "neither"][row.group] }));
      line.dataset.problem = row.id;
      if (!state.open.has(row.id)) return [line];
      const inner = element("td", { colSpan: columnHeads.length }, ...own.map((example) => completion(data, example)));
      return [line, element("tr", { className: "completions" }, inner)];
    };

    const show = () => {
      const query = state.query.trim().toLowerCase();
      const found = rows
        .filter((row) => (!state.group || row.group === state.group) && (!query || row.find.includes(query)))
        .toSorted((a, b) => (state.down ? -1 : 1) * compare(a[state.key], b[state.key]) || a.index - b.index);
      body.replaceChildren(...found.slice(0, state.limit).flatMap(cells));
      count.textContent = `${found.length} of ${Data.counted(rows.length, "problem")}`;
      more.hidden = found.length <= state.limit;
      more.textContent = `Show all ${found.length}`;
      for (const cell of head.children) {
        cell.setAttribute("aria-sort", cell.dataset.key === state.key ? (state.down ? "descending" : "ascending") : "none");
      }
    };

    for (const { key, name } of columnHeads) {
      const button = element("button", { type: "button", textContent: name });
      button.addEventListener("click", () => {
        state.down = state.key === key ? !state.down : false;
        state.key = key;
        show();
      });
      const cell = element("th", { scope: "col" }, button);
      cell.dataset.key = key;
      head.append(cell);
    }
    search.addEventListener("input", () => { state.query = search.value; state.limit = PAGE; show(); });
    group.addEventListener("change", () => { state.group = Number(group.value); state.limit = PAGE; show(); });
    more.addEventListener("click", () => { state.limit = Infinity; show(); scroll.focus(); });
    save.addEventListener("click", () => Data.download(`${host.closest("details.pair").id} problems`, columns(data)));

    const controls = element("div", { className: "controls" },
      element("label", {}, "Search ", search), element("label", {}, "Show ", group), count, save);
    const scroll = element("div", { className: "scroll", tabIndex: 0 }, element("table", { className: "sortable" }, element("thead", {}, head), body));
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "All problems");
    host.replaceChildren(controls, scroll, more);
    show();
    host.reveal = (id) => {
      search.value = "";
      group.value = "0";
      Object.assign(state, { query: "", group: 0, limit: Infinity });
      if (completions.has(id)) state.open.add(id);
      show();
      const line = [...body.children].find((one) => one.dataset.problem === id);
      line?.classList.add("found");
      line?.scrollIntoView({ block: "center" });
      return Boolean(line);
    };
  };

  const ensure = (host) => {
    if (!host.dataset.built) {
      host.dataset.built = "yes";
      build(host);
    }
    return host;
  };

  const mount = (root) => {
    for (const host of root.querySelectorAll(".problems[data-from]")) {
      const fold = host.closest("details");
      fold.addEventListener("toggle", () => fold.open && ensure(host));
    }
  };

  return { mount, ensure, columns };
})();
