"use strict";
/* Charts: each figure holds its own data; it is drawn when it comes into view, and again when its width changes. */
const Charts = (() => {
  const { element, units } = Data;
  const SYMBOLS = {
    base: "circle", other: "square", third: "triangle", fourth: "diamond", fifth: "star", sixth: "wye",
    seventh: "cross", plain: "circle", supported: "circle", refuted: "times", inconclusive: "diamond",
    invalid: "square",
  };
  const DASHES = { other: "7 3", third: "2 3", fourth: "10 3 2 3", fifth: "5 2", sixth: "1 3", seventh: "12 3", floor: "4 5" };
  const BAND = 0.16;
  const MOST_TICKS = 8;
  const FONT = 12;
  const LINE = 14;
  const SIDE = 20;

  const colour = (style) => `var(--${style})`;
  const symbol = (style) => SYMBOLS[style] ?? "circle";
  const shorten = (text, most) => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}\u2026` : text);

  const frame = (data, width, options) =>
    Plot.plot({ width, style: { fontSize: `${FONT}px`, background: "transparent", overflow: "visible" }, ...options });

  const interval = (show, row) =>
    row.lower === null && row.upper === null
      ? show(row.estimate)
      : `${show(row.estimate)} [${row.lower === null ? "none" : show(row.lower)}, ${row.upper === null ? "none" : show(row.upper)}]`;

  /* One row per point of each series. */
  const pointsOf = (series) =>
    series.flatMap((one) =>
      one.x.map((x, index) => ({
        x, name: one.name, style: one.style,
        estimate: one.estimate[index], lower: one.lower[index], upper: one.upper[index],
      })),
    ).filter((row) => row.estimate !== null);

  /* One text per x, with the values of all series there, nearest the top first. */
  const readings = (data, rows, show) => {
    const at = new Map();
    for (const row of rows) at.set(row.x, [...(at.get(row.x) ?? []), row]);
    return [...at].map(([x, some]) => {
      const lines = some.toSorted((a, b) => b.estimate - a.estimate).map((row) =>
        data.series.length > 1 ? `${shorten(row.name, 40)}: ${interval(show, row)}` : interval(show, row));
      return { x, y: Math.max(...some.map((row) => row.estimate)), text: [`${data.x.name} = ${x}`, ...lines].join("\n") };
    });
  };

  const powers = (most) => {
    const all = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, power) => 2 ** power);
    const every = Math.ceil(all.length / MOST_TICKS);
    return all.filter((_, index) => index % every === 0);
  };

  const crossingMarks = (data) => {
    const crossing = data.crossing;
    if (!crossing || crossing.k === null) return [];
    const most = Math.max(...data.series[0].x);
    const strip = [{ x1: crossing.lower ?? 1, x2: crossing.upper ?? most }];
    return [
      Plot.rectX(strip, { x1: "x1", x2: "x2", fill: "var(--quiet)", fillOpacity: 0.13 }),
      Plot.ruleX([crossing.k], { stroke: "var(--quiet)", strokeDasharray: "3 3", strokeWidth: 1.5 }),
    ];
  };

  const lines = (data, width) => {
    const show = units[data.y.unit];
    const rows = pointsOf(data.series);
    const dots = new Set(data.dots);
    const x = data.x.log
      ? { type: "log", base: 2, domain: [1, Math.max(2, ...rows.map((row) => row.x))], ticks: powers(Math.max(2, ...rows.map((row) => row.x))), tickFormat: String }
      : { ticks: width < 420 ? 4 : 7 };
    return frame(data, width, {
      height: Math.min(340, Math.max(240, width * 0.62)),
      marginLeft: 52, marginBottom: 42,
      x: { ...x, label: data.x.log ? `${data.x.name} (log scale)` : data.x.name, labelAnchor: "center", labelArrow: "none" },
      y: { label: data.y.name, nice: true, ticks: 6, tickFormat: (value) => show(value).replace(/\.0(?=%?$)/, ""), grid: true, labelArrow: "none" },
      marks: [
        ...crossingMarks(data),
        ...(data.zero ? [Plot.ruleY([0], { stroke: "currentColor", strokeWidth: 1.2 })] : []),
        ...(data.margins ?? []).map((margin) => Plot.ruleY([margin], { stroke: "var(--alarm)", strokeDasharray: "2 4", strokeWidth: 1.5 })),
        ...data.series.map((one) => Plot.areaY(rows.filter((row) => row.name === one.name && row.lower !== null && row.upper !== null),
          { x: "x", y1: "lower", y2: "upper", fill: colour(one.style), fillOpacity: BAND })),
        ...data.series.filter((one) => one.x.length === 1).map((one) => Plot.ruleX(rows.filter((row) => row.name === one.name && row.lower !== null && row.upper !== null),
          { x: "x", y1: "lower", y2: "upper", stroke: colour(one.style), strokeWidth: 2, strokeOpacity: 0.5 })),
        ...data.series.map((one) => Plot.lineY(rows.filter((row) => row.name === one.name),
          { x: "x", y: "estimate", stroke: colour(one.style), strokeWidth: 2.2, strokeDasharray: DASHES[one.style] })),
        ...data.series.map((one) => Plot.dot(rows.filter((row) => row.name === one.name && dots.has(row.x)),
          { x: "x", y: "estimate", fill: colour(one.style), symbol: symbol(one.style), r: 3.6 })),
        Plot.ruleX(readings(data, rows, show), Plot.pointerX({ x: "x", stroke: "currentColor", strokeOpacity: 0.5, maxRadius: 80 })),
        Plot.tip(readings(data, rows, show), Plot.pointerX({ x: "x", y: "y", title: "text", lineWidth: 40, lineHeight: 1.3, maxRadius: 80 })),
      ],
    });
  };

  const bars = (data, width) => {
    const rows = data.series.flatMap((one) => data.bins.map((bin, index) => ({ bin, name: one.name, style: one.style, value: one.values[index] })));
    return frame(data, width, {
      height: Math.min(320, Math.max(230, width * 0.58)),
      marginLeft: 48, marginBottom: 80,
      fx: { domain: data.bins, label: data.x, labelAnchor: "center", labelArrow: "none", tickRotate: -40, padding: 0.15, labelOffset: 76 },
      x: { axis: null, domain: data.series.map((one) => one.name) },
      y: { label: data.y, grid: true, ticks: 5, tickFormat: String, labelArrow: "none" },
      marks: [
        ...data.series.map((one) => Plot.barY(rows.filter((row) => row.name === one.name),
          { fx: "bin", x: "name", y: "value", fill: colour(one.style) })),
        Plot.ruleY([0]),
        Plot.tip(rows, Plot.pointer({ fx: "bin", x: "name", y: "value", title: (row) => `${shorten(row.name, 40)}, ${row.bin}\n${Data.counted(row.value, "problem")}`, maxRadius: 60 })),
      ],
    });
  };

  /* Rows of a mapping of columns, with a key of their own for the axis. */
  const table = (columns) => {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, index) => Object.fromEntries([["key", String(index)], ...names.map((name) => [name, columns[name][index]])]));
  };

  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${FONT}px system-ui, sans-serif`;
  const long = (text) => pen.measureText(text).width;

  /* A text that fits into so many pixels: whole, or cut where even a line of its own is too short. */
  const fitted = (text, room) => {
    if (long(text) <= room) return text;
    let [least, most] = [0, [...text].length];
    while (least < most) {
      const middle = Math.ceil((least + most) / 2);
      if (long(shorten(text, middle)) <= room) least = middle;
      else most = middle - 1;
    }
    return shorten(text, least);
  };

  /* Names of rows: beside them, or, where that would leave too little of the chart, above them. */
  const labels = (rows, name, width, step) => {
    const domain = rows.map((row) => row.key);
    const longest = Math.max(...rows.map((row) => long(row[name])));
    const marginLeft = longest + 14;
    if (marginLeft <= width * 0.45) {
      const named = new Map(rows.map((row) => [row.key, row[name]]));
      const y = { domain, label: null, tickFormat: (key) => named.get(key), tickSize: 0 };
      return { above: 0, options: { marginLeft, height: 56 + step * rows.length, y }, marks: [] };
    }
    const text = (row) => fitted(row[name], width - 20);
    const mark = Plot.text(rows, { y: "key", text, frameAnchor: "left", textAnchor: "start", dx: 4 - SIDE, dy: -LINE, stroke: "var(--paper)", fill: "currentColor", strokeWidth: 4 });
    return { above: LINE, options: { marginLeft: SIDE, marginTop: 20 + LINE / 2, height: 56 + LINE / 2 + (step + LINE) * rows.length, y: { domain, axis: null } }, marks: [mark] };
  };

  const intervals = (data, width) => {
    const show = units[data.unit];
    const rows = table(data.rows);
    const left = (row) => row.lower ?? Math.min(0, row.estimate);
    const right = (row) => row.upper ?? Math.max(0, row.estimate);
    const styles = [...new Set(rows.map((row) => row.style))];
    const text = (row) => [row.label, row.effect, interval(show, row)].filter(Boolean).join("\n");
    const named = labels(rows, "label", width, 24);
    return frame(data, width, {
      ...named.options,
      marginBottom: 40,
      x: { label: "points", labelAnchor: "center", labelArrow: "none", nice: true, ticks: width < 420 ? 3 : 6, grid: true, tickFormat: (value) => show(value).replace(/\.0$/, "") },
      marks: [
        ...(data.zero ? [Plot.ruleX([0], { stroke: "currentColor", strokeWidth: 1.2 })] : []),
        ...(data.bars ? [Plot.barX(rows, { y: "key", x1: 0, x2: "estimate", fill: (row) => colour(row.style), fillOpacity: 0.3, insetTop: 3 + named.above / 2, insetBottom: 3 + named.above / 2 })] : []),
        ...named.marks,
        ...styles.flatMap((style) => {
          const some = rows.filter((row) => row.style === style);
          const drawn = { stroke: colour(style), symbol: symbol(style), r: 4.5, strokeWidth: 2 };
          return [
            Plot.link(some, { y: "key", x1: left, x2: right, stroke: colour(style), strokeWidth: 2 }),
            Plot.dot(some, { y: "key", x: "estimate", ...drawn, fill: style === "refuted" ? undefined : colour(style) }),
          ];
        }),
        Plot.tip(rows, Plot.pointerY({ y: "key", x: "estimate", title: text, lineWidth: 40, lineHeight: 1.3 })),
      ],
    });
  };

  const dumbbells = (data, width) => {
    const rows = table(data.rows);
    const [base, other] = data.names;
    const text = (row) => [`problem ${row.problem}`, `${shorten(base, 40)}: ${Data.percent(row.base)}`, `${shorten(other, 40)}: ${Data.percent(row.other)}`, `Fisher p ${Data.pValue(row.fisher_p)}`].join("\n");
    const named = labels(rows, "problem", width, 16);
    return frame(data, width, {
      ...named.options,
      marginBottom: 40,
      x: { label: "share of right completions", labelAnchor: "center", labelArrow: "none", domain: [0, Math.max(0.05, 1.1 * data.limit, ...rows.flatMap((row) => [row.base, row.other]))], nice: true, ticks: 6, grid: true, tickFormat: (value) => Data.percent(value).replace(".0%", "%") },
      marks: [
        ...named.marks,
        Plot.ruleX([data.limit], { stroke: "var(--alarm)", strokeDasharray: "2 4", strokeWidth: 1.5 }),
        Plot.link(rows, { y: "key", x1: "base", x2: "other", stroke: "var(--quiet)", strokeWidth: 1.5 }),
        Plot.dot(rows, { y: "key", x: "base", fill: colour("base"), r: 4 }),
        Plot.dot(rows, { y: "key", x: "other", fill: colour("other"), symbol: "square", r: 4 }),
        Plot.tip(rows, Plot.pointerY({ y: "key", x: (row) => Math.max(row.base, row.other), title: text, lineWidth: 40, lineHeight: 1.3 })),
      ],
    });
  };

  const parts = (data, width) => {
    let start = 0;
    const rows = table(data.rows).map((row) => ({ ...row, start, end: (start += row.problems) }));
    const total = Math.max(1, start);
    return frame(data, width, {
      height: 92, marginLeft: 12, marginRight: 18, marginTop: 8, marginBottom: 36,
      x: { label: "problems", labelAnchor: "center", labelArrow: "none", domain: [0, total], ticks: 5, tickFormat: String },
      y: { axis: null },
      marks: [
        ...rows.map((row) => Plot.rect([row], { x1: "start", x2: "end", y1: 0, y2: 1, fill: colour(row.style), insetRight: row.problems ? 1 : 0 })),
        Plot.text(rows.filter((row) => row.problems / total > 0.05), { x: (row) => (row.start + row.end) / 2, y: 0.5, text: (row) => String(Math.round(10 * row.problems) / 10), fill: "var(--paper)", fontWeight: 600, fontSize: 14 }),
        Plot.tip(rows.filter((row) => row.problems), Plot.pointerX({ x: (row) => (row.start + row.end) / 2, y: 0.5, title: (row) => `${shorten(row.part, 40)}: ${Math.round(1000 * row.problems) / 1000}` })),
      ],
    });
  };

  /* Problems with the same two shares become one dot. */
  const scatter = (data, width) => {
    const spots = new Map();
    data.id.forEach((id, index) => {
      const base = data.base_c[index] / data.base_n[index];
      const other = data.other_c[index] / data.other_n[index];
      const key = `${base} ${other}`;
      const spot = spots.get(key) ?? { base, other, ids: [] };
      spot.ids.push(id);
      spots.set(key, spot);
    });
    const rows = [...spots.values()];
    const text = (row) => {
      const shown = row.ids.slice(0, 6).join(", ");
      const more = row.ids.length > 6 ? ` and ${row.ids.length - 6} more` : "";
      return `${Data.counted(row.ids.length, "problem")}: ${shorten(shown, 60)}${more}\n${shorten(data.base, 40)}: ${Data.percent(row.base)}\n${shorten(data.other, 40)}: ${Data.percent(row.other)}`;
    };
    const side = Math.min(width, 460);
    const axis = { domain: [0, 1], ticks: 5, tickFormat: (value) => `${Math.round(100 * value)}%`, grid: true, labelArrow: "none", labelAnchor: "center" };
    return frame(data, side, {
      height: side, marginLeft: 52, marginBottom: 44, marginRight: 20,
      x: { ...axis, label: shorten(data.base, 40) },
      y: { ...axis, label: shorten(data.other, 40) },
      r: { domain: [0, Math.max(4, ...rows.map((row) => row.ids.length))], range: [0, 14], type: "sqrt" },
      marks: [
        Plot.link([[0, 1]], { x1: 0, y1: 0, x2: 1, y2: 1, stroke: "var(--quiet)", strokeDasharray: "3 3" }),
        Plot.dot(rows, { x: "base", y: "other", r: (row) => row.ids.length, fill: "var(--plain)", fillOpacity: 0.35, stroke: "var(--plain)", strokeOpacity: 0.7, strokeWidth: 0.7 }),
        Plot.tip(rows, Plot.pointer({ x: "base", y: "other", title: text, lineWidth: 40, lineHeight: 1.3 })),
      ],
    });
  };

  const DRAW = { lines, bars, intervals, dumbbells, parts, scatter };

  /* The columns of a chart's CSV. */
  const columns = (kind, data) => {
    if (kind === "lines") {
      const rows = data.series.flatMap((one) => one.x.map((x, index) => [one.name, x, one.estimate[index], one.lower[index], one.upper[index]]));
      return ["series", data.x.name, "estimate", "lower", "upper"].map((name, at) => [name, rows.map((row) => row[at])]);
    }
    if (kind === "bars") return [[data.x, data.bins], ...data.series.map((one) => [one.name, one.values])];
    if (kind === "scatter") return Problems.columns(data);
    return Object.entries(data.rows).filter(([name]) => name !== "style");
  };

  const dataOf = (figure) => (figure.dataset.from ? Data.block(figure.dataset.from) : JSON.parse(figure.querySelector("script").textContent));

  const draw = (figure, width) => {
    const canvas = figure.querySelector(".canvas");
    const drawing = DRAW[figure.dataset.kind](dataOf(figure), width);
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", canvas.dataset.alt);
    /* Plot names its groups, which have no role to carry a name; the drawing as a whole has one. */
    for (const group of drawing.querySelectorAll("[aria-label]")) group.removeAttribute("aria-label");
    canvas.replaceChildren(drawing);
    figure.dataset.drawn = String(width);
  };

  const fit = (figure) => {
    const width = Math.round(figure.querySelector(".canvas").clientWidth);
    if (width > 0 && Math.abs(width - Number(figure.dataset.drawn ?? 0)) > 4) draw(figure, Math.max(280, width));
  };

  const resized = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target)));
  const seen = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
      seen.unobserve(entry.target);
      resized.observe(entry.target);
    }),
    { rootMargin: "3000px" },
  );

  /* Give every chart below a node its button, and draw it when it comes near the view. */
  const mount = (root) => {
    for (const figure of root.querySelectorAll("figure[data-kind]")) {
      const save = element("button", { type: "button", className: "download", textContent: "Download CSV" });
      save.setAttribute("aria-label", `Download CSV: ${figure.dataset.title}`);
      save.addEventListener("click", () => Data.download(`${figure.closest("[id]").id} ${figure.dataset.title}`, columns(figure.dataset.kind, dataOf(figure))));
      figure.querySelector("figcaption").append(" ", save);
      seen.observe(figure);
    }
  };

  const start = () => {
    mount(document);
    addEventListener("beforeprint", () => {
      for (const figure of document.querySelectorAll("figure[data-kind]:not([data-drawn])")) draw(figure, 560);
    });
  };

  return { start, mount };
})();
