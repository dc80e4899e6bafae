import type { Role } from "@/api/types";

/** What each role is called, and what it may do beyond the one before. */
export const ROLES: Record<Role, { label: string; may: string }> = {
  viewer: { label: "Viewer", may: "Opens dashboards and runs SQL." },
  editor: { label: "Editor", may: "Also saves queries, charts and dashboards, and makes dashboards public." },
  admin: { label: "Administrator", may: "Also manages people, connections and budgets, and sees everyone’s history." },
};
