// Test accuracy against cost, with the Pareto front of the cells that are shown and fast enough.
for (const { suffix, tradeoffs } of data.sets) {
  const figure = document.getElementById(`plot-of-tradeoffs${suffix}`);
  const MOST_NAMED = 16; // with more networks, only those on the front are named
  const { costs = [], points = [], batch } = tradeoffs ?? {};

  const amount = (value) => {
    const [size, unit] = value >= 1e9 ? [1e9, " G"] : value >= 1e6 ? [1e6, " M"] : [1, ""];
    if (!unit && value >= 100) return Math.round(value).toLocaleString("en");
    return `${Number((value / size).toPrecision(3))}${unit}`;
  };
  const withUnit = (index, value) =>
    value == null ? "–" : `${amount(value)} ${costs[index].unit}`.trim();
  const { percent } = charts;
  // The bar of a point is its range over the seeds.
  const accuracyLines = ({ accuracy, low, high, interval }) => [
    { name: "test accuracy", text: percent(accuracy) },
    ...(low < high ? [{ name: "seeds (bar)", text: charts.interval(low, high) }] : []),
    ...(interval ? [{ name: "95 % CI over images", text: charts.interval(...interval) }] : []),
  ];

  // The points that no other one exceeds in accuracy at the same or lower cost, cheapest first.
  const frontOf = (all) => {
    const sorted = all.toSorted((a, b) => a.x - b.x || b.y - a.y);
    const front = [];
    for (const point of sorted) {
      const last = front.at(-1);
      if (!last || point.y > last.y || (point.x === last.x && point.y === last.y))
        front.push(point);
    }
    return front;
  };

  if (figure && costs.length) {
    const options = costs.map(
      ({ name, unit }, index) => new Option(unit ? `${name}, ${unit}` : name, index),
    );
    const cost = make("select", {}, ...options);
    cost.value = costs.length - 1;
    const minimum = make("input", { type: "number", min: 0, step: "any", placeholder: "0" });
    const answer = make("output");
    const controls = makeControls(make("label", {}, "Cost ", cost));
    controls.addEventListener("submit", (event) => event.preventDefault());
    if (points.some(({ throughput }) => throughput !== null))
      controls.append(make("label", {}, "At least ", minimum, ` images/s (batches of ${batch})`));
    controls.append(answer);

    const isFast = ({ throughput }) => !(minimum.value > 0) || throughput >= minimum.value;

    const configure = () => {
      const shown = points
        .filter((point) => cells.isShown(point.cell))
        .map((point) => ({
          ...point,
          x: point.costs[cost.value],
          y: point.accuracy,
          low: point.range[0],
          high: point.range[1],
        }))
        .filter(({ x }) => x != null);
      const fast = shown.filter(isFast);
      const front = frontOf(fast);
      const values = shown.length ? shown.map(({ x }) => x) : [1];
      const axis = charts.logAxis(cost.selectedOptions[0].text, values, (value) => amount(value));
      const last = front.at(-1);
      const steps = last ? [...front, { x: axis.max, y: last.y }] : [];
      const isNamed = (point) => fast.length <= MOST_NAMED || front.includes(point);
      const order = [...front.toReversed(), ...fast.filter((one) => !front.includes(one))];
      return {
        datasets: [
          ...order.map((point) => ({
            data: [{ ...point, label: isNamed(point) ? cells.label(point.cell) : undefined }],
            ...charts.cellStyle(point.cell, 0),
            pointRadius: 5,
          })),
          ...shown
            .filter((point) => !isFast(point))
            .map((point) => ({
              data: [point],
              ...charts.cellStyle(point.cell, 0),
              pointBorderColor: charts.colour("grid"),
              pointBackgroundColor: charts.colour("grid"),
            })),
          charts.guide(
            steps.map(({ x, y }) => ({ x, y })),
            {
              stepped: "before",
              pointRadius: steps.map((_, index) => (index < front.length ? 9 : 0)),
              pointBackgroundColor: "transparent",
              pointBorderColor: charts.colour("ink"),
            },
          ),
        ],
        scales: {
          x: axis,
          y: charts.shareAxis("test accuracy", {
            grace: "12%",
            ...(shown.length && {
              suggestedMin: Math.min(...shown.map(({ low }) => low)),
              suggestedMax: Math.max(...shown.map(({ high }) => high)),
            }),
          }),
        },
        describe: ([point]) => ({
          title: cells.label(point.cell),
          lines: [
            ...accuracyLines(point),
            ...costs.map(({ name }, index) => ({
              name,
              text: withUnit(index, point.costs[index]),
            })),
            ...(point.throughput === null
              ? []
              : [{ name: `images/s, batch of ${batch}`, text: amount(point.throughput) }]),
          ],
        }),
      };
    };

    const update = () => {
      const fast = points.filter((point) => cells.isShown(point.cell) && isFast(point));
      const best = fast.toSorted((a, b) => b.accuracy - a.accuracy)[0];
      answer.textContent = best
        ? `Most accurate: ${cells.label(best.cell)}, ${percent(best.accuracy)}`
        : "No cell is fast enough.";
    };
    const refresh = charts.addTo(figure, configure, 360, controls);
    controls.addEventListener("input", () => {
      update();
      refresh();
    });
    cells.onChange(update);
    update();
  }
}
