/** Where a verb writes: handed in, so that tests read what users see. */
import { styleText } from "node:util";

export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly hasColours: boolean;
}

/** Standard output and standard error; colours only on a terminal, and never with NO_COLOR. */
export function processOutput(env: NodeJS.ProcessEnv): Output {
  process.stdout.on("error", passOverClosedPipe);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    hasColours: process.stdout.isTTY && !env["NO_COLOR"],
  };
}

/** Whoever reads may have seen enough, as in `metallb lint ... | head`: the exit status stands all the same. */
function passOverClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

export type Style = "bold" | "red" | "yellow" | "cyan";

/** The text in the codes of a terminal, where there is one. */
export function painter({ hasColours }: Output): (style: Style, text: string) => string {
  return (style, text) => (hasColours ? styleText(style, text, { validateStream: false }) : text);
}
