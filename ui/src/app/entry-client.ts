import type { PageState } from "@/api/types";
import { draw, hydrate } from "./hydrate";
import "./styles.css";

const text = document.getElementById("lf-state")?.textContent;
const state = text ? (JSON.parse(text) as PageState) : null;
const root = document.getElementById("lf-root");
const drawn = document.documentElement.dataset["ssr"] === "1";

/** After the second frame, when what the server drew is on the screen. A tab in the background has no frames. */
const shown = () =>
  new Promise<void>((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)));
    setTimeout(resolve, 250);
  });

if (root && drawn && state) void shown().then(() => hydrate(root, state));
else if (root) void draw(root, state);
