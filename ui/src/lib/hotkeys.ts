import { useEffect, useEffectEvent, useSyncExternalStore } from "react";

/**
 * A key by name, with modifiers before it: `mod+k`, `mod+shift+f`, `?`, `e`, `Escape`.
 * `mod` is ⌘ on Apple machines and Ctrl elsewhere; Shift counts only for keys that it does not change.
 */
export function matches(event: KeyboardEvent, key: string): boolean {
  const parts = key.split("+");
  const name = parts.pop() ?? "";
  const mod = parts.includes("mod");
  if (mod !== (event.metaKey || event.ctrlKey) || event.altKey !== parts.includes("alt")) return false;
  const letter = /^[a-z0-9]$/i.test(name);
  if ((letter || name.length > 1) && event.shiftKey !== parts.includes("shift")) return false;
  return event.key.toLowerCase() === name.toLowerCase();
}

/** Whether keys belong to a text field, so that plain letters must not act. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
}

/** Runs `act` on a key anywhere in the page. Plain keys rest while someone types or a dialog is open. */
export function useHotkey(key: string, act: (event: KeyboardEvent) => void, enabled = true) {
  const run = useEffectEvent(act);
  useEffect(() => {
    if (!enabled) return;
    const plain = !key.includes("mod+") && key !== "Escape";
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || !matches(event, key)) return;
      if (
        plain &&
        (isTyping(event.target) ||
          document.querySelector('[role$="dialog"][data-state="open"], [role="menu"], form details[open]'))
      )
        return;
      event.preventDefault();
      run(event);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [key, enabled]);
}

const never = () => () => {};
const apple = () => /Mac|iPhone|iPad/.test(navigator.platform);

/** How the command key is written here: `⌘` on Apple machines (and on the server), else `Ctrl `. */
export const useModKey = (): string => (useSyncExternalStore(never, apple, () => true) ? "⌘" : "Ctrl ");
