/** The process's own signals. */

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
