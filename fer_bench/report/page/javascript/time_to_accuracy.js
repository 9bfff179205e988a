// Validation accuracy against the seconds of training, and the accuracy that all should reach.
for (const { suffix, time } of data.sets) {
  const figure = document.getElementById(`plot-of-learning-speed${suffix}`);
  const { target, curves = [] } = time ?? {};
  const WIDE = 8; // ratio of times above which the axis is logarithmic

  const configure = () => {
    const shown = curves.filter(({ cell }) => cells.isShown(cell));
    const lasts = shown.map(({ seconds }) => seconds.at(-1));
    const isLog = Math.max(...lasts) > WIDE * Math.min(...lasts) && Math.min(...lasts) > 0;
    const points = ({ cell, seconds, accuracy }) =>
      seconds
        .map((x, epoch) => ({ x, y: accuracy[epoch], cell, epoch, last: seconds.length - 1 }))
        .filter(({ x }) => !isLog || x > 0);
    const all = shown.flatMap(points).map(({ x }) => x);
    const title = "frozen features and training, s";
    const ends = [all.length ? Math.min(...all) : 0, all.length ? Math.max(...all) : 1];
    return {
      datasets: [
        ...shown.map((curve) => ({
          data: points(curve),
          ...charts.cellStyle(curve.cell),
          pointRadius: 2.5,
        })),
        charts.guide(ends.map((x) => ({ x, y: target }))),
      ],
      scales: {
        x: isLog ? charts.logAxis(title, ends, (value) => value, 1.05) : charts.axis(title),
        y: charts.shareAxis("validation accuracy"),
      },
      describe: ([point]) => ({
        title: [
          `After ${Number(point.x.toPrecision(3))} s`,
          // A head that is fitted in one step has a single point.
          ...(point.last ? [`epoch ${point.epoch}`] : []),
        ].join(", "),
        lines: [{ cell: point.cell, text: charts.percent(point.y, 2) }],
      }),
    };
  };

  if (figure && curves.length) charts.addTo(figure, configure);
}
