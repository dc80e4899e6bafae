import { Popover as Radix } from "radix-ui";
import { useEffect, useEffectEvent, useState } from "react";
import type { PopoverProps } from "../popover";
import { surface } from "./surface";

export function FullPopover(props: PopoverProps & { defaultOpen: boolean }) {
  const { trigger, label, align = "start", width, className, children, onOpenChange, defaultOpen } = props;
  const [open, setOpen] = useState(defaultOpen);
  const announce = useEffectEvent((now: boolean) => onOpenChange?.(now));
  useEffect(() => announce(open), [open]);
  return (
    <Radix.Root open={open} onOpenChange={setOpen}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className={surface(className)}
          style={{ width, maxWidth: "calc(100vw - 16px)" }}
        >
          {children(() => setOpen(false))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
