import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { me } from "@/api/queries";
import { applyTheme } from "@/lib/theme";

/** While the reader's choice is the system's theme, follows the machine as it changes. */
export function useSystemTheme() {
  const theme = useQuery({ ...me(), enabled: false }).data?.preferences.theme ?? "system";
  useEffect(() => {
    if (theme !== "system") return;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => applyTheme("system");
    dark.addEventListener("change", follow);
    return () => dark.removeEventListener("change", follow);
  }, [theme]);
}
