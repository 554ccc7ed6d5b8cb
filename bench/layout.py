"""Which captures belong to which windows, in a folder laid out like the published one.

DIR/truth.csv names windows by dataset; DIR/<folder>/ holds captures (CSV with ie_dict.csv.gz
beside it, pcap or pcapng, each also as .gz). By the dataset's name, word by word:
- the first word picks the folder, also by prefix (mix_5min: mixes); where there is no such
  folder, files whose name begins with the word (pcap/turin_…), else every capture by time alone;
- pN picks the files of position_N;
- a number with a unit (5min) picks nothing; any other word picks files that hold it, if some do.
A `day` that is the name of a file with times since its start (a scene) picks that file; its first
window begins where the file's time does.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from torgpuls.host_tools.errors import UserError
from torgpuls.simulator.captures.dictionary import NAMES as DICTIONARIES
from torgpuls.simulator.captures.timeline import Reading, Timeline

SUFFIXES = (".csv", ".pcap", ".pcapng", ".cap")
SCENE_BEFORE_S = 1_000_000_000  # 2001: an older time counts from a scene's start
SCENES_AT_S = 1_577_836_800  # 2020-01-01: when the scenes are played
COLUMNS = {"dataset", "window_start", "window_s", "occ"}


@dataclass(frozen=True)
class Window:
    """One row of truth.csv. `heads` is the mean number of people (NaN where unknown)."""

    dataset: str
    start_s: int
    length_s: int
    day: str
    heads: float


@dataclass(frozen=True)
class Stretch:
    """Windows without a hole between them, and the frames that were heard in them.

    A node plays it from `windows[0]`; `shift_s` moves the captures' time so that the windows
    begin at whole multiples of their length, as a node's do.
    """

    windows: list[Window]
    frames: Timeline
    captured_at_s: int  # where windows[0] begins in the captures' own time
    shift_s: int

    @property
    def played_from_s(self) -> int:
        return self.captured_at_s + self.shift_s

    @property
    def length_s(self) -> int:
        return self.windows[0].length_s


def read_truth(folder: Path) -> list[Window]:
    """Read folder/truth.csv. Raises UserError when it is missing or not of this form."""
    path = folder / "truth.csv"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            missing = COLUMNS - set(rows.fieldnames or ())
            if missing:
                raise UserError(f"{path}: there is no column {', '.join(sorted(missing))}")
            return [_window(row) for row in rows]
    except FileNotFoundError:
        raise UserError(
            f"{path}: there is no such file: name a folder laid out like the shared one"
        ) from None
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}: a window's times must be whole numbers") from None


def _window(row: dict[str, str]) -> Window:
    start_s, length_s = int(float(row["window_start"])), int(float(row["window_s"]))
    return Window(row["dataset"], start_s, length_s, row.get("day") or "", float(row["occ"] or "nan"))


class Layout:
    """The captures of one folder, each read once."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._files = sorted(
            path
            for path in folder.glob("*/*")
            if _stem(path) != path.name and path.name not in DICTIONARIES and path.is_file()
        )
        self._read: dict[tuple[Path, ...], Timeline] = {}

    def files_of(self, dataset: str) -> list[Path]:
        """Return the captures that the dataset's name picks."""
        first, *words = dataset.lower().split("_")
        folders = {path.parent.name for path in self._files}
        named = [name for name in folders if name.lower() == first]
        named = named or [
            name for name in folders if name.lower().startswith(first) or first.startswith(name.lower())
        ]
        files = [path for path in self._files if path.parent.name in named]
        files = files or [path for path in self._files if path.name.lower().startswith(first)]
        files = files or self._files
        for word in words:
            position = re.fullmatch(r"p(\d+)", word)
            pattern = f"position_{position[1]}" if position else re.escape(word)
            if not re.fullmatch(r"\d+(s|sec|min|h)", word):
                picked = [
                    p for p in files if re.search(rf"(?<![a-z0-9]){pattern}(?![a-z0-9])", p.name.lower())
                ]
                files = picked or files
        if not files:
            raise UserError(f"{self.folder}: there is no capture for {dataset}: put it into {first}/")
        return files

    def stretches(self, windows: list[Window]) -> list[Stretch]:
        """Return the windows of one dataset as stretches that a node can play."""
        files = self.files_of(windows[0].dataset)
        scenes = {_stem(path): path for path in files}
        by_capture: dict[tuple[Path, ...], list[Window]] = defaultdict(list)
        for window in windows:
            scene = scenes.get(window.day)
            by_capture[(scene,) if scene and self._is_scene(scene) else tuple(files)].append(window)
        found = []
        for paths, own in by_capture.items():
            if len(paths) == 1 and self._is_scene(paths[0]):
                for day in sorted({window.day for window in own}):
                    scene_windows = [window for window in own if window.day == day]
                    begins_s = min(window.start_s for window in scene_windows)
                    found += self._without_holes(paths, scene_windows, begins_s)
            else:
                found += self._without_holes(paths, own, 0)
        return found

    def _without_holes(self, paths: tuple[Path, ...], windows: list[Window], zero_s: int) -> list[Stretch]:
        runs: dict[tuple[int, int], list[Window]] = {}  # by where the next window would begin
        for window in sorted(windows, key=lambda window: window.start_s):
            run = runs.pop((window.start_s, window.length_s), [])
            runs[window.start_s + window.length_s, window.length_s] = [*run, window]
        stretches = []
        for run in runs.values():
            captured_at_s = run[0].start_s - zero_s
            at_s = captured_at_s if captured_at_s >= SCENE_BEFORE_S else SCENES_AT_S + captured_at_s
            shift_s = at_s // run[0].length_s * run[0].length_s - captured_at_s
            stretches.append(Stretch(run, self._timeline(paths), captured_at_s, shift_s))
        return stretches

    def _timeline(self, paths: tuple[Path, ...]) -> Timeline:
        if paths not in self._read:
            timeline = Timeline(Reading(as_recorded=True))
            for path in paths:
                timeline.add(path)
            self._read[paths] = timeline
        return self._read[paths]

    def _is_scene(self, path: Path) -> bool:
        spans = self._timeline((path,)).spans
        return bool(spans) and spans[0].first_us < SCENE_BEFORE_S * 1_000_000


def _stem(path: Path) -> str:
    """Return the file's name without the suffixes of a capture (the whole name when it is none)."""
    name = path.name.removesuffix(".gz")
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return path.name
