import type { LucideIcon } from "lucide-react";
import { cx } from "@/lib/cx";

type Shape = [tag: string, attributes: Record<string, string | number>];

/** A line icon; small ones are drawn heavier so that all look of one weight. */
export function Icon({ as, size = 16, className }: { as: LucideIcon; size?: 12 | 14 | 16 | 20; className?: string }) {
  return (
    <svg
      className={cx(size <= 14 ? "icon icon-small" : "icon", className)}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      aria-hidden
      dangerouslySetInnerHTML={shapes(as)}
    />
  );
}

const known = new WeakMap<LucideIcon, { __html: string }>();

/**
 * The shapes of an icon as one string. A page has dozens of icons, and as elements their shapes, each with its attributes,
 * would be the larger part of what the server has to walk through.
 */
function shapes(icon: LucideIcon): { __html: string } {
  let markup = known.get(icon);
  if (!markup) {
    // An icon of the library is a `forwardRef` that hands its data to one shared component.
    const { render } = icon as unknown as { render: (props: object) => { props: { icon: { node: Shape[] } } } };
    markup = { __html: render({}).props.icon.node.map(write).join("") };
    known.set(icon, markup);
  }
  return markup;
}

/** Names and values come from the library alone. */
const write = ([tag, { key: _key, ...attributes }]: Shape): string =>
  `<${tag}${Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join("")}></${tag}>`;
