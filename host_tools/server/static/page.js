// Draws the last day of each place, and again every REFRESH_MS.
// When a place is drawn its article carries what was drawn as data-* attributes; tests read them.
"use strict";

const REFRESH_MS = 10000;
const CHART_HEIGHT_PX = 200;
const HATCH_PX = 6;
const BAND_MIN_PX = 3; // one window of a day is narrower than a line of the hatch
const SILENT_WINDOWS = 2; // an upload may be one window late without anything being wrong
const cards = new Map();

async function getJson(address) {
  const answer = await fetch(address, {cache: "no-store"});
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Return a canvas pattern of slanted lines in `ink`; a direction per kind of silence. */
function hatch(ink, rising) {
  const size = HATCH_PX * devicePixelRatio;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  pen.strokeStyle = ink;
  pen.lineWidth = devicePixelRatio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, rising ? size : 0);
    pen.lineTo(shift + size, rising ? 0 : size);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

function drawBands(chart, bands) {
  const {left, top, width, height} = chart.bbox;
  const pen = chart.ctx;
  const inks = {not_listened: colour("--not-listened"), not_reported: colour("--not-reported")};
  const hatches = {
    not_listened: hatch(inks.not_listened, true),
    not_reported: hatch(inks.not_reported, false),
  };
  pen.save();
  for (const band of bands) {
    const from = Math.max(left, chart.valToPos(band.from_s, "x", true));
    const to = Math.min(left + width, chart.valToPos(band.to_s, "x", true));
    if (to <= from) continue;
    const across = Math.max(to - from, BAND_MIN_PX * devicePixelRatio);
    pen.globalAlpha = 0.25;
    pen.fillStyle = inks[band.state];
    pen.fillRect(from, top, across, height);
    pen.globalAlpha = 1;
    pen.fillStyle = hatches[band.state];
    pen.fillRect(from, top, across, height);
  }
  pen.restore();
}

function axes() {
  const stroke = colour("--soft");
  const grid = {stroke: colour("--line"), width: 1};
  const twoDigits = (n) => String(n).padStart(2, "0");
  const hourText = (_, splits) => splits.map((s) => {
    const moment = new Date(s * 1000);
    return `${twoDigits(moment.getHours())}:${twoDigits(moment.getMinutes())}`;
  });
  return [
    {stroke, grid, ticks: grid, space: 56, values: hourText, incrs: [3600, 7200, 10800, 14400, 21600]},
    {stroke, grid, ticks: grid, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]},
  ];
}

function makeChart(card) {
  card.chart?.destroy();
  const options = {
    width: card.box.clientWidth,
    height: CHART_HEIGHT_PX,
    cursor: {show: false},
    legend: {show: false},
    scales: {
      x: {time: true, range: () => [card.until_s - DAY_S, card.until_s]},
      y: {range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(5, Math.ceil((high ?? 0) * 1.1))]},
    },
    axes: axes(),
    series: [
      {},
      {
        fill: colour("--people"), width: 0, points: {show: false},
        paths: uPlot.paths.bars({size: [1, Infinity], align: 1, gap: 0}),
      },
    ],
    hooks: {drawClear: [(chart) => drawBands(chart, card.bands)]},
  };
  card.chart = new uPlot(options, card.data, card.box);
}

function makeCard(place) {
  const article = document.getElementById("place").content.firstElementChild.cloneNode(true);
  article.querySelector("h2").textContent = place;
  article.dataset.place = place;
  document.getElementById("places").append(article);
  const card = {article, box: article.querySelector(".chart"), chart: null};
  new ResizeObserver(() => card.chart?.setSize({width: card.box.clientWidth, height: CHART_HEIGHT_PX}))
    .observe(card.box);
  return card;
}

function tell(card, windows, latest) {
  const heard = windows.filter((w) => w.state === "reported").length;
  const line = card.article.querySelector(".latest");
  line.textContent = "";
  if (latest) {
    const figure = document.createElement("b");
    figure.textContent = latest.present ?? "–";
    const minutes = Math.round(latest.window_s / 60);
    const start = document.createElement("time");
    start.textContent = clockText(latest.start_s, card.now_s);
    line.append(figure, ` people in the ${minutes} minutes from `, start);
  } else {
    line.textContent = "No figure in the last day.";
  }
  const band = card.bands.at(-1);
  const silent = latest && band?.to_s > latest.start_s && band.to_s - band.from_s >= SILENT_WINDOWS * latest.window_s;
  const isOld = card.until_s < card.now_s;
  const warning = card.article.querySelector(".silence");
  warning.hidden = !silent && !isOld;
  if (isOld) {
    warning.textContent = `No report since ${clockText(card.until_s, card.now_s)}. This is the day before that.`;
  } else if (silent) {
    const why = band.state === "not_reported" ? "No report" : "Not listened";
    warning.textContent = `${why} since ${clockText(band.from_s, card.now_s)}.`;
  }
  card.box.setAttribute("aria-label", `${heard} of ${windows.length} windows of the last day were heard. `
    + "The table below has them hour by hour.");
  const body = card.article.querySelector("tbody");
  body.replaceChildren(...hours(windows).map((hour) => {
    const row = document.createElement("tr");
    const figures = [hour.mean === null ? "–" : hour.mean.toFixed(1), hour.highest ?? "–"];
    for (const text of [clockText(hour.hour_s, card.now_s), ...figures, `${hour.heard} of ${hour.all}`]) {
      row.insertCell().textContent = text;
    }
    return row;
  }));
}

function drawPlace(place, windows, until_s, now_s) {
  if (!cards.has(place)) cards.set(place, makeCard(place));
  const card = cards.get(place);
  card.now_s = now_s;
  card.until_s = until_s;
  card.article.querySelector(".csv").href = `/api/windows?format=csv&${dayQuery(place, until_s)}`;
  card.bands = silentBands(windows);
  card.data = [windows.map((w) => w.start_s), windows.map((w) => w.present)];
  if (card.chart) card.chart.setData(card.data);
  else makeChart(card);
  const latest = latestReported(windows);
  tell(card, windows, latest);
  Object.assign(card.article.dataset, {
    windows: windows.length,
    reported: windows.filter((w) => w.state === "reported").length,
    bands: card.bands.length,
    latest: latest?.present ?? "",
    drawn: "true",
  });
}

function dayQuery(place, until_s) {
  return `place=${encodeURIComponent(place)}&start=${until_s - DAY_S}&end=${until_s}`;
}

async function refresh() {
  const contact = document.getElementById("contact");
  const now_s = Math.floor(Date.now() / 1000);
  try {
    const places = await getJson("/api/places");
    document.getElementById("empty").hidden = places.length > 0;
    for (const {place, last, window_s} of places) {
      const until_s = lastDayEnd(Date.parse(last) / 1000 + window_s, now_s);
      const rows = await getJson(`/api/windows?${dayQuery(place, until_s)}`);
      drawPlace(place, rows.map((row) => ({...row, start_s: Date.parse(row.start) / 1000})), until_s, now_s);
    }
    contact.textContent = `Updated ${new Date().toLocaleTimeString("sv-SE")}.`;
    contact.className = "";
  } catch (error) {
    contact.textContent = `No contact with the server (${error.message}): what is shown may be old.`;
    contact.className = "lost";
  }
  setTimeout(refresh, REFRESH_MS);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => cards.forEach(makeChart));
refresh();
