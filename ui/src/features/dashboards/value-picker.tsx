import { Input } from "@/ui/field";
import { dayInput } from "./dates";
import type { Filter } from "./definition";
import { pickFoot } from "./option-list";
import { fits } from "./options";

/** A field that would not show what is set, which applying another filter would then lose, is one for any text. */
function inputType(type: Filter["type"], value: string): "number" | "date" | "text" {
  if (type === "number" && (value === "" || fits(type, value))) return "number";
  return type === "date" ? dayInput(value) : "text";
}

/** The panel of a filter that is one value: a text, a number or a day. */
export function ValuePicker({ filter, value }: { filter: Filter; value: string }) {
  const id = `${filter.id}-value`;
  return (
    <>
      <label htmlFor={id} className="text-small text-ink-2">
        {filter.label}
        <Input
          size="md"
          type={inputType(filter.type, value)}
          step="any"
          id={id}
          name={filter.id}
          defaultValue={value}
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
