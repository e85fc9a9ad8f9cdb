/** Cuts a stream of bytes into lines, as a watch sends one JSON document a line. */

const longestLine = 64 * 1024 * 1024;

/** Feed it chunks as they arrive; a character or a line cut in two by a chunk is put together again. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /**
   * The lines that this chunk completes, without their line ends; blank ones are left out.
   * Throws when a line exceeds 64 MiB: that is no JSON document of ours.
   */
  push(chunk: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > longestLine) throw new Error("a line of the watch exceeds 64 MiB");
    return lines.filter((line) => line.trim() !== "");
  }
}
