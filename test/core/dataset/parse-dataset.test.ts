import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { datasetWorkload } from '../../../mcp-server/core/dataset/dataset-workload.ts';
import { parseDataset, readDataset } from '../../../mcp-server/core/dataset/parse-dataset.ts';
import { DATASET_FORMATS, type DatasetFormat } from '../../../mcp-server/core/dataset/row.ts';
import { refusal } from '../../fakes/refusal.ts';

const lines = (...rows: readonly unknown[]): string =>
  rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n');

const batch = (id: string, body: unknown, change: object = {}): object => ({
  custom_id: id,
  method: 'POST',
  url: '/v1/chat/completions',
  body,
  ...change,
});

const hello = { messages: [{ role: 'user', content: 'Hello there, who are you?' }] };

/** One good row and one that is none, in each format. */
const BY_FORMAT: Readonly<Record<DatasetFormat, readonly [object, string]>> = {
  sharegpt: [
    {
      conversations: [
        { from: 'human', value: 'Hello' },
        { from: 'gpt', value: 'Hi' },
      ],
    },
    '{"conversations": 7}',
  ],
  openai: [hello, '{"messages": 7}'],
  'openai-batch': [batch('a', hello), '{"custom_id": "b"}'],
  custom: [{ prompt: 'Hello' }, '{"prompt": 7}'],
  mooncake: [
    { timestamp: 0, input_length: 512, output_length: 4, hash_ids: [1] },
    '{"timestamp": "soon"}',
  ],
};

describe('each format of a dataset', () => {
  it.each(DATASET_FORMATS)('%s: is read, and a row that is none is named by its line', (format) => {
    const [good, bad] = BY_FORMAT[format];
    expect(parseDataset(lines(good), { format, name: 'f' })).toHaveLength(1);
    expect(() => parseDataset(lines(good, bad), { format, name: 'f' })).toThrow(/line 2/);
    expect(() => parseDataset(lines(good, 'not json'), { format, name: 'f' })).toThrow(/line 2/);
  });
});

describe('dataset import', () => {
  it('sharegpt: takes the first two turns, under either key, the answer giving the length', () => {
    const text = JSON.stringify([
      {
        id: 'a',
        conversations: [
          { from: 'human', value: 'What is a ferry?' },
          { from: 'gpt', value: 'x'.repeat(400) },
          { from: 'human', value: 'And more?' },
        ],
      },
      { conversation: [{ value: 'Second' }, { value: 'ok' }] },
    ]);
    const rows = parseDataset(text, { format: 'sharegpt', name: 'f.json' });
    expect(rows).toMatchObject([
      { id: 'a', prompt: 'What is a ferry?', inTokens: 4, outTokens: 100 },
      { prompt: 'Second', outTokens: 1 },
    ]);
  });

  it('openai: keeps messages as they are and passes other fields on', () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const row = { ...hello, max_tokens: 7, temperature: 0.5, tools, model: 'x', stream: false };
    const [read] = parseDataset(lines(row), { format: 'openai', name: 'f.jsonl' });
    expect(read).toMatchObject({ messages: hello.messages, outTokens: 7, inTokens: 7 });
    expect(read?.params).toEqual({ temperature: 0.5, tools });
  });

  it('openai-batch: reads chat and completions bodies by their custom_id', () => {
    const text = lines(
      batch('r1', { ...hello, model: 'm', max_completion_tokens: 9, top_p: 0.9 }),
      batch('r2', { prompt: 'Once', max_tokens: 3 }, { url: '/v1/completions' }),
    );
    expect(parseDataset(text, { format: 'openai-batch', name: 'f' })).toMatchObject([
      { id: 'r1', outTokens: 9, params: { top_p: 0.9 } },
      { id: 'r2', prompt: 'Once', outTokens: 3, params: {} },
    ]);
  });

  it('custom: reads prompts, and the first turn of a bench of turns', () => {
    const text = lines(
      { prompt: 'One two', output_tokens: 5, label: 'ignored' },
      { question_id: 81, category: 'writing', turns: ['First', 'Second'] },
    );
    expect(parseDataset(text, { format: 'custom', name: 'f' })).toMatchObject([
      { prompt: 'One two', outTokens: 5, params: {} },
      { id: '81', prompt: 'First', outTokens: null },
    ]);
  });

  it('mooncake: keeps times, lengths and shared blocks', () => {
    const text = lines(
      { timestamp: 0, input_length: 700, output_length: 20, hash_ids: [1, 2] },
      { timestamp: 3000, input_length: 512, output_length: 1, hash_ids: [1], session_id: 's' },
    );
    expect(parseDataset(text, { format: 'mooncake', name: 'f' })).toMatchObject([
      { tMs: 0, inTokens: 700, outTokens: 20, prefixBlocks: [1, 2] },
      { tMs: 3000, session: 's' },
    ]);
  });

  const MALFORMED: readonly (readonly [DatasetFormat, unknown, string])[] = [
    ['sharegpt', { id: 1 }, 'no array "conversations"'],
    ['sharegpt', { conversations: [{ value: 'x' }] }, 'fewer than two turns'],
    ['sharegpt', { conversations: [{ value: ' ' }, { value: 'x' }] }, 'first turn'],
    ['sharegpt', { conversations: [{ value: 'x' }, { value: 3 }] }, 'second turn'],
    ['openai', { messages: [] }, '"messages" is not a list'],
    ['openai', { messages: [{ role: 'user' }] }, 'messages.0 has neither'],
    ['openai', { ...hello, max_tokens: 0 }, '"max_tokens"'],
    ['openai-batch', batch('', hello), 'custom_id'],
    ['openai-batch', batch('a', hello, { method: 'GET' }), '"method" is not POST'],
    ['openai-batch', batch('a', hello, { url: '/v1/embeddings' }), '"url"'],
    ['openai-batch', batch('a', { messages: 'x' }), 'body: "messages"'],
    ['openai-batch', batch('a', 'x'), '"body" is no object'],
    ['custom', { text: 'x' }, 'no text "prompt"'],
    ['custom', { prompt: 'x', output_tokens: 1.5 }, '"output_tokens"'],
    ['custom', '{"prompt": "x"', 'is not JSON'],
    ['custom', '"x"', 'is no JSON object'],
    ['mooncake', { input_length: 1, output_length: 1, hash_ids: [1] }, '"timestamp"'],
    ['mooncake', { timestamp: 0, input_length: 0, output_length: 1, hash_ids: [] }, 'input_length'],
    ['mooncake', { timestamp: 0, input_length: 9, output_length: 0, hash_ids: [1] }, 'output'],
    ['mooncake', { timestamp: 0, input_length: 9, output_length: 1, hash_ids: ['a'] }, 'hash_ids'],
    ['mooncake', { timestamp: 0, input_length: 600, output_length: 1, hash_ids: [1] }, 'cover'],
  ];

  it.each(MALFORMED)('%s: names the line of %j', (format, row, why) => {
    const { problems } = readDataset(lines('', row), format);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.line).toBe(2);
    expect(problems[0]?.why).toContain(why);
  });

  it('names every malformed line at once and refuses the file', () => {
    const text = lines({ prompt: 'a' }, '{', '', { prompt: '' }, { prompt: 'b' });
    expect(() => parseDataset(text, { format: 'custom', name: 'mine.jsonl' })).toThrow(
      refusal(
        'E_DATASET',
        'mine.jsonl: 2 of 4 rows are not custom: line 2 is not JSON; line 4 has no text "prompt".',
        'Correct or remove these lines',
      ),
    );
    expect(() => parseDataset('\n', { format: 'custom', name: 'f' })).toThrow(
      refusal('E_DATASET', 'f has no rows', 'at least one request'),
    );
  });

  it('names twenty lines and counts the others', () => {
    const text = lines(...Array.from({ length: 25 }, () => '{}'));
    expect(() => parseDataset(text, { format: 'custom', name: 'f' })).toThrow('and 5 more');
  });

  it('names the line of a broken element inside a printed array', () => {
    const good = '  {"conversations": [{"value": "a, ]\\""}, {"value": "b"}]}';
    const text = `[\n${good},\n  {"conversations": 3},\n${good},\n  {"x": }\n]\n`;
    const { rows, problems } = readDataset(text, 'sharegpt');
    expect(rows.map((row) => row.line)).toEqual([2, 4]);
    expect(problems).toMatchObject([
      { line: 3, why: 'has no array "conversations"' },
      { line: 5, why: 'is not JSON' },
    ]);
  });

  it('does not lose the last element of an array that was cut off', () => {
    const { rows, problems } = readDataset('[{"prompt": "a"},\n{"prompt": "b', 'custom');
    expect(rows).toHaveLength(1);
    expect(problems).toEqual([{ line: 2, why: 'is not JSON' }]);
  });

  it('refuses a custom_id that comes twice', () => {
    const { problems } = readDataset(lines(batch('a', hello), batch('a', hello)), 'openai-batch');
    expect(problems).toEqual([{ line: 2, why: 'repeats the custom_id of line 1' }]);
  });

  it('becomes a workload that carries the hash of its very rows', () => {
    const make = (prompt: string, count = 2) =>
      datasetWorkload(
        parseDataset(lines({ prompt }, { prompt: 'b', output_tokens: 3 }), {
          format: 'custom',
          name: 'f',
        }),
        {
          format: 'custom',
          count,
          outputTokens: null,
          exactOutput: false,
          api: 'chat',
          text: 'random-words',
          hash: (text) => createHash('sha256').update(text).digest('hex'),
        },
      );
    const { workload, rows } = make('a');
    expect(rows.map((row) => row.outTokens)).toEqual([256, 3]);
    expect(workload.dataset).toMatchObject({ format: 'custom', rows: 2 });
    expect(make('a').workload).toEqual(workload);
    expect(make('other').workload.dataset?.sha256).not.toBe(workload.dataset?.sha256);
    expect(make('a', 1).workload.dataset).toMatchObject({ rows: 1 });
  });
});
