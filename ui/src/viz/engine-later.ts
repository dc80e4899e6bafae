import type { Engine } from "./engine";

/** In the browser: the layouts and the map come in a chunk of their own, since the server's pictures are kept. */
export const ready: Engine | undefined = undefined;
export const load: (() => Promise<Engine>) | undefined = async () => (await import("./engine")).engine;
