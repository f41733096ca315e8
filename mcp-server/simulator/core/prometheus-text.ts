import type { Histogram } from './engine-stats.ts';

export type Labels = Readonly<Record<string, string>>;

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

const number = (value: number): string =>
  Number.isInteger(value) ? value.toFixed(1) : String(value);

/** Prometheus text of one family. */
export interface MetricsText {
  gauge(name: string, help: string, value: number, labels?: Labels): void;
  /** `name` without its `_total`. Several calls of one name make one family. */
  counter(name: string, help: string, value: number, labels?: Labels): void;
  histogram(name: string, help: string, histogram: Histogram): void;
  text(): string;
}

class Writer implements MetricsText {
  private readonly base: Labels;
  private readonly lines: string[] = [];
  private readonly seen = new Set<string>();

  constructor(base: Labels) {
    this.base = base;
  }

  private head(name: string, help: string, type: string): void {
    if (this.seen.has(name)) return;
    this.seen.add(name);
    this.lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  private sample(name: string, value: number, labels: Labels): void {
    this.lines.push(`${name}${labelText({ ...this.base, ...labels })} ${number(value)}`);
  }

  gauge(name: string, help: string, value: number, labels: Labels = {}): void {
    this.head(name, help, 'gauge');
    this.sample(name, value, labels);
  }

  counter(name: string, help: string, value: number, labels: Labels = {}): void {
    this.head(`${name}_total`, help, 'counter');
    this.sample(`${name}_total`, value, labels);
  }

  histogram(name: string, help: string, histogram: Histogram): void {
    this.head(name, help, 'histogram');
    let cumulative = 0;
    for (const [index, bound] of histogram.bounds.entries()) {
      cumulative += histogram.counts[index] ?? 0;
      this.sample(`${name}_bucket`, cumulative, { le: number(bound) });
    }
    this.sample(`${name}_bucket`, histogram.count, { le: '+Inf' });
    this.sample(`${name}_count`, histogram.count, {});
    this.sample(`${name}_sum`, histogram.sum, {});
  }

  text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

/** Starts a scrape whose samples all carry `base`. */
export function createMetricsText(base: Labels): MetricsText {
  return new Writer(base);
}
