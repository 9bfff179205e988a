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
      if (band) {
        for (const point of known)
          ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.low));
        for (const point of known.toReversed())
          ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.high));
        ctx.fill();
      } else {
        for (const point of known) {
          ctx.moveTo(x.getPixelForValue(point.x), y.getPixelForValue(point.low));
          ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.high));
        }
        ctx.stroke();
      }
    }
    ctx.restore();
  },
};
