import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useRef } from "react";
import { savedQuery } from "@/api/queries";
import { asApiError } from "./api";
import type { Draft } from "./drafts";
import { draftOf } from "./saved-query";

interface Handlers {
  onDraft: (draft: Partial<Draft>) => void;
  onProblem: (text: string) => void;
}

/**
 * Keeps address and tabs together. What the address names is opened: a saved query (`/sql/{id}`), or a text that
 * someone shared (`/sql?sql=…`). After that the shown tab leads, and the address follows it.
 */
export function useAddress(shownId: string | undefined, { onDraft, onProblem }: Handlers): void {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id: routeId } = useParams({ strict: false }) as { id?: string };
  const { sql, catalog, database } = useSearch({ strict: false }) as {
    sql?: string;
    catalog?: string;
    database?: string;
  };
  const opening = useRef<string | null>(null);
  /** The first address is read even if its query is shown already: it may have been saved elsewhere since. */
  const settled = useRef(false);

  const openSaved = useEffectEvent(async (id: string) => {
    if (settled.current && id === shownId) return;
    opening.current = id;
    try {
      const query = await client.fetchQuery({ ...savedQuery(id), staleTime: 0 });
      if (opening.current !== id) return;
      opening.current = null;
      settled.current = true;
      onDraft(draftOf(query));
    } catch (error) {
      if (opening.current === id) opening.current = null;
      onProblem(`That query could not be opened. ${asApiError(error).message}`);
    }
  });
  const openShared = useEffectEvent((text: string) => {
    settled.current = true;
    onDraft({ sql: text, catalog: catalog ?? null, database: database ?? null });
    void navigate({ to: "/sql", search: {}, replace: true });
  });
  const follow = useEffectEvent((id: string | undefined) => {
    // What the address brings is not shown yet.
    if (opening.current !== null || id === routeId || sql !== undefined) return;
    settled.current = true;
    void (id === undefined
      ? navigate({ to: "/sql", search: {}, replace: true })
      : navigate({ to: "/sql/$id", params: { id }, replace: true }));
  });

  useEffect(() => {
    if (routeId !== undefined) void openSaved(routeId);
  }, [routeId]);
  useEffect(() => {
    if (sql !== undefined) openShared(sql);
  }, [sql]);
  useEffect(() => follow(shownId), [shownId]);
}
