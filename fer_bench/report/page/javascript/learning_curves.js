// Learning curves: of all cells in one figure, and of each backbone in the paper's.
{
  const MEASURES = { accuracy: "accuracy", loss: "loss, nats" };
  const PARTS = {
    validation: { name: "validation", colour: "series-1" },
    running: { name: "training, during epoch", colour: "series-2" },
    train: { name: "training, after epoch", colour: "series-3" },
    batch_validation: { name: "validation, batch statistics", colour: "series-5" },
  };
  const STEEP = 30; // nats above which a linear axis would flatten the rest

  const points = (curve) =>
    curve.mean.map((y, index) => ({
      x: curve.first + index,
      y,
      low: curve.low?.[index],
      high: curve.high?.[index],
      cell: curve.cell,
      part: curve.part,
    }));

  // One panel: the curves of a measure. With `byPart`, colours show the parts, not the cells.
  const configure = (set, measure, isWanted, byPart) => () => {
    const curves = set.curves.filter(
      (one) => one.measure === measure && cells.isShown(one.cell) && isWanted(one),
    );
    const style = (curve) => {
      const usual = charts.cellStyle(curve.cell, curve.part === "validation" ? 2 : 1);
      const colour = charts.colour(PARTS[curve.part].colour);
      return {
        ...usual,
        pointRadius: curve.part === "validation" ? 2.5 : 0,
        ...(byPart && { borderColor: colour, pointBorderColor: colour, pointStyle: "circle" }),
        ...(byPart && !cells.look(curve.cell).hollow && { pointBackgroundColor: colour }),
      };
    };
    const text = (one) => (measure === "accuracy" ? charts.percent(one, 2) : one.toFixed(3));
    const value = ({ y, low, high }) =>
      low == null ? text(y) : `${text(y)} (${text(low)} to ${text(high)})`;
    const linearAxis = measure === "accuracy" ? charts.shareAxis : charts.axis;
    const values = curves
      .flatMap(({ mean, low = mean, high = mean }) => [...low, ...high])
      .filter((one) => one !== null);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const y =
      most > STEEP && least > 0
        ? charts.logAxis(MEASURES[measure], values, (one) => one, 1.1)
        : linearAxis(
            MEASURES[measure],
            values.length && { suggestedMin: least, suggestedMax: most },
          );
    return {
      columns: true,
      datasets: curves.map((curve) => ({ data: points(curve), band: true, ...style(curve) })),
      scales: { x: charts.axis("epoch", { ticks: { precision: 0 } }), y },
      describe: (found) => ({
        title: `Epoch ${found[0].x}: ${measure}`,
        lines: found
          .filter(({ y }) => y !== null)
          .sort((a, b) => (measure === "loss" ? a.y - b.y : b.y - a.y))
          .map((point) => ({
            cell: point.cell,
            colour: byPart ? PARTS[point.part].colour : undefined,
            text: `${PARTS[point.part].name} ${value(point)}`,
          })),
      }),
    };
  };

  const addPanels = (set, place, label, isWanted, byPart) =>
    Object.keys(MEASURES).map((measure) =>
      charts.add(
        place,
        `${label}: ${measure} by epoch.`,
        configure(set, measure, isWanted, byPart),
      ),
    );

  // All cells, with colours by cell.
  const addOverall = (set, figure) => {
    const training = make("input", { type: "checkbox" });
    const label = make("label", {}, training, " also show training (thin lines)");
    const place = charts.inFigure(figure, makeControls(label));
    const isWanted = ({ part }) =>
      part === "validation" || (training.checked && part === "running");
    const refreshes = addPanels(set, place, "Learning curves of all cells", isWanted, false);
    training.addEventListener("input", () => refreshes.forEach((refresh) => refresh()));
  };

  // One backbone, with colours by part and their key.
  const addBackbone = (set, figure, isWanted) => {
    const parts = new Set(set.curves.filter(isWanted).map(({ part }) => part));
    const legend = make("p", { className: "key" });
    for (const [part, { name, colour }] of Object.entries(PARTS)) {
      if (!parts.has(part)) continue;
      const entry = make("span", {}, name);
      entry.style.setProperty("--key", `var(--${colour})`);
      legend.append(entry);
    }
    const place = charts.inFigure(figure, legend);
    addPanels(set, place, figure.querySelector("h3").firstChild.textContent, isWanted, true);
  };

  for (const set of data.sets) {
    const overall = document.getElementById(`learning-curves${set.suffix}`);
    if (overall) addOverall(set, overall);
    for (const key of new Set(set.curves.map((curve) => curve.figure))) {
      const figure = document.getElementById(`plot-of-${key}`);
      if (figure) addBackbone(set, figure, (curve) => curve.figure === key);
    }
  }
}
