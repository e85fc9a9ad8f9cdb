/** Runs in the client's namespace: `browser-main.ts CHROMIUM URL FILE`; prints the page's title. */
import { chromium } from "playwright-core";

const [executablePath = "", url = "", path = ""] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  // The lab's processes are root in a sealed world; Chromium's own sandbox refuses root.
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});
try {
  const page = await browser.newPage({ viewport: { width: 900, height: 600 } });
  await page.goto(url, { timeout: 15_000 });
  await page.getByLabel("Password").waitFor({ timeout: 5000 });
  await page.screenshot({ path });
  console.log(await page.title());
} finally {
  await browser.close();
}
