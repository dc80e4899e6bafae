import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
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
