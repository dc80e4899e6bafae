import { useEffect, useEffectEvent, useMemo, useRef, type ChangeEvent, type MouseEvent } from "react";
import { full } from "@/lib/format";
import { SearchField } from "@/ui/field";
import type { Filter } from "./definition";
import { optionList, pickFoot } from "./option-list";
import { effect, type Options } from "./options";

const SEPARATOR = "\u0001";

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
  const foot = useRef<HTMLDivElement>(null);
  const key = chosen.join(SEPARATOR);
  const html = useMemo(
    () => optionList(filter.id, options?.list ?? [], key === "" ? [] : key.split(SEPARATOR), parents),
    [filter.id, options, key, parents],
  );
  const boxes = (): HTMLInputElement[] => [...(list.current?.querySelectorAll("input") ?? [])];
  const words = (ticked: readonly string[]): string =>
    options ? effect(filter, ticked, options, leaf) : "The choices could not be loaded.";
  const look = (): void => {
    const said = foot.current?.querySelector("span");
    const ticked = boxes().filter((b) => b.checked);
    if (said) said.textContent = words(ticked.map((b) => b.value));
  };
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
    for (const head of list.current?.querySelectorAll<HTMLElement>("[data-group]") ?? [])
      head.hidden = !groups.has(head.dataset["group"] ?? "");
  };
  const onClick = (event: MouseEvent): void => {
    const group = event.target instanceof Element ? event.target.closest("[data-all]")?.getAttribute("data-all") : null;
    if (!group) return;
    const inside = boxes().filter((b) => b.closest("li")?.dataset["in"] === group);
    const all = inside.every((b) => b.checked);
    for (const box of inside) box.checked = !all;
    look();
  };
  // React's own change event does not see boxes that came as markup.
  const onLook = useEffectEvent(look);
  // New choices take ticks away: the words follow.
  useEffect(() => onLook());
  useEffect(() => {
    const node = list.current;
    const changed = (): void => onLook();
    node?.addEventListener("change", changed);
    return () => node?.removeEventListener("change", changed);
  }, []);
  const clear = (event: MouseEvent): void => {
    if (!(event.target instanceof Element) || !event.target.closest("[data-clear]")) return;
    for (const box of boxes()) box.checked = false;
    look();
  };
  const listed = options?.list.length ?? 0;
  const plural = filter.plural ?? "values";
  return (
    <>
      {listed > 7 && (
        <SearchField label={`Find one of ${listed} ${plural}`} className="ld-js" onChange={find} autoComplete="off" />
      )}
      {/* Its buttons came as markup; this only listens. */}
      {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions */}
      <ul
        ref={list}
        className="ld-options"
        aria-label={filter.label}
        onClick={onClick}
        suppressHydrationWarning
        dangerouslySetInnerHTML={{ __html: html }}
      />
      {options && options.total > listed && (
        <p className="ld-note">
          The first {listed} of {full(options.total)}. Narrow by the filters before this one to reach the others.
        </p>
      )}
      {/* oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions */}
      <div
        ref={foot}
        className="ld-pick-foot"
        onClick={clear}
        suppressHydrationWarning
        dangerouslySetInnerHTML={{ __html: pickFoot(words(chosen), true) }}
      />
    </>
  );
}
