import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../mcp-server/adapters/clock/sha256-hasher.ts';
import { parseDataset } from '../../../mcp-server/core/dataset/parse-dataset.ts';
import {
  type MaterialiseOptions,
  materialise,
} from '../../../mcp-server/core/workload/materialise.ts';
import { describePrompts, PromptsSent } from '../../../mcp-server/core/workload/prompts-sent.ts';
import { readVocabulary, vocabularyText } from '../../../mcp-server/core/workload/word-tokens.ts';
import { WorkloadSpec } from '../../../mcp-server/core/workload/workload.ts';
import { fourLetters } from '../../fakes/tokenizers.ts';

const workload = WorkloadSpec.parse({
  id: 'x',
  components: [{ inputTokens: { min: 30, max: 90 }, outputTokens: 8 }],
});
const calibration = { tokensPerWord: 1, overheadTokens: 10 };
const read = readVocabulary('random-words', fourLetters()(vocabularyText('random-words')));
if (read === null) throw new Error('no vocabulary');
const { ids, ...words } = read;

const recordOf = (change: Partial<MaterialiseOptions> = {}): PromptsSent => {
  const options: MaterialiseOptions = {
    workload,
    seed: 1,
    repeat: 0,
    count: 20,
    phase: 'measure',
    calibration,
    ...change,
  };
  const isImported = options.rows !== undefined;
  const { calibration: known } = options;
  return describePrompts(materialise(options), { calibration: known, isImported, hash: sha256 });
};

describe('the record of what was sent', () => {
  it('is the same for the same workload, seed and repeat, and another for anything else', () => {
    expect(recordOf()).toEqual(recordOf());
    expect(PromptsSent.parse(recordOf())).toEqual(recordOf());
    const others = [
      recordOf(),
      recordOf({ seed: 2 }),
      recordOf({ repeat: 1 }),
      recordOf({ count: 21 }),
      recordOf({ calibration: { ...calibration, overheadTokens: 11 } }),
      recordOf({ calibration: { ...calibration, words } }),
      recordOf({ workload: { ...workload, components: [{ ...component(), outputTokens: 9 }] } }),
    ];
    expect(new Set(others.map((one) => one.sha256)).size).toBe(others.length);
  });

  it('tells how many prompts there were, how long, and how their length was reached', () => {
    const { count, lengths, sizing } = recordOf();
    expect([count, sizing]).toEqual([20, 'calibrated_words']);
    expect(lengths?.min).toBeGreaterThanOrEqual(30);
    expect(lengths?.max).toBeLessThanOrEqual(90);
    expect(recordOf({ calibration: { ...calibration, isAssumed: true } }).sizing).toBe(
      'assumed_words',
    );
    expect(recordOf({ calibration: { ...calibration, words } }).sizing).toBe('server_tokenizer');
    expect(recordOf({ calibration: { ...calibration, words: { ...words, ids } } }).sizing).toBe(
      'token_ids',
    );
    const rows = parseDataset('{"prompt": "hello", "output_tokens": 3}', {
      format: 'custom',
      name: 'f',
    });
    expect(recordOf({ rows }).sizing).toBe('imported');
    expect(recordOf({ count: 0 }).lengths).toBeNull();
  });
});

function component(): WorkloadSpec['components'][number] {
  const [first] = workload.components;
  if (first === undefined) throw new Error('no component');
  return first;
}
