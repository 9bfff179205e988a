// Creates charts when they come into view, and draws them again when cells or the theme change.
const charts = (() => {
  const made = [];
  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const axis = (title, more = {}) => ({
    type: "linear",
    title: { display: true, text: title, color: colour("ink") },
    grid: { color: colour("grid"), tickColor: "transparent" },
    border: { color: colour("ink-soft") },
    ...more,
    ticks: { color: colour("ink-soft"), maxRotation: 0, ...more.ticks },
  });

  const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
  const interval = (low, high) => `${percent(low)} to ${percent(high)}`;

  // An axis of shares, in percent.
  const shareAxis = (title, more = {}) =>
    axis(title, {
      ...more,
      ticks: { callback: (share) => `${Number((100 * share).toFixed(2))} %`, ...more.ticks },
    });

  const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  // An axis with a label at each whole number from 0, of at most so many characters.
  const labelAxis = (title, labels, most, more = {}) =>
    axis(title, {
      min: -0.5,
      max: labels.length - 0.5,
      grid: { display: false },
      afterBuildTicks: (scale) => {
        scale.ticks = labels.map((_, value) => ({ value }));
      },
      ...more,
      ticks: {
        autoSkip: false,
        callback: (place) => shortened(labels[place] ?? "", most),
        ...more.ticks,
      },
    });

  // Ticks at round multiples of powers of ten, as many as there is room for, but at least three.
  const LOG_STEPS = [
    [1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9],
    [1, 1.5, 2, 3, 5, 7],
    [1, 2, 5],
    [1, 3],
    [1],
  ];
  const logAxis = (title, values, format, room = 1.6) => {
    const [min, max] = [Math.min(...values) / room, Math.max(...values) * room];
    const powers = [];
    for (let power = Math.floor(Math.log10(min)); 10 ** power <= max; power++) powers.push(power);
    const at = (steps) =>
      powers
        .flatMap((power) => steps.map((step) => Number((step * 10 ** power).toPrecision(3))))
        .filter((value) => value >= min && value <= max);
    return axis(title, {
      type: "logarithmic",
      min,
      max,
      afterBuildTicks: (scale) => {
        const all = LOG_STEPS.map(at);
        const most = scale.isHorizontal() ? scale.width / 60 : scale.height / 24;
        const enough = all.filter(({ length }) => length >= 3);
        const ticks = enough.find(({ length }) => length <= most) ?? enough.at(-1) ?? all[0];
        scale.ticks = ticks.map((value) => ({ value }));
      },
      ticks: { callback: format, autoSkip: false },
    });
  };

  // The look of a cell's line and points; `width` is 0 for points alone.
  const cellStyle = (cell, width = 2) => {
    const look = cells.look(cell);
    return {
      borderColor: colour(look.colour),
      borderWidth: width,
      borderDash: look.dash,
      showLine: width > 0,
      pointStyle: look.marker,
      pointRadius: 3,
      pointBorderColor: colour(look.colour),
      pointBorderWidth: 1.5,
      pointBackgroundColor: colour(look.hollow ? "paper" : look.colour),
      pointHitRadius: 10,
      pointHoverRadius: 6,
      clip: 8,
    };
  };

  // A line without points that are described, such as a baseline.
  const guide = (points, more = {}) => ({
    data: points,
    showLine: true,
    borderColor: colour("ink-soft"),
    borderDash: [2, 4],
    borderWidth: 1.2,
    pointRadius: 0,
    pointHitRadius: 0,
    pointHoverRadius: 0,
    ...more,
  });

  const options = (configuration) => ({
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    layout: { padding: { right: 8, top: 8 } },
    interaction: configuration.columns
      ? { mode: "nearest", axis: "x", intersect: false }
      : { mode: "nearest", axis: "xy", intersect: true },
    plugins: { legend: { display: false }, tooltip: { enabled: false, external: tooltips.show } },
    scales: configuration.scales,
  });

  const draw = (canvas, configure) => {
    const configuration = configure();
    const chart = new Chart(canvas, {
      type: "scatter",
      data: { datasets: configuration.datasets },
      options: options(configuration),
      plugins: [intervals, pointLabels],
    });
    chart.configuration = configuration;
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Escape") tooltips.activate(chart, []);
      else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
        event.preventDefault();
        tooltips.moveByKey(chart, event.key);
      }
    });
    canvas.addEventListener("blur", () => tooltips.activate(chart, []));
    return chart;
  };

  const refresh = (entry) => {
    if (!entry.chart) return;
    const { chart } = entry;
    tooltips.activate(chart, []);
    chart.configuration = entry.configure();
    chart.data.datasets = chart.configuration.datasets;
    chart.options = options(chart.configuration);
    chart.update("none");
  };

  const inView = new IntersectionObserver(
    (seen) => {
      for (const { isIntersecting, target } of seen) {
        const entry = made.find(({ box }) => box === target);
        if (!isIntersecting || entry.chart) continue;
        entry.chart = draw(target.querySelector("canvas"), entry.configure);
      }
    },
    { rootMargin: "400px" },
  );

  // Adds a chart to an element; `configure` returns datasets, options and a description of points.
  const add = (parent, label, configure, height = 300) => {
    const ariaLabel = `${label} Arrow keys show the values.`;
    const canvas = make("canvas", { tabIndex: 0, role: "img", ariaLabel });
    const tip = make("div", { className: "tip", role: "status", hidden: true });
    const box = make("div", { className: "chart" }, canvas, tip);
    box.style.height = `${height}px`;
    parent.append(box);
    const entry = { box, configure };
    made.push(entry);
    inView.observe(box);
    return () => refresh(entry);
  };

  // Makes a figure interactive: returns where its charts go, above its static drawing and below
  // other elements, such as controls.
  const inFigure = (figure, ...above) => {
    const place = make("div", { className: "charts" });
    figure.classList.add("interactive");
    figure.querySelector(".scroll, figcaption").before(...above, place);
    return place;
  };

  // Adds a chart to a figure, in place of its drawing.
  const addTo = (figure, configure, height, ...above) => {
    const label = figure.querySelector("[role=img]").ariaLabel;
    return add(inFigure(figure, ...above), label, configure, height);
  };

  const refreshAll = () => made.forEach(refresh);
  cells.onChange(refreshAll);
  document.addEventListener("theme", refreshAll);

  return {
    add,
    addTo,
    axis,
    cellStyle,
    colour,
    guide,
    inFigure,
    interval,
    labelAxis,
    logAxis,
    percent,
    shareAxis,
  };
})();
