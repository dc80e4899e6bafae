import { renderToStaticMarkup } from "react-dom/server";
import { JSDOM } from "jsdom";
import { expect, test } from "vitest";
import { dashboard } from "../fixture";
import type { Tile } from "../definition";
import { TilePanel } from "./tile-panel";

const nothing = (): void => {};
const styles = (style?: string): HTMLSelectElement => {
  const tile: Tile = { id: "n", title: "All", x: 0, y: 0, w: 3, h: 4, chart: { type: "number", value: "n", style } };
  const panel = (
    <TilePanel
      tile={tile}
      definition={dashboard.definition}
      columns={[{ name: "n", type: "double" }]}
      onChange={nothing}
      onSql={nothing}
      onOwnSql={nothing}
    />
  );
  const { document } = new JSDOM(renderToStaticMarkup(panel)).window;
  return document.querySelector("#le-style") as HTMLSelectElement;
};

test("values are automatic until somebody wants them as whole numbers", () => {
  expect(styles().selectedOptions[0]).toMatchObject({ text: "Automatic", value: "" });
  expect(styles("number").selectedOptions[0]).toMatchObject({ text: "Numbers", value: "number" });
});
