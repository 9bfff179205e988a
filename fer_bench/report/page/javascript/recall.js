// Recall of each class with its interval, side by side for the cells that are shown.
for (const { suffix, classes, recall } of data.sets) {
  const table = document.getElementById(`table-of-recall${suffix}`);
  const WIDTH = 0.7; // of the space of a class

  const configure = () => {
    const shown = recall.filter(({ cell }) => cells.isShown(cell));
    const step = WIDTH / Math.max(shown.length, 1);
    return {
      datasets: shown.map(({ cell, values }, place) => ({
        data: values.flatMap((value, code) =>
          value
            ? [
                {
                  ...value,
                  x: code + (place - (shown.length - 1) / 2) * step,
                  y: value.recall,
                  cell,
                  code,
                },
              ]
            : [],
        ),
        ...charts.cellStyle(cell, 0),
        pointRadius: 4,
      })),
      options: {
        scales: {
          x: charts.axis("class", {
            min: -0.5,
            max: classes.length - 0.5,
            grid: { display: false },
            afterBuildTicks: (scale) => {
              scale.ticks = classes.map((_, value) => ({ value }));
            },
            ticks: {
              autoSkip: false,
              maxRotation: 90,
              callback: (code) => charts.shortened(classes[code] ?? "", 14),
            },
          }),
          y: charts.axis("recall", { min: 0, max: 1 }),
        },
      },
      describe: (found) => ({
        title: classes[found[0].code],
        lines: found.map(({ cell, y, low, high, images }) => ({
          cell,
          text:
            `${y.toFixed(4)}, 95 % CI ${low.toFixed(3)} to ${high.toFixed(3)}, ` +
            `${images.toLocaleString("en")} images`,
        })),
      }),
    };
  };

  if (table && recall.length) {
    const note = document.createElement("p");
    note.className = "note chart-note";
    note.textContent = "Bars: 95 % bootstrap interval over the test images of the class.";
    const place = charts.inFigure(table);
    charts.add(place, "Recall of each class with 95 % intervals.", configure);
    place.after(note);
  }
}
