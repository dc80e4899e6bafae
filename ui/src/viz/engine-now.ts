import { engine, type Engine } from "./engine";

/** On the server: the drawing code is part of the bundle. */
export const ready: Engine | undefined = engine;
export const load: (() => Promise<Engine>) | undefined = undefined;
