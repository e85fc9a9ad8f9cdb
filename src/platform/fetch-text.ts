/** One page over plain HTTP, for commands that ask a program of ours. */

import { http } from "./node-http.ts";

/** So much is read at most. */
const mostBytes = 64 * 1024 * 1024;

/** Rejects for any other status than 200, for silence longer than `timeoutMs`, and for pages too large. */
export function fetchText(url: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > mostBytes) request.destroy(new Error(`more than ${mostBytes} bytes`));
      });
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`status ${response.statusCode}: ${text.trim().slice(0, 200)}`));
      });
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on("error", reject);
  });
}
