import { count } from "../format";

export type Pane = "results" | "chart" | "history";

const PANES: { pane: Pane; label: string }[] = [
  { pane: "results", label: "Results" },
  { pane: "chart", label: "Chart" },
  { pane: "history", label: "History" },
];

export function PaneTabs({ pane, rows, onPane }: { pane: Pane; rows: number | null; onPane: (pane: Pane) => void }) {
  return (
    <div className="wb-rtabs" role="tablist" aria-label="Result">
      {PANES.map(({ pane: each, label }, index) => (
        <button
          key={each}
          type="button"
          role="tab"
          id={`wb-pane-${each}`}
          aria-controls="wb-pane"
          aria-selected={pane === each}
          tabIndex={pane === each ? 0 : -1}
          onClick={() => onPane(each)}
          onKeyDown={(event) => {
            const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
            const next = PANES[(index + step + PANES.length) % PANES.length];
            if (step === 0 || !next) return;
            onPane(next.pane);
            document.getElementById(`wb-pane-${next.pane}`)?.focus();
          }}
        >
          {label}
          {each === "results" && rows !== null ? <span className="n">{count(rows)}</span> : null}
        </button>
      ))}
    </div>
  );
}
