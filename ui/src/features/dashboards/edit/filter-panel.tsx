import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Filter as FilterMark, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { rangeNames } from "@/api/filters";
import { catalogs, databases, firstCatalog, table, tables } from "@/api/queries";
import { choicesOf, sqlName } from "@/lib/sql-text";
import { Button, IconButton } from "@/ui/button";
import { Checkbox, Field, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import type { DashboardDefinition, DashboardQueryData, Filter } from "../definition";
import type { Content } from "./draft";
import {
  clausesOf,
  filterTypes,
  filtersOf,
  moveFilter,
  nameProblem,
  narrowed,
  removeFilter,
  renameParameter,
  retypeFilter,
  withChoices,
  withFilter,
} from "./filters";
import { Late, SqlField } from "./inputs";

type Change = (make: (now: Content) => Content) => void;

/** The filters of a dashboard in the order of the bar. */
export function FilterList(props: {
  definition: DashboardDefinition;
  onChoose: (id: string) => void;
  onAdd: () => void;
  onChange: Change;
}) {
  const { definition, onChoose, onAdd, onChange } = props;
  const filters = filtersOf(definition);
  return (
    <>
      <h3>Filters</h3>
      <ul className="le-saved" aria-label="Filters of this dashboard">
        {filters.map((filter, at) => (
          <li key={filter.id} className="flex items-center">
            <button type="button" onClick={() => onChoose(filter.id)}>
              <Icon as={FilterMark} size={14} />
              <span>{filter.label}</span>
              <small>{filterTypes[filter.type] ?? filter.type}</small>
            </button>
            <IconButton
              icon={ArrowUp}
              size="sm"
              label={`Move ${filter.label} up`}
              disabled={at === 0}
              onClick={() => onChange((now) => moveFilter(now, filter.id, -1))}
            />
            <IconButton
              icon={ArrowDown}
              size="sm"
              label={`Move ${filter.label} down`}
              disabled={at === filters.length - 1}
              onClick={() => onChange((now) => moveFilter(now, filter.id, 1))}
            />
          </li>
        ))}
        <li>
          <button type="button" onClick={onAdd}>
            <Icon as={Plus} size={14} />
            <span>Add a filter</span>
          </button>
        </li>
      </ul>
    </>
  );
}

/** Everything about the chosen filter: what it is, what it can be set to, and what it narrows. */
export function FilterPanel(props: {
  filter: Filter;
  definition: DashboardDefinition;
  /** Of its choices, once they have run. */
  choices: DashboardQueryData | undefined;
  onChange: Change;
  /** Its id may change with its name. */
  onChoose: (id: string | null) => void;
  /** What it is set to goes with the name. */
  onRename: (before: string, after: string) => void;
}) {
  const { filter, definition, choices, onChange, onChoose, onRename } = props;
  const { id, type } = filter;
  const set = (change: Partial<Filter>): void => onChange((now) => withFilter(now, id, change));
  const [from, to] = rangeNames(filter);
  const names: ["id" | "from" | "to", string, string][] =
    type === "date_range"
      ? [
          ["from", "Parameter of its first day", from],
          ["to", "Parameter of its last day", to],
        ]
      : [["id", "Parameter", id]];
  const query = type === "list" ? filter.options_query : type === "date_range" ? filter.bounds_query : undefined;
  const sql = definition.queries[query ?? ""]?.sql ?? "";
  const problem = sql && choices ? choicesProblem(type, choices) : undefined;
  const tiles = narrowed(definition, filter);
  return (
    <>
      <h2>{filter.label || "Filter"}</h2>
      <Field label="Label">
        {(control) => <Late key={filter.label} {...control} value={filter.label} onDone={(label) => set({ label })} />}
      </Field>
      <Field label="People choose">
        {(control) => (
          <Select
            {...control}
            className="w-full"
            value={type}
            onChange={(event) => onChange((now) => retypeFilter(now, id, event.target.value as Filter["type"]))}
          >
            {Object.entries(filterTypes).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {names.map(([key, label, name]) => (
        <Parameter
          key={`${key} ${name}`}
          label={label}
          name={name}
          problem={(wanted) => nameProblem(definition, filter, name, wanted)}
          onDone={(next) => {
            onChange((now) => renameParameter(now, id, key, next));
            onRename(name, next);
            if (key === "id") onChoose(next);
          }}
        />
      ))}
      {(type === "list" || type === "date_range") && (
        <>
          <h3>{type === "list" ? "What can be chosen" : "The days it reaches"}</h3>
          <ColumnChoice
            definition={definition}
            onChoose={(column, of) => onChange((now) => withChoices(now, id, choicesOf(type, column, of)))}
          />
          <SqlField
            key={sql}
            label={type === "list" ? "SQL of the choices" : "SQL of the days"}
            rows={6}
            sql={sql}
            onRun={(next) => onChange((now) => withChoices(now, id, next))}
          />
          {problem && (
            <p className="le-problem" role="alert">
              {problem}
            </p>
          )}
        </>
      )}
      {type === "list" && (
        <div className="mt-3">
          <Field label="The word for several">
            {(control) => (
              <Late
                key={filter.plural}
                {...control}
                value={filter.plural ?? ""}
                onDone={(plural) => set({ plural: plural || undefined })}
              />
            )}
          </Field>
          <Checkbox
            label="In one row with other lists, below the one before"
            checked={filter.cascade === true}
            onChange={(event) => set({ cascade: event.target.checked || undefined })}
          />
        </div>
      )}
      <h3>What it narrows</h3>
      <p className="le-none">
        {tiles.length === 0
          ? "Nothing yet. Put this into the WHERE of a tile’s statement; while the filter is not set, it is left out."
          : `${tiles.join(", ")}. Put this into the WHERE of another tile’s statement to narrow it too.`}
      </p>
      <pre className="le-sql overflow-x-auto font-mono" aria-label="Clause for statements">
        {clausesOf(definition, filter)}
      </pre>
      <Button
        variant="danger"
        size="sm"
        icon={Trash2}
        className="mt-4"
        onClick={() => {
          onChoose(null);
          onChange((now) => removeFilter(now, id));
        }}
      >
        Remove this filter
      </Button>
    </>
  );
}

function choicesProblem(type: Filter["type"], choices: DashboardQueryData): string | undefined {
  if (choices.error) return choices.error.detail;
  if (choices.state !== "SUCCEEDED") return undefined;
  if (type === "list" && !choices.columns.some((column) => column.name === "value"))
    return "One column has to be named value: what is chosen. A column label is what people read.";
  if (type === "date_range" && choices.columns.length < 2) return "Two columns are needed: the first day and the last.";
  return undefined;
}

function Parameter(props: {
  label: string;
  name: string;
  problem: (name: string) => string | undefined;
  onDone: (name: string) => void;
}) {
  const { label, name, problem, onDone } = props;
  const [wrong, setWrong] = useState<string | undefined>();
  return (
    <Field label={label} error={wrong} hint={`Statements name it {{${name}}}.`}>
      {(control) => (
        <Late
          {...control}
          mono
          value={name}
          onDone={(next) => {
            const fault = problem(next);
            setWrong(fault);
            if (!fault) onDone(next);
          }}
        />
      )}
    </Field>
  );
}

/** A column of a table to take choices from. Asks for tables where the dashboard looks for them, else in the first catalog. */
function ColumnChoice({
  definition,
  onChoose,
}: {
  definition: DashboardDefinition;
  onChoose: (column: { name: string; type: string }, from: string) => void;
}) {
  const [chosen, setChosen] = useState("");
  const catalogList = useQuery({ ...catalogs(), enabled: !definition.catalog }).data?.items ?? [];
  const catalog = definition.catalog || firstCatalog(catalogList)?.name || "";
  const databaseList =
    useQuery({ ...databases(catalog), enabled: catalog !== "" && !definition.database }).data?.items ?? [];
  const database = definition.database || databaseList[0]?.name || "";
  const list = useQuery({ ...tables(catalog, database), enabled: catalog !== "" && database !== "" }).data?.items ?? [];
  const columns = useQuery({ ...table(catalog, database, chosen), enabled: chosen !== "" }).data?.columns ?? [];
  const named =
    definition.catalog && definition.database
      ? sqlName(chosen)
      : [catalog, database, chosen].map((part) => sqlName(part)).join(".");
  return (
    <div className="le-fields">
      <label>
        From table
        <Select value={chosen} onChange={(event) => setChosen(event.target.value)}>
          <option value="">Choose a table</option>
          {list.map((each) => (
            <option key={each.name}>{each.name}</option>
          ))}
        </Select>
      </label>
      <label>
        Column
        <Select
          value=""
          disabled={columns.length === 0}
          onChange={(event) => {
            const column = columns.find((each) => each.name === event.target.value);
            if (column) onChoose(column, named);
          }}
        >
          <option value="">Choose a column</option>
          {columns.map((column) => (
            <option key={column.name}>{column.name}</option>
          ))}
        </Select>
      </label>
    </div>
  );
}
