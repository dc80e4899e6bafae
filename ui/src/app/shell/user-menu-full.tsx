import { useMutation } from "@tanstack/react-query";
import { LogOut, Monitor, Moon, Plug, Settings, Sun, UserRound, Users, type LucideIcon } from "lucide-react";
import { logout } from "@/api/writes";
import type { ThemeChoice } from "@/lib/theme";
import type { MenuEntry } from "@/ui/menu";
import { FullMenu } from "@/ui/overlay/menu";
import { useTheme } from "@/ui/use-theme";
import type { UserMenuProps } from "./user-menu";

const THEMES: { id: ThemeChoice; label: string; icon: LucideIcon }[] = [
  { id: "system", label: "As the system", icon: Monitor },
  { id: "light", label: "Light", icon: Sun },
  { id: "dark", label: "Dark", icon: Moon },
];

const ADMINISTRATION: MenuEntry[] = [
  { label: "Connections", icon: Plug, href: "/admin/connections" },
  { label: "People", icon: UserRound, href: "/admin/people" },
  { label: "Groups", icon: Users, href: "/admin/groups" },
];

export function FullUserMenu({ trigger, name, email, role, defaultOpen }: UserMenuProps & { defaultOpen: boolean }) {
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
    ...(role === "admin" ? ADMINISTRATION : []),
    { label: "Settings", icon: Settings, href: "/settings" },
    { label: "Sign out", icon: LogOut, onSelect: () => signOut.mutate() },
  ];
  return <FullMenu label="Account" entries={entries} trigger={trigger} defaultOpen={defaultOpen} />;
}
