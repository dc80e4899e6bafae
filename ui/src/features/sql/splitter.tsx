import { useRef, type KeyboardEvent, type PointerEvent } from "react";

interface Props {
  /** Share of the pane above, 0 to 1. */
  value: number;
  onChange: (value: number) => void;
}

const clamp = (value: number) => Math.min(0.85, Math.max(0.15, value));

/** The line between editor and results: drag it, or use the arrow keys. */
export function Splitter({ value, onChange }: Props) {
  const dragging = useRef(false);
  const share = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.parentElement?.getBoundingClientRect();
    return box ? clamp((event.clientY - box.top) / box.height) : value;
  };
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const step = { ArrowUp: -0.04, ArrowDown: 0.04, Home: -1, End: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    onChange(clamp(value + step));
  };
  return (
    <div
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the editor"
      aria-valuenow={Math.round(value * 100)}
      aria-valuemin={15}
      aria-valuemax={85}
      tabIndex={0}
      className="wb-split"
      onKeyDown={onKey}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        dragging.current = true;
      }}
      onPointerMove={(event) => dragging.current && onChange(share(event))}
      onPointerUp={() => {
        dragging.current = false;
      }}
      onDoubleClick={() => onChange(0.5)}
    />
  );
}
