export type ThemeChoice = "system" | "light" | "dark";

/** Puts the choice on the document; `system` follows the machine as it is now. */
export function applyTheme(choice: ThemeChoice) {
  const dark = choice === "dark" || (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
}
