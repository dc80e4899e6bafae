import { useQueryClient } from "@tanstack/react-query";
import { Copy } from "lucide-react";
import { useId, useState } from "react";
import { saveDashboard } from "@/api/dashboards";
import { dashboardBySlug } from "@/api/queries";
import { Button } from "@/ui/button";
import { Failure } from "@/ui/failure";
import { Checkbox, Input } from "@/ui/field";
import { useChoice } from "@/ui/use-choice";
import type { Dashboard } from "./definition";

/** Who may read the dashboard, and the addresses to hand out. */
export function SharePanel({ dashboard }: { dashboard: Dashboard }) {
  const client = useQueryClient();
  const open = useChoice(dashboard.public, {
    // Over the version that was read: nobody makes public what someone else has just changed.
    mutationFn: (chosen: boolean) => saveDashboard(dashboard, { public: chosen }),
    onSuccess: (saved) => {
      client.setQueryData(dashboardBySlug(dashboard.slug).queryKey, saved);
      void client.invalidateQueries({ queryKey: ["dashboards"], exact: true });
    },
  });
  const address = `${window.location.origin}/d/${dashboard.slug}`;
  return (
    <div className="flex flex-col gap-3">
      <CopyLine label="Link with these filters" text={window.location.href} />
      <Checkbox
        label="Anyone with the address can read this dashboard"
        className="font-medium"
        checked={open.shown}
        disabled={open.saving}
        onChange={(event) => open.choose(event.target.checked)}
      />
      {dashboard.public && <CopyLine label="Public address" text={address} />}
      <p className="text-small text-ink-2">
        Readers do not sign in, and see everything on it: all rows and columns of its tiles, for every setting of its
        filters. The queries they cause are charged to “Public”.
      </p>
      <p className="text-small text-ink-2">
        Once this is off, the server shows them nothing. Copies in browsers and CDNs live on for up to 11 minutes, or as
        long as the server is set to allow.
      </p>
      {open.error && <Failure error={open.error} what="Who may read it" />}
    </div>
  );
}

function CopyLine({ label, text }: { label: string; text: string }) {
  const id = useId();
  const [done, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-small text-ink-2">
        {label}
      </label>
      <div className="flex items-center gap-1.5">
        <Input id={id} size="md" readOnly value={text} onFocus={(event) => event.target.select()} />
        <Button icon={Copy} onClick={() => void copy()} aria-label={`Copy: ${label}`}>
          <span aria-live="polite">{done ? "Copied" : "Copy"}</span>
        </Button>
      </div>
    </div>
  );
}
