/** The text of an HTTP answer, with a bound. */
import type { ClientRequest, IncomingMessage } from "node:http";

/** Ends the request, which then rejects, where the answer has more than `mostBytes`. */
export function responseText(
  request: ClientRequest,
  response: IncomingMessage,
  mostBytes: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on("data", (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > mostBytes) request.destroy(new Error(`more than ${mostBytes} bytes`));
    });
    response.on("error", reject);
    response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
  });
}
