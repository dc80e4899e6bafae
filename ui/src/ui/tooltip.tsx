import { cloneElement, useEffect, useId, useRef, useState, type ReactElement, type ReactNode } from "react";

interface Anchor {
  onPointerEnter?: (event: { currentTarget: Element }) => void;
  onPointerLeave?: () => void;
  onFocus?: (event: { currentTarget: Element }) => void;
  onBlur?: () => void;
  "aria-describedby"?: string;
}

/** A remark that shows after a moment on hover and focus. For plain names `title` on the button is enough. */
export function Tooltip({ content, children }: { content: ReactNode; children: ReactElement<Anchor> }) {
  const id = useId();
  const tip = useRef<HTMLSpanElement>(null);
  const [anchor, setAnchor] = useState<Element | null>(null);
  const [wanted, setWanted] = useState<Element | null>(null);

  useEffect(() => {
    if (!wanted) return;
    const timer = setTimeout(() => setAnchor(wanted), 400);
    return () => clearTimeout(timer);
  }, [wanted]);
  useEffect(() => {
    const node = tip.current;
    if (!anchor || !node) return;
    node.showPopover();
    const at = anchor.getBoundingClientRect();
    const left = Math.min(
      Math.max(8, at.left + at.width / 2 - node.offsetWidth / 2),
      window.innerWidth - node.offsetWidth - 8,
    );
    const below = at.bottom + 6 + node.offsetHeight < window.innerHeight;
    node.style.left = `${left}px`;
    node.style.top = `${below ? at.bottom + 6 : at.top - 6 - node.offsetHeight}px`;
  }, [anchor]);

  const show = (event: { currentTarget: Element }) => setWanted(event.currentTarget);
  const hide = () => {
    setWanted(null);
    setAnchor(null);
  };
  return (
    <>
      {cloneElement(children, {
        onPointerEnter: show,
        onPointerLeave: hide,
        onFocus: show,
        onBlur: hide,
        ...(anchor ? { "aria-describedby": id } : {}),
      })}
      {anchor && (
        <span
          ref={tip}
          id={id}
          role="tooltip"
          popover="manual"
          className="fixed m-0 max-w-72 rounded-2 bg-ink px-2 py-1 text-small text-canvas"
        >
          {content}
        </span>
      )}
    </>
  );
}
