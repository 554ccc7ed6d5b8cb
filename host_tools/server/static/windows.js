// What a list of windows says, without drawing: bands of silence, the latest figure, hours.
// A window is a row of /api/windows with its start as `start_s`.
"use strict";

const DAY_S = 86400;

/** Return [{state, from_s, to_s}]: neighbouring windows of the same silence as one band. */
function silentBands(windows) {
  const bands = [];
  for (const w of windows) {
    if (w.state === "reported") continue;
    const last = bands.at(-1);
    if (last && last.state === w.state && last.to_s === w.start_s) last.to_s += w.window_s;
    else bands.push({state: w.state, from_s: w.start_s, to_s: w.start_s + w.window_s});
  }
  return bands;
}

/** Return where a place's last day ends: now, or with its last report when that is older than a day. */
function lastDayEnd(reported_until_s, now_s) {
  return reported_until_s < now_s - DAY_S ? reported_until_s : now_s;
}

/** Return the last window that was reported, undefined when there is none. */
function latestReported(windows) {
  return windows.findLast((w) => w.state === "reported");
}

/** Return [{hour_s, mean, highest, heard, all}] per hour with any window, newest first. */
function hours(windows) {
  const found = new Map();
  for (const w of windows) {
    const hour_s = w.start_s - (w.start_s % 3600);
    if (!found.has(hour_s)) found.set(hour_s, {hour_s, sum: 0, highest: null, heard: 0, all: 0});
    const hour = found.get(hour_s);
    hour.all += 1;
    if (w.present === null) continue;
    hour.heard += 1;
    hour.sum += w.present;
    hour.highest = hour.highest === null ? w.present : Math.max(hour.highest, w.present);
  }
  return [...found.values()].reverse().map((h) => ({...h, mean: h.heard ? h.sum / h.heard : null}));
}

/** Return "14:05", or "2026-11-22 14:05" when that was not today: the Swedish way to write it. */
function clockText(unix_s, now_s) {
  const moment = new Date(unix_s * 1000);
  const time = moment.toLocaleTimeString("sv-SE", {hour: "2-digit", minute: "2-digit"});
  const date = moment.toLocaleDateString("sv-SE");
  return date === new Date(now_s * 1000).toLocaleDateString("sv-SE") ? time : `${date} ${time}`;
}
