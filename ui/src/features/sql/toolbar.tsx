import { AlignLeft, ChevronDown, History, Play, Share, Square } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import type { Engine } from "@/api/types";
import { useModKey } from "@/lib/hotkeys";
import { engineName } from "./format";

interface Props {
  running: boolean;
  engine: Engine;
  /** Of the catalog. */
  kind: string | null;
  database: string | null;
  databases: string[];
  onRun: () => void;
  onStop: () => void;
  onEngine: (engine: Engine) => void;
  onDatabase: (database: string) => void;
  onFormat: () => void;
  onHistory: () => void;
  onShare: () => void;
  /** Nothing where the reader may not save. */
  onSave: (() => void) | undefined;
  children: ReactNode;
}

/** What may run a statement, by what keeps the tables: files are read here, other systems read their own. */
function enginesOf(kind: string | null): Engine[] {
  return ["auto", kind === "trino" || kind === "postgres" ? kind : "embedded"];
}

export function Toolbar(props: Props) {
  const mod = useModKey();
  return (
    <div className="wb-etool" role="toolbar" aria-label="Query">
      {props.running ? (
        <button type="button" className="wb-ctl pri" onClick={props.onStop}>
          <Square size={12} />
          Stop <kbd>Esc</kbd>
        </button>
      ) : (
        <button type="button" className="wb-ctl pri" onClick={props.onRun}>
          <Play size={14} />
          Run <kbd>{mod}↵</kbd>
        </button>
      )}
      <Choice
        label="Engine"
        value={props.engine}
        options={enginesOf(props.kind)}
        name={engineName}
        onChange={props.onEngine}
      />
      <Choice
        label="Database"
        value={props.database ?? ""}
        options={props.databases}
        name={(database) => database}
        onChange={props.onDatabase}
      />
      <span className="wb-vr" />
      <button type="button" className="wb-ib" aria-label="Format" title={`Format, ${mod}⇧F`} onClick={props.onFormat}>
        <AlignLeft size={16} strokeWidth={1.75} />
      </button>
      <button type="button" className="wb-ib" aria-label="History" title="History" onClick={props.onHistory}>
        <History size={16} strokeWidth={1.75} />
      </button>
      <span className="wb-sp" />
      <button type="button" className="wb-ctl ghost" onClick={props.onShare} title="Copy a link that opens this text">
        <Share size={14} />
        <span className="wide">Share</span>
      </button>
      {props.onSave && (
        <button type="button" className="wb-ctl" onClick={props.onSave}>
          Save <kbd>{mod}S</kbd>
        </button>
      )}
      {props.children}
    </div>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  options: T[];
  name: (option: T) => string;
  onChange: (option: T) => void;
}

function Choice<T extends string>({ label, value, options, name, onChange }: ChoiceProps<T>) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="wb-ctl">
        <span className="l">{label}</span>
        {value === "" ? "None" : name(value)}
        <ChevronDown size={14} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="wb-menu" align="start" sideOffset={4}>
          <DropdownMenu.RadioGroup value={value} onValueChange={(option) => onChange(option as T)}>
            {options.map((option) => (
              <DropdownMenu.RadioItem key={option} value={option} className="wb-item">
                {name(option)}
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
