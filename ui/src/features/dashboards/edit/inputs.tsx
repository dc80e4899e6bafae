import { Play } from "lucide-react";
import { useState, type ComponentProps } from "react";
import { flushSync } from "react-dom";
import { Button } from "@/ui/button";
import { Input, TextArea } from "@/ui/field";

/** A line of text that is told when it is left or Enter is pressed, so that undo takes back a thought, not a letter. */
export function Late({
  value,
  onDone,
  ...control
}: { value: string; onDone: (value: string) => void } & Pick<ComponentProps<typeof Input>, "id" | "mono">) {
  const [text, setText] = useState(value);
  const done = (): void => {
    if (text !== value) onDone(text);
  };
  return (
    <Input
      size="md"
      {...control}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={done}
      onKeyDown={(event) => event.key === "Enter" && done()}
    />
  );
}

/** Takes over what is being typed, before its field goes or what is saved is read. */
export function leaveField(): void {
  const field = document.activeElement;
  if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) flushSync(() => field.blur());
}

/** A statement that is told when it is run or left, so that nothing typed is lost. */
export function SqlField({
  label,
  sql: stored,
  rows = 10,
  onRun,
}: {
  label: string;
  sql: string;
  rows?: number;
  onRun: (sql: string) => void;
}) {
  const [sql, setSql] = useState(stored);
  // An undo or an earlier version is what it holds now.
  const [shown, setShown] = useState(stored);
  if (shown !== stored) {
    setShown(stored);
    setSql(stored);
  }
  const run = (): void => {
    if (sql !== stored) onRun(sql);
  };
  return (
    <>
      <TextArea
        aria-label={label}
        className="le-sql font-mono"
        spellCheck={false}
        rows={rows}
        value={sql}
        onChange={(event) => setSql(event.target.value)}
        // Not where the whole window was left: it has the focus still.
        onBlur={(event) => document.activeElement !== event.currentTarget && run()}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
          event.preventDefault();
          run();
        }}
      />
      <Button size="sm" icon={Play} disabled={sql === stored} onClick={run}>
        Run
      </Button>
    </>
  );
}
