import type { LucideIcon } from "lucide-react";
import { cx } from "@/lib/cx";

type Size = 12 | 14 | 16 | 20;
type Shape = [tag: string, attributes: Record<string, string | number>];

/** A line icon; small ones are drawn heavier so that all look of one weight. */
export function Icon({ as, size = 16, className }: { as: LucideIcon; size?: Size; className?: string }) {
  return (
    <svg
      className={iconClass(size, className)}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden
      dangerouslySetInnerHTML={{ __html: shapes(as) }}
    />
  );
}

/** The same as markup, for what is written as one string. */
export const iconHtml = (icon: LucideIcon, size: Size = 16, className?: string): string =>
  `<svg class="${iconClass(size, className)}" width="${size}" height="${size}" viewBox="0 0 24 24" aria-hidden="true">${shapes(icon)}</svg>`;

const iconClass = (size: Size, className?: string): string => cx(size <= 14 ? "icon icon-small" : "icon", className);

const known = new WeakMap<LucideIcon, string>();

/**
 * The shapes of an icon as one string. A page has dozens of icons, and as elements their shapes, each with its attributes,
 * would be the larger part of what the server has to walk through.
 */
function shapes(icon: LucideIcon): string {
  let markup = known.get(icon);
  if (markup === undefined) {
    // An icon of the library is a `forwardRef` that hands its data to one shared component.
    const { render } = icon as unknown as { render: (props: object) => { props: { icon: { node: Shape[] } } } };
    markup = render({}).props.icon.node.map(write).join("");
    known.set(icon, markup);
  }
  return markup;
}

/** Names and values come from the library alone. */
const write = ([tag, { key: _key, ...attributes }]: Shape): string =>
  `<${tag}${Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("")}></${tag}>`;
