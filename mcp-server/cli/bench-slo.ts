import type { SloClause } from '../core/contract/contract.ts';
import type { BenchOptions } from './bench-options.ts';
import { usage } from './bench-usage.ts';

/** Names of `--goodput`. Source: vLLM's serving benchmark; ttft, tpot, e2el in ms. The others are ours. */
const METRICS: Readonly<Record<string, SloClause['metric']>> = {
  ttft: 'ttftMs',
  tpot: 'tbotMs',
  tbot: 'tbotMs',
  e2el: 'ttltMs',
  ttlt: 'ttltMs',
  icl: 'iclMs',
  errors: 'errorRatio',
};

/** Clauses of `--goodput ttft:500 tbot:50`. Throws: InvalidInputError `E_USAGE`. */
export function sloClauses(options: Pick<BenchOptions, 'goodput' | 'sloQuantile'>): SloClause[] {
  return (options.goodput ?? []).map((text) => {
    const [name = '', value = ''] = text.split(':');
    const metric = METRICS[name];
    const max = Number(value);
    if (metric === undefined || value === '' || !(max >= 0)) {
      throw usage(
        `--goodput ${text.slice(0, 60)} is not one of ${Object.keys(METRICS).join(', ')} with a limit, as in ttft:500`,
      );
    }
    return { metric, quantile: options.sloQuantile, max };
  });
}
