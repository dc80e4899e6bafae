import { Globe } from "lucide-react";
import { Icon } from "./icon";

/** Says of a dashboard that people read it without signing in. */
export const PublicMark = () => (
  <span
    title="Anyone with the address can read it"
    className="inline-flex flex-none items-center gap-1 rounded-2 px-1.5 py-0.5 text-small text-ink-2 shadow-ctl"
  >
    <Icon as={Globe} size={12} />
    Public
  </span>
);
