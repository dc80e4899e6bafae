import { useMutation } from "@tanstack/react-query";
import { LogOut, Monitor, Moon, Settings, Sun } from "lucide-react";
import { logout } from "@/api/writes";
import type { ThemeChoice } from "@/lib/theme";
import { Menu, type MenuEntry } from "@/ui/menu";
import { useTheme } from "@/ui/use-theme";

const THEMES: { id: ThemeChoice; label: string; icon: typeof Sun }[] = [
  { id: "system", label: "As the system", icon: Monitor },
  { id: "light", label: "Light", icon: Sun },
  { id: "dark", label: "Dark", icon: Moon },
];

export function UserMenu({ name, email }: { name: string; email: string }) {
  const { theme, setTheme } = useTheme();
  const signOut = useMutation({ mutationFn: logout, onSuccess: () => window.location.assign("/signin") });
  const entries: MenuEntry[] = [
    {
      heading: (
        <>
          <span className="block text-base font-strong text-ink">{name}</span>
          {email}
        </>
      ),
    },
    "separator",
    { heading: "Theme" },
    ...THEMES.map(({ id, label, icon }) => ({ label, icon, checked: theme === id, onSelect: () => setTheme(id) })),
    "separator",
    { label: "Settings", icon: Settings, href: "/settings" },
    { label: "Sign out", icon: LogOut, onSelect: () => signOut.mutate() },
  ];
  return (
    <Menu
      label="Account"
      entries={entries}
      trigger={
        <button
          type="button"
          aria-label={`Account of ${name}`}
          className="ml-1.5 grid size-6.5 flex-none place-items-center rounded-full bg-active text-[10px] font-semibold tracking-[0.02em] text-ink-2 max-phone:relative max-phone:after:absolute max-phone:after:-inset-2"
        >
          {initials(name)}
        </button>
      }
    />
  );
}

/** `Mara Keller` → `MK`. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return ((words[0]?.[0] ?? "?") + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "")).toUpperCase();
}
