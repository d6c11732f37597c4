"use strict";
/* Folded parts: in large reports they come packed, and are put in place when they are opened. */
const Folds = (() => {
  const source = document.getElementById("packed");
  /* The parts were escaped when the page was made; this policy lets them, and nothing else, become elements. */
  const policy = globalThis.trustedTypes?.createPolicy("folds", { createHTML: (text) => text });
  const filling = new WeakMap();
  let parts = null;

  const unpack = async () => {
    const letters = atob(source.textContent);
    const bytes = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const found = JSON.parse(await new Response(stream).text());
    source.remove();
    return found;
  };

  const place = async (fold) => {
    parts ??= unpack();
    const part = (await parts)[fold.id];
    const holder = document.createElement("template");
    holder.innerHTML = policy ? policy.createHTML(part) : part;
    fold.append(holder.content);
    Charts.mount(fold);
    Problems.mount(fold);
    mount(fold);
    fold.dispatchEvent(new CustomEvent("filled", { bubbles: true }));
  };

  /* Put a fold's part in place, once; done when it stands there. */
  const fill = (fold) => {
    if (fold.dataset.packed !== undefined && !filling.has(fold)) filling.set(fold, place(fold));
    return filling.get(fold);
  };

  const mount = (root) => {
    for (const fold of root.querySelectorAll("details[data-packed]")) {
      fold.addEventListener("toggle", () => fold.open && fill(fold));
    }
  };

  return { mount, fill };
})();
