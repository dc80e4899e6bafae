import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Where the server under test is, the link it printed, and the folder of its sample lake. */
export interface Server {
  base: string;
  link: string;
  lake: string;
}

export const SERVER_FILE = resolve(import.meta.dirname, "results/server.json");

function binary(): string {
  const target = process.env["CARGO_TARGET_DIR"] ?? resolve(import.meta.dirname, "../target");
  const path = process.env["LAKEFRONT_BIN"] ?? join(target, "debug/lakefront");
  if (!existsSync(path)) throw new Error(`No binary at ${path}. Build it, or name it with LAKEFRONT_BIN.`);
  return path;
}

/** Starts the demo with a small sample in a folder of its own; the returned function ends both. */
export default async function start(): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), "lakefront-e2e-"));
  const child = spawn(
    binary(),
    ["demo", "--data-dir", dataDir, "--listen", "127.0.0.1:0", "--restaurants", "200", "--days", "91"],
    {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: dataDir,
      // A debug build draws pages many times slower than what is shipped; what is tested here is what they show.
      env: { LAKEFRONT_PAGES_RENDER_TIMEOUT_MS: "10000", LAKEFRONT_CATALOG_FOLDERS: dataDir, ...process.env },
    },
  );
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const server: Server = { ...(await ready(child)), lake: join(dataDir, "lake") };
    mkdirSync(resolve(import.meta.dirname, "results"), { recursive: true });
    writeFileSync(SERVER_FILE, JSON.stringify(server));
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

function ready(child: ReturnType<typeof spawn>): Promise<Omit<Server, "lake">> {
  return new Promise((done, fail) => {
    let said = "";
    const timer = setTimeout(() => fail(new Error(`The server was not ready in 120 s. It said:\n${said}`)), 120_000);
    const read = (chunk: Buffer) => {
      said += chunk.toString();
      const base = /ready at (http:\/\/\S+)/.exec(said)?.[1];
      const link = /(http:\/\/\S+\/signin\?token=\S+)/.exec(said)?.[1];
      if (!base || !link) return;
      clearTimeout(timer);
      done({ base, link });
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", (code) => fail(new Error(`The server ended with ${code}. It said:\n${said}`)));
  });
}
