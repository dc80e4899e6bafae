import { useEffect, useMemo, useRef, useState, type ChangeEvent, type MouseEvent } from "react";
import { full } from "@/lib/format";
import { Button } from "@/ui/button";
import { SearchField } from "@/ui/field";
import type { Filter } from "./definition";
import { optionList } from "./option-list";
import { effect, type Options } from "./options";

/** The panel of a list filter: find, tick, and what it leaves before it is applied. A plain form without a script. */
export function FilterPicker(props: {
  filter: Filter;
  options: Options | null;
  chosen: readonly string[];
  /** Names of the groups, from the filter above. */
  parents: ReadonlyMap<string, string>;
  leaf: Filter | undefined;
}) {
  const { filter, options, chosen, parents, leaf } = props;
  const list = useRef<HTMLUListElement>(null);
  const [ticked, setTicked] = useState<readonly string[] | null>(null);
  const key = chosen.join("\u0001");
  const html = useMemo(() => optionList(filter.id, options?.list ?? [], chosen, parents), [filter.id, options, key, parents]); // oxlint-disable-line react-hooks/exhaustive-deps
  const boxes = (): HTMLInputElement[] => [...(list.current?.querySelectorAll("input") ?? [])];
  const read = (): void => setTicked(boxes().filter((b) => b.checked).map((b) => b.value));
  const find = (event: ChangeEvent<HTMLInputElement>): void => {
    const wanted = event.target.value.trim().toLowerCase();
    const groups = new Set<string>();
    for (const box of boxes()) {
      const li = box.closest("li");
      if (!li) continue;
      const group = li.dataset["in"];
      const name = `${li.textContent} ${group ? (parents.get(group) ?? group) : ""}`.toLowerCase();
      li.hidden = wanted !== "" && !name.includes(wanted);
      if (!li.hidden && group) groups.add(group);
    }
    for (const head of list.current?.querySelectorAll<HTMLElement>("[data-group]") ?? []) head.hidden = !groups.has(head.dataset["group"] ?? "");
  };
  const onClick = (event: MouseEvent): void => {
    const group = event.target instanceof Element ? event.target.closest("[data-all]")?.getAttribute("data-all") : null;
    if (!group) return;
    const inside = boxes().filter((b) => b.closest("li")?.dataset["in"] === group);
    const all = inside.every((b) => b.checked);
    for (const box of inside) box.checked = !all;
    read();
  };
  // React's own change event does not see boxes that came as markup.
  useEffect(() => {
    const node = list.current;
    node?.addEventListener("change", read);
    return () => node?.removeEventListener("change", read);
  });
  useEffect(() => setTicked(null), [key]);
  const clear = (): void => {
    for (const box of boxes()) box.checked = false;
    read();
  };
  const listed = options?.list.length ?? 0;
  const plural = filter.plural ?? "values";
  return (
    <>
      {listed > 7 && <SearchField label={`Find one of ${listed} ${plural}`} className="ld-js" onChange={find} autoComplete="off" />}
      <ul ref={list} className="ld-options" aria-label={filter.label} onClick={onClick} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: html }} />
      {options && options.total > listed && (
        <p className="ld-note">
          The first {listed} of {full(options.total)}. Narrow by the filters before this one to reach the others.
        </p>
      )}
      <div className="ld-pick-foot">
        <span aria-live="polite">{options ? effect(filter, ticked ?? chosen, options, leaf) : "The choices could not be loaded."}</span>
        <div>
          <Button variant="ghost" className="ld-js" onClick={clear}>
            Clear
          </Button>
          <Button type="submit" variant="primary" keys="↵" className="ml-auto">
            Apply
          </Button>
        </div>
      </div>
    </>
  );
}
