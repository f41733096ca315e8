interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Time that passes as fast as the machine can work it off: the same waits end in the same order for ever. */
export class VirtualTime {
  private queue: Due[] = [];
  private order = 0;
  nowMs = 0;

  at(atMs: number, fire: () => void): void {
    this.order += 1;
    const due = { atMs: Math.max(atMs, this.nowMs), order: this.order, fire };
    let low = 0;
    let high = this.queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const one = this.queue[middle];
      if (one !== undefined && one.atMs <= due.atMs) low = middle + 1;
      else high = middle;
    }
    this.queue.splice(low, 0, due);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.nowMs + ms, resolve));
  }

  /** Works off everything that is due, until nothing is. */
  async run(): Promise<void> {
    await settled();
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      this.nowMs = next.atMs;
      next.fire();
      await settled();
    }
  }
}

/** After every promise that can go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
