import { render } from "./render";

// The host evaluates this bundle as a classic script and calls the global.
Object.assign(globalThis, { render });
