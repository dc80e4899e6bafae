import { Monitor, Moon, Sun, type LucideIcon } from "lucide-react";
import type { ThemeChoice } from "@/lib/theme";
import { Icon } from "@/ui/icon";
import { useTheme } from "@/ui/use-theme";

const THEMES: [ThemeChoice, string, LucideIcon][] = [
  ["system", "As the system", Monitor],
  ["light", "Light", Sun],
  ["dark", "Dark", Moon],
];

export function ThemePicker() {
  const { theme, setTheme } = useTheme();
  return (
    <fieldset className="flex flex-wrap gap-x-6 gap-y-1">
      <legend className="sr-only">Theme</legend>
      {THEMES.map(([id, label, icon]) => (
        <label key={id} className="flex h-7 items-center gap-2 max-phone:h-10">
          <input type="radio" name="theme" className="check" checked={theme === id} onChange={() => setTheme(id)} />
          <Icon as={icon} size={14} className="text-ink-3" />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
