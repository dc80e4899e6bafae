import { useRef } from "react";
import { Button } from "@/ui/button";
import { Input } from "@/ui/field";
import { presets } from "./dates";
import type { Filter } from "./definition";
import { rangeNames } from "./options";

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
  const fill = (a = "", b = ""): void => {
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
        <ul className="ld-presets ld-js">
          {presets(bounds).map((p) => (
            <li key={p.label}>
              <button type="button" onClick={() => fill(p.from, p.to)} aria-pressed={p.from === from && p.to === to}>
                {p.label}
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className="ld-dates">
        <label htmlFor={`${filter.id}-from`}>
          From
          <Input
            size="md"
            type="date"
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
            type="date"
            id={`${filter.id}-to`}
            name={last}
            defaultValue={to ?? ""}
            key={`t${to}`}
            {...limits}
          />
        </label>
      </div>
      <div className="ld-pick-foot">
        <span>Days count in UTC. Empty means no limit.</span>
        <div>
          <Button type="submit" variant="primary" keys="↵" className="ml-auto">
            Apply
          </Button>
        </div>
      </div>
    </div>
  );
}
