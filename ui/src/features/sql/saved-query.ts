import type { QueryDefinition, SavedQuery } from "@/api/types";
import type { Place } from "./catalog/use-catalog";
import type { Draft } from "./drafts";
import { parseValue, type Parameter, type ParameterType } from "./text/parameters";

export const typeOf = ({ name, inferred }: Parameter, draft: Draft): ParameterType => draft.types[name] ?? inferred;

/** What is saved of a tab: its text, where it runs, and its parameters with their values as defaults. */
export function definitionOf(draft: Draft, place: Place, parameters: Parameter[]): QueryDefinition {
  const values = parameterValues(parameters, draft);
  return {
    sql: draft.sql,
    catalog: place.catalog ?? "",
    database: place.database ?? "",
    engine: draft.engine,
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      type: typeOf(parameter, draft),
      default: values[parameter.name] ?? null,
    })),
  };
}

/** The values to send, by name; one that has to be there and is empty is left out, and the server asks for it. */
export function parameterValues(parameters: Parameter[], draft: Draft): Record<string, unknown> {
  return Object.fromEntries(
    parameters.flatMap((parameter) => {
      const value = parseValue(typeOf(parameter, draft), draft.values[parameter.name] ?? "");
      return value === null && !parameter.optional ? [] : [[parameter.name, value]];
    }),
  );
}

/** A saved query as a tab; the values it was saved with are in its parameter fields. */
export function draftOf(query: SavedQuery): Partial<Draft> {
  const { sql, catalog, database, engine, parameters = [] } = query.definition;
  const known = parameters.filter((parameter) => parameter.type !== "date_range");
  return {
    title: query.title,
    sql,
    catalog,
    database,
    engine: engine ?? "auto",
    saved: { id: query.id, version: query.version, sql, title: query.title },
    types: Object.fromEntries(known.map(({ name, type }) => [name, type as "text" | "number" | "date" | "list"])),
    values: Object.fromEntries(
      known
        .filter(({ default: value }) => value !== null && value !== undefined)
        .map(({ name, default: value }) => [name, Array.isArray(value) ? value.join(", ") : String(value)]),
    ),
  };
}
