// Recall, precision or F1 of each class with its interval, side by side for the cells shown.
for (const set of data.sets) {
  const table = document.getElementById(`table-of-recall${set.suffix}`);
  const METRICS = { recall: "recall", precision: "precision", f1: "F1" };
  const WIDTH = 0.7; // of the space of a class

  const options = Object.entries(METRICS).map(([key, name]) => new Option(name, key));
  const metric = make("select", {}, ...options);

  const points = ({ cell, classes }, shift) =>
    classes.flatMap((one, code) => {
      const [y, low, high] = one[metric.value];
      return y === null ? [] : [{ x: code + shift, y, low, high, cell, code, images: one.images }];
    });

  const configure = () => {
    const shown = set.class_metrics.filter(({ cell }) => cells.isShown(cell));
    const step = WIDTH / Math.max(shown.length, 1);
    return {
      datasets: shown.map((one, place) => ({
        data: points(one, (place - (shown.length - 1) / 2) * step),
        ...charts.cellStyle(one.cell, 0),
        pointRadius: 2, // smaller than the intervals of large classes
      })),
      scales: {
        x: charts.labelAxis("class", set.classes, 14, { ticks: { maxRotation: 90 } }),
        y: charts.shareAxis(METRICS[metric.value], { min: 0, max: 1 }),
      },
      describe: (found) => ({
        title: `${set.classes[found[0].code]}: ${METRICS[metric.value]}`,
        lines: found.map(({ cell, y, low, high, images }) => ({
          cell,
          text: [
            charts.percent(y),
            ...(low === null ? [] : [`95 % CI ${charts.interval(low, high)}`]),
            `${images.toLocaleString("en")} images`,
          ].join(", "),
        })),
      }),
    };
  };

  if (table && set.class_metrics.length) {
    const controls = makeControls(make("label", {}, "Metric ", metric, " with its 95 % interval"));
    const place = charts.inFigure(table, controls);
    const refresh = charts.add(place, "Metrics of each class with 95 % intervals.", configure);
    const heading = table.querySelector("h3").firstChild;
    const usual = heading.textContent;
    controls.addEventListener("input", () => {
      const name = METRICS[metric.value];
      heading.textContent =
        metric.value === "recall"
          ? usual
          : `${usual.replace("Recall", name[0].toUpperCase() + name.slice(1))} (table: recall) `;
      refresh();
    });
  }
}
