/** Keys of the full pages of a token sequence: equal prefix, equal keys. Shape: one 53-bit number per full page. */
export function pageKeys(tokens: ArrayLike<number>, pageSize: number): Float64Array {
  const pages = Math.floor(tokens.length / pageSize);
  const keys = new Float64Array(pages);
  let high = 0x12345678;
  let low = 0x89abcdef;
  for (let page = 0; page < pages; page += 1) {
    for (let index = page * pageSize; index < (page + 1) * pageSize; index += 1) {
      const token = tokens[index] ?? 0;
      high = Math.imul(high ^ token, 0x85ebca6b);
      high ^= high >>> 13;
      low = Math.imul(low ^ (token + 0x7f4a7c15), 0xc2b2ae35);
      low ^= low >>> 16;
    }
    keys[page] = (high >>> 11) * 2 ** 32 + (low >>> 0);
  }
  return keys;
}

/** KV memory in pages: pages owned by one sequence, shared pages in use, and cached pages that wait to be reused or evicted. */
export interface KvPool {
  readonly totalPages: number;
  readonly pageSize: number;
  freePages(): number;
  /** Free or evictable. */
  availablePages(): number;
  cachedPages(): number;
  usedPages(): number;
  evictedPages(): number;
  /** Number of leading pages of `keys` that are cached, at most `limit`. */
  match(keys: Float64Array, limit: number): number;
  pin(keys: Float64Array, count: number): void;
  unpin(keys: Float64Array, count: number): void;
  /** Takes pages for one sequence, evicting cached ones. False when it cannot; then nothing changed. */
  allocate(pages: number): boolean;
  release(pages: number): void;
  /** Turns owned pages `from..to` into shared ones in use; pages that were shared already come back free. */
  publish(keys: Float64Array, from: number, to: number): void;
  /** Drops all cached pages that nobody uses. */
  flush(): void;
}

class LruKvPool implements KvPool {
  readonly totalPages: number;
  readonly pageSize: number;
  private owned = 0;
  private evicted = 0;
  /** Unused cached pages, oldest first. */
  private readonly idle = new Set<number>();
  private oldest = this.idle.values();
  private readonly inUse = new Map<number, number>();

  constructor(totalPages: number, pageSize: number) {
    this.totalPages = totalPages;
    this.pageSize = pageSize;
  }

  freePages(): number {
    return this.totalPages - this.owned - this.idle.size - this.inUse.size;
  }

  availablePages(): number {
    return this.totalPages - this.owned - this.inUse.size;
  }

  cachedPages(): number {
    return this.idle.size;
  }

  usedPages(): number {
    return this.owned + this.inUse.size;
  }

  evictedPages(): number {
    return this.evicted;
  }

  match(keys: Float64Array, limit: number): number {
    const end = Math.min(keys.length, limit);
    let count = 0;
    while (count < end && this.has(keys[count] ?? 0)) count += 1;
    return count;
  }

  private has(key: number): boolean {
    return this.inUse.has(key) || this.idle.has(key);
  }

  private use(key: number): void {
    this.idle.delete(key);
    this.inUse.set(key, (this.inUse.get(key) ?? 0) + 1);
  }

  pin(keys: Float64Array, count: number): void {
    for (let index = 0; index < count; index += 1) this.use(keys[index] ?? 0);
  }

  unpin(keys: Float64Array, count: number): void {
    // Deepest first, so that leaves are evicted before the prefix they hang on.
    for (let index = count - 1; index >= 0; index -= 1) {
      const key = keys[index] ?? 0;
      const users = (this.inUse.get(key) ?? 0) - 1;
      if (users > 0) {
        this.inUse.set(key, users);
        continue;
      }
      this.inUse.delete(key);
      this.idle.add(key);
    }
  }

  allocate(pages: number): boolean {
    if (this.availablePages() < pages) return false;
    for (let missing = pages - this.freePages(); missing > 0; missing -= 1) this.evictOldest();
    this.owned += pages;
    return true;
  }

  /** One iterator lives across calls: what it has passed is gone, and a new one would step over it all again. */
  private evictOldest(): void {
    let step = this.oldest.next();
    if (step.done === true) {
      this.oldest = this.idle.values();
      step = this.oldest.next();
    }
    if (step.done === true) return;
    this.idle.delete(step.value);
    this.evicted += 1;
  }

  release(pages: number): void {
    this.owned -= pages;
  }

  publish(keys: Float64Array, from: number, to: number): void {
    for (let index = from; index < to; index += 1) this.use(keys[index] ?? 0);
    this.owned -= Math.max(0, to - from);
  }

  flush(): void {
    this.idle.clear();
  }
}

/** An empty pool of `tokens` KV tokens. */
export function createKvPool(tokens: number, pageSize: number): KvPool {
  return new LruKvPool(Math.max(0, Math.floor(tokens / pageSize)), pageSize);
}
