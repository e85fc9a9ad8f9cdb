/** Runs on the client: an Asker for the address of its argument, that obeys lines and prints one line of JSON for each. */
import { createInterface } from "node:readline";
import { Asker } from "./lib-asker.ts";

const asker = new Asker(process.argv[2] ?? "");
let endRoundTrips: () => void = () => undefined;

/** `first MS`, `roundtrips N`, `while` (until `end`), `window MS`, `paused MS`. */
async function obey(verb: string, number: number): Promise<object> {
  if (verb === "first") return { first_ms: Math.round(await asker.firstAnswer(number)) };
  if (verb === "roundtrips") return asker.roundTrips(number);
  if (verb === "window") return { answers_per_s: asker.answersPerSecond(number) };
  if (verb === "paused") return asker.whilePaused(number);
  if (verb !== "while") throw new Error(`unknown order "${verb}"`);
  const ended = new Promise<void>((resolve) => (endRoundTrips = resolve));
  return asker.roundTrips(Infinity, ended);
}

const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => {
  const [verb = "", number] = line.split(" ");
  if (verb === "end") return endRoundTrips();
  void obey(verb, Number(number)).then((found) =>
    process.stdout.write(`${JSON.stringify({ order: line, ...found })}\n`),
  );
});
orders.on("close", () => process.exit(0));
process.stdout.write('{"order":"ready"}\n');
