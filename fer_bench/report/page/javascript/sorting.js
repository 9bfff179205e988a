// Sorts tables by a column: numbers the highest first, names in alphabetical order first.
{
  const UNITS = { k: 1e3, M: 1e6, G: 1e9, min: 60, h: 3600 };

  // A number, a text, or null if there is no value.
  const sortKey = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.order !== undefined) return Number(cell.dataset.order);
    if (cell.classList.contains("empty")) return null;
    // Leave out note marks and differences from the paper.
    const text = (cell.querySelector("bdi") ?? cell).textContent.trim();
    const [, number, unit] = text.match(/^\*?(-?[\d.,]+)(?:±.*)? ?(k|M|G|min|h)?\b/) ?? [];
    if (!cell.classList.contains("number") || number === undefined) return text;
    return Number(number.replaceAll(",", "")) * (UNITS[unit] ?? 1);
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
      const first = header.classList.contains("number") ? "descending" : "ascending";
      const second = first === "ascending" ? "descending" : "ascending";
      const button = makeButton({}, ...header.childNodes);
      header.append(button);
      header.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const order = header.getAttribute("aria-sort") === first ? second : first;
        for (const other of headers) other.setAttribute("aria-sort", "none");
        header.setAttribute("aria-sort", order);
        const keyed = rows.map((row) => [sortKey(row, Number(header.dataset.column)), row]);
        keyed.sort(([a], [b]) => {
          if (a === null || b === null) return (a === null) - (b === null);
          return order === "descending" ? compare(b, a) : compare(a, b);
        });
        body.append(...keyed.map(([, row]) => row));
      });
    }
  }
}
