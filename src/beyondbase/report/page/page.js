"use strict";
/* Filters over verdicts, and links that open what they lead to. */
const Page = (() => {
  const form = document.getElementById("filters");

  const verdicts = [...document.querySelectorAll("td[data-verdict]")].map((cell) => ({ cell, ...cell.dataset, text: null }));
  const byAnchor = new Map(verdicts.map((one) => [one.verdict, one]));
  const rows = [...document.querySelectorAll("table.matrix tbody tr")].map((row) => ({ row, cells: [...row.querySelectorAll("td[data-verdict]")] }));
  const sections = [...document.querySelectorAll("section.claim")];
  const pairs = [...document.querySelectorAll("details.pair")];

  const textOf = (one) => {
    const head = one.cell.closest("table").tHead.rows[0].cells[one.cell.cellIndex];
    one.text ??= [one.claim, one.cell.parentElement.cells[0].textContent, head.textContent, one.cell.textContent].join("\n").toLowerCase();
    return one.text;
  };

  const wanted = () => Object.fromEntries(["outcome", "standing", "claim", "task", "q"].map((name) => [name, form.elements[name].value.trim()]));

  const matches = (one, want, query) =>
    (!want.outcome || one.outcome === want.outcome)
    && (!want.standing || one.standing === want.standing)
    && (!want.claim || one.claim === want.claim)
    && (!want.task || one.task === want.task)
    && (!query || textOf(one).includes(query));

  const apply = () => {
    const want = wanted();
    const query = want.q.toLowerCase();
    const fitting = new Set(verdicts.filter((one) => matches(one, want, query)));
    const claims = new Set([...fitting].map((one) => one.section));
    for (const one of verdicts) {
      one.cell.classList.toggle("filtered", !fitting.has(one));
      const card = document.getElementById(one.verdict);
      if (card) card.hidden = !fitting.has(one);
    }
    for (const { row, cells } of rows) row.hidden = cells.every((cell) => cell.classList.contains("filtered"));
    for (const section of sections) section.hidden = !claims.has(section.id);
    for (const pair of pairs) pair.hidden = Boolean(want.task) && pair.dataset.task !== want.task;
    const all = Object.values(want).every((value) => !value);
    form.elements.reset.hidden = all;
    form.querySelector("output").textContent = all ? Data.counted(verdicts.length, "verdict") : `${fitting.size} of ${Data.counted(verdicts.length, "verdict")}`;
  };

  const remember = () => {
    const kept = new URLSearchParams(Object.entries(wanted()).filter(([, value]) => value));
    history.replaceState(null, "", kept.size ? `#?${kept}` : "#");
  };

  const fill = (values) => {
    for (const name of ["outcome", "standing", "claim", "task", "q"]) {
      const control = form.elements[name];
      if (control.type !== "hidden") control.value = values.get(name) ?? "";
      if (control.selectedIndex === -1) control.selectedIndex = 0;
    }
  };
  const clear = () => fill(new Map());

  const recall = () => {
    fill(new URLSearchParams(location.hash.slice(2)));
    apply();
  };

  const decoded = (text) => {
    try { return decodeURIComponent(text); } catch { return text; }
  };

  const unfold = (target) => {
    for (let node = target; node; node = node.parentElement) {
      if (node instanceof HTMLDetailsElement) node.open = true;
      if (node.hidden) {
        clear();
        apply();
      }
    }
  };

  /* #ANCHOR opens a verdict, a claim or a pair; #PAIR/problem/ID a problem; #?outcome=REFUTED filters. */
  const follow = async () => {
    if (location.hash.startsWith("#?")) {
      recall();
      return;
    }
    const [anchor, kind, ...id] = location.hash.slice(1).split("/");
    const fold = document.getElementById(byAnchor.get(anchor)?.fold);
    if (fold) await Folds.fill(fold);
    const target = anchor && document.getElementById(anchor);
    if (!target) return;
    await Folds.fill(target);
    unfold(target);
    target.scrollIntoView();
    target.querySelector("summary, h3, h4")?.focus({ preventScroll: true });
    const host = kind === "problem" && target.querySelector(".problems[data-from]");
    if (host) {
      unfold(host);
      Problems.ensure(host).reveal(decoded(id.join("/")));
    }
  };

  const start = () => {
    if (form) {
      form.hidden = false;
      form.addEventListener("input", () => { apply(); remember(); });
      form.addEventListener("reset", () => setTimeout(() => { apply(); remember(); }));
      form.addEventListener("submit", (event) => event.preventDefault());
      apply();
    }
    Charts.start();
    Problems.mount(document);
    Folds.mount(document);
    addEventListener("filled", () => form && apply());
    addEventListener("hashchange", follow);
    follow();
    document.documentElement.dataset.ready = "yes";
  };

  return { start };
})();
Page.start();
