import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../mcp-server/adapters/clock/sha256-hasher.ts';
import { followsRules } from '../../../mcp-server/core/quality/public-set/follows-rules.ts';
import { IFEVAL_LINES } from '../../../mcp-server/core/quality/public-set/ifeval.ts';
import { PUBLIC_TASKS } from '../../../mcp-server/core/quality/public-set/public-tasks.ts';
import { buildTasks } from '../../../mcp-server/core/quality/task-suite.ts';

const SOURCE = new URL('../../../mcp-server/core/quality/public-set/SOURCE.md', import.meta.url);

const follows = (rules: string, text: string): boolean | undefined =>
  followsRules(rules)?.({ text, finishReason: 'stop', toolCalls: [] });

describe('the public set', () => {
  it('is the text whose source, licence and hash are written beside it', () => {
    const source = readFileSync(SOURCE, 'utf8');
    expect(source).toContain(sha256(IFEVAL_LINES));
    expect(source).toContain('CC BY 4.0');
  });

  it('is read whole: every line has a key of its own, a prompt and rules that are known', () => {
    const lines = IFEVAL_LINES.trim().split('\n');
    expect(PUBLIC_TASKS).toHaveLength(lines.length);
    expect(new Set(PUBLIC_TASKS.map(({ key }) => key)).size).toBe(lines.length);
    expect(PUBLIC_TASKS.every(({ prompt }) => prompt.length > 30)).toBe(true);
    expect(followsRules('no_comma, rhymes')).toBeNull();
  });

  it('stands in the suite from its second size on, every fourth task, and moves no generated one', () => {
    const plan = { seed: 7, items: 420, recallTokens: 200 };
    const tasks = buildTasks(plan);
    const places = tasks.flatMap(({ kind }, index) => (kind === 'instruction' ? [index] : []));
    expect(places).toHaveLength(70);
    expect(places.slice(0, 3)).toEqual([140, 144, 148]);
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(420);
    const generated = tasks.filter(({ kind }) => kind !== 'instruction').map(({ id }) => id);
    expect(generated.slice(138, 142)).toEqual(['tool-28', 'recall-28', 'arithmetic-29', 'copy-29']);
  });
});

describe('the rules that an answer must follow', () => {
  it.each([
    ['no_comma', 'one and two', 'one, two'],
    ['lower', 'all small', 'Not all small'],
    ['upper', 'ALL LARGE', 'ALL LARGe'],
    ['json', '```json\n{"a": 1}\n```', 'Here: {"a": 1}'],
    ['quoted', '"whole"', '"whole" and more'],
    ['title', '<<A title>>\ntext', 'A title\ntext'],
    ['two', 'one\n******\ntwo', 'one\n******\none'],
    ['parts:3', 'a\n***\nb\n***\nc', 'a\n***\nb'],
    ['bullets:2', 'list\n* a\n* b', 'list\n* a\n* b\n* c'],
    ['marks:2', 'a *b* and **c d**', 'a *b* and c'],
    ['slots:2', 'to [name] of [city]', 'to [name]'],
    ['fewer_words:3', 'two words', 'now three words'],
    ['has:grid:2', 'Grid, the grid', 'the grid'],
    ['has:P.P.S:1', 'text\nP.P.S. more', 'text\nP.S. more'],
    ['without:can', 'cannot', 'yes, I can.'],
    ['ends:Peace!', 'song\nPeace!', 'Peace! is the song'],
    ['lower, quoted', '"small"', 'small'],
  ])('%s', (rules, good, bad) => {
    expect(follows(rules, good)).toBe(true);
    expect(follows(rules, bad)).toBe(false);
    expect(follows(rules, '  ')).toBe(false);
  });
});
