// Tooltips of charts, for the mouse and for the arrow keys.
const tooltips = (() => {
  const MOST_LINES = 12;
  const GAP = 14; // pixels to the point

  // The points of a tooltip: those of cells, not of guides such as a diagonal.
  const cellPoints = (tooltip) =>
    (tooltip.dataPoints ?? []).map((point) => point.raw).filter((raw) => raw.cell !== undefined);

  // Shows what `describe` returned: a title, and lines of a name and a colour, which are by default
  // those of their cell, and a text.
  const fillTip = (tip, { title, lines }) => {
    const rows = lines.slice(0, MOST_LINES).map(({ cell, colour, name, text }) => {
      const swatch = cell === undefined ? [] : [cells.swatch(cell, colour)];
      const label = make("bdi", {}, name ?? cells.label(cell));
      return make("span", {}, ...swatch, label, make("span", {}, text));
    });
    if (lines.length > MOST_LINES) rows.push(`and ${lines.length - MOST_LINES} more`);
    tip.replaceChildren(make("strong", {}, title), ...rows);
  };

  const show = ({ chart, tooltip }) => {
    const box = chart.canvas.parentNode;
    const tip = box.querySelector(".tip");
    const points = tooltip.opacity === 0 ? [] : cellPoints(tooltip);
    tip.hidden = points.length === 0;
    if (tip.hidden) return;
    fillTip(tip, chart.configuration.describe(points));
    const { caretX, caretY } = tooltip;
    const [width, height] = [tip.offsetWidth, tip.offsetHeight];
    // To the right or to the left of the point, else below the chart.
    const sides = [caretX + GAP, caretX - GAP - width];
    const side = sides.find((left) => left >= 0 && left + width <= box.clientWidth);
    const middle = Math.min(caretX - width / 2, box.clientWidth - width);
    const top = Math.min(caretY - height / 2, box.clientHeight - height);
    tip.style.left = `${side ?? Math.max(0, middle)}px`;
    tip.style.top = `${side === undefined ? box.clientHeight : Math.max(0, top)}px`;
  };

  // Shows the tooltip of points, or none. An update would repeat the last event of the mouse.
  const activate = (chart, points) => {
    chart.setActiveElements(points);
    chart.tooltip.setActiveElements(points, points[0] ?? { x: 0, y: 0 });
    chart.render();
  };

  // Arrow keys move through the points, or the columns of points with the same x.
  const moveByKey = (chart, key) => {
    const points = chart
      .getSortedVisibleDatasetMetas()
      .flatMap((meta) =>
        meta.data.map(({ x, y }, index) => ({ x, y, datasetIndex: meta.index, index })),
      )
      .filter(
        ({ datasetIndex, index }) =>
          chart.data.datasets[datasetIndex].data[index].cell !== undefined,
      )
      .sort((a, b) => a.x - b.x || b.y - a.y);
    const stops = [];
    for (const point of points) {
      const last = stops.at(-1);
      if (chart.configuration.columns && last && point.x - last[0].x < 0.5) last.push(point);
      else stops.push([point]);
    }
    const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    const { configuration } = chart;
    const to = (configuration.stop ?? -1) + steps[key];
    configuration.stop = Math.min(stops.length - 1, Math.max(0, to));
    activate(chart, stops[configuration.stop] ?? []);
  };

  return { show, activate, moveByKey };
})();
