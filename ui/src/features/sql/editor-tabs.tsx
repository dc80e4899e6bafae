import { FileCode, Plus, X } from "lucide-react";
import { useState, type KeyboardEvent } from "react";
import { isDirty, type Draft } from "./drafts";

interface Props {
  tabs: Draft[];
  active: string;
  onShow: (key: string) => void;
  onClose: (key: string) => void;
  onRename: (key: string, title: string) => void;
  onNew: () => void;
}

/** Names are edited in place: a double click, or F2. */
export function EditorTabs({ tabs, active, onShow, onClose, onRename, onNew }: Props) {
  const [renaming, setRenaming] = useState<string | null>(null);
  const onKey = (event: KeyboardEvent<HTMLElement>, index: number) => {
    const tab = tabs[index];
    if (!tab) return;
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = tabs[(index + step + tabs.length) % tabs.length];
    if (step !== 0 && next) {
      onShow(next.key);
      document.getElementById(`wb-tab-${next.key}`)?.focus();
    } else if (event.key === "F2") setRenaming(tab.key);
    else if (event.key === "Delete") onClose(tab.key);
    else return;
    event.preventDefault();
  };
  const rename = (tab: Draft, title: string) => {
    setRenaming(null);
    if (title.trim() !== "") onRename(tab.key, title.trim());
  };
  return (
    <div className="wb-etabs">
      <div role="group" aria-label="Open queries" className="wb-etablist">
        {tabs.map((tab, index) => (
          <div key={tab.key} className={tab.key === active ? "wb-etab on" : "wb-etab"}>
            {renaming === tab.key ? (
              <input
                className="wb-rename"
                aria-label="Name of this query"
                defaultValue={tab.title}
                // The person just asked to type here.
                ref={(input) => input?.select()}
                onBlur={(event) => rename(tab, event.target.value)}
                onKeyDown={(event) => {
                  if (event.key === "Enter") rename(tab, event.currentTarget.value);
                  if (event.key === "Escape") setRenaming(null);
                }}
              />
            ) : (
              <button
                type="button"
                id={`wb-tab-${tab.key}`}
                aria-current={tab.key === active}
                tabIndex={tab.key === active ? 0 : -1}
                title="Double-click to rename"
                onClick={() => onShow(tab.key)}
                onDoubleClick={() => setRenaming(tab.key)}
                onAuxClick={(event) => event.button === 1 && onClose(tab.key)}
                onKeyDown={(event) => onKey(event, index)}
              >
                <FileCode size={14} />
                <span className="name">{tab.title}</span>
                {isDirty(tab) ? <span className="dot" title="Not saved" role="img" aria-label="not saved" /> : null}
              </button>
            )}
            {tabs.length > 1 || isDirty(tab) ? (
              <button
                type="button"
                className="x"
                aria-label={`Close ${tab.title}`}
                title="Close"
                tabIndex={-1}
                onClick={() => onClose(tab.key)}
              >
                <X size={14} />
              </button>
            ) : null}
          </div>
        ))}
      </div>
      <button type="button" className="wb-ib sm" aria-label="New query" title="New query" onClick={onNew}>
        <Plus size={16} strokeWidth={1.75} />
      </button>
    </div>
  );
}
