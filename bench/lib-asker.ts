/** The program on the client that asks for one address, `go-asker`: orders go out, and what it found comes back. */
import type { BenchLan } from "./lib-lan.ts";
import { LineProgram } from "../src/testing/index.ts";

export class Asker {
  readonly #program: LineProgram;
  #taken = 0;

  private constructor(command: readonly string[]) {
    this.#program = new LineProgram(command);
  }

  /** `program` is what was built of go-asker; it is ready when the promise is settled. */
  static async start(lan: BenchLan, program: string, ip: string): Promise<Asker> {
    const asker = new Asker([...lan.on(lan.client), program, ip]);
    await asker.#answer();
    return asker;
  }

  /** go-asker's main.go has the list of orders. Rejects when the program ends instead, with its words. */
  order(text: string): Promise<Record<string, number>> {
    this.tell(text);
    return this.#answer();
  }

  tell(text: string): void {
    this.#program.write(text);
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }

  async #answer(): Promise<Record<string, number>> {
    const line = await this.#program.line(() => true, this.#taken++);
    const { order: _order, ...found } = JSON.parse(line) as Record<string, number>;
    return found;
  }
}
