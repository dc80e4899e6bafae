import { ChevronDown, CircleAlert, Search } from "lucide-react";
import { useId, type ComponentProps, type ReactNode } from "react";
import { cx } from "@/lib/cx";
import { Icon } from "./icon";
import { Kbd } from "./kbd";

export interface FieldControl {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

/** Label, control, and below it either the hint or what is wrong. `children` gets the ids to set on the control. */
export function Field(props: {
  label: ReactNode;
  /** Right of the label, e.g. a link. */
  aside?: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  className?: string;
  children: (control: FieldControl) => ReactNode;
}) {
  const id = useId();
  const { label, aside, hint, error, className, children } = props;
  const note = error || hint;
  const control: FieldControl = { id };
  if (note) control["aria-describedby"] = `${id}-note`;
  if (error) control["aria-invalid"] = true;
  return (
    <div className={cx("mb-3.5", className)}>
      <div className="mb-1.5 flex justify-between font-medium">
        <label htmlFor={id}>{label}</label>
        {aside}
      </div>
      {children(control)}
      {note && (
        <p id={`${id}-note`} className={cx("mt-1.5 flex gap-1.5 text-small", error ? "text-bad" : "text-ink-2")}>
          {error && <Icon as={CircleAlert} size={14} className="mt-px" />}
          <span>{note}</span>
        </p>
      )}
    </div>
  );
}

const FIELD =
  "rounded-2 bg-field shadow-field outline-none focus:shadow-field-focus aria-invalid:not-focus:[box-shadow:inset_0_0_0_1.5px_var(--bad)] disabled:opacity-50";

type ControlSize = "md" | "lg";
const heights: Record<ControlSize, string> = { md: "h-7 px-2 text-base max-phone:h-9", lg: "h-9 px-2.5 text-read" };

export type InputProps = Omit<ComponentProps<"input">, "size"> & { size?: ControlSize; mono?: boolean };

/** One line of text. 36 px high in forms (`lg`), 28 elsewhere. */
export function Input({ size = "lg", mono, className, ...rest }: InputProps) {
  return <input {...rest} className={cx(FIELD, "w-full", heights[size], mono && "font-mono text-base", className)} />;
}

export function TextArea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea {...rest} className={cx(FIELD, "w-full px-2.5 py-2 text-read", className)} />;
}

export type SelectProps = Omit<ComponentProps<"select">, "size"> & { size?: ControlSize };

/** The platform's own select, in the look of a control. */
export function Select({ size = "md", className, children, ...rest }: SelectProps) {
  return (
    <span className={cx("relative inline-flex", className)}>
      <select
        {...rest}
        className={cx(
          "w-full appearance-none rounded-2 bg-canvas pr-7 font-book shadow-ctl hover:bg-hover disabled:opacity-50",
          heights[size],
        )}
      >
        {children}
      </select>
      <Icon
        as={ChevronDown}
        size={14}
        className="pointer-events-none absolute top-1/2 right-2 -translate-y-1/2 text-ink-3"
      />
    </span>
  );
}

/** A box to tick with its label; the whole line takes the click. */
export function Checkbox({ label, className, ...rest }: Omit<ComponentProps<"input">, "type"> & { label: ReactNode }) {
  return (
    <label className={cx("flex min-h-7 items-center gap-2.5", className)}>
      <input {...rest} type="checkbox" className="check" />
      <span className="min-w-0">{label}</span>
    </label>
  );
}

/** A quiet search box. */
export function SearchField({
  label,
  keys,
  outlined,
  className,
  ...rest
}: Omit<ComponentProps<"input">, "size"> & { label: string; keys?: string; outlined?: boolean }) {
  return (
    <label
      className={cx(
        "flex h-7 items-center gap-2 rounded-2 px-2 text-ink-3 max-phone:h-9 focus-within:shadow-field-focus",
        outlined ? "bg-canvas shadow-ctl" : "bg-sunken dark:bg-raised",
        className,
      )}
    >
      <Icon as={Search} size={14} />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        {...rest}
        className="min-w-0 flex-1 bg-transparent text-ink outline-none [&::-webkit-search-cancel-button]:hidden"
      />
      {keys && <Kbd>{keys}</Kbd>}
    </label>
  );
}
