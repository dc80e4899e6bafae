import { useRouter } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useState, type MouseEvent } from "react";
import { cx } from "@/lib/cx";
import { Icon } from "../icon";
import { Kbd } from "../kbd";
import type { MenuEntry, MenuProps } from "../menu";
import { surface } from "./surface";

export function FullMenu({
  trigger,
  label,
  entries,
  align = "end",
  width = 208,
  defaultOpen,
}: MenuProps & { defaultOpen: boolean }) {
  const [open, setOpen] = useState(defaultOpen);
  return (
    <DropdownMenu.Root open={open} onOpenChange={setOpen} modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          aria-label={label}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          loop
          className={surface("p-1")}
          style={{ minWidth: width }}
        >
          {entries.map((entry, i) => (
            <Entry key={i} entry={entry} onFollow={() => setOpen(false)} />
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Entry({ entry, onFollow }: { entry: MenuEntry; onFollow: () => void }) {
  const router = useRouter();
  if (entry === "separator") return <DropdownMenu.Separator className="mx-2 my-1 h-px bg-line" />;
  if ("heading" in entry) {
    return <DropdownMenu.Label className="px-2 pt-1.5 pb-1 text-small text-ink-3">{entry.heading}</DropdownMenu.Label>;
  }
  const { label, icon, keys, note, danger, disabled, checked, onSelect, href } = entry;
  const body = (
    <>
      {checked !== undefined && (
        <span className="grid w-4 place-items-center">{checked && <Icon as={Check} size={14} />}</span>
      )}
      {icon && <Icon as={icon} size={16} className={danger ? undefined : "text-ink-3"} />}
      <span className="flex-1">{label}</span>
      {note && <span className="text-small text-ink-3">{note}</span>}
      {keys && <Kbd>{keys}</Kbd>}
    </>
  );
  const className = cx(
    "flex h-7 cursor-default items-center gap-2 rounded-row px-2 whitespace-nowrap outline-none select-none max-phone:h-10",
    "data-highlighted:bg-active data-disabled:opacity-45",
    danger && "text-bad",
  );
  if (checked !== undefined) {
    return (
      <DropdownMenu.CheckboxItem className={className} checked={checked} disabled={disabled} onSelect={onSelect}>
        {body}
      </DropdownMenu.CheckboxItem>
    );
  }
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || !href) return;
    event.preventDefault();
    router.history.push(href);
    // A click whose default is prevented is none to the menu.
    onFollow();
  };
  return href ? (
    <DropdownMenu.Item asChild disabled={disabled}>
      <a href={href} className={className} onClick={follow}>
        {body}
      </a>
    </DropdownMenu.Item>
  ) : (
    <DropdownMenu.Item className={className} disabled={disabled} onSelect={onSelect}>
      {body}
    </DropdownMenu.Item>
  );
}
