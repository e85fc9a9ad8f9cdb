/** Opens a page in headless Chromium inside the client's namespace and keeps a screenshot. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Lab } from "../lab.ts";

export type BrowserResult = { skipped: string } | { skipped?: undefined; title: string };

const names = ["chromium", "chromium-browser", "google-chrome"];
const program = fileURLToPath(new URL("browser-main.ts", import.meta.url));

export async function openInBrowser(lab: Lab, url: string, file: string): Promise<BrowserResult> {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const chromium = paths.find((path) => existsSync(path));
  if (chromium === undefined) {
    return { skipped: "Chromium is not installed (Debian: apt-get install chromium)" };
  }
  const argv = [process.execPath, "--disable-warning=ExperimentalWarning", program];
  const result = await lab.exec("client", [...argv, chromium, url, file]);
  if (result.status === 0) return { title: result.stdout.trim() };
  throw new Error(`Chromium did not show ${url}: ${result.stderr.trim().slice(-1000)}`);
}
