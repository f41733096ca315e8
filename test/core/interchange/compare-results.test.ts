import { describe, expect, it } from 'vitest';
import { compareResults } from '../../../mcp-server/core/interchange/compare-results.ts';
import { parseMetricName } from '../../../mcp-server/core/interchange/metric-name.ts';
import { readResults } from '../../../mcp-server/core/interchange/read-results.ts';
import { studentQuantile } from '../../../mcp-server/core/stats/student-t.ts';
import { keyedRandom } from '../../../mcp-server/core/workload/keyed-random.ts';
import { aiperfResult, requestRecord, sglangResult, vllmResult } from './result-files.ts';

const runs = (...files: readonly unknown[]) =>
  files.flatMap((file, index) => readResults(`f${index}.json`, JSON.stringify(file)));
const rates = (...values: readonly number[]) =>
  runs(...values.map((output_throughput) => vllmResult({ output_throughput })));

function compare(
  baseline: ReturnType<typeof runs>,
  candidate: ReturnType<typeof runs>,
  terms: { metric?: string; noiseSdRatio?: number | null; minEffectRatio?: number } = {},
) {
  const { metric = 'output_throughput', noiseSdRatio = null, minEffectRatio = 0.02 } = terms;
  return compareResults(
    { baseline, candidate, metric: parseMetricName(metric) },
    { noiseSdRatio, minEffectRatio },
  );
}

describe('comparing result files', () => {
  it('gives the interval of a told noise by hand, the prior between deployments in quadrature', () => {
    // se² = 1 %² × (1 + 1) + 2 × (0.3 %² + 0.5 %²) = 2.68e-4; z at 0.0232 = 1.992
    const result = compare(rates(1000), rates(1100), { noiseSdRatio: 0.01 });
    const half = studentQuantile(1 - 0.0232, Infinity) * Math.sqrt(2e-4 + 6.8e-5);
    expect(result).toMatchObject({ metric: 'output_throughput', baseline: 1000, candidate: 1100 });
    expect(result.deltaRatio).toBeCloseTo(0.1, 12);
    expect(result.interval?.[0]).toBeCloseTo(1.1 * Math.exp(-half) - 1, 9);
    expect(result.noiseFloorRatio).toBeCloseTo(2 * Math.sqrt(1e-4 + 3.4e-5), 9);
    expect(result.probabilityBetter).toBeGreaterThan(0.999);
    expect(result.verdict).toBe('keep');
  });

  it('keeps, discards, ties and asks for more', () => {
    const noise = { noiseSdRatio: 0.01 };
    expect(compare(rates(1000), rates(900), noise).verdict).toBe('discard');
    expect(compare(rates(1000), rates(1010), noise).verdict).toBe('tie');
    expect(compare(rates(1000), rates(1025), noise).verdict).toBe('retest');
    expect(compare(rates(1000), rates(975), noise).verdict).toBe('retest');
  });

  it('reads a latency the other way round', () => {
    const faster = runs(vllmResult({ mean_tpot_ms: 10 }));
    const result = compare(runs(vllmResult()), faster, {
      metric: 'mean_tpot_ms',
      noiseSdRatio: 0.01,
    });
    expect(result.verdict).toBe('keep');
    expect(result.deltaRatio).toBeCloseTo(-1 / 6, 9);
    expect(result.probabilityBetter).toBeGreaterThan(0.999);
  });

  it('knows nothing of the noise of one run a side and asks for more', () => {
    const result = compare(rates(1000), rates(1500));
    expect(result).toMatchObject({
      verdict: 'retest',
      interval: null,
      probabilityBetter: null,
      noiseFloorRatio: null,
    });
    expect(result.reasons.join(' ')).toContain('--noise-sd');
  });

  it('takes the noise from the spread of the runs', () => {
    const result = compare(rates(990, 1000, 1010), rates(1190, 1200, 1210));
    expect(result.verdict).toBe('keep');
    expect(result.reasons.join(' ')).toContain('from the spread of 6 runs');
  });

  it('resamples runs and requests from five runs a side on, and repeats itself', () => {
    const random = keyedRandom(['compare']);
    const side = (ttft: number) =>
      Array.from({ length: 5 }, (_, run) => {
        const level = ttft * Math.exp(0.02 * random.normal());
        const lines = Array.from({ length: 80 }, (__, index) =>
          JSON.stringify(requestRecord(index, level * Math.exp(0.2 * random.normal()))),
        );
        return readResults(`run${run}.jsonl`, lines.join('\n'));
      }).flat();
    const [slow, fast] = [side(100), side(50)];
    const first = compare(slow, fast, { metric: 'median_ttft_ms' });
    expect(first.reasons.join(' ')).toContain('two-level bootstrap');
    expect(first.verdict).toBe('keep');
    expect(compare(slow, fast, { metric: 'median_ttft_ms' })).toEqual(first);
  });

  it('says what each number means and what could not be checked', () => {
    const [said = ''] = compare(rates(1000), rates(1100), { noiseSdRatio: 0.01 }).reasons.filter(
      (reason) => reason.includes('vLLM bench'),
    );
    expect(said).toContain('all output tokens / (start of issue to all gathered)');
    const silent = compare(
      runs(sglangResult({ max_concurrency: undefined })),
      runs(sglangResult()),
      { noiseSdRatio: 0.01 },
    );
    expect(silent.reasons.join(' ')).toContain('max_concurrency: equality there was not checked');
    expect(silent.reasons.join(' ')).toContain('does not count failures');
  });

  it('takes no percentile of too few requests', () => {
    const few = runs(vllmResult({ completed: 300, num_prompts: 300 }));
    const result = compare(few, few, { metric: 'p99_ttft_ms', noiseSdRatio: 0.01 });
    expect(result.verdict).toBe('invalid');
    expect(result.reasons[0]).toContain('p99_ttft_ms needs 368 requests a run');
    const enough = { metric: 'p95_ttft_ms', noiseSdRatio: 0.01 };
    expect(compare(few, few, enough).verdict).toBe('tie');
  });

  it('does not praise a side that drops requests', () => {
    const dropping = runs(vllmResult({ output_throughput: 2000, completed: 380, failed: 20 }));
    const noise = { noiseSdRatio: 0.01 };
    expect(compare(rates(1000), dropping, noise)).toMatchObject({ verdict: 'discard' });
    expect(compare(dropping, rates(1000), noise)).toMatchObject({ verdict: 'invalid' });
  });

  it('calls one of two equal sides better in at most 5 % of pairs under the noise of deployments', () => {
    const random = keyedRandom(['equal files']);
    const side = (count: number) => {
      const deployment = Math.hypot(0.003, 0.005) * random.normal();
      const one = () => 1000 * Math.exp(deployment + 0.03 * random.normal());
      return rates(...Array.from({ length: count }, one));
    };
    const pairs = 300;
    let kept = 0;
    for (let pair = 0; pair < pairs; pair += 1) {
      if (compare(side(6), side(6)).verdict === 'keep') kept += 1;
    }
    expect(kept / pairs).toBeLessThanOrEqual(0.05);
  });
});

describe('files that cannot be compared', () => {
  const differ = (a: unknown, b: unknown, metric = 'output_throughput'): string => {
    try {
      compare(runs(a), runs(b), { metric, noiseSdRatio: 0.01 });
    } catch (error) {
      return error instanceof Error ? `${Reflect.get(error, 'code')}: ${error.message}` : '';
    }
    return 'compared';
  };

  it('are of other tools, with both definitions said', () => {
    const said = differ(vllmResult(), aiperfResult());
    expect(said).toContain('E_DEFINITIONS: output_throughput does not mean the same');
    expect(said).toContain('vLLM bench: all output tokens');
    expect(said).toContain('AIPerf: output tokens by the client’s tokenizer');
  });

  it('are of other routes where the metric depends on them, and only there', () => {
    const other = vllmResult({ endpoint_type: 'openai' });
    expect(differ(vllmResult(), other, 'mean_ttft_ms')).toContain('(completions route)');
    expect(differ(vllmResult(), other)).toBe('compared');
  });

  it.each([
    ['model_id', 'other/model', 'model_id is "org/model-8b" and "other/model"'],
    ['max_concurrency', 32, 'max_concurrency is 16 and 32'],
    ['max_concurrency', null, 'max_concurrency is 16 and "none"'],
    ['request_rate', 8, 'request_rate is "inf" and 8'],
    ['num_prompts', 100, 'num_prompts is 400 and 100'],
    ['total_input_tokens', 409_600, 'inputTokensPerRequest is 512 and 1024'],
    ['total_output_tokens', 25_600, 'outputTokensPerRequest is 128 and 64'],
  ])('are of another workload: %s', (key, value, difference) => {
    const said = differ(vllmResult(), vllmResult({ [key]: value }));
    expect(said).toContain('E_WORKLOADS');
    expect(said).toContain(difference);
  });

  it('lack the metric, which names those that they have', () => {
    const without = vllmResult({ p95_ttft_ms: undefined });
    expect(differ(vllmResult(), without, 'p95_ttft_ms')).toContain(
      'E_NO_METRIC: f0.json has no p95_ttft_ms',
    );
  });
});
