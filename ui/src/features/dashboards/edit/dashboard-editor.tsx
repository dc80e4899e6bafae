import type { Dashboard } from "../definition";

export function DashboardEditor(_: { dashboard: Dashboard; onLeave: () => void }) {
  return null;
}
