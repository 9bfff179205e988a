// Cells that are shown: one toggle for each, for all charts, tables, matrices and predictions.
const cells = (() => {
  const all = data.cells;
  const shown = all.map(() => true);
  const listeners = [];

  // As in the figures: colour and marker by backbone; random is dashed and hollow.
  const MARKERS = ["circle", "rect", "triangle", "rectRot"];
  const SHAPES = {
    circle: "M11 6a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    rect: "M11.5 2.5h7v7h-7z",
    triangle: "M15 1.5l4.5 8h-9z",
    rectRot: "M15 1.2l4.8 4.8l-4.8 4.8l-4.8-4.8z",
  };
  const look = (cell) => {
    const { series, init } = all[cell];
    return {
      colour: `series-${(series % 5) + 1}`,
      marker: MARKERS[series % MARKERS.length],
      hollow: init === "random",
      dash: init === "random" ? [6, 3] : [],
    };
  };
  const swatch = (cell, other) => {
    const { marker, hollow, dash, ...own } = look(cell);
    const colour = other ?? own.colour;
    const line = `stroke: var(--${colour}); stroke-width: 1.8`;
    const fill = `var(--${hollow ? "paper" : colour})`;
    const drawn = make("template", {
      innerHTML: `<svg viewBox="0 0 30 12" aria-hidden="true" class="swatch">
        <path d="M0 6h30" style="${line}; stroke-dasharray: ${dash.join(" ") || "none"}"/>
        <path d="${SHAPES[marker]}" style="${line}; fill: ${fill}"/></svg>`,
    });
    return drawn.content.firstChild;
  };

  // What stands for one cell, or for a pair of cells, by its name.
  const byName = new Map(all.map(({ label }, cell) => [label, cell]));
  const ofSet = data.sets.map(({ name }) => ` (${name})`);
  // The name of a cell may be followed by a seed or a class, which may contain commas.
  const cellAtStart = (text) => {
    for (let end = text.length; end > 0; end = text.lastIndexOf(", ", end - 1))
      if (byName.has(text.slice(0, end))) return byName.get(text.slice(0, end));
    return undefined;
  };
  const cellsNamed = (label) => {
    const end = ofSet.find((one) => label.endsWith(one)) ?? "";
    const text = label.slice(0, label.length - end.length);
    const names = byName.has(text) ? [text] : text.split(" minus ");
    const found = names.map(cellAtStart);
    return found.includes(undefined) ? [] : found;
  };
  const NAMES = {
    "tbody th[scope=row] > bdi": "tr",
    ".map > summary > bdi": "details",
    ".predictions .network bdi": "li",
  };
  const elements = Object.entries(NAMES).flatMap(([name, element]) =>
    [...document.querySelectorAll(name)].map((one) => [
      one.closest(element),
      cellsNamed(one.textContent),
    ]),
  );

  const buttons = [];
  const update = () => {
    for (const [element, found] of elements)
      element.classList.toggle("off", !found.every((cell) => shown[cell]));
    buttons.forEach((button, cell) => button.setAttribute("aria-pressed", shown[cell]));
    for (const listener of listeners) listener();
  };

  const bar = make("div", {
    id: "cells",
    role: "toolbar",
    ariaLabel: "Cells shown in charts and tables",
  });
  const search = make("input", {
    type: "search",
    placeholder: "Filter cells",
    ariaLabel: "Show only cells whose name contains",
  });
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/);
    all.forEach(({ label }, cell) => {
      shown[cell] = words.every((word) => label.toLowerCase().includes(word));
    });
    update();
  });
  const everything = makeButton({ ariaLabel: "Show all cells" }, "All");
  everything.addEventListener("click", () => {
    search.value = "";
    shown.fill(true);
    update();
  });
  if (all.length > 2) bar.append(search, everything);
  all.forEach(({ label, trained }, cell) => {
    if (!trained) return;
    const toggle = makeButton({}, swatch(cell), make("bdi", {}, label));
    toggle.addEventListener("click", () => {
      shown[cell] = !shown[cell];
      update();
    });
    buttons[cell] = toggle;
    bar.append(toggle);
  });
  if (all.length) {
    document.querySelector("nav").after(bar);
    const setHeight = () =>
      document.documentElement.style.setProperty("--cells", `${bar.offsetHeight}px`);
    new ResizeObserver(setHeight).observe(bar);
  }
  update();

  return {
    label: (cell) => all[cell].label,
    isShown: (cell) => shown[cell],
    onChange: (listener) => listeners.push(listener),
    look,
    swatch,
  };
})();
