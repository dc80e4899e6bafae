import type { Drawing, DrawOptions, Source } from "./drawing";
import { bar } from "./layout/bar";
import { capacity } from "./layout/capacity";
import { fan } from "./layout/fan";
import { heat } from "./layout/heat";
import { area, line } from "./layout/line";
import { map } from "./layout/map";
import { number } from "./layout/number";
import { ranked } from "./layout/ranked";
import { scatter } from "./layout/scatter";
import { table } from "./layout/table";
import type { ChartSpec } from "./spec";

/** From a checked specification and rows to markup: pure, the same bytes on server and browser. */
export function draw(spec: ChartSpec, source: Source, options: DrawOptions): Drawing {
  switch (spec.type) {
    case "line":
      return line(spec, source, options);
    case "area":
      return area(spec, source, options);
    case "bar":
      return bar(spec, source, options);
    case "fan":
      return fan(spec, source, options);
    case "heatmap":
      return heat(spec, source, options);
    case "scatter":
      return scatter(spec, source, options);
    case "map":
      return map(spec, source, options);
    case "number":
      return number(spec, source, options);
    case "ranked":
      return ranked(spec, source, options);
    case "capacity":
      return capacity(spec, source, options);
    case "table":
      return table(spec, source, options);
  }
}
