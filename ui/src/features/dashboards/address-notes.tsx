import type { ReactNode } from "react";
import { Strip } from "@/ui/message";
import type { DashboardDefinition, Filter } from "./definition";
import { unreadable } from "./options";
import { SearchLink } from "./search-link";
import type { DashboardSearch } from "./use-dashboard-search";

/** What an address asks for and does not get: a misspelt filter would filter nothing, and nobody would see it. */
export function AddressNotes({ definition, search }: { definition: DashboardDefinition; search: DashboardSearch }) {
  const wrong = unreadable(definition.filters as Filter[], search.values);
  const leave = (names: readonly string[]): ReactNode => (
    <SearchLink search={search} to={search.without(names)}>
      Leave {names.join(" and ")} out
    </SearchLink>
  );
  return (
    <>
      {search.stray.length > 0 && (
        <Strip className="mb-4" action={leave(search.stray)}>
          The address sets <Names of={search.stray} />, which{" "}
          {search.stray.length === 1
            ? "is no filter of this dashboard and changes nothing."
            : "are no filters of this dashboard and change nothing."}
        </Strip>
      )}
      {wrong.map(({ name, value, kind }) => (
        <Strip key={name} className="mb-4" action={leave([name])}>
          The address sets <Names of={[name]} /> to “{value}”, which is no {kind}
          {kind === "day" && ". Days are written like 2025-03-31"}.
        </Strip>
      ))}
    </>
  );
}

const Names = ({ of }: { of: readonly string[] }) =>
  of.map((name, i) => (
    <span key={name}>
      {i > 0 && (i === of.length - 1 ? " and " : ", ")}
      <code>{name}</code>
    </span>
  ));
