import { Input } from "@/ui/field";
import type { Filter } from "./definition";
import { pickFoot } from "./option-list";
import { fits } from "./options";

const TYPES: Partial<Record<Filter["type"], string>> = { number: "number", date: "date" };

/** The panel of a filter that is one value: a text, a number or a day. */
export function ValuePicker({ filter, value }: { filter: Filter; value: string }) {
  const id = `${filter.id}-value`;
  return (
    <>
      <label htmlFor={id} className="text-small text-ink-2">
        {filter.label}
        <Input
          size="md"
          type={TYPES[filter.type] ?? "text"}
          step="any"
          id={id}
          name={filter.id}
          defaultValue={fits(filter.type, value) ? value : ""}
          key={value}
          className="mt-1 text-ink"
        />
      </label>
      <div
        className="ld-pick-foot"
        suppressHydrationWarning
        dangerouslySetInnerHTML={{ __html: pickFoot("Empty means no limit.", false) }}
      />
    </>
  );
}
