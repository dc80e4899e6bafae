/* oxlint-disable jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/no-noninteractive-tabindex -- arrow keys walk over the marks, as the role description says */
import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import type { Interact } from "./drawing";

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
  stage: number;
}

/** Pointer, keys and tooltip over a drawing. Its state lives here, so that a move renders nothing else. */
export function Hover(props: {
  label: string;
  /** Lays out on first use: a picture nobody points at is never computed in the browser. */
  interact: () => Interact | undefined;
  /** A new identity takes the tooltip away. */
  changed: unknown;
  hint?: string;
  onPick?: (row: number) => void;
  children: ReactNode;
}) {
  const { label, interact, changed, hint, onPick, children } = props;
  const stage = useRef<HTMLDivElement>(null);
  const [last, setAt] = useState<{ index: number; box: Box; keys: boolean; of: unknown } | null>(null);
  const at = last?.of === changed ? last : null;

  const measure = (): Box | null => {
    const inner = stage.current?.querySelector(".lv-in");
    if (!inner || !stage.current) return null;
    const outer = stage.current.getBoundingClientRect();
    const r = inner.getBoundingClientRect();
    return { left: r.left - outer.left, top: r.top - outer.top, width: r.width, height: r.height, stage: outer.width };
  };
  /** Where the marks are now: what is inside may have scrolled. */
  const onScroll = () =>
    setAt((before) => {
      const box = before && measure();
      return box ? { ...before, box } : before;
    });
  /** Brings a mark that arrow keys reach into the part that is shown. */
  const reveal = (y: number): void => {
    const roll = stage.current?.querySelector(".lv-roll");
    const inner = roll?.querySelector(".lv-in");
    if (!roll || !inner) return;
    const margin = 24;
    const top = (y / 100) * inner.clientHeight;
    const shown = Math.max(top + margin - roll.clientHeight, Math.min(roll.scrollTop, top - margin));
    roll.scrollTop = Math.max(0, shown);
  };
  const find = (event: {
    clientX: number;
    clientY: number;
    target: EventTarget;
  }): { index: number; box: Box } | null => {
    const box = measure();
    const marks = interact();
    if (!box || !marks || !stage.current || marks.count === 0) return null;
    const shape = event.target instanceof Element ? event.target.closest("[data-k]")?.getAttribute("data-k") : null;
    const outer = stage.current.getBoundingClientRect();
    const x = (event.clientX - outer.left - box.left) / box.width;
    const y = (event.clientY - outer.top - box.top) / box.height;
    if (!shape && (x < -0.06 || x > 1.06 || y < -0.1 || y > 1.1)) return null;
    const index = shape ? Number(shape) : marks.at(x, y);
    return index < 0 ? null : { index, box };
  };
  const onPointerMove = (event: PointerEvent) => {
    const found = find(event);
    setAt((before) =>
      !found
        ? null
        : before?.index === found.index && !before.keys && before.of === changed
          ? before
          : { ...found, keys: false, of: changed },
    );
  };
  const pick = (index: number) => {
    const row = interact()?.row(index) ?? -1;
    if (row >= 0) onPick?.(row);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const marks = interact();
    const box = measure();
    if (!marks || !box || marks.count === 0) return;
    const from = at?.index ?? -1;
    const last = marks.count - 1;
    const line = marks.columns ?? 1;
    const to: Record<string, number> = {
      ArrowRight: from + 1,
      ArrowLeft: from < 0 ? last : from - 1,
      ArrowDown: from + line,
      ArrowUp: from < 0 ? last : from - line,
      Home: 0,
      End: last,
    };
    if (event.key === "Escape") {
      if (at) event.preventDefault();
      setAt(null);
    } else if ((event.key === "Enter" || event.key === " ") && at && onPick) {
      event.preventDefault();
      pick(at.index);
    } else if (event.key in to) {
      event.preventDefault();
      const index = Math.max(0, Math.min(last, to[event.key] ?? 0));
      reveal(marks.place(index).y);
      setAt({ index, box: measure() ?? box, keys: true, of: changed });
    }
  };
  return (
    <div
      ref={stage}
      className={`lv-stage${onPick ? " lv-stage--pick" : ""}`}
      tabIndex={0}
      role="group"
      aria-roledescription="chart"
      aria-label={label}
      onPointerMove={onPointerMove}
      onPointerLeave={() => setAt(null)}
      onBlur={() => setAt(null)}
      onScrollCapture={onScroll}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        if (!onPick || event.metaKey || event.ctrlKey || !(event.target instanceof Element)) return;
        const link = event.target.closest("[data-row]");
        if (link) {
          event.preventDefault();
          onPick(Number(link.getAttribute("data-row")));
          return;
        }
        const found = find(event);
        if (!found) return;
        event.preventDefault();
        pick(found.index);
      }}
    >
      {children}
      {at && <Overlay index={at.index} box={at.box} interact={interact} {...(onPick && hint ? { hint } : {})} />}
    </div>
  );
}

function Overlay({
  index,
  box,
  interact,
  hint,
}: {
  index: number;
  box: Box;
  interact: () => Interact | undefined;
  hint?: string;
}) {
  const marks = interact();
  if (!marks || index >= marks.count) return null;
  const place = marks.place(index);
  const tip = marks.tip(index);
  const docked = box.stage < 400;
  const x = box.left + (place.x / 100) * box.width;
  const y = box.top + (place.y / 100) * box.height;
  const right = x + 14 + 216 <= box.stage || x < 230;
  return (
    <>
      {place.crosshair && <i className="lv-cross" style={{ left: x, top: box.top - 6, height: box.height + 6 }} />}
      {place.points.map((p, i) => (
        <i
          key={i}
          className={`lv-pt ${p.c}`}
          style={{ left: box.left + (p.x / 100) * box.width, top: box.top + (p.y / 100) * box.height }}
        />
      ))}
      {place.crosshair && place.tag && !docked && (
        <span
          className="lv-tag"
          style={{ left: Math.max(36, Math.min(box.stage - 40, x)), top: box.top + box.height + 4 }}
        >
          {place.tag}
        </span>
      )}
      <div
        className={docked ? "lv-tip lv-tip--docked" : "lv-tip"}
        role="status"
        style={
          docked
            ? undefined
            : {
                left: right ? Math.min(x + 14, box.stage - 216) : x - 14 - 216,
                top: place.crosshair ? box.top + 8 : Math.max(0, y - 40),
              }
        }
      >
        <div className="lv-tip-h">
          <b>{tip.title}</b>
          <span>{tip.unit}</span>
        </div>
        <dl>
          {tip.rows.map((r) => (
            <div key={r.name}>
              <dt>
                {r.key && <i className={r.key} />}
                {r.name}
              </dt>
              <dd className={r.strong ? "b" : undefined}>{r.value}</dd>
            </div>
          ))}
        </dl>
        {tip.against && (
          <div className="lv-tip-f">
            <span>{tip.against[0]}</span>
            <span>{tip.against[1]}</span>
          </div>
        )}
        {hint && !docked && <div className="lv-tip-k">{hint}</div>}
      </div>
    </>
  );
}
