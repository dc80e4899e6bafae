import { cloneElement, useState, type ComponentType, type KeyboardEvent, type ReactElement } from "react";

interface TriggerProps {
  onClick?: (event: unknown) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  onPointerEnter?: () => void;
  onFocus?: () => void;
  "aria-haspopup"?: "menu" | "dialog";
  "aria-expanded"?: boolean;
}

/** Any element that takes button props and passes on its ref. */
export type Trigger = ReactElement<TriggerProps>;

/**
 * Makes an overlay whose code arrives when its trigger is pointed at, focused or pressed: until then
 * only the plain trigger is there. `load` brings the component that takes over, open.
 */
export function lazyOverlay<P extends { trigger: Trigger }>(
  kind: "menu" | "dialog",
  load: () => Promise<ComponentType<P & { defaultOpen: boolean }>>,
) {
  let loaded: ComponentType<P & { defaultOpen: boolean }> | undefined;
  const ready = async () => (loaded ??= await load());

  return function Overlay(props: P) {
    const [Full, setFull] = useState<ComponentType<P & { defaultOpen: boolean }> | null>(null);
    if (Full) return <Full {...props} defaultOpen />;
    const open = () => void ready().then((component) => setFull(() => component));
    return cloneElement(props.trigger, {
      "aria-haspopup": kind,
      "aria-expanded": false,
      onClick: open,
      onKeyDown: (event) => {
        if (event.key === "ArrowDown") open();
      },
      onPointerEnter: () => void ready(),
      onFocus: () => void ready(),
    });
  };
}
