// Data of the charts, embedded in the page; empty if no cell was trained.
const data = JSON.parse(
  document.getElementById("charts")?.textContent ?? '{"cells": [], "sets": []}',
);
