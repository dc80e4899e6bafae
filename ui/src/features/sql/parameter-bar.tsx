import { DropdownMenu } from "radix-ui";
import { Calendar, CalendarDays, ChevronDown, Hash, List, Type } from "lucide-react";
import { useRef } from "react";
import { valueProblem, type Parameter, type ParameterType } from "./text/parameters";

interface Props {
  parameters: Parameter[];
  types: Record<string, ParameterType>;
  values: Record<string, string>;
  onValue: (name: string, text: string) => void;
  onType: (name: string, type: ParameterType) => void;
}

const TYPES: { type: ParameterType; label: string; icon: typeof Type }[] = [
  { type: "text", label: "Text", icon: Type },
  { type: "number", label: "Number", icon: Hash },
  { type: "date", label: "Date", icon: Calendar },
  { type: "list", label: "List", icon: List },
];

const EXAMPLES: Record<ParameterType, string> = {
  text: "Text",
  number: "Number",
  date: "Date",
  list: "CA, TX, …",
};

/** One typed field per `{{name}}` of the text. */
export function ParameterBar({ parameters, types, values, onValue, onType }: Props) {
  if (parameters.length === 0) return null;
  return (
    <div className="wb-params" role="group" aria-label="Parameters">
      {parameters.map((parameter) => {
        const type = types[parameter.name] ?? parameter.inferred;
        const value = values[parameter.name] ?? "";
        const problem = valueProblem(type, value);
        const Icon = (TYPES.find((each) => each.type === type) ?? TYPES[0])?.icon ?? Type;
        return (
          <span key={parameter.name} className="wb-pm">
            <label htmlFor={`wb-param-${parameter.name}`}>{parameter.name}</label>
            <span className={problem ? "wb-pfield bad" : "wb-pfield"}>
              <DropdownMenu.Root modal={false}>
                <DropdownMenu.Trigger
                  className="wb-ptype"
                  aria-label={`Type of ${parameter.name}: ${type}`}
                  title={`Type: ${type}`}
                >
                  <Icon size={13} />
                  <ChevronDown size={10} />
                </DropdownMenu.Trigger>
                <DropdownMenu.Portal>
                  <DropdownMenu.Content className="wb-menu" align="start" sideOffset={4}>
                    <DropdownMenu.RadioGroup
                      value={type}
                      onValueChange={(chosen) => onType(parameter.name, chosen as ParameterType)}
                    >
                      {TYPES.map((each) => (
                        <DropdownMenu.RadioItem key={each.type} value={each.type} className="wb-item">
                          <each.icon size={14} />
                          {each.label}
                        </DropdownMenu.RadioItem>
                      ))}
                    </DropdownMenu.RadioGroup>
                  </DropdownMenu.Content>
                </DropdownMenu.Portal>
              </DropdownMenu.Root>
              <input
                id={`wb-param-${parameter.name}`}
                className={type}
                type="text"
                inputMode={type === "number" ? "decimal" : undefined}
                value={value}
                placeholder={parameter.optional ? "Not set" : EXAMPLES[type]}
                aria-invalid={problem !== null}
                title={problem ?? (type === "list" ? "Entries with commas between them" : undefined)}
                onChange={(event) => onValue(parameter.name, event.target.value)}
              />
              {type === "date" ? (
                <DatePick name={parameter.name} value={value} onPick={(picked) => onValue(parameter.name, picked)} />
              ) : null}
            </span>
          </span>
        );
      })}
    </div>
  );
}

/** The browser's calendar beside a field that always shows ISO dates, whatever the browser's language. */
function DatePick({ name, value, onPick }: { name: string; value: string; onPick: (value: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <span className="wb-pick">
      <input
        ref={field}
        type="date"
        tabIndex={-1}
        aria-label={`${name}, calendar`}
        value={/^\d{4}-\d{2}-\d{2}$/.test(value) ? value : ""}
        onChange={(event) => onPick(event.target.value)}
      />
      <button
        type="button"
        aria-label={`Choose ${name} from a calendar`}
        title="Calendar"
        onClick={() => field.current?.showPicker()}
      >
        <CalendarDays size={13} />
      </button>
    </span>
  );
}
