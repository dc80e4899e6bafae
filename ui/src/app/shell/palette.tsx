import { useRouter } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { Dialog } from "radix-ui";
import { useId, useState, type KeyboardEvent } from "react";
import { cx } from "@/lib/cx";
import { Icon } from "@/ui/icon";
import { Kbd } from "@/ui/kbd";
import { useModKey } from "@/lib/hotkeys";
import { usePaletteGroups, type Hit } from "./palette-groups";

/** The command palette: find anything by name, then open it or do it. */
export function Palette({ onClose, onKeys }: { onClose: () => void; onKeys: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const router = useRouter();
  const mod = useModKey();
  const list = useId();
  const groups = usePaletteGroups(text, { onKeys });
  const hits = groups.flatMap((group) => group.hits);
  const current = hits[Math.min(at, hits.length - 1)];

  const take = (hit: Hit, elsewhere: boolean) => {
    if ("href" in hit.action && elsewhere) {
      window.open(hit.action.href, "_blank", "noopener");
      return;
    }
    onClose();
    if ("href" in hit.action) router.history.push(hit.action.href);
    else hit.action.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && hits.length) {
      event.preventDefault();
      const next = (Math.min(at, hits.length - 1) + step + hits.length) % hits.length;
      setAt(next);
      document.getElementById(`${list}-${hits[next]?.id}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && current && !event.nativeEvent.isComposing) {
      event.preventDefault();
      take(current, event.metaKey || event.ctrlKey);
    }
  };

  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-20 animate-fade bg-scrim" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-30 left-1/2 z-30 flex max-h-[min(640px,calc(100dvh-144px))] w-156 max-w-[calc(100vw-24px)] -translate-x-1/2 animate-fade flex-col overflow-hidden rounded-3 bg-raised shadow-modal outline-none max-phone:top-3"
        >
          <Dialog.Title className="sr-only">Search or jump to</Dialog.Title>
          <div className="flex h-12 flex-none items-center gap-2.5 border-b border-line px-4 text-[15px]">
            <Icon as={Search} className="text-ink-3" />
            <input
              role="combobox"
              aria-expanded
              aria-controls={list}
              aria-activedescendant={current && `${list}-${current.id}`}
              aria-label="Search or jump to"
              placeholder="Search or jump to"
              spellCheck={false}
              value={text}
              onChange={(event) => {
                setText(event.target.value);
                setAt(0);
              }}
              onKeyDown={onKeyDown}
              className="min-w-0 flex-1 bg-transparent outline-none"
            />
            <Kbd className="text-ink-2!">Esc</Kbd>
          </div>
          <div id={list} role="listbox" aria-label="Found" className="min-h-0 overflow-y-auto pb-1">
            {groups.map(({ title, hits: found }) => (
              <div key={title} role="group" aria-label={title} className="px-2 pt-2 pb-1">
                <h3 className="px-2 pt-0.5 pb-1 text-small font-medium text-ink-3">{title}</h3>
                {found.map((hit) => (
                  // Keys arrive at the input, which names the current option.
                  // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
                  <div
                    key={hit.id}
                    id={`${list}-${hit.id}`}
                    role="option"
                    tabIndex={-1}
                    aria-selected={hit === current}
                    onPointerMove={() => setAt(hits.indexOf(hit))}
                    onClick={(event) => take(hit, event.metaKey || event.ctrlKey)}
                    className={cx(
                      "flex h-8.5 cursor-default items-center gap-2.5 rounded-2 px-2 whitespace-nowrap max-phone:h-10",
                      hit === current && "bg-active",
                    )}
                  >
                    <Icon as={hit.icon} className="text-ink-3" />
                    <span className="truncate">
                      <Marked text={hit.title} query={text.trim()} />
                    </span>
                    {hit.note && <span className="ml-0.5 truncate text-small text-ink-3">{hit.note}</span>}
                    <span className="ml-auto">
                      {hit === current ? <Kbd className="text-ink-2!">↵</Kbd> : hit.keys && <Kbd>{hit.keys}</Kbd>}
                    </span>
                  </div>
                ))}
              </div>
            ))}
            {hits.length === 0 && <p className="px-4 py-4 text-ink-2">Nothing here is called “{text.trim()}”.</p>}
          </div>
          <div className="flex flex-none gap-4.5 border-t border-line px-4 py-2.25 text-small text-ink-3 max-phone:hidden">
            <span>
              <Kbd className="text-ink-2!">↑</Kbd>
              <Kbd className="text-ink-2!">↓</Kbd> move
            </span>
            <span>
              <Kbd className="text-ink-2!">↵</Kbd> open
            </span>
            <span>
              <Kbd className="text-ink-2!">{mod}↵</Kbd> open in a new tab
            </span>
            <span className="ml-auto">
              <Kbd className="text-ink-2!">?</Kbd> all keys
            </span>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** The text with the matched part set in the accent. */
function Marked({ text, query }: { text: string; query: string }) {
  const at = query ? text.toLowerCase().indexOf(query.toLowerCase()) : -1;
  if (at < 0) return text;
  return (
    <>
      {text.slice(0, at)}
      <mark className="bg-transparent font-semibold text-accent-text">{text.slice(at, at + query.length)}</mark>
      {text.slice(at + query.length)}
    </>
  );
}
