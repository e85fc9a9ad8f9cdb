/** Where in the document a value stands, for error messages. */
import type { LineCounter } from "yaml";

/** The text position is worked out only when somebody asks: most places never meet an error. */
export class Place {
  readonly path: string;
  readonly #lines: LineCounter;
  readonly #offset: number | undefined;

  constructor(lines: LineCounter, path = "", offset?: number) {
    this.path = path;
    this.#lines = lines;
    this.#offset = offset;
  }

  /** Line and column from 1. */
  position(): { line: number; column: number } | undefined {
    if (this.#offset === undefined) return undefined;
    const { line, col } = this.#lines.linePos(this.#offset);
    return { line, column: col };
  }

  /** The same path at another offset, if that is known. */
  at(offset: number | undefined): Place {
    return offset === undefined ? this : new Place(this.#lines, this.path, offset);
  }

  key(name: string): Place {
    const path = this.path === "" ? name : `${this.path}.${name}`;
    return new Place(this.#lines, path, this.#offset);
  }

  item(index: number): Place {
    return new Place(this.#lines, `${this.path}[${index}]`, this.#offset);
  }
}
