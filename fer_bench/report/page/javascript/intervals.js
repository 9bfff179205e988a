// Draws the intervals `low` to `high` of points: as bars, or as a band if the dataset is a `band`.
const intervals = {
  id: "intervals",
  beforeDatasetsDraw({ ctx, data: { datasets }, scales: { x, y } }) {
    ctx.save();
    for (const { data: points, band, faint, borderColor } of datasets) {
      const known = points.filter(({ low, high }) => low != null && high != null);
      ctx.fillStyle = ctx.strokeStyle = borderColor;
      ctx.lineWidth = 1.4;
      ctx.globalAlpha = band ? 0.15 : faint ? 0.35 : 0.8;
      ctx.beginPath();
      const pixels = (point, end) => [x.getPixelForValue(point.x), y.getPixelForValue(point[end])];
      if (band) {
        for (const point of known) ctx.lineTo(...pixels(point, "low"));
        for (const point of known.toReversed()) ctx.lineTo(...pixels(point, "high"));
        ctx.fill();
      } else {
        for (const point of known) {
          ctx.moveTo(...pixels(point, "low"));
          ctx.lineTo(...pixels(point, "high"));
        }
        ctx.stroke();
      }
    }
    ctx.restore();
  },
};
