/** The last lines of what happened in a simulation, with their times: memory stays bounded however long it runs. */

export class Transcript {
  readonly #most: number;
  #lines: string[] = [];
  #dropped = 0;

  /** `most` 0: nothing is kept. */
  constructor(most: number) {
    this.#most = most;
  }

  get isOff(): boolean {
    return this.#most === 0;
  }

  add(nowMs: number, text: string): void {
    if (this.isOff) return;
    this.#lines.push(`${nowMs.toFixed(1).padStart(10)} ${text}`);
    if (this.#lines.length < 2 * this.#most) return;
    this.#dropped += this.#lines.length - this.#most;
    this.#lines = this.#lines.slice(-this.#most);
  }

  text(): string {
    const shown = this.#lines.slice(-this.#most);
    const dropped = this.#dropped + this.#lines.length - shown.length;
    return [...(dropped > 0 ? [`(${dropped} lines before)`] : []), ...shown].join("\n");
  }
}
