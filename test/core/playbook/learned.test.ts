import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Report } from '../../../mcp-server/core/playbook/reported/report.ts';
import {
  type LearnedModel,
  learnedCauses,
  readModel,
} from '../../../mcp-server/core/playbook/reported/words/learned.ts';
import { featuresOf } from '../../../mcp-server/core/playbook/reported/words/learned-features.ts';
import {
  casesOf,
  learnedSets,
  readExamples,
  trainWords,
} from '../../../scripts/gen/learned-words.ts';

const report = (symptom: string): Report => Report.parse({ engine: 'vllm', input: { symptom } });

/** Two classes, told apart by one word each. */
const SMALL = readModel(
  ['slow', 'broken'],
  [0, 0],
  ['crawl 100 0:200 1:-200', 'smoke 100 0:-200 1:200', 'e:vllm 100 0:10'],
);

function rankIn(model: LearnedModel, value: unknown, cls: string): number {
  return learnedCauses(model, Report.parse(value)).findIndex((one) => one.cls === cls) + 1;
}

describe('what is learned of the words of reports', () => {
  it('counts stems, pieces of words, flags and ideas once each, and every number as the same', () => {
    const found = featuresOf(
      Report.parse({
        engine: 'vllm',
        input: { symptom: '120 requests waiting. 7 requests waited', launch_command: 'x --a-b 1' },
      }),
    );
    expect([...found.keys()]).toEqual(
      expect.arrayContaining([
        '0',
        'request',
        'c:<requ',
        'c:ests>',
        'c:<--a-',
        'wait',
        'f:--a-b',
        'e:vllm',
        'has:symptom',
        'k:queued',
      ]),
    );
  });

  it('names first the class whose words stand in the report, with their sentence', () => {
    const [first] = learnedCauses(SMALL, report('All is well. There is smoke! Goodbye.'));
    expect(first?.cls).toBe('broken');
    expect(first?.evidence).toBe('There is smoke!');
    expect(first?.share).toBeGreaterThan(0.8);
  });

  it('says nothing where no sentence holds a word that it knows', () => {
    expect(learnedCauses(SMALL, report('Hello'))).toEqual([]);
    expect(learnedCauses(SMALL, Report.parse({ engine: 'vllm', input: {} }))).toEqual([]);
  });

  it('counts nothing of what PyTorch adds to every death, and all of what it died of', () => {
    const of = (log: string): readonly string[] => [
      ...featuresOf(Report.parse({ engine: 'vllm', input: { log } })).keys(),
    ];
    const death = 'RuntimeError: CUDA error: out of memory';
    const tail =
      'CUDA kernel errors might be asynchronously reported at some other API call\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1';
    expect(of(`${death}\n${tail}`)).toEqual(of(death));
    expect(of(`${death}\nCUDA kernel errors`)).not.toEqual(of(death));
  });

  it('shares out one whole whatever the text, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        const causes = learnedCauses(SMALL, report(`crawl ${text}`));
        const sum = causes.reduce((all, one) => all + one.share, 0);
        expect(sum).toBeCloseTo(1, 6);
      }),
    );
  });

  it('tells cases that it never saw: two of three first, and four of five among the first three', () => {
    // 8th and 10th sets left out: what the words of the others teach must carry over.
    const held = ['eighth', 'tenth'];
    const { classes, bias, rows } = trainWords(
      readExamples(learnedSets().filter((set) => !held.includes(set))),
    );
    const model = readModel(classes, bias, rows);
    const ranks = held
      .flatMap((set) => casesOf(set))
      .map(({ value, cls }) => rankIn(model, value, cls));
    const share = (holds: (rank: number) => boolean): number =>
      ranks.filter(holds).length / ranks.length;
    expect(ranks.length).toBeGreaterThan(50);
    expect(share((rank) => rank === 1)).toBeGreaterThanOrEqual(0.66);
    expect(share((rank) => rank >= 1 && rank <= 3)).toBeGreaterThanOrEqual(0.8);
  }, 60_000);
});
