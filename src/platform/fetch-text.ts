/** One page over plain HTTP, for commands that ask a program of ours. */

import { http } from "./node-http.ts";
import { responseText } from "./response-text.ts";

/** So much is read at most. */
const mostBytes = 64 * 1024 * 1024;

/** Rejects for any other status than 200, for silence longer than `timeoutMs`, and for pages too large. */
export function fetchText(url: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { timeout: timeoutMs }, (response) => {
      responseText(request, response, mostBytes).then((text) => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`status ${response.statusCode}: ${text.trim().slice(0, 200)}`));
      }, reject);
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on("error", reject);
  });
}
