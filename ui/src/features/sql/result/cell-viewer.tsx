import { Copy, X } from "lucide-react";
import { useEffect, useRef } from "react";
import type { CellType, Raw } from "./arrow";
import { exactText, jsonText } from "./cells";
import { toClipboard } from "./clipboard";

/** JSON laid out for reading, when the text is JSON; digits stay as they were written. */
function readable(raw: Raw, type: CellType): string {
  const exact = exactText(raw, type);
  if (exact === null) return "";
  const nested = type.kind === "list" || type.kind === "map" || type.kind === "struct";
  const json = nested ? jsonText(raw, type) : /^\s*[[{]/.test(exact) ? exact : null;
  return json === null ? exact : (indentJson(json) ?? exact);
}

/** Indents JSON text without reading its numbers, which may be longer than a double can hold; null if it is none. */
export function indentJson(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let depth = 0;
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  const line = () => `\n${"  ".repeat(depth)}`;
  let out = "";
  parts.forEach((part, index) => {
    const closes = parts[index + 1] === "}" || parts[index + 1] === "]";
    if (part === "{" || part === "[") {
      depth += 1;
      out += closes ? part : part + line();
    } else if (part === "}" || part === "]") {
      depth -= 1;
      const before = parts[index - 1];
      out += before === "{" || before === "[" ? part : line() + part;
    } else if (part === ",") out += part + line();
    else out += part === ":" ? ": " : part;
  });
  return out;
}

interface Props {
  name: string;
  typeName: string;
  row: number;
  raw: Raw;
  type: CellType;
  onClose: () => void;
}

export function CellViewer({ name, typeName, row, raw, type, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const text = readable(raw, type);
  return (
    <dialog ref={dialog} className="wb-dlg wide" aria-label={`${name}, row ${row + 1}`} onClose={onClose}>
      <header>
        <h2>
          {name} <span className="t">{typeName}</span>
        </h2>
        <span className="wb-mut">row {row + 1}</span>
        <span className="wb-sp" />
        <button type="button" className="wb-ctl sm" onClick={() => void toClipboard(exactText(raw, type) ?? "")}>
          <Copy size={14} />
          Copy
        </button>
        <button
          type="button"
          className="wb-ib sm"
          aria-label="Close"
          title="Close"
          onClick={() => dialog.current?.close()}
        >
          <X size={16} />
        </button>
      </header>
      {raw === null || raw === undefined ? (
        <p className="null">null</p>
      ) : text === "" ? (
        <p className="wb-mut">An empty string</p>
      ) : (
        <textarea readOnly value={text} aria-label="Value" rows={Math.min(24, text.split("\n").length + 1)} />
      )}
    </dialog>
  );
}
