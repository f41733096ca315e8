import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Judgement, judge } from '../../../mcp-server/core/judge/judge.ts';
import type { JudgeInput } from '../../../mcp-server/core/judge/sides.ts';
import { studentQuantile } from '../../../mcp-server/core/stats/student-t.ts';
import { inputOf, type RunFacts, rates, runOf, sideOf } from './builders.ts';

const text = (judgement: Judgement): string => judgement.reasons.join(' | ');
const withRuler = (input: JudgeInput, change: Partial<JudgeInput['ruler']>): JudgeInput => ({
  ...input,
  ruler: { ...input.ruler, ...change },
});
const broken: RunFacts = { ttftMs: 400 };

describe('the objective', () => {
  it('keeps a gain beyond noise, minimum effect and interval', () => {
    const result = judge(inputOf(sideOf(1, rates(1190, 1200, 1210))));
    expect(result).toMatchObject({ verdict: 'keep', gate: null });
    const [delta] = result.deltas;
    expect(delta?.metric).toBe('outputTokensPerS');
    expect(delta?.deltaRatio).toBeCloseTo(0.2, 10);
    // 2 × √(A/A sd 1 %² + launch 0.3 %² + session 0.5 %²)
    expect(delta?.noiseFloorRatio).toBeCloseTo(2 * Math.sqrt(1e-4 + 9e-6 + 25e-6), 10);
    expect(delta?.probabilityBetter).toBeGreaterThan(0.999);
    expect(delta?.interval?.[0]).toBeGreaterThan(0.15);
    expect(delta?.interval?.[1]).toBeLessThan(0.25);
  });

  it('gives the interval of the pooled t and the prior between deployments by hand', () => {
    // Runs: A/A sd 1 % (df 2) and trial sd 0 (df 2), pooled 0.7071 %, variance 5e-5 × (1/3 + 1/3) = 3.3333e-5 at df 4.
    // Deployments: 2 × (0.3 %² + 0.5 %²) = 6.8e-5, known. Satterthwaite: df = 4 × (10.1333 / 3.3333)² = 36.97.
    // Pocock's level for three looks, 0.0232 on each side: t(36.97) = 2.0613.
    const result = judge(inputOf(sideOf(1, rates(1200, 1200, 1200))));
    const half = 2.0613 * Math.sqrt(3.3333e-5 + 6.8e-5);
    expect(result.deltas[0]?.interval?.[0]).toBeCloseTo(1.2 * Math.exp(-half) - 1, 4);
  });

  it('adds nothing for deployments where both sides ran in the same one', () => {
    const same = [1200, 1200, 1200].map((tokensPerS) => ({
      tokensPerS,
      measurement: { deploymentId: 'd0000-1' },
    }));
    const [delta] = judge(inputOf(sideOf(1, same))).deltas;
    const half = studentQuantile(1 - 0.0232, 4) * Math.sqrt(3.3333e-5);
    expect(delta?.interval?.[1]).toBeCloseTo(1.2 * Math.exp(half) - 1, 4);
  });

  it('says how probable it is that the trial is better, and 50 % for equals', () => {
    const equal = judge(inputOf(sideOf(1, rates(990, 1000, 1010)))).deltas[0];
    expect(equal?.probabilityBetter).toBeCloseTo(0.5, 6);
    const result = judge(inputOf(sideOf(1, rates(890, 900, 910))));
    expect(result.deltas[0]?.probabilityBetter).toBeLessThan(0.001);
    expect(text(result)).toContain('better with < 0.1 %');
  });

  it('asks for another measurement where the noise of the objective is unknown', () => {
    const result = judge(withRuler(inputOf(sideOf(1, rates(1190, 1200))), { spreads: {} }));
    expect(result.verdict).toBe('retest');
    expect(result.deltas[0]).toMatchObject({ interval: null, probabilityBetter: null });
  });

  it('discards a loss beyond noise', () => {
    const result = judge(inputOf(sideOf(1, rates(890, 900, 910))));
    expect(result).toMatchObject({ verdict: 'discard', gate: null });
    expect(text(result)).toContain('worse beyond noise');
  });

  it('ties what differs by less than the minimum effect', () => {
    expect(judge(inputOf(sideOf(1, rates(1001, 1011, 1012)))).verdict).toBe('tie');
    expect(judge(inputOf(sideOf(1, rates(985, 990, 995)))).verdict).toBe('tie');
  });

  it('lets a simpler trial win a tie where it cannot lose the minimum effect, and only there', () => {
    const quiet = { reference: sideOf(0, rates(999, 1000, 1001)), isSimpler: true };
    const equal = judge(inputOf(sideOf(1, rates(998, 999, 1000)), quiet));
    expect(equal.verdict).toBe('keep');
    expect(text(equal)).toContain('the simpler wins');
    const noisy = { reference: sideOf(0, rates(950, 1000, 1050)), isSimpler: true };
    expect(judge(inputOf(sideOf(1, rates(998, 999, 1000)), noisy)).verdict).toBe('tie');
    const lossy = judge(inputOf(sideOf(1, rates(984, 985, 986)), quiet));
    expect(lossy.verdict).toBe('tie');
  });

  it('says that the noise between deployments is believed, not measured', () => {
    const result = judge(inputOf(sideOf(1, rates(1190, 1200, 1210))));
    expect(text(result)).toContain('noise between deployments is a prior of 0.6 %');
  });

  it('retests a gain that noise could explain, twice, then ties', () => {
    const noisy = { reference: sideOf(0, rates(950, 1000, 1050)) }; // noise floor 10 %
    const trial = sideOf(1, rates(1040, 1060, 1080));
    expect(judge(inputOf(trial, noisy)).verdict).toBe('retest');
    expect(judge(inputOf(trial, { ...noisy, retests: 1 })).verdict).toBe('retest');
    expect(judge(inputOf(trial, { ...noisy, retests: 2 })).verdict).toBe('tie');
  });

  it('reads a minimised metric the other way round', () => {
    const objective = {
      metric: 'ttltMs',
      quantile: 'p50',
      direction: 'minimise',
      minEffectRatio: 0.02,
    } as const;
    const reference = sideOf(0, [{ tbotMs: 9.9 }, { tbotMs: 10 }, { tbotMs: 10.1 }]);
    const faster = inputOf(sideOf(1, [{ tbotMs: 8 }, { tbotMs: 8 }, { tbotMs: 8 }]), { reference });
    const slower = inputOf(sideOf(1, [{ tbotMs: 12 }, { tbotMs: 12 }, { tbotMs: 12 }]), {
      reference,
    });
    expect(judge(withRuler(faster, { objective })).verdict).toBe('keep');
    expect(judge(withRuler(slower, { objective })).verdict).toBe('discard');
  });

  it('judges cost by the price of each side', () => {
    const objective = {
      metric: 'costUsdPerMillionTokens',
      quantile: 'p50',
      direction: 'minimise',
      minEffectRatio: 0.02,
    } as const;
    const half = [990, 1000, 1010].map((tokensPerS) => ({ tokensPerS, priceUsdPerHour: 1.2 }));
    const result = judge(withRuler(inputOf(sideOf(1, half)), { objective }));
    expect(result.verdict).toBe('keep');
    expect(result.deltas[0]?.deltaRatio).toBeCloseTo(-0.5, 10);
    expect(result.deltas[0]?.noiseFloorRatio).toBeCloseTo(0.02315, 3);
  });

  it('takes the geometric mean over load points and shows each', () => {
    const at = (index: number, tokensPerS: number): RunFacts => ({
      tokensPerS,
      measurement: {
        loadPointIndex: index,
        loadPoint: { kind: 'closed', concurrency: 8 * (index + 1), requests: 64 },
      },
    });
    const reference = sideOf(
      0,
      [990, 1000, 1010].flatMap((rate) => [at(0, rate), at(1, rate)]),
    );
    const trial = sideOf(
      1,
      [1, 2, 3].flatMap(() => [at(0, 2000), at(1, 500)]),
    );
    const result = judge(withRuler(inputOf(trial, { reference }), { loadPointCount: 2 }));
    expect(result.deltas[0]?.deltaRatio).toBeCloseTo(0, 10); // √(2 × 0.5) = 1
    expect(result.deltas.slice(1, 3).map((delta) => delta.deltaRatio)).toEqual([
      expect.closeTo(1, 10),
      expect.closeTo(-0.5, 10),
    ]);
    expect(result.verdict).toBe('tie');
  });

  it('keeps a goodput that rises from zero', () => {
    const objective = {
      metric: 'goodputRps',
      quantile: 'p50',
      direction: 'maximise',
      minEffectRatio: 0.02,
    } as const;
    const zero = { summary: { goodputRps: 0 } };
    const some = { summary: { goodputRps: 5 } };
    const rising = inputOf(sideOf(1, [some, some]), { reference: sideOf(0, [zero, zero, zero]) });
    const falling = inputOf(sideOf(1, [zero, zero]), { reference: sideOf(0, [some, some, some]) });
    expect(judge(withRuler(rising, { objective })).verdict).toBe('keep');
    expect(judge(withRuler(falling, { objective })).verdict).toBe('discard');
  });
});

describe('measurements that cannot be judged', () => {
  const contaminated: RunFacts = { measurement: { flags: ['CACHE_CONTAMINATED'] } };

  it('make the verdict invalid and name their flag', () => {
    const result = judge(inputOf(sideOf(1, [contaminated, contaminated])));
    expect(result.verdict).toBe('invalid');
    expect(text(result)).toContain('CACHE_CONTAMINATED');
  });

  it('are left out beside usable ones, and said', () => {
    const result = judge(
      inputOf(sideOf(1, [...rates(1200, 1200), { ...contaminated, tokensPerS: 9 }])),
    );
    expect(result.verdict).toBe('keep');
    expect(result.measurements).not.toContain('m0001-03');
    expect(text(result)).toContain('m0001-03 was left out: CACHE_CONTAMINATED');
  });

  it('are missed at a load point nobody measured', () => {
    const result = judge(withRuler(inputOf(sideOf(1, rates(1200))), { loadPointCount: 2 }));
    expect(result.verdict).toBe('invalid');
    expect(text(result)).toContain('load point 1: it was not measured there');
  });

  it('are invalid for a change that they cannot speak about', () => {
    const result = judge(inputOf(sideOf(1, rates(1500)), { unfit: 'speculation on random words' }));
    expect(result).toMatchObject({ verdict: 'invalid', reasons: ['speculation on random words'] });
  });
});

describe('the gates', () => {
  const failing = {
    required: true,
    result: { armed: true, passed: false, comparable: 18, reasons: ['needle failed'] },
  };
  const spoilt: RunFacts = {
    failed: 8,
    ttftMs: 400,
    summary: { tbotMs: { ...runOf(0, 1).measurement.summary.tbotMs, min: -1 } },
  };

  it('are tried in the order start, errors, plausibility, slo, quality', () => {
    const all = inputOf(sideOf(1, [spoilt]), { quality: failing });
    const crashed = { ...all, crash: { crashClass: 'oom', message: 'out of memory' } };
    expect(judge(crashed).gate).toBe('start');
    expect(judge(all).gate).toBe('errors');
    expect(judge({ ...all, trial: sideOf(1, [{ ...spoilt, failed: 0 }]) }).gate).toBe(
      'plausibility',
    );
    expect(judge({ ...all, trial: sideOf(1, [broken]) }).gate).toBe('slo');
    expect(judge({ ...all, trial: sideOf(1, rates(1200, 1200)) }).gate).toBe('quality');
  });

  it('name the crash class of a trial that never served', () => {
    const result = judge(inputOf(sideOf(1, []), { crash: { crashClass: 'kv_oom', message: 'x' } }));
    expect(result.verdict).toBe('discard');
    expect(text(result)).toContain('kv_oom');
  });

  it('say which bound was broken, where and by how much', () => {
    const result = judge(inputOf(sideOf(1, [{ ...broken, tokensPerS: 3000 }])));
    expect(result).toMatchObject({ verdict: 'discard', gate: 'slo' });
    expect(text(result)).toContain('ttftMs.p95 400 over 200 at closed c=16 n=64');
  });

  it('hold at every load point', () => {
    const at = (index: number, facts: RunFacts): RunFacts => ({
      ...facts,
      measurement: { loadPointIndex: index },
    });
    const reference = sideOf(
      0,
      [990, 1000, 1010].flatMap((rate) => [
        at(0, { tokensPerS: rate }),
        at(1, { tokensPerS: rate }),
      ]),
    );
    const trial = sideOf(1, [
      at(0, { tokensPerS: 2000 }),
      at(1, { tokensPerS: 2000, ttftMs: 201 }),
    ]);
    expect(judge(withRuler(inputOf(trial, { reference }), { loadPointCount: 2 })).gate).toBe('slo');
  });

  it('count an undefined SLO metric as broken', () => {
    expect(judge(inputOf(sideOf(1, [{ ttftMs: null }]))).gate).toBe('slo');
  });

  it('refuse numbers below a physical floor as invalid', () => {
    const floors = [{ metric: 'tbotMs', floorMs: 12 } as const];
    const result = judge(inputOf(sideOf(1, rates(1200, 1200)), { floors }));
    expect(result).toMatchObject({ verdict: 'invalid', gate: 'plausibility' });
  });

  it('need armed canaries where the change can alter outputs, and only there', () => {
    const unarmed = { armed: false, passed: null, comparable: 7, reasons: [] };
    const trial = sideOf(1, rates(1200, 1200, 1200));
    const needed = judge(inputOf(trial, { quality: { required: true, result: unarmed } }));
    expect(needed).toMatchObject({ verdict: 'discard', gate: 'quality' });
    expect(text(needed)).toContain('E_QUALITY_UNARMED');
    expect(judge(inputOf(trial, { quality: { required: false, result: unarmed } })).verdict).toBe(
      'keep',
    );
  });

  it('keep no change of outputs whose loss could not be excluded', () => {
    const open = { armed: true, passed: null, comparable: 20, reasons: ['inconclusive: tasks'] };
    const trial = sideOf(1, rates(1200, 1200, 1200));
    const needed = judge(inputOf(trial, { quality: { required: true, result: open } }));
    expect(needed).toMatchObject({ verdict: 'discard', gate: 'quality' });
    expect(text(needed)).toContain('inconclusive: tasks');
    expect(judge(inputOf(trial, { quality: { required: false, result: open } })).verdict).toBe(
      'keep',
    );
  });
});

describe('a best that breaks a bound', () => {
  const reference = sideOf(0, [
    { tokensPerS: 1000, ttftMs: 495 },
    { tokensPerS: 1000, ttftMs: 500 },
    { tokensPerS: 1000, ttftMs: 505 },
  ]);

  it('loses to a trial that holds them all, even a slower one', () => {
    const result = judge(inputOf(sideOf(1, rates(800, 800, 800)), { reference }));
    expect(result.verdict).toBe('keep');
    expect(text(result)).toContain('feasibility comes before the objective');
  });

  it('is not replaced by one that breaks less, which is said', () => {
    const result = judge(inputOf(sideOf(1, [{ ttftMs: 300, tokensPerS: 2000 }]), { reference }));
    expect(result).toMatchObject({ verdict: 'discard', gate: 'slo' });
    expect(text(result)).toContain('breaks its bounds by more');
  });

  it('is measured again where noise alone may have carried the trial over', () => {
    const near = sideOf(0, [{ ttftMs: 190 }, { ttftMs: 201 }, { ttftMs: 215 }]); // mean 202, noise 12 %
    const trial = sideOf(1, [{ ttftMs: 199 }, { ttftMs: 198 }]);
    expect(judge(inputOf(trial, { reference: near })).verdict).toBe('retest');
  });
});

describe('laws of the judge', () => {
  const run = fc.record({
    tokensPerS: fc.double({ min: 1, max: 5000, noNaN: true }),
    ttftMs: fc.double({ min: 1, max: 400, noNaN: true }),
    failed: fc.constantFrom(0, 0, 0, 8),
  });
  const side = fc.array(run, { minLength: 1, maxLength: 5 });

  it('keep never stays keep when the sides are swapped', () => {
    const spreads = inputOf(sideOf(1, [])).ruler.spreads;
    fc.assert(
      fc.property(side, side, (left, right) => {
        const forth = withRuler(inputOf(sideOf(1, left), { reference: sideOf(2, right) }), {
          spreads,
        });
        const back = withRuler(inputOf(sideOf(2, right), { reference: sideOf(1, left) }), {
          spreads,
        });
        expect([judge(forth).verdict, judge(back).verdict]).not.toEqual(['keep', 'keep']);
      }),
      { numRuns: 500 },
    );
  });

  it('a trial is never kept against itself', () => {
    fc.assert(
      fc.property(side, (facts) => {
        const result = judge(inputOf(sideOf(1, facts), { reference: sideOf(0, facts) }));
        expect(result.verdict).not.toBe('keep');
      }),
    );
  });
});
