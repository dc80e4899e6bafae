import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { me } from "@/api/queries";
import { savePreferences } from "@/api/writes";
import { applyTheme, type ThemeChoice } from "@/lib/theme";

/** The reader's theme and how to change it: at once on the page, then kept with the account. */
export function useTheme(): { theme: ThemeChoice; setTheme: (theme: ThemeChoice) => void } {
  const client = useQueryClient();
  const { data } = useQuery({ ...me(), enabled: false });
  const theme = data?.preferences.theme ?? "system";
  const { mutate } = useMutation({
    mutationFn: (next: ThemeChoice) => savePreferences({ ...data?.preferences, theme: next }),
    onMutate: (next) => {
      applyTheme(next);
      client.setQueryData(me().queryKey, (before) =>
        before ? { ...before, preferences: { ...before.preferences, theme: next } } : before,
      );
    },
  });
  return { theme, setTheme: mutate };
}

/** While the choice is `system`, follows the machine as it changes. */
export function useSystemTheme(theme: ThemeChoice) {
  useEffect(() => {
    if (theme !== "system") return;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => applyTheme("system");
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, [theme]);
}
