/** The process's own signals and standard streams. */

/** Where a program's text goes; both take whole lines. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The standard streams; a reader that went away or a full disk must not stop the program. */
export const processOutput: Output = {
  out: (text) => writeTo(process.stdout, text),
  err: (text) => writeTo(process.stderr, text),
};

function writeTo(stream: NodeJS.WriteStream, text: string): void {
  if (stream.listenerCount("error") === 0) stream.on("error", () => undefined);
  stream.write(text);
}

const stopSignals = ["SIGINT", "SIGTERM", "SIGQUIT"] as const;
export type StopSignal = (typeof stopSignals)[number];

/** The first request to stop; PID 1 of a container must act on it itself (INS-7). A second one kills as usual. */
export function stopSignal(): Promise<StopSignal> {
  return new Promise((resolve) => {
    const listeners = stopSignals.map((signal) => {
      const listener = (): void => {
        for (const [other, known] of listeners) process.removeListener(other, known);
        resolve(signal);
      };
      process.on(signal, listener);
      return [signal, listener] as const;
    });
  });
}
