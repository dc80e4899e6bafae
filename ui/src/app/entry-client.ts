import type { PageState } from "@/api/types";
import { draw, hydrate } from "./hydrate";
import "./styles.css";

const text = document.getElementById("lf-state")?.textContent;
const state = text ? (JSON.parse(text) as PageState) : null;
const root = document.getElementById("lf-root");
const drawn = root?.dataset["ssr"] === "1";

if (root) void (drawn && state ? hydrate(root, state) : draw(root, state));
