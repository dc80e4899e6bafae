import { useRef, type MouseEvent } from "react";
import { rangeNames } from "@/api/filters";
import { Input } from "@/ui/field";
import { esc } from "@/viz/marks";
import { dayInput, presets, type Preset } from "./dates";
import type { Filter } from "./definition";
import { pickFoot } from "./option-list";

/** The panel of a date range: usual ranges, and two dates. */
export function DatePicker(props: {
  filter: Filter;
  bounds: { from: string; to: string } | null;
  from?: string;
  to?: string;
}) {
  const { filter, bounds, from, to } = props;
  const box = useRef<HTMLDivElement>(null);
  const [first, last] = rangeNames(filter);
  const fill = (event: MouseEvent): void => {
    const preset = event.target instanceof Element ? event.target.closest("button") : null;
    if (!preset) return;
    const { from: a = "", to: b = "" } = preset.dataset;
    const form = box.current?.closest("form");
    const inputs = box.current?.querySelectorAll("input") ?? [];
    if (inputs[0]) inputs[0].value = a;
    if (inputs[1]) inputs[1].value = b;
    form?.requestSubmit();
  };
  const limits = bounds ? { min: bounds.from, max: bounds.to } : {};
  return (
    <div ref={box}>
      {bounds && (
        // Its buttons came as markup; this only listens.
        // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
        <ul
          className="ld-presets ld-js"
          onClick={fill}
          suppressHydrationWarning
          dangerouslySetInnerHTML={{
            __html: presets(bounds)
              .map((p) => preset(p, from, to))
              .join(""),
          }}
        />
      )}
      <div className="ld-dates">
        <label htmlFor={`${filter.id}-from`}>
          From
          <Input
            size="md"
            type={dayInput(from)}
            id={`${filter.id}-from`}
            name={first}
            defaultValue={from ?? ""}
            key={`f${from}`}
            {...limits}
          />
        </label>
        <label htmlFor={`${filter.id}-to`}>
          To
          <Input
            size="md"
            type={dayInput(to)}
            id={`${filter.id}-to`}
            name={last}
            defaultValue={to ?? ""}
            key={`t${to}`}
            {...limits}
          />
        </label>
      </div>
      <div
        className="ld-pick-foot"
        suppressHydrationWarning
        dangerouslySetInnerHTML={{ __html: pickFoot("Days count in UTC. Empty means no limit.", false) }}
      />
    </div>
  );
}

const preset = (p: Preset, from: string | undefined, to: string | undefined): string =>
  `<li><button type="button" data-from="${esc(p.from ?? "")}" data-to="${esc(p.to ?? "")}" aria-pressed="${p.from === from && p.to === to}">${esc(p.label)}</button></li>`;
