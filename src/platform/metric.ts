/** One counter or gauge with its series, and its text in the Prometheus exposition format 0.0.4. */

export type Labels = Readonly<Record<string, string>>;

export interface MetricOptions {
  readonly type: "counter" | "gauge";
  readonly name: string;
  readonly help: string;
  /** Without labels there is one series, which shows 0 until it is set. */
  readonly labelNames?: readonly string[];
  /** Called before each exposition, for values that are kept elsewhere. */
  readonly collect?: (metric: Metric) => void;
}

export const expositionContentType = "text/plain; version=0.0.4; charset=utf-8";

export class Metric {
  readonly #options: MetricOptions;
  readonly #labelNames: readonly string[];
  /** Label text such as `{pool="lan"}` -> value. */
  readonly #series = new Map<string, number | bigint>();

  constructor(options: MetricOptions) {
    this.#options = options;
    this.#labelNames = options.labelNames ?? [];
    this.reset();
  }

  /** A big integer shows all its digits. */
  set(value: number | bigint, labels: Labels = {}): void {
    this.#series.set(this.#textOf(labels), value);
  }

  inc(by = 1, labels: Labels = {}): void {
    const series = this.#textOf(labels);
    this.#series.set(series, Number(this.#series.get(series) ?? 0) + by);
  }

  remove(labels: Labels): void {
    this.#series.delete(this.#textOf(labels));
  }

  /** Forgets every series; one without labels shows 0 again. */
  reset(): void {
    this.#series.clear();
    if (this.#labelNames.length === 0) this.#series.set("", 0);
  }

  /** The help line, the type line, and one line a series. */
  expose(): string {
    const { name, help, type, collect } = this.#options;
    collect?.(this);
    let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const [labels, value] of this.#series) text += `${name}${labels} ${value}\n`;
    return text;
  }

  #textOf(labels: Labels): string {
    if (this.#labelNames.length === 0) return "";
    const pairs = this.#labelNames.map((name) => `${name}="${escape(labels[name] ?? "")}"`);
    return `{${pairs.join(",")}}`;
  }
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
