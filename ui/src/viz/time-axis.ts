import { clock, date, day, monthNames, stamp } from "./format";
import { narrowClass, type Label } from "./marks";
import { textWidth } from "./measure";

const DAY = 864e5;
/** Px between two words, and from a long tick to the word beside it. */
const GAP = 10;
const BESIDE = 5;
/** Px that a word may reach beyond the plot. */
const BEYOND = 8;
/** Px of the narrowest plot that words are chosen for, and of the widest container that the style sheet knows. */
const NARROW = 160;
const WIDEST = 1000;
/** Containers up to here give up what stands right of the plot, down to so many px; see `viz.css`. */
const PHONE = { from: 300, to: 400, right: 8 };
/** Ticks that are thought of at all. */
const MOST = 16;
/** Bars up to so many have a word each where it fits. */
const FEW = 14;

/** Numbered ticks of one kind. */
interface Unit {
  /** The tick at or before a moment, and the moment of a tick. */
  number: (ms: number) => number;
  start: (n: number) => number;
  /** Every so many ticks keep their words where there is less room; each divides the next. */
  steps: readonly number[];
  /** `fresh` says the year too. */
  name: (ms: number, fresh: boolean) => string;
  /** A period, and so named beside its first moment unless the data has one point for each. */
  period?: boolean;
  /** Ticks that say most. */
  turns?: (ms: number) => boolean;
}

const yearOf = (ms: number): number => new Date(ms).getUTCFullYear();
/** `Date.UTC` takes the first hundred years for those of 1900. */
const monthStart = (n: number): number => new Date(0).setUTCFullYear(Math.floor(n / 12), ((n % 12) + 12) % 12, 1);
const DOUBLING = Array.from({ length: 14 }, (_, i) => 2 ** i);
const dayName = (ms: number, fresh: boolean): string => (fresh ? date(ms) : day(ms));

const years: Unit = {
  number: yearOf,
  start: (n) => monthStart(n * 12),
  steps: DOUBLING,
  name: (ms) => String(yearOf(ms)),
  period: true,
};
const months = (short: boolean): Unit => ({
  number: (ms) => yearOf(ms) * 12 + new Date(ms).getUTCMonth(),
  start: monthStart,
  steps: [1, 3, 6, 12, 24, 48],
  name: (ms, fresh) => {
    const word = monthNames[new Date(ms).getUTCMonth()] ?? "";
    return (short ? word.slice(0, 3) : word) + (fresh ? ` ${yearOf(ms)}` : "");
  },
  period: true,
  turns: (ms) => new Date(ms).getUTCMonth() === 0,
});
/** From Monday; the first day of 1970 was a Thursday. */
const weeks: Unit = {
  number: (ms) => Math.floor((ms / DAY + 3) / 7),
  start: (n) => (n * 7 - 3) * DAY,
  steps: DOUBLING,
  name: dayName,
};
const days: Unit = {
  number: (ms) => Math.floor(ms / DAY),
  start: (n) => n * DAY,
  steps: DOUBLING,
  name: dayName,
};
const seconds: Unit = {
  number: (ms) => Math.floor(ms / 1000),
  start: (n) => n * 1000,
  steps: [1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400],
  name: (ms, fresh) => (ms % DAY === 0 ? dayName(ms, fresh) : fresh ? stamp(ms) : clock(ms)),
  turns: (ms) => ms % DAY === 0,
};

const startsAll = (unit: Unit, times: readonly number[]): boolean =>
  times.every((ms) => unit.start(unit.number(ms)) === ms);

/** What the ticks of these moments are. Moments that are all days have no hours. */
function unitOf(times: readonly number[], from: number, to: number, each: boolean): Unit {
  const span = (to - from) / DAY;
  const month = months(span > 130);
  const many = times.length > 1;
  if ((many && startsAll(years, times)) || (!each && span > 1100)) return years;
  // The last of them early enough to be named.
  const begun = month.number(to - 15 * DAY) - month.number(from - 1);
  if ((many && startsAll(month, times)) || (!each && begun > 2)) return month;
  if (!each && span > 14) return weeks;
  return span > 2 || startsAll(days, times) ? days : seconds;
}

interface Tick {
  n: number;
  ms: number;
  /** Share of the plot's width. */
  x: number;
}

/** Where ticks stand: in time, or under the first bar that each one holds. */
function ticksOf(times: readonly number[], from: number, to: number, unit: Unit, bands: boolean): Tick[] {
  const span = to - from;
  const [first, last] = [unit.number(from - 1) + 1, unit.number(to)];
  const every = unit.steps.find((step) => (last - first) / step <= MOST) ?? 1;
  const ticks: Tick[] = [];
  for (let n = Math.ceil(first / every) * every; n <= last; n += every) {
    const ms = unit.start(n);
    if (bands) {
      const i = times.findIndex((at) => at >= ms);
      const bar = times[i] ?? to;
      if (bar < unit.start(n + every)) ticks.push({ n, ms: bar, x: (i + 0.5) / times.length });
    }
    // A lone moment stands in the middle, as its point does.
    else ticks.push({ n, ms, x: span === 0 ? 0.5 : (ms - from) / span });
  }
  return ticks.length > 0 ? ticks : [{ n: 0, ms: from, x: span === 0 ? 0.5 : 0 }];
}

/** Px beside the plot. */
interface Margins {
  left: number;
  right: number;
}

/**
 * Ticks of a UTC time axis with their words, under a plot or, with `bands`, under bars. The width is not known when this
 * is drawn, so every word says from which width of its container on it is shown: words at equal distances come and go
 * together, none touches another, and one of them, with its year, is always there.
 */
export function timeMarks(times: readonly number[], margins: Margins, bands = false): Label[] {
  const [from, to] = [times[0], times[times.length - 1]];
  if (from === undefined || to === undefined) return [];
  const each = bands && times.length <= FEW;
  const unit = unitOf(times, from, to, each);
  const ticks = each
    ? times.map((ms, n): Tick => ({ n, ms, x: (n + 0.5) / times.length }))
    : ticksOf(times, from, to, unit, bands);
  const beside = !bands && unit.period === true && !startsAll(unit, times);
  const fits = ({ x, ms }: Tick): boolean => !beside || (1 - x) * NARROW >= textWidth(unit.name(ms, true)) + BESIDE;
  const kept = Math.max(
    0,
    ticks.findIndex((tick) => unit.turns?.(tick.ms) && fits(tick)),
  );
  const words = ticks.map((tick, i) => {
    const fresh = i === kept || yearOf(tick.ms) !== yearOf((ticks[i - 1] ?? ticks[kept] ?? tick).ms);
    return word(tick, unit.name(tick.ms, fresh), beside);
  });
  for (const step of (each ? DOUBLING : unit.steps).toReversed()) {
    const shown = words.filter((w) => (w.n - (words[kept]?.n ?? 0)) % step === 0 && w.own < WIDEST);
    const apart = shown.map((w, i) => {
      const before = shown[i - 1];
      return before ? (before.end + GAP - w.start) / (w.x - before.x) : 0;
    });
    const plot = Math.max(...apart);
    for (const w of shown) w.plot = Math.min(w.plot, Math.max(plot, w.own));
  }
  const marks: Label[] = [];
  const mark = (x: number, h: string): unknown => marks.push({ x: x * 100, y: 100, w: "1", h, c: "ax" });
  if (beside && to - from <= 200 * DAY)
    for (let n = weeks.number(from - 1) + 1; weeks.start(n) <= to; n++)
      mark((weeks.start(n) - from) / (to - from), "3");
  words.forEach(({ x, text, a, plot }, i) => {
    const c = i === kept ? "k" : shownFrom(plot, margins);
    if (!bands) mark(x, c === undefined ? "3" : beside ? "7" : "4");
    if (c !== undefined)
      marks.push({ text, x: x * 100, y: 100, dy: 16, c, ...(beside ? { dx: BESIDE } : {}), ...(a ? { a } : {}) });
  });
  return marks;
}

/**
 * Where a word begins and ends, in px from its tick, the px of plot that it needs to end there or just beyond, and, to be
 * found, those it needs among the others.
 */
function word(tick: Tick, text: string, beside: boolean) {
  const { x } = tick;
  const width = textWidth(text);
  const a = beside || x < 0.02 ? undefined : x > 0.98 ? ("end" as const) : ("middle" as const);
  const start = beside ? BESIDE : a === "end" ? -width : a === "middle" ? -width / 2 : 0;
  const end = start + width;
  const over = end - (beside ? 0 : BEYOND);
  return { ...tick, text, a, start, end, own: over > 0 ? over / (1 - x) : 0, plot: Infinity };
}

/** The class of a word that needs so many px of plot; none where no container is wide enough. */
function shownFrom(plot: number, { left, right }: Margins): string | undefined {
  const wide = plot + left + right;
  const phone = plot + left + Math.min(right, PHONE.right);
  if (wide > WIDEST) return undefined;
  if (wide <= PHONE.to) return `k ${narrowClass(phone)}`;
  return `k ${narrowClass(wide)}${phone <= PHONE.from ? " lv-n" : ""}`;
}
