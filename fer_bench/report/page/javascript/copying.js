// Copies tables as CSV, Markdown or LaTeX, with the rows and the order that are shown; as CSV, a
// table with a file of its own is copied as that file.
{
  // Rows of texts, the header first; numbers in full precision if `exact`.
  const contents = (table, exact) => {
    const text = (cell) => {
      if (cell.matches("td.empty")) return exact ? "" : "–";
      if (exact && cell.dataset.order !== undefined) return cell.dataset.order;
      const copy = cell.cloneNode(true);
      for (const part of copy.querySelectorAll("sup, small")) part.remove();
      return copy.textContent.trim().replace(/\s+/g, " ");
    };
    const groups = [...table.querySelectorAll("th.group")].flatMap((one) =>
      Array(one.colSpan).fill(one.textContent.trim()),
    );
    const header = [...table.querySelectorAll("th[data-column]")].map((one) => {
      const group = groups[Number(one.dataset.column) - 1] ?? "";
      return `${group} ${text(one)}`.trim();
    });
    const rows = [...table.tBodies[0].rows].filter((row) => !row.matches(".off"));
    return [header, ...rows.map((row) => [...row.cells].map(text))];
  };

  const isNumber = (table) =>
    [...table.querySelectorAll("th[data-column]")].map((one) => one.classList.contains("number"));

  const csv = (table) => {
    // A spreadsheet would take such a text for a formula.
    const inert = (text) => (/^[=+@-]/.test(text) && isNaN(text) ? `'${text}` : text);
    const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const line = (row) => row.map((text) => quoted(inert(text))).join(",") + "\n";
    return contents(table, true).map(line);
  };

  const markdown = (table) => {
    const [header, ...rows] = contents(table, false);
    const line = (row) => `| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |\n`;
    const rule = isNumber(table).map((number) => (number ? "--:" : "---"));
    return [line(header), line(rule), ...rows.map(line)];
  };

  const latex = (table) => {
    const SPECIAL = {
      "\\": "\\textbackslash{}",
      "~": "\\textasciitilde{}",
      "^": "\\textasciicircum{}",
      "<": "\\textless{}",
      ">": "\\textgreater{}",
      "|": "\\textbar{}",
      // After a row's end, a bracket or a star would be parsed as its argument.
      "[": "{[}",
      "]": "{]}",
      "*": "{*}",
    };
    const SIGNS = { "±": "$\\pm$", "–": "--", "−": "$-$", "✓": "\\checkmark{}" };
    const escaped = (text) =>
      text
        .replace(/[\\~^<>|[\]*&%$#_{}]/g, (sign) => SPECIAL[sign] ?? `\\${sign}`)
        // Two of these in a row would form a ligature.
        .replace(/([-'`,!?])(?=[-'`,])/g, "$1{}")
        .replace(/[±–−✓]/g, (sign) => SIGNS[sign]);
    const [header, ...rows] = contents(table, false);
    const line = (row) => `${row.map(escaped).join(" & ")} \\\\\n`;
    const columns = isNumber(table).map((number) => (number ? "r" : "l"));
    return [
      `\\begin{tabular}{${columns.join("")}}\n\\toprule\n`,
      line(header),
      "\\midrule\n",
      ...rows.map(line),
      "\\bottomrule\n\\end{tabular}\n",
    ];
  };

  const copyText = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Not available or not allowed, as for some pages that are opened from a file.
      const area = make("textarea", { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };

  const FORMATS = { CSV: csv, Markdown: markdown, LaTeX: latex };
  for (const article of document.querySelectorAll("article.table")) {
    const table = article.querySelector("table");
    if (!table) continue;
    const choices = make("p", { className: "copy" }, "Copy: ");
    for (const [name, format] of Object.entries(FORMATS)) {
      const button = makeButton({ ariaLabel: `Copy the table as ${name}` }, name);
      button.addEventListener("click", async () => {
        const file = name === "CSV" ? article.dataset.csv : undefined;
        await copyText(file ? await embedded(file) : format(table).join(""));
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = name), 2000);
      });
      choices.append(button);
    }
    const heading = article.querySelector("h3");
    (heading.closest("summary") ?? heading).after(choices);
  }
}
