// Writes the `label` of points next to them: never over a point or another label, else not at all.
const pointLabels = (() => {
  const HEIGHT = 14;
  const overlap = (a, b) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

  // Boxes for a label around a point, the best first; the farther ones get a line to the point.
  const candidates = ({ x, y }, width) =>
    [12, 28, 46].flatMap((gap) =>
      [
        [x + gap, y - HEIGHT / 2],
        [x - gap - width, y - HEIGHT / 2],
        [x - width / 2, y - gap - HEIGHT],
        [x - width / 2, y + gap],
        [x + gap * 0.7, y - gap * 0.7 - HEIGHT],
        [x + gap * 0.7, y + gap * 0.7],
        [x - gap * 0.7 - width, y - gap * 0.7 - HEIGHT],
        [x - gap * 0.7 - width, y + gap * 0.7],
      ].map(([left, top]) => ({ gap, left, top, right: left + width, bottom: top + HEIGHT })),
    );

  const place = (chart) => {
    const { ctx, chartArea: area } = chart;
    const points = chart.data.datasets.flatMap((dataset, index) =>
      dataset.data.map((raw, number) => ({ raw, point: chart.getDatasetMeta(index).data[number] })),
    );
    const taken = points
      .filter(({ raw }) => raw.cell !== undefined)
      .map(({ point: { x, y } }) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }));
    const placed = [];
    for (const { raw, point } of points) {
      if (raw.label === undefined) continue;
      const width = ctx.measureText(raw.label).width;
      const box = candidates(point, width).find(
        (one) =>
          one.left >= area.left &&
          one.right <= chart.width &&
          one.top >= area.top - 6 &&
          one.bottom <= area.bottom &&
          !taken.some((other) => overlap(one, other)),
      );
      if (!box) continue;
      taken.push(box);
      placed.push({ ...box, text: raw.label, point });
    }
    return placed;
  };

  return {
    id: "pointLabels",
    afterDatasetsDraw(chart) {
      const { ctx } = chart;
      ctx.save();
      ctx.font = "12px system-ui, sans-serif";
      ctx.textBaseline = "middle";
      ctx.fillStyle = charts.colour("ink");
      ctx.strokeStyle = charts.colour("ink-soft");
      ctx.lineWidth = 0.8;
      ctx.lineJoin = "round";
      chart.labelBoxes = place(chart);
      for (const { gap, left, right, top, bottom, text, point } of chart.labelBoxes) {
        if (gap > 12) {
          ctx.beginPath();
          ctx.moveTo(point.x, point.y);
          ctx.lineTo(
            Math.max(left, Math.min(point.x, right)),
            Math.max(top, Math.min(point.y, bottom)),
          );
          ctx.stroke();
        }
        ctx.save();
        ctx.strokeStyle = charts.colour("paper");
        ctx.lineWidth = 4;
        ctx.strokeText(text, left, top + HEIGHT / 2);
        ctx.restore();
        ctx.fillText(text, left, top + HEIGHT / 2);
      }
      ctx.restore();
    },
  };
})();
