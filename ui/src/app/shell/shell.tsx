import { Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useHotkey } from "@/lib/hotkeys";
import { useSystemTheme } from "./system-theme";
import { TopBar } from "./top-bar";

const Palette = lazy(async () => ({ default: (await import("./palette")).Palette }));
const Keys = lazy(async () => ({ default: (await import("./keys")).Keys }));

/** The frame of every page behind the sign-in: top bar, page, and the two overlays that are everywhere. */
export function Shell() {
  const [overlay, setOverlay] = useState<"palette" | "keys" | null>(null);
  const close = () => setOverlay(null);
  useHotkey("mod+k", () => setOverlay((before) => (before === "palette" ? null : "palette")));
  useHotkey("?", () => setOverlay("keys"));
  useSystemTheme();
  const busy = useRouterState({ select: (state) => state.isLoading });
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#main" className="skip-link">
        Skip to the page
      </a>
      <TopBar onSearch={() => setOverlay("palette")} onKeys={() => setOverlay("keys")} />
      <main id="main" tabIndex={-1} aria-busy={busy} className="flex min-w-0 flex-1 flex-col outline-none">
        <Outlet />
      </main>
      <Suspense fallback={null}>
        {overlay === "palette" && <Palette onClose={close} onKeys={() => setOverlay("keys")} />}
        {overlay === "keys" && <Keys onClose={close} />}
      </Suspense>
    </div>
  );
}
