// Accuracy and loss before training and after one epoch, a row for each shown cell.
{
  const ROW = 26;

  const configure =
    ({ measure, chance, rows }) =>
    () => {
      const shown = rows.filter(({ cell }) => cells.isShown(cell));
      const points = (which) =>
        shown.flatMap(({ cell, values }, y) =>
          values.map((value) => ({ x: value[which], y, cell, value })),
        );
      const labels = shown.map(({ cell }) => cells.label(cell));
      const epoch = points(1);
      const isLoss = measure === "loss";
      const text = (value) =>
        value == null ? "–" : isLoss ? value.toFixed(4) : charts.percent(value, 2);
      return {
        datasets: [
          ...shown.map(({ cell }) => ({
            data: epoch.filter((point) => point.cell === cell),
            ...charts.cellStyle(cell, 0),
            pointRadius: 5,
          })),
          {
            data: points(0),
            pointStyle: "line",
            pointRotation: 90,
            pointRadius: 7,
            pointHitRadius: 6,
            pointBorderWidth: 1.5,
            pointBorderColor: charts.colour("ink-soft"),
          },
          charts.guide([-0.5, shown.length - 0.5].map((y) => ({ x: chance, y }))),
        ],
        scales: {
          x: isLoss
            ? charts.axis("validation loss, nats")
            : charts.shareAxis("validation accuracy"),
          y: charts.labelAxis("", labels, 22, { title: { display: false }, reverse: true }),
        },
        describe: ([{ cell, value }]) => ({
          title: cells.label(cell),
          lines: [
            { name: "untrained", text: text(value[0]) },
            { name: "after one epoch", text: text(value[1]) },
          ],
        }),
      };
    };

  for (const { suffix, initial } of data.sets)
    initial.forEach((one, index) => {
      const key = `figure-${9 + index}-initial-${one.measure}${suffix}`;
      const figure = document.getElementById(`plot-of-${key}`);
      if (figure) charts.addTo(figure, configure(one), 90 + ROW * one.rows.length);
    });
}
