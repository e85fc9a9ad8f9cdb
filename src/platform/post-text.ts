/** One POST over TLS to a program of ours that proves itself by what it says: its certificate is made by itself. */

import { https } from "./node-http.ts";
import { responseText } from "./response-text.ts";

/** Of an answer. */
const mostBytes = 1024 * 1024;

export interface PostAnswer {
  readonly status: number;
  readonly text: string;
}

export class TlsPoster {
  /** Made for the first post. */
  #agent: InstanceType<typeof https.Agent> | undefined;

  /** Rejects where nobody answers in `timeoutMs`, and for answers too large. */
  post(url: string, body: string, timeoutMs: number): Promise<PostAnswer> {
    this.#agent ??= new https.Agent({ keepAlive: true, rejectUnauthorized: false });
    const agent = this.#agent;
    return new Promise((resolve, reject) => {
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      };
      const request = https.request(url, { method: "POST", agent, headers }, (response) => {
        responseText(request, response, mostBytes).then((text) => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, text });
        }, reject);
      });
      const timer = setTimeout(() => {
        request.destroy(new Error(`no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      request.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      request.end(body);
    });
  }

  close(): void {
    this.#agent?.destroy();
  }
}
