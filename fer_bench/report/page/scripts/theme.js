"use strict";
(() => {
  const root = document.documentElement;

  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
  const updateButton = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `Use the ${isDark() ? "light" : "dark"} theme`);
  };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    updateButton();
  });
  system.addEventListener("change", updateButton);
  updateButton();

  // A number, a text, or null if there is no value.
  const sortKey = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.order !== undefined) return Number(cell.dataset.order);
    if (cell.classList.contains("empty")) return null;
    // Leave out note marks and differences from the paper.
    return (cell.querySelector("bdi") ?? cell).textContent.trim();
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number") return -1;
    if (typeof b === "number") return 1;
    return a.localeCompare(b, undefined, { numeric: true });
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const headers = [...table.querySelectorAll("th[data-column]")];
    for (const header of headers) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      header.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const descending = header.getAttribute("aria-sort") === "ascending";
        for (const other of headers) other.setAttribute("aria-sort", "none");
        header.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const keyed = rows.map((row) => [sortKey(row, Number(header.dataset.column)), row]);
        keyed.sort(([a], [b]) => {
          if (a === null || b === null) return (a === null) - (b === null);
          return descending ? compare(b, a) : compare(a, b);
        });
        body.append(...keyed.map(([, row]) => row));
      });
    }
  }

  // Keep only regions that scroll in the tab order.
  const updateTabOrder = (region) => {
    const scrolls =
      region.scrollWidth > region.clientWidth || region.scrollHeight > region.clientHeight;
    if (scrolls) region.tabIndex = 0;
    else region.removeAttribute("tabindex");
  };
  const sizes = new ResizeObserver((entries) => {
    for (const region of new Set(entries.map((entry) => entry.target.closest(".scroll"))))
      updateTabOrder(region);
  });
  // Scroll a focused element clear of sticky headings, which browsers leave partly covered.
  const scrollIntoView = (region, target) => {
    const [side, head] = ["tbody th", "thead"].map((name) => region.querySelector(name));
    if (target === region || !head) return;
    const [box, sideBox, headBox] =
      [target, side, head].map((element) => element.getBoundingClientRect());
    const isSticky = (element) => getComputedStyle(element).position === "sticky";
    if (isSticky(side) && !target.closest("tbody th, [data-column='0']"))
      region.scrollLeft -= Math.max(0, sideBox.right + 4 - box.left);
    if (isSticky(head) && !target.closest("thead"))
      region.scrollTop -= Math.max(0, headBox.bottom + 4 - box.top);
  };
  for (const region of document.querySelectorAll(".scroll")) {
    updateTabOrder(region);
    sizes.observe(region);
    sizes.observe(region.firstElementChild);
    region.addEventListener("focusin", ({ target }) => scrollIntoView(region, target));
  }

  const bar = document.querySelector("nav ul");
  const links = new Map();
  for (const link of document.querySelectorAll("nav a")) links.set(link.hash.slice(1), link);
  const visible = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      const link = links.get(entry.target.id);
      link.setAttribute("aria-current", "true");
      bar.scrollLeft = link.offsetLeft - bar.offsetLeft - (bar.clientWidth - link.offsetWidth) / 2;
    }
  }, { rootMargin: "-20% 0px -75% 0px" });
  for (const section of document.querySelectorAll("main > section")) visible.observe(section);

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();
