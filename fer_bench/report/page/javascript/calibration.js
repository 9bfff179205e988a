// Reliability diagrams of all shown cells in one chart; the area of a point shows its images.
for (const { suffix, calibration } of data.sets) {
  const figure = document.getElementById(`plot-of-calibration${suffix}`);

  const configure = () => {
    const shown = calibration.filter(({ cell }) => cells.isShown(cell));
    const most = Math.max(...shown.flatMap(({ bins }) => bins.map(([, , images]) => images)));
    const unit = { min: 0, max: 1 };
    return {
      datasets: [
        ...shown.map(({ cell, bins, error, few }) => ({
          data: bins.map(([x, y, images]) => ({ x, y, low: x, high: y, images, cell, error })),
          faint: true,
          ...charts.cellStyle(cell, 1),
          pointBackgroundColor: bins.map(([, , images]) =>
            charts.colour(images < few ? "paper" : cells.look(cell).colour),
          ),
          pointRadius: bins.map(([, , images]) => 2.5 + 7 * Math.sqrt(images / most)),
        })),
        charts.guide([
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ]),
      ],
      scales: { x: charts.shareAxis("confidence", unit), y: charts.shareAxis("accuracy", unit) },
      describe: (found) => ({
        title: `Confidence ${charts.percent(found[0].x)}`,
        lines: found.map(({ cell, y, images, error }) => ({
          cell,
          text: `accuracy ${charts.percent(y)}, ${images.toLocaleString("en")} images, ECE ${charts.percent(error)}`,
        })),
      }),
    };
  };

  if (figure && calibration.length) charts.addTo(figure, configure, 360);
}
