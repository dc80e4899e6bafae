import type { Role } from "@/api/types";
import { lazyOverlay, type Trigger } from "@/ui/overlay/lazy";

export interface UserMenuProps {
  trigger: Trigger;
  name: string;
  email: string;
  role: Role;
}

const Lazy = lazyOverlay<UserMenuProps>("menu", async () => (await import("./user-menu-full")).FullUserMenu);

/** The reader's initials, with their account, theme and sign-out behind them. */
export const UserMenu = ({ name, email, role }: Omit<UserMenuProps, "trigger">) => (
  <Lazy
    name={name}
    email={email}
    role={role}
    trigger={
      // The initials are a picture of the name: drawn, not said.
      <button
        type="button"
        aria-label={`Account of ${name}`}
        data-initials={initials(name)}
        className="before:content-[attr(data-initials)] ml-1.5 grid size-6.5 flex-none place-items-center rounded-full bg-active text-[10px] font-semibold tracking-[0.02em] text-ink-2 max-phone:relative max-phone:after:absolute max-phone:after:-inset-2"
      />
    }
  />
);

/** `Mara Keller` → `MK`. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return ((words[0]?.[0] ?? "?") + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "")).toUpperCase();
}
